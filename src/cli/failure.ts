/** The one place where errors become text, JSON and exit codes. */
import {
  CancelledError,
  ConfigError,
  NetworkError,
  SecretError,
  SpknockError,
  UsageError,
} from "../core/errors.ts";
import type { Output } from "../output/output.ts";
import { sanitize, sanitizeLines } from "../output/sanitize.ts";

/** The exit codes of the contract. */
export const EXIT = {
  done: 0,
  closed: 1,
  usage: 2,
  network: 3,
  secret: 4,
  cancelled: 130,
} as const;

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CancelledError) return EXIT.cancelled;
  if (error instanceof SecretError) return EXIT.secret;
  if (error instanceof NetworkError) return EXIT.network;
  if (error instanceof UsageError || error instanceof ConfigError) return EXIT.usage;
  return EXIT.usage;
}

/** An error as the JSON contract has it. */
export function errorValue(error: unknown): { code: string; message: string; hint: string | null } {
  if (error instanceof SpknockError) {
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  }
  return { code: "internal", message: messageOf(error), hint: INTERNAL_HINT };
}

const INTERNAL_HINT = "this is a bug in spknock: please report it with the command that shows it";

/** Says what went wrong, as text or JSON, and returns the exit code. */
export function reportFailure(error: unknown, out: Output): number {
  const { code, message, hint } = errorValue(error);
  out.endLine();
  if (out.json) {
    out.error(JSON.stringify({ error: { code, message, hint } }));
  } else if (!(error instanceof CancelledError)) {
    const { bad, faint } = out.noteStyle;
    for (const line of sanitizeLines(message).split("\n")) out.error(`${bad("error:")} ${line}`);
    if (hint !== null) out.error(`${faint("hint:")} ${sanitize(hint)}`);
    if (out.verbose && error instanceof Error && error.cause !== undefined) {
      out.error(`${faint("cause:")} ${sanitize(messageOf(error.cause))}`);
    }
  }
  return exitCodeOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
