/**
 * The formats that can be imported, one row each; `--from`, its help and the errors are made from it.
 * It is loaded with the help, so it is data: a format's reader is loaded when a file is read.
 */
import type { Problem } from "../core/errors.ts";
import type { TargetDraft } from "./edit.ts";

/** What a file gives. */
export interface ImportResult {
  targets: TargetDraft[];
  /** In file order. */
  problems: Problem[];
}

/** What reads one format. */
export interface ImportReader {
  /** Whether the text looks like this format. */
  isLikely(text: string): boolean;
  /** Returns the good entries, and what is wrong with the others. */
  parse(
    text: string,
    context: {
      file: string;
      /** Returns the name for a target, such that no other has it. */
      makeName: (host: string) => string;
    },
  ): ImportResult;
}

/** A format that can be imported. */
interface ImportFormat {
  /** Whose file it is, for the help. */
  summary: string;
  load: () => Promise<{ reader: ImportReader }>;
}

/** The formats, by the name that `--from` takes; without it the first one that fits is taken. */
export const IMPORT_FORMATS: Readonly<Record<string, ImportFormat>> = {
  legacy: {
    summary: "spknock-targets.conf",
    load: () => import("./import_legacy.ts"),
  },
};

/** Returns the formats for the help of `--from`, each with what it is. */
export function listImportFormats(): string[] {
  return Object.entries(IMPORT_FORMATS).map(([name, { summary }]) => `${name} (${summary})`);
}
