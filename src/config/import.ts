/**
 * Files of other programs to targets: a table of formats, so that a new one is one row.
 *
 * Rules: every bad line is named; all or nothing, unless the caller keeps going with the good lines;
 * names are made from hosts, and numbered where they are taken.
 */
import { ConfigError, type Problem, UsageError } from "../core/errors.ts";
import type { TargetDraft } from "./edit.ts";
import { makeTargetName, parseLegacyLines, uniqueName } from "./legacy.ts";
import { nearest } from "./values.ts";

/** What a format's reader gives. */
export interface ImportResult {
  targets: TargetDraft[];
  /** In file order. */
  problems: Problem[];
}

/** What a format's reader may need beside the text. */
export interface ImportContext {
  file: string;
  /** The host, for formats whose files name none. */
  host?: string | undefined;
  /** The name for a target, such that no other has it. */
  makeName: (host: string) => string;
}

/** A format that can be imported. */
export interface ImportFormat {
  /** One line for people. */
  summary: string;
  /** Whether the text looks like this format. */
  isLikely: (text: string) => boolean;
  /** The good entries, and what is wrong with the others. */
  parse: (text: string, context: ImportContext) => ImportResult;
}

/** The formats, by the name that `--from` takes; the first likely one is taken without it. */
export const IMPORT_FORMATS: Readonly<Record<string, ImportFormat>> = {
  legacy: {
    summary: "the original spknock's ~/.secrets/spknock-targets.conf",
    isLikely: (text) =>
      parseLegacyLines(text, { file: "" }).some(({ target }) => target !== undefined),
    parse: importLegacy,
  },
};

/** The name of the format that `text` looks like. */
export function detectFormat(text: string): string | undefined {
  return Object.keys(IMPORT_FORMATS).find((name) => IMPORT_FORMATS[name]?.isLikely(text));
}

/** How to import. */
export interface ImportOptions {
  /** The file, as the user knows it. */
  file: string;
  /** The format's name; found from the text where undefined. */
  from?: string | undefined;
  host?: string | undefined;
  /** Take the good entries even if others are bad. */
  keepGoing?: boolean | undefined;
  /** Names that are taken already. */
  taken?: Iterable<string> | undefined;
}

/**
 * The targets that `text` describes, and, with `keepGoing`, what is wrong with the rest.
 *
 * @throws {UsageError} if no format is known by that name, or none fits the text.
 * @throws {ConfigError} with every bad line, unless `keepGoing`.
 */
export function importTargets(text: string, options: ImportOptions): ImportResult {
  const names = Object.keys(IMPORT_FORMATS);
  const from = options.from ?? detectFormat(text) ?? (names.length === 1 ? names[0] : undefined);
  const format = from !== undefined && Object.hasOwn(IMPORT_FORMATS, from)
    ? IMPORT_FORMATS[from]
    : undefined;
  if (format === undefined) {
    const known = `use one of ${names.join(", ")}`;
    throw from === undefined
      ? new UsageError(`"${options.file}" has no format that is known: ${known}`)
      : new UsageError(`"${from}" is not a format${nearest(from, names)}`, { hint: known });
  }
  const taken = new Set(options.taken);
  const makeName = (host: string): string => {
    const name = uniqueName(makeTargetName(host), taken);
    taken.add(name);
    return name;
  };
  const result = format.parse(text, { file: options.file, host: options.host, makeName });
  if (result.problems.length > 0 && options.keepGoing !== true) {
    throw new ConfigError(result.problems, {
      hint: "nothing was imported; --keep-going takes the good lines",
    });
  }
  return result;
}

/** Unlike in reading, one bad port spoils its line: half a sequence opens nothing. */
function importLegacy(text: string, { file, makeName }: ImportContext): ImportResult {
  const lines = parseLegacyLines(text, { file });
  const targets = lines.flatMap(({ target, problems }) =>
    target === undefined || problems.length > 0 ? [] : [{ name: makeName(target.host), ...target }]
  );
  return { targets, problems: lines.flatMap(({ problems }) => problems) };
}
