/** The target that an earlier run has saved: it is used as it is, with its key and its ports. */
import {
  changeTargets,
  isSameData,
  type TargetChange,
  updateConfig,
} from "../../config/changes.ts";
import { type Problem, UsageError } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import type { Service } from "../../core/service.ts";
import { isSameHost, requireFixedKnocks, type Target } from "../../core/target.ts";
import { refuseFwknop } from "../fwknop/refuse.ts";
import { readSaved, type TargetsFile } from "../secret_files.ts";
import { type Horizon, keepHorizon } from "./horizon.ts";
import type { SavedDoor, SetupRequest } from "./request.ts";

/** What a door opens where nothing says so. */
export const DEFAULT_OPENS: readonly Service[] = [{ port: 22, protocol: "tcp" }];

/**
 * Returns the target of a name as it is in the file; undefined where there is none.
 *
 * @throws {UsageError} where it is another door; {ConfigError}.
 */
export async function findSavedDoor(
  request: SetupRequest & { host: string },
  place: TargetsFile,
): Promise<Target | undefined> {
  const saved = (await readSaved(place)).written.targets.get(request.name);
  if (saved === undefined) return undefined;
  refuseFwknop([saved]);
  const { name, host } = request;
  if (!isSameHost(saved.host, host)) {
    throw new UsageError(`"${name}" is saved already, with the host "${saved.host}"`, {
      hint:
        `choose another name than ${name}, or use --host ${saved.host} if that is the same machine`,
    });
  }
  refuseOtherKind(saved, request);
  return requireFixedKnocks(saved, "setup");
}

function refuseOtherKind(saved: Target, { kind, secret }: SetupRequest): void {
  const { name, rolling } = saved;
  if (kind === "codes" && rolling === undefined) {
    throw new UsageError(`--rolling: "${name}" is saved already, without one-time codes`, {
      hint: `change it first: spknock rolling new ${name}`,
    });
  }
  if (kind === "passphrases" && rolling !== undefined) {
    throw new UsageError(`--passphrases: "${name}" is saved already, with one-time codes`, {
      hint: `leave it out, or remove the target first: spknock remove ${name}`,
    });
  }
  const isSame = ({ payload }: Knock) =>
    payload.kind === "secret" && isSameData(payload.source, secret);
  if (secret === undefined || saved.knocks.some(isSame)) return;
  throw new UsageError(`--secret: "${name}" is saved already, with another secret`, {
    hint: `leave it out, or change the target first: spknock edit ${name} --secret ...`,
  });
}

/**
 * Saves what the request changes in a target; a horizon that nears its end begins anew.
 *
 * @throws {ConfigError} where nothing was changed.
 */
export async function updateDoor(
  { name, place, opens, tags }: SetupRequest,
  { file, fs, now }: TargetsFile & { now: number },
): Promise<readonly Problem[]> {
  return await changeDoor(name, ({ rolling, opens: before }) => ({
    admin: place,
    opens: opens ?? (before.length > 0 ? before : DEFAULT_OPENS),
    ...(tags === undefined ? {} : { tags }),
    ...(rolling?.until === undefined
      ? {}
      : { rolling: { ...rolling, ...keepHorizon(rolling, now) } }),
  }), { file, fs });
}

/** Saves for which time the server has one-time codes. */
export async function saveEnd(
  name: string,
  { file, fs, horizon }: TargetsFile & { horizon: Horizon },
): Promise<readonly Problem[]> {
  return await changeDoor(
    name,
    ({ rolling }) => rolling === undefined ? {} : { rolling: { ...rolling, ...horizon } },
    { file, fs },
  );
}

async function changeDoor(
  name: string,
  change: (target: Target) => Omit<TargetChange, "name">,
  { file, fs }: TargetsFile,
): Promise<readonly Problem[]> {
  const choose = (targets: ReadonlyMap<string, Target>) => {
    const target = targets.get(name);
    return target === undefined ? [] : [{ name, ...change(target) }];
  };
  const edit = (text: string) => changeTargets(text, choose, { file });
  return (await updateConfig(file, edit, fs)).warnings;
}

/**
 * Returns the target as knocks use it, and what it is.
 *
 * @throws {ConfigError}
 */
export async function readDoor(
  name: string,
  place: TargetsFile,
): Promise<Pick<SavedDoor, "target" | "kind" | "secretFiles">> {
  const target = (await readSaved(place)).filled.targets.get(name);
  if (target === undefined) throw new TypeError(`"${name}" was saved, and is not there`);
  const files = [...target.knocks, ...target.close ?? []].flatMap(({ payload }) =>
    payload.kind === "secret" && payload.source.kind === "file" ? [payload.source.path] : []
  );
  const isSecret = target.knocks.some(({ payload }) => payload.kind === "secret");
  const kind = target.rolling !== undefined ? "codes" : isSecret ? "passphrases" : "other";
  return { target, kind, secretFiles: [...new Set(files)] };
}
