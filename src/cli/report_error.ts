/** Errors as text and JSON on stderr. */
import { CancelledError, SpknockError } from "../core/errors.ts";
import { describeSystemError, findFileHint, isSystemError } from "../core/system_errors.ts";
import { renderJson } from "../core/text.ts";
import type { Output } from "../output/output.ts";
import { sanitize, sanitizeLines } from "../output/sanitize.ts";
import { findExitCode } from "./exit_codes.ts";
import { ISSUES_URL } from "./version/version.ts";

/** Returns an error as the JSON contract has it. */
export function toErrorValue(
  error: unknown,
): { code: string; message: string; hint: string | null } {
  if (error instanceof SpknockError) {
    return { code: error.code, message: error.message, hint: error.hint ?? null };
  }
  if (isSystemError(error)) {
    const message = `the system reports an error: ${describeSystemError(error)}`;
    return { code: "system", message, hint: findFileHint(error) ?? null };
  }
  const hint = `this is a bug in spknock: please report it with the command at ${ISSUES_URL}`;
  return { code: "internal", message: describeCause(error), hint };
}

/** Reports what went wrong, as text or JSON, and returns the exit code. Never throws. */
export function reportError(error: unknown, out: Output): number {
  const { code, message, hint } = toErrorValue(error);
  out.endLine();
  if (out.json) {
    out.error(renderJson({ error: { code, message, hint } }));
  } else if (!(error instanceof CancelledError)) {
    const { bad, faint } = out.noteStyle;
    for (const line of sanitizeLines(message).split("\n")) out.error(`${bad("error:")} ${line}`);
    if (hint !== null) out.error(`${faint("hint:")} ${sanitize(hint)}`);
    if (out.verbose && error instanceof Error && error.cause !== undefined) {
      out.error(`${faint("cause:")} ${sanitize(describeCause(error.cause))}`);
    }
  }
  return findExitCode(error);
}

function describeCause(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
