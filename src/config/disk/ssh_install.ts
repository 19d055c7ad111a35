/**
 * Installs `Host` blocks for ssh.
 *
 * Rules:
 * - a file a target, `~/.ssh/config.d/spknock-NAME.conf`, so that each block is there once;
 * - `~/.ssh/config` gets one `Include` for all of them, at its top: below a `Host` line it would hold
 *   for that host alone, and ssh takes the first value that it finds (ssh_config(5));
 * - what is right already is not written.
 */
import { UsageError } from "../../core/errors.ts";
import { findTwins } from "../../core/system/file_names.ts";
import type { FileSystem } from "../files.ts";
import { readText } from "./read_text.ts";
import { writeText } from "../update.ts";

/** A file to be written. */
interface FileChange {
  path: string;
  text: string;
}

const FOLDER = "config.d";
const INCLUDE = `Include ${FOLDER}/spknock-*.conf`;

/**
 * Returns the files that have to change so that ssh knows these blocks; none where it does.
 *
 * @throws {UsageError} where two of them would have one file.
 */
export async function planSshInstall(
  blocks: readonly { name: string; text: string }[],
  { home }: { home: string },
  fs: FileSystem,
): Promise<FileChange[]> {
  const folder = `${home}/.ssh`;
  const files = blocks.map(({ name, text }) => ({ path: `${FOLDER}/spknock-${name}.conf`, text }));
  refuseTwins(files);
  const main = await readText(`${folder}/config`, fs) ?? "";
  const isIncluded = files.every(({ path }) => includesFile(main, { path, folder }));
  const wanted = [
    ...files.map(({ path, text }) => ({ path: `${folder}/${path}`, text })),
    ...(isIncluded
      ? []
      : [{ path: `${folder}/config`, text: `${INCLUDE}\n${main === "" ? "" : "\n"}${main}` }]),
  ];
  const present = await Promise.all(wanted.map(({ path }) => readText(path, fs)));
  return wanted.filter(({ text }, index) => text !== present[index]);
}

/** ssh's own `Host` does not tell upper from lower case, either. */
function refuseTwins(files: readonly { path: string }[]): void {
  const twins = findTwins(files.map(({ path }) => path));
  if (twins === undefined) return;
  throw new UsageError(
    `"${twins[1]}" would be the file of two targets, which differ by case only`,
    { hint: "rename one of the targets: spknock rename A B" },
  );
}

/** Writes what {@linkcode planSshInstall} found: the blocks first, then the line that includes them. */
export async function installSshConfig(
  changes: readonly FileChange[],
  fs: FileSystem,
): Promise<void> {
  for (const { path, text } of changes) await writeText(path, text, fs);
}

/** Whether an `Include` above the first `Host` and `Match` names the file. */
function includesFile(
  main: string,
  { path, folder }: { path: string; folder: string },
): boolean {
  const lines = main.split(/\r?\n/);
  const end = lines.findIndex((line) => /^\s*(?:host|match)[\s=]/i.test(line));
  const patterns = lines.slice(0, end === -1 ? undefined : end).flatMap((line) =>
    /^\s*include[\s=]+(.*)$/i.exec(line)?.[1]?.match(/"[^"]*"|\S+/g) ?? []
  );
  return patterns.some((pattern) => {
    const bare = pattern.replaceAll('"', "");
    const prefix = ["~/.ssh/", `${folder}/`].find((start) => bare.startsWith(start)) ?? "";
    const glob = bare.slice(prefix.length).replace(/[\\^$.+()[\]{}|]/g, "\\$&")
      .replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
    return new RegExp(`^${glob}$`).test(path);
  });
}
