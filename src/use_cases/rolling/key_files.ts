/**
 * The files of rolling keys: `keys/NAME.key` beside the configuration, with mode 0600, in a folder with 0700.
 *
 * Rules:
 * - a key is made by us, is never printed, and its file is never overwritten;
 * - the key is saved first, then the target that names it; without the target the key is removed again;
 * - a former key is removed only where it is a file of ours that no target names any more.
 */
import { updateConfig, writeNewText } from "../../config/changes.ts";
import { fillSecrets } from "../../config/fill_secrets.ts";
import { type Config, type FileSystem, parseConfig, readText } from "../../config/mod.ts";
import { basename, dirname } from "../../config/paths.ts";
import { resolvePath } from "../../config/value_specs.ts";
import type { Problem } from "../../core/errors.ts";
import type { Knock } from "../../core/knock.ts";
import { makeKey } from "../../core/rolling.ts";

/** The folder of keys, beside the configuration. */
const FOLDER = "keys";

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
  return `${FOLDER}/${name}${number === 1 ? "" : `-${number}`}.key`;
}

/** Returns the path of the key that follows `present`: a number more, and no file yet. */
export async function nameNextKeyFile(
  name: string,
  { present, file, fs }: TargetsFile & { present: string },
): Promise<string> {
  const digits = basename(present).slice(name.length).match(/^-(\d{1,9})\.key$/)?.[1];
  for (let number = Number(digits ?? 1) + 1;; number++) {
    const path = nameKeyFile(name, number);
    if (await readText(locateKeyFile(path, file), fs) === undefined) return path;
  }
}

/** Returns where the path of a key leads to. */
export function locateKeyFile(path: string, file: string): string {
  return resolvePath(path, dirname(file));
}

/** A file with a secret that is made. */
export interface NewSecret {
  /** From the folder of the configuration. */
  path: string;
  text: string;
  /** Takes what is there: a run that was interrupted made it, and no target names it yet. */
  isLeft?: boolean;
}

/**
 * Makes a key, and then the target that names it.
 *
 * @param key the path, from the folder of the configuration.
 * @param edit changes the configuration; it is tried first, so that what is refused leaves no trace.
 * @returns what could not be confirmed after it was written.
 * @throws {ConfigError} where neither was saved.
 */
export async function saveWithKey(
  { key, ...rest }: { key: string; edit: (text: string) => string; text: string },
  place: TargetsFile,
): Promise<readonly Problem[]> {
  return await saveWithSecrets(
    { ...rest, secrets: [{ path: key, text: `${makeKey()}\n` }] },
    place,
  );
}

/** As {@linkcode saveWithKey}, with any number of files. */
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
    ending: "key" | "secret";
    isUsable: (text: string) => boolean;
    taken: readonly string[];
  },
): Promise<{ path: string; isLeft: boolean }> {
  const named = listNamedFiles((await readSaved({ file, fs })).filled);
  for (let number = 1;; number++) {
    const path = nameKeyFile(name, number).replace(/key$/, ending);
    if (taken.includes(path)) continue;
    const place = locateKeyFile(path, file);
    const present = await readText(place, fs);
    if (present === undefined) return { path, isLeft: false };
    if (!named.has(place) && isUsable(present)) return { path, isLeft: true };
  }
}

/** What became of the file of a former key. */
export interface FormerFile {
  path: string;
  /** `foreign`: not in our folder. `used`: a target still names it. `kept`: it could not be removed. */
  status: "removed" | "missing" | "foreign" | "used" | "kept";
}

/**
 * Removes the file of a former key, where it is ours and nothing names it.
 *
 * @throws the system's error.
 */
export async function removeFormerFile(
  path: string,
  { file, fs }: TargetsFile,
): Promise<FormerFile> {
  const { filled } = await readSaved({ file, fs });
  const folder = locateKeyFile(FOLDER, file);
  const isOurs = path === `${folder}/${basename(path)}`;
  if (!isOurs) return { path, status: "foreign" };
  if (listNamedFiles(filled).has(path)) return { path, status: "used" };
  try {
    await fs.remove(path);
    return { path, status: "removed" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { path, status: "missing" };
    throw error;
  }
}

function listNamedFiles({ targets, payload, defaults }: Config): Set<string> {
  const all = [...targets.values()];
  const payloads = [
    payload,
    ...all.flatMap(({ knocks, close = [] }): Knock[] => [...knocks, ...close])
      .map((knock) => knock.payload),
    ...all.flatMap(({ fwknop }) => fwknop === undefined ? [] : [fwknop.key, fwknop.hmacKey])
      .map((key) => key.payload),
  ];
  return new Set([
    ...payloads.flatMap((each) =>
      each.kind === "secret" && each.source.kind === "file" ? [each.source.path] : []
    ),
    ...[defaults, ...all].flatMap(({ rolling }) => rolling?.formerKey ?? []),
  ]);
}
