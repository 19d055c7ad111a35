/**
 * Files of other programs to targets; the formats are the table in `formats.ts`.
 *
 * Rules: every bad line is named; all or nothing, unless the caller keeps going with the good lines;
 * names are made from hosts, and numbered where they are taken.
 */
import { ConfigError, UsageError } from "../../core/errors.ts";
import { suggestOr } from "../../core/suggest.ts";
import { isTargetName } from "../../core/target.ts";
import { joinOr } from "../../core/text.ts";
import { isReservedKey } from "../toml/place.ts";
import { IMPORT_FORMATS } from "./formats.ts";
import { createNames, makeTargetName } from "./legacy_file.ts";
import { type ImportReader, type ImportResult, USE_HOST } from "./reader.ts";

/** The code of the error where nothing but the host is missing. */
export const NO_HOST = "no_host";

/** How to import. */
export interface ImportOptions {
  /** The file, as the user knows it. */
  file: string;
  /** The format's name; found from the text where undefined. */
  from?: string | undefined;
  /** For files that name no host. */
  host?: string | undefined;
  /** Take the good entries even if others are bad. */
  keepGoing?: boolean | undefined;
  /** Whether the file may name programs, files and variables of this machine. */
  isTrusted?: boolean | undefined;
  /** Names that are taken already. */
  taken?: Iterable<string> | undefined;
}

/**
 * Returns the targets that `text` describes, and, with `keepGoing`, what is wrong with the rest.
 *
 * @throws {UsageError} if no format is known by that name, or none fits the text.
 * @throws {ConfigError} with every bad line, unless `keepGoing`.
 */
export async function importTargets(text: string, options: ImportOptions): Promise<ImportResult> {
  const reader = await findReader(text, options);
  const taken = new Set(options.taken);
  // Names that TOML readers cannot have are as good as taken.
  const findName = createNames({ has: (name) => isReservedKey(name) || taken.has(name) });
  const makeName = (text: string): string => {
    const name = findName(isTargetName(text) ? text : makeTargetName(text));
    taken.add(name);
    return name;
  };
  const { file, host, isTrusted } = options;
  const result = await reader.parse(text, { file, host, isTrusted, makeName });
  if (result.problems.length > 0 && options.keepGoing !== true) {
    throw explainProblems(result);
  }
  return result;
}

/** Names the next step: the host, where nothing else is missing, or the good lines, where some are good. */
function explainProblems({ problems, targets }: ImportResult): ConfigError {
  if (problems.every(({ message }) => message.endsWith(USE_HOST))) {
    const hint = "nothing was imported; for example: --host fw.example.com";
    return new ConfigError(problems, { code: NO_HOST, hint });
  }
  const rest = targets.length === 0 ? "" : "; --keep-going takes the good lines";
  return new ConfigError(problems, { hint: `nothing was imported${rest}` });
}

async function findReader(text: string, { file, from }: ImportOptions): Promise<ImportReader> {
  if (from !== undefined) return (await requireFormat(from).load()).reader;
  const formats = Object.values(IMPORT_FORMATS);
  const readers = await Promise.all(formats.map(async ({ load }) => (await load()).reader));
  const likely = readers.find(({ isLikely }) => isLikely(text));
  if (likely !== undefined) return likely;
  const guess = guessKind(text);
  if (guess !== undefined) {
    throw new UsageError(`"${file}" looks like ${guess.what}, which cannot be imported`, {
      hint: guess.hint,
    });
  }
  // Comments alone fit all: that there is no target is said where it is known what was imported.
  const isEmpty = text.split(/\r?\n/).every((line) => /^\s*(?:[#;]|$)/.test(line));
  if (isEmpty && readers[0] !== undefined) return readers[0];
  throw new UsageError(`the format of "${file}" is unknown`, {
    hint: `name it: --from FORMAT; ${listNames()}`,
  });
}

/**
 * Returns the row of a format.
 *
 * @throws {UsageError} if no format is known by that name.
 */
export function requireFormat(name: string) {
  const format = Object.hasOwn(IMPORT_FORMATS, name) ? IMPORT_FORMATS[name] : undefined;
  if (format !== undefined) return format;
  const suggestion = suggestOr("", name, Object.keys(IMPORT_FORMATS));
  throw new UsageError(`unknown format${suggestion}`, { hint: listNames() });
}

function listNames(): string {
  return `use ${joinOr(Object.keys(IMPORT_FORMATS))}`;
}

/** Files that are given to `import` by mistake, the most telling first. */
const GUESSES: readonly { what: string; looks: RegExp; hint: string }[] = [
  {
    what: "JSON",
    looks: /^\s*(?:\{\s*(?:"|\})|\[\s*[[{"\]])/,
    hint: "see the formats with: spknock import --help",
  },
  {
    what: "TOML",
    looks: /^[ \t]*\[[\w."-]+\][ \t\r]*(?:#.*)?$|^[ \t]*[\w-]+[ \t]*=[ \t]*(?:"|\[|\d)/m,
    hint: "see the formats with: spknock import --help",
  },
];

/** Returns what a text looks like that no reader can use. */
function guessKind(text: string): { what: string; hint: string } | undefined {
  return GUESSES.find(({ looks }) => looks.test(text));
}
