/**
 * Saves targets that were read from a file of another program.
 *
 * Rules:
 * - a door that is saved already is not saved again;
 * - keys that the file has become files beside the configuration, which the targets name; keys of fwknop stay in
 *   the configuration where that is asked for;
 * - all of it is saved, or nothing.
 */
import { addTargets, type TargetDraft } from "../config/changes.ts";
import { readText } from "../config/mod.ts";
import { dirname } from "../config/paths.ts";
import { mapPaths } from "../config/target/paths.ts";
import { relatePath, resolvePath } from "../config/value_specs.ts";
import type { Problem } from "../core/errors.ts";
import { type Fwknop, type FwknopKey, renderNat } from "../core/fwknop.ts";
import { type Knock, type KnockPayload, renderPortSpec } from "../core/knock.ts";
import { renderService } from "../core/service.ts";
import type { Target } from "../core/target.ts";
import {
  chooseSecretFile,
  locateKeyFile,
  type NewSecret,
  saveWithSecrets,
  type TargetsFile,
} from "./secret_files.ts";

/** How targets are saved. */
interface ImportPlace extends TargetsFile {
  /** The targets that are saved. */
  present: Iterable<Target>;
  /** The folder that paths of the drafts start from. */
  cwd: string;
  /** Whether keys of fwknop stay in the configuration. */
  keepsKeys: boolean;
  /** Whether nothing is written. */
  isDryRun: boolean;
}

/** What was saved, or would be. */
export interface ImportReport {
  added: readonly TargetDraft[];
  alreadyThere: number;
  /** The files of keys that were made. */
  keyFiles: readonly string[];
  /** What could not be confirmed after it was written. */
  warnings: readonly Problem[];
}

/**
 * Saves the drafts whose doors are not saved yet.
 *
 * @throws {ConfigError} where nothing was saved.
 */
export async function saveImported(
  drafts: readonly TargetDraft[],
  { present, cwd, keepsKeys, isDryRun, file, fs }: ImportPlace,
): Promise<ImportReport> {
  const place = { file, fs };
  const known = new Map<string, Target[]>();
  for (const target of present) {
    const door = identifyDoor(target);
    known.set(door, [...known.get(door) ?? [], target]);
  }
  const added: TargetDraft[] = [];
  const secrets: NewSecret[] = [];
  for (const draft of drafts) {
    const others = known.get(identifyDoor(draft)) ?? [];
    const same = await Promise.all(others.map((other) => hasSameKeys(draft, other, place)));
    if (same.includes(true)) continue;
    const related = relateFiles(draft, { cwd, file });
    const landed = await landKeys(related, { keepsKeys, taken: secrets, ...place });
    secrets.push(...landed.secrets);
    added.push(landed.draft);
  }
  const edit = (text: string) => addTargets(text, added, { file });
  const text = await readText(file, fs) ?? "";
  const warnings = isDryRun || added.length === 0
    ? (edit(text), [])
    : await saveWithSecrets({ secrets, edit, text }, place);
  return {
    added,
    alreadyThere: drafts.length - added.length,
    keyFiles: secrets.filter(({ isLeft = false }) => !isLeft)
      .map(({ path }) => locateKeyFile(path, file)),
    warnings,
  };
}

/**
 * Returns what tells a door from others but its keys: the host, and the sequence, or where that comes from; of
 * fwknop, where all doors of a host have the same one, also what the packet asks for.
 */
function identifyDoor({ host, knocks, oneTime, fwknop, opens = [] }: TargetDraft): string {
  const door = [host, oneTime ?? "", ...knocks.map(renderPortSpec)];
  if (fwknop === undefined) return JSON.stringify(door);
  const { allowIp, nat, user = "" } = fwknop;
  return JSON.stringify([...door, opens.map(renderService), allowIp, nat && renderNat(nat), user]);
}

/** Whether keys and payloads are the same, as far as they are known: what is asked for can be any. */
async function hasSameKeys(
  { fwknop: one, knocks }: TargetDraft,
  { fwknop: other, knocks: others }: Target,
  place: TargetsFile,
): Promise<boolean> {
  if (one === undefined || other === undefined) {
    return one === other && hasSamePayloads(knocks, others);
  }
  for (const part of ["key", "hmacKey"] as const) {
    const [mine, theirs] = [await readKey(one[part], place), await readKey(other[part], place)];
    if (mine !== undefined && theirs !== undefined && mine !== theirs) return false;
  }
  return true;
}

function hasSamePayloads(knocks: readonly Knock[], others: readonly Knock[]): boolean {
  return knocks.every(({ payload }, index) => {
    const [mine, theirs] = [readPayload(payload), readPayload(others[index]?.payload)];
    return mine === undefined || theirs === undefined || mine === theirs;
  });
}

/** Returns a payload that is written out, for comparing; undefined where it comes from elsewhere. */
function readPayload(payload: KnockPayload | undefined): string | undefined {
  if (payload === undefined) return undefined;
  if (payload.kind === "none") return "";
  if (payload.kind === "bytes") return payload.bytes.join();
  const { source } = payload;
  return source.kind === "hash"
    ? new TextEncoder().encode(source.hash.toLowerCase()).join()
    : undefined;
}

/** Returns the text of a key that is in the configuration or in a file; undefined where it is elsewhere. */
async function readKey({ payload }: FwknopKey, { file, fs }: TargetsFile) {
  if (payload.kind === "bytes") return new TextDecoder().decode(payload.bytes);
  if (payload.source.kind !== "file") return undefined;
  const path = locateKeyFile(payload.source.path, file);
  return (await readText(path, fs).catch(() => undefined))?.split("\n")[0]?.trim();
}

/** Returns a draft with its inline keys in files, and these. */
async function landKeys(
  draft: TargetDraft,
  { keepsKeys, taken, ...place }: TargetsFile & {
    keepsKeys: boolean;
    taken: readonly NewSecret[];
  },
): Promise<{ draft: TargetDraft; secrets: NewSecret[] }> {
  const { name, fwknop, rolling, knocks } = draft;
  const secrets: NewSecret[] = [];
  const land = async <T extends KnockPayload>(payload: T, ending: "key" | "hmac") => {
    if (payload.kind !== "bytes") return payload;
    const text = `${new TextDecoder().decode(payload.bytes)}\n`;
    const { path, isLeft } = await chooseSecretFile(name, {
      ending,
      isUsable: (present) => present === text,
      taken: [...taken, ...secrets].map((secret) => secret.path),
      ...place,
    });
    secrets.push({ path, text, isLeft });
    return { kind: "secret", source: { kind: "file", path } } as const;
  };
  if (fwknop !== undefined && !keepsKeys) {
    const { key, hmacKey } = fwknop;
    const landed: Fwknop = {
      ...fwknop,
      key: { ...key, payload: await land(key.payload, "key") },
      hmacKey: { ...hmacKey, payload: await land(hmacKey.payload, "hmac") },
    };
    const moved = knocks.map((knock) => ({ ...knock, payload: landed.key.payload }));
    return { draft: { ...draft, fwknop: landed, knocks: moved }, secrets };
  }
  const last = knocks.at(-1);
  if (rolling === undefined || last === undefined) return { draft, secrets };
  const payload = await land(last.payload, "key");
  return { draft: { ...draft, knocks: [...knocks.slice(0, -1), { ...last, payload }] }, secrets };
}

/** Returns a draft with the paths of its files as the configuration names them. */
function relateFiles(draft: TargetDraft, { cwd, file }: { cwd: string; file: string }) {
  const folder = dirname(resolvePath(file, cwd));
  return mapPaths(draft, (path) => relatePath(resolvePath(path, cwd), folder));
}
