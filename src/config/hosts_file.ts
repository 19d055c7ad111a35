/**
 * A hosts file: where the firewalls of targets are administered, for `apply --hosts FILE`.
 *
 * A line is `TARGET [USER@]HOST`, separated by white space; `#` begins a comment, at the start of a line or after
 * white space. TARGET is the name of a target, or the host of targets: then it means all of them.
 */
import { ConfigError, type Problem, ValueError } from "../core/errors.ts";
import { suggestOr } from "../core/suggest.ts";
import { isSameHost, parseLogin, type Target } from "../core/target.ts";
import { readText } from "./disk/read_text.ts";
import type { FileSystem } from "./files.ts";

/** What a hosts file is read with. */
interface HostsContext {
  /** As the user knows it. */
  file: string;
  /** Every saved target. */
  targets: ReadonlyMap<string, Target>;
}

/**
 * Reads a hosts file: the place of each target that it names.
 *
 * @throws {ConfigError} with every mistake by its line.
 */
export async function readHosts(
  fs: FileSystem,
  context: HostsContext,
): Promise<Map<string, string>> {
  const { file } = context;
  const text = await readText(file, fs);
  if (text === undefined) throw new ConfigError([{ file, message: "there is no such file" }]);
  return parseHosts(text, context);
}

/** Throws as above. */
function parseHosts(text: string, { file, targets }: HostsContext): Map<string, string> {
  const places = new Map<string, string>();
  const lines = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [index, content] of text.replace(/^\ufeff/, "").split(/\r?\n/).entries()) {
    const line = index + 1;
    const words = content.replace(/(?:^|\s)#.*$/, "").split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) continue;
    try {
      const { names, place } = parseLine(words, targets);
      for (const name of names) {
        const before = lines.get(name);
        if (before !== undefined) throw new RangeError(`line ${before} has a place for "${name}"`);
        places.set(name, place);
        lines.set(name, line);
      }
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      // The wrong file can hold passphrases: its text is not repeated.
      const message = cause instanceof ValueError ? cause.problem : cause.message;
      problems.push({ file, line, message });
    }
  }
  if (problems.length > 0) {
    throw new ConfigError(problems, { hint: "a line is TARGET [USER@]HOST, # begins a comment" });
  }
  return places;
}

/** Returns the targets of a line, and their place. */
function parseLine(
  words: readonly string[],
  targets: ReadonlyMap<string, Target>,
): { names: string[]; place: string } {
  const [word = "", place = ""] = words;
  if (words.length !== 2) throw new RangeError("is not a line of a hosts file");
  if (targets.has(word)) return { names: [word], place: parseLogin(place) };
  const names = [...targets.values()].filter(({ host }) => isSameHost(host, word))
    .map(({ name }) => name);
  if (names.length > 0) return { names, place: parseLogin(place) };
  const otherwise = ", nor the host of one";
  const known = [...targets.keys()];
  throw new ValueError(word, `the first word is not a target${suggestOr(otherwise, word, known)}`);
}
