/** Exports targets, imports them again, and says what is another one then. */
import { addTargets, importTargets, isSameData } from "../../src/config/changes.ts";
import { parseConfig } from "../../src/config/mod.ts";
import { SETTING_KEYS } from "../../src/config/target/keys.ts";
import type { Problem } from "../../src/core/errors.ts";
import type { Target } from "../../src/core/target.ts";
import type { ExportDoor } from "../../src/export/form.ts";
import { EXPORT_FORMS } from "../../src/export/forms.ts";

/** A key of 32 bytes: of fwknop, and of one-time codes. */
export const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/** fwknop's HMAC key, of 64 bytes. */
export const HMAC_KEY =
  "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+fw==";
/** What each other secret gives: the hash of a passphrase. */
export const HASH = "0123456789abcdef".repeat(4);

/** Returns the targets of a configuration in a folder `/c`. */
export async function readTargets(text: string): Promise<Target[]> {
  return [...(await parseConfig(text, { file: "/c/targets.toml" })).targets.values()];
}

/** Returns the only target of a configuration. */
export async function readTarget(text: string): Promise<Target> {
  return requireOne(await readTargets(text));
}

/** Returns the only one of some targets. */
export function requireOne(targets: readonly Target[]): Target {
  const [target, ...more] = targets;
  if (target === undefined || more.length > 0) throw new Error(`${targets.length} targets`);
  return target;
}

/** Returns a target with its secrets as `--with-secrets` collects them; those that are in the target stay. */
export function openDoor(target: Target): ExportDoor {
  const encode = (text: string) => new TextEncoder().encode(text);
  const collect = ({ payload }: Pick<Target["knocks"][number], "payload">, text: string) =>
    payload.kind === "bytes" ? payload.bytes : encode(payload.kind === "none" ? "" : text);
  const { knocks, close = [], fwknop, rolling } = target;
  return {
    target,
    opening: fwknop === undefined
      ? knocks.map((knock) => collect(knock, rolling === undefined ? HASH : KEY))
      : [collect(fwknop.key, KEY), collect(fwknop.hmacKey, HMAC_KEY)],
    closing: close.map((knock) => collect(knock, HASH)),
  };
}

/** What came back. */
interface RoundTrip {
  text: string;
  lost: readonly string[];
  remarks: readonly Problem[];
  targets: Target[];
}

/** Exports in a form, and imports from the format that reads it; with secrets, unless `isSecretless`. */
export async function makeRoundTrip(
  targets: readonly Target[],
  { as, from, host, isSecretless = false }: {
    as: keyof typeof EXPORT_FORMS;
    from: string;
    /** Of the target, for formats that name none. */
    host?: string;
    isSecretless?: boolean;
  },
): Promise<RoundTrip> {
  const { exporter } = await EXPORT_FORMS[as].load();
  const doors = targets.map((target) => isSecretless ? { target } : openDoor(target));
  const { text, lost } = await exporter.render(doors);
  const imported = await importTargets(text, { file: "/other/file", from, host });
  // Keys of one-time codes are in files of their own then.
  const drafts = imported.targets.map((draft) =>
    draft.rolling === undefined ? draft : { ...draft, knocks: draft.knocks.map(landKey) }
  );
  const saved = addTargets("", drafts, { file: "/c/targets.toml" });
  return { text, lost, remarks: imported.remarks, targets: await readTargets(saved) };
}

function landKey(knock: Target["knocks"][number]): Target["knocks"][number] {
  if (knock.payload.kind !== "bytes") return knock;
  const source = { kind: "file", path: "keys/x.key" } as const;
  return { ...knock, payload: { kind: "secret", source } };
}

/** Returns the keys, as TOML spells them, by which two targets differ; in alphabetical order. */
export function listDifferences(before: Target, after: Target): string[] {
  const keys = Object.fromEntries(
    Object.entries(SETTING_KEYS).map(([key, { field }]) => [
      field,
      key,
    ]),
  );
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return fields.filter((field) =>
    !isSameData(Reflect.get(before, field), Reflect.get(after, field))
  ).map((field) => keys[field] ?? field).sort();
}
