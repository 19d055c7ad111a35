/** What reads the file of another program. */
import type { Problem } from "../../core/errors.ts";
import type { TargetDraft } from "../target/keys.ts";

/** What a file gives. */
export interface ImportResult {
  /**
   * A fixed payload that is a key (of fwknop, or of one-time codes) is saved as a file, unless the keys are
   * meant to be in the configuration.
   */
  targets: TargetDraft[];
  /** In file order. */
  problems: Problem[];
  /** What is read otherwise than it looks, in file order. */
  remarks: Problem[];
}

/** How a problem ends where only the host is missing: it can be asked for. */
export const USE_HOST = "use --host HOST";

/** What reads one format. */
export interface ImportReader {
  /** Whether the text looks like this format. */
  isLikely(text: string): boolean;
  /** Returns the good entries, and what is wrong with the others. */
  parse(
    text: string,
    context: {
      file: string;
      /** The host of `--host`, for files that name none. */
      host?: string | undefined;
      /** Whether the file may name programs, files and variables of this machine. */
      isTrusted?: boolean | undefined;
      /** Returns the name for a target, made of a host or of another name, such that no other has it. */
      makeName: (text: string) => string;
    },
  ): ImportResult | Promise<ImportResult>;
}
