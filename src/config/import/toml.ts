/**
 * The targets of another spknock, as `export --as toml` writes them, or of a whole `targets.toml`.
 *
 * Rules:
 * - every setting of a target is taken over, those of `[defaults]` of the file among them;
 * - the file can be from another person: what makes this machine run a program, read a file or a variable, or write
 *   a file is a mistake, unless the file is trusted. A secret that is sent to a host of another's choice tells
 *   what it is made of;
 * - a placeholder that is not replaced is a mistake;
 * - `secret = { key = "..." }` is the key of one-time codes, which a configuration has in a file only.
 */
import { listKeys } from "../../core/fwknop.ts";
import type { KnockPayload } from "../../core/knock.ts";
import { isPlaceholder } from "../../core/placeholder.ts";
import { isKey } from "../../core/rolling.ts";
import type { Target } from "../../core/target.ts";
import { nameFindings } from "../read_document.ts";
import { checkConfig } from "../schema.ts";
import type { TargetDraft } from "../target/keys.ts";
import { type Finding, type Path, Place } from "../toml/place.ts";
import { readToml } from "../toml/read.ts";
import { isTable, type RawTable } from "../values.ts";
import type { ImportReader } from "./reader.ts";

/** The reader of targets in TOML. */
export const reader: ImportReader = {
  isLikely: (text) =>
    /^[ \t]*(?:\[\[?[ \t]*targets[ \t]*[.\]]|targets[ \t]*[.=]|#:schema .*targets\.schema\.json)/m
      .test(text),
  parse(text, { file, isTrusted = false, makeName }) {
    const reading = readToml(text);
    if ("problems" in reading) {
      return { targets: [], problems: nameFindings(reading.problems, { file }), remarks: [] };
    }
    const { document } = reading;
    const findings = findPlaceholders(reading.value);
    const { value, keys } = takeKeys(reading.value, new Place(findings));
    const { config, findings: mistakes } = checkConfig(value, { file });
    const targets = [...config.targets.values()];
    findings.push(...mistakes);
    if (!isTrusted) findings.push(...targets.flatMap((target) => listForeign(target, value)));
    const bad = new Set(findings.map(({ path: [table, of] }) => table === "targets" && of));
    const isBad = ({ name }: Target) => bad.has(false) || bad.has(name);
    return {
      targets: targets.filter((target) => !isBad(target))
        .map((target) => toDraft(target, { key: keys.get(target.name), makeName })),
      problems: nameFindings(findings, { file, document }),
      remarks: [],
    };
  },
};

/** A target is a draft as it is; the key of its one-time codes is inline then. */
function toDraft(
  target: Target,
  { key, makeName }: { key: Uint8Array | undefined; makeName: (text: string) => string },
): TargetDraft {
  const name = makeName(target.name);
  if (key === undefined) return { ...target, name };
  const payload: KnockPayload = { kind: "bytes", bytes: key };
  const last = target.knocks.length - 1;
  return {
    ...target,
    name,
    knocks: target.knocks.map((knock, index) => index === last ? { ...knock, payload } : knock),
  };
}

function findPlaceholders(value: unknown, path: Path = []): Finding[] {
  if (isPlaceholder(value)) {
    return [{ path, message: "is a placeholder: put in what the file's author has told you" }];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => findPlaceholders(item, [...path, index]));
  }
  if (!isTable(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => findPlaceholders(item, [...path, key]));
}

/** Returns the values with a file in the place of each inline key of one-time codes, and the keys by target. */
function takeKeys(
  value: RawTable,
  place: Place,
): { value: RawTable; keys: ReadonlyMap<string, Uint8Array> } {
  const keys = new Map<string, Uint8Array>();
  if (!isTable(value["targets"])) return { value, keys };
  const targets = Object.entries(value["targets"]).map(([name, target]) => {
    const secret = isTable(target) ? target["secret"] : undefined;
    const hasKey = isTable(target) && isTable(secret) && isTable(target["rolling"]) &&
      Object.keys(secret).join() === "key";
    if (!hasKey) return [name, target];
    const { key } = secret;
    if (typeof key !== "string" || !isKey(key)) {
      const at = place.at("targets").at(name).at("secret").at("key");
      if (!isPlaceholder(key)) at.fail("is not a key: it has to be 32 bytes in base64");
    } else keys.set(name, new TextEncoder().encode(key.trim()));
    return [name, { ...target, secret: { file: INLINE } }];
  });
  return { value: { ...value, targets: Object.fromEntries(targets) }, keys };
}

/** Stands for the file that an inline key is saved in. */
const INLINE = "/inline";

/** Returns what would make this machine do or tell something, one mistake a kind. */
function listForeign(target: Target, value: RawTable): Finding[] {
  const { name, probes, after, rolling, oneTime, fwknop, knocks, close = [] } = target;
  const payloads = [...knocks, ...close, ...listKeys(target)].map(({ payload }) => payload);
  const raw = isTable(value["targets"]) ? value["targets"][name] : undefined;
  const secretKey = fwknop !== undefined
    ? "fwknop"
    : isTable(raw) && raw["secret"] !== undefined
    ? "secret"
    : "knocks";
  const runs = probes.findIndex(({ type }) => type === "exec" || type === "plugin");
  const found: [Path, string | undefined][] = [
    [["probes", runs], runs === -1 ? undefined : "runs a program of this machine"],
    [["after"], after.length === 0 ? undefined : "runs a program of this machine"],
    [[secretKey], payloads.map(describeSource).find((what) => what !== undefined)],
    [["rolling", "former_key"], rolling?.formerKey && "reads a file of this machine"],
    [["one_time"], oneTime && "changes a file of this machine"],
  ];
  return found.flatMap(([path, what]) =>
    what === undefined ? [] : [{
      path: ["targets", name, ...path],
      message: `${what}: remove it, or use --trust if you know who wrote the file`,
    }]
  );
}

function describeSource(payload: KnockPayload): string | undefined {
  if (payload.kind !== "secret") return undefined;
  const { source } = payload;
  if (source.kind === "file" && source.path === INLINE) return undefined;
  if (source.kind === "command") return "runs a program of this machine for its secret";
  if (source.kind === "file") return "reads a file of this machine for its secret";
  return source.kind === "env" ? "reads a variable of this machine for its secret" : undefined;
}
