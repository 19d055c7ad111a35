/** A new key: of a new target, or of a saved one, whose knocks become one with a one-time code. */
import { addTargets, changeTargets } from "../../config/changes.ts";
import { UsageError } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import type { Rolling } from "../../core/rolling.ts";
import type { Service } from "../../core/service.ts";
import { suggest } from "../../core/suggest.ts";
import { isSameHost, type Target } from "../../core/target.ts";
import { refuseFwknop } from "../fwknop/refuse.ts";
import { saveWithKey } from "./key_files.ts";
import { locateKeyFile, nameKeyFile, readSaved, type TargetsFile } from "../secret_files.ts";

/** What is asked for; a saved target has the rest. */
interface KeyRequest {
  name: string;
  host?: string | undefined;
  port?: number | undefined;
  opens?: readonly Service[] | undefined;
  rolling: Rolling;
}

/** What was made. */
interface MadeKey {
  /** The file of the key. */
  path: string;
  host: string;
  port: number;
  opens: readonly Service[];
  isNew: boolean;
  /** Whether closing knocks carry no secret now, because it was the target's. */
  losesClosingSecret: boolean;
  warnings: Awaited<ReturnType<typeof saveWithKey>>;
}

/**
 * Makes a key and saves the target.
 *
 * @throws {UsageError} where something is missing; {ConfigError} where nothing was saved.
 */
export async function makeRollingKey(
  request: KeyRequest,
  { file, fs }: TargetsFile,
): Promise<MadeKey> {
  const { name, rolling } = request;
  const { text, written } = await readSaved({ file, fs });
  const saved = written.targets.get(name);
  if (saved !== undefined) refuseFwknop([saved]);
  const { host, port } = saved === undefined
    ? requirePlace(request, [...written.targets.keys()])
    : choosePlace(saved, request);
  const key = nameKeyFile(name);
  const knocks: Knock[] = [{
    port,
    protocol: "udp",
    payload: { kind: "secret", source: { kind: "file", path: key } },
  }];
  const { opens } = request;
  const change = { name, knocks, rolling, ...(opens === undefined ? {} : { opens }) };
  const edit = (now: string) =>
    saved === undefined
      ? addTargets(now, [{ ...change, host }], { file })
      : changeTargets(now, () => [change], { file });
  const warnings = await saveWithKey({ key, edit, text }, { file, fs });
  const after = (await readSaved({ file, fs })).written.targets.get(name);
  return {
    path: locateKeyFile(key, file),
    host,
    port,
    opens: opens ?? saved?.opens ?? [],
    isNew: saved === undefined,
    losesClosingSecret: countSecrets(after) < countSecrets(saved),
    warnings,
  };
}

function countSecrets(target: Target | undefined): number {
  return target?.close?.filter(({ payload }) => payload.kind === "secret").length ?? 0;
}

function requirePlace(
  { name, host, port }: KeyRequest,
  names: readonly string[],
): { host: string; port: number } {
  if (host !== undefined && port !== undefined) return { host, port };
  const near = suggest(name, names);
  const missing = host === undefined ? "host" : "port";
  throw new UsageError(`missing option --${missing}: there is no target "${name}" yet`, {
    hint: near === undefined
      ? `for example: spknock rolling new ${name} --host ${host ?? "fw.example.com"} --port ${
        port ?? 62_201
      }`
      : `did you mean ${near}?`,
  });
}

function choosePlace(
  { name, host, knocks, rolling }: Target,
  request: KeyRequest,
): { host: string; port: number } {
  if (rolling !== undefined) {
    throw new UsageError(`"${name}" has one-time codes already`, {
      hint: `for a new key: spknock rolling rotate ${name}`,
    });
  }
  if (request.host !== undefined && !isSameHost(request.host, host)) {
    throw new UsageError(`"${name}" is saved already, with another host`, {
      hint: `leave out --host, or change it: spknock edit ${name} --host ${request.host}`,
    });
  }
  const port = request.port ?? knocks.findLast(({ protocol }) => protocol === "udp")?.port;
  if (port !== undefined) return { host, port };
  throw new UsageError(`missing option --port: "${name}" has no udp knock`, {
    hint: `for example: spknock rolling new ${name} --port 62201`,
  });
}
