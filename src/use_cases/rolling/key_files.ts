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

/**
 * Makes a key, and then the target that names it.
 *
 * @param key the path, from the folder of the configuration.
 * @param edit changes the configuration; it is tried first, so that what is refused leaves no trace.
 * @returns what could not be confirmed after it was written.
 * @throws {ConfigError} where neither was saved.
 */
export async function saveWithKey(
  { key, edit, text }: { key: string; edit: (text: string) => string; text: string },
  { file, fs }: TargetsFile,
): Promise<readonly Problem[]> {
  edit(text);
  const path = locateKeyFile(key, file);
  const warning = await writeNewText(path, `${makeKey()}\n`, fs);
  const problems = warning === undefined ? [] : [{ file: path, message: warning }];
  try {
    return [...problems, ...(await updateConfig(file, edit, fs)).warnings];
  } catch (error) {
    // The error of the target is the one to report.
    await fs.remove(path).catch(() => {});
    throw error;
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
  ];
  return new Set([
    ...payloads.flatMap((each) =>
      each.kind === "secret" && each.source.kind === "file" ? [each.source.path] : []
    ),
    ...[defaults, ...all].flatMap(({ rolling }) => rolling?.formerKey ?? []),
  ]);
}
