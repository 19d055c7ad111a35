/** What writes targets in the form of another tool. */
import type { Target } from "../core/target.ts";

/** A target to be written. */
export interface ExportDoor {
  target: Target;
  /**
   * With `--with-secrets`, what was collected for its knocks, one a knock, in order: payloads; the key of
   * one-time codes; the texts of fwknop's two keys. Undefined where secrets stay here: the form writes
   * placeholders then, or asks for them where it runs.
   */
  opening?: readonly Uint8Array[] | undefined;
  /** The same of its closing knocks. */
  closing?: readonly Uint8Array[] | undefined;
}

/** What a form gives. */
export interface Exported {
  /** Ends with a line end. */
  text: string;
  /** What the form cannot carry and the other side does without, one short sentence each. */
  lost: readonly string[];
  /** Whether the text has a secret in it. */
  holdsSecret: boolean;
}

/** What writes one form. */
export interface Exporter {
  /**
   * Writes the doors.
   *
   * @throws {UsageError} where the form cannot express what opens a door, with the way out as its hint.
   */
  render(doors: readonly ExportDoor[]): Exported | Promise<Exported>;
}
