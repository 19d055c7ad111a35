/**
 * The files of secrets that spknock saves: `keys/NAME.key` and the like beside the configuration, with mode 0600,
 * in a folder with 0700.
 *
 * Rules:
 * - a file is never overwritten: where the name is taken, the next number is used;
 * - the secrets are saved first, then the targets that name them; without the targets they are removed again.
 */
import { updateConfig, writeNewText } from "../config/changes.ts";
import { fillSecrets } from "../config/fill_secrets.ts";
import { type Config, type FileSystem, parseConfig, readText } from "../config/mod.ts";
import { dirname } from "../config/paths.ts";
import { resolvePath } from "../config/value_specs.ts";
import type { Problem } from "../core/errors.ts";
import { listKeys } from "../core/fwknop.ts";
import type { KnockPayload } from "../core/knock.ts";
import { foldPath, toFileName } from "../core/system/file_names.ts";

/** The folder of keys, beside the configuration. */
export const KEY_FOLDER = "keys";

/** The file of targets, and the file system that it is on. */
export interface TargetsFile {
  file: string;
  fs: FileSystem;
}

/** The configuration of the moment, with the placeholders of secrets as they are written, and filled in. */
export interface SavedTargets {
  text: string;
  written: Config;
  filled: Config;
}

/**
 * Reads the file of targets, which need not exist yet.
 *
 * @throws {ConfigError}
 */
export async function readSaved({ file, fs }: TargetsFile): Promise<SavedTargets> {
  const text = await readText(file, fs) ?? "";
  const written = await parseConfig(text, { file });
  return { text, written, filled: fillSecrets(written) };
}

/** Returns the path of a target's key, from the folder of the configuration; of the first one without number. */
export function nameKeyFile(name: string, number = 1): string {
  return `${KEY_FOLDER}/${number === 1 ? toFileName(name) : `${name}-${number}`}.key`;
}

/** Returns where the path of a key leads to. */
export function locateKeyFile(path: string, file: string): string {
  return resolvePath(path, dirname(file));
}

/** What a file holds: a key of one-time codes or of fwknop, fwknop's HMAC key, a passphrase. */
type SecretEnding = "key" | "hmac" | "secret";

/** A file with a secret that is made. */
export interface NewSecret {
  /** From the folder of the configuration. */
  path: string;
  text: string;
  /** Takes what is there: a run that was interrupted made it, and no target names it yet. */
  isLeft?: boolean;
}

/**
 * Saves secrets, and then the targets that name them.
 *
 * @param edit changes the configuration; it is tried first, so that what is refused leaves no trace.
 * @returns what could not be confirmed after it was written.
 * @throws {ConfigError} where nothing was saved.
 */
export async function saveWithSecrets(
  { secrets, edit, text }: {
    secrets: readonly NewSecret[];
    edit: (text: string) => string;
    text: string;
  },
  { file, fs }: TargetsFile,
): Promise<readonly Problem[]> {
  edit(text);
  const problems: Problem[] = [];
  const made: string[] = [];
  try {
    for (const secret of secrets.filter(({ isLeft = false }) => !isLeft)) {
      const path = locateKeyFile(secret.path, file);
      const message = await writeNewText(path, secret.text, fs);
      made.push(path);
      if (message !== undefined) problems.push({ file: path, message });
    }
    return [...problems, ...(await updateConfig(file, edit, fs)).warnings];
  } catch (error) {
    // The error of the file that could not be saved is the one to report.
    for (const path of made) await fs.remove(path).catch(() => {});
    throw error;
  }
}

/**
 * Returns where a new secret of a target is saved: `keys/NAME.ENDING` or the first number more that is free, or
 * that has a usable secret which no target names.
 *
 * @param options.isUsable of the text of a file.
 * @param options.taken paths that are chosen already.
 */
export async function chooseSecretFile(
  name: string,
  { ending, isUsable, taken, file, fs }: TargetsFile & {
    ending: SecretEnding;
    isUsable: (text: string) => boolean;
    taken: readonly string[];
  },
): Promise<{ path: string; isLeft: boolean }> {
  const named = listNamedFiles((await readSaved({ file, fs })).filled);
  const isAmong = (paths: Iterable<string>, path: string) =>
    [...paths].some((other) => foldPath(other) === foldPath(path));
  for (let number = 1;; number++) {
    const path = nameKeyFile(name, number).replace(/key$/, ending);
    if (isAmong(taken, path)) continue;
    const place = locateKeyFile(path, file);
    const present = await readText(place, fs);
    if (present === undefined) return { path, isLeft: false };
    if (isAmong(named, place) || !isUsable(present)) continue;
    const { mode } = await fs.stat(place);
    // One that others can read would be refused when it is used.
    if (mode === null || (mode & 0o077) === 0) return { path, isLeft: true };
  }
}

/** Returns the files that a configuration names as secrets. */
export function listNamedFiles({ targets, payload, defaults }: Config): Set<string> {
  const all = [...targets.values()];
  const payloads: KnockPayload[] = [
    payload,
    ...all.flatMap((target) => [...target.knocks, ...target.close ?? [], ...listKeys(target)])
      .map((carrier) => carrier.payload),
  ];
  return new Set([
    ...payloads.flatMap((each) =>
      each.kind === "secret" && each.source.kind === "file" ? [each.source.path] : []
    ),
    ...[defaults, ...all].flatMap(({ rolling }) => rolling?.formerKey ?? []),
  ]);
}
