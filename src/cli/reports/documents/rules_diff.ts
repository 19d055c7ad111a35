/** `rules --diff FILE`: how a file on disk differs from the rules that would be written now. */
import { createTwoFilesPatch } from "diff";
import { UsageError } from "../../../core/errors.ts";
import { describeSystemError } from "../../../core/system_errors.ts";
import { sanitize, sanitizeLines } from "../../../output/sanitize.ts";
import type { Context } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";

/** Rule sets are far smaller. */
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Prints the difference as a unified diff; comments, such as the header, are not compared.
 *
 * @param options.value what `--json` says besides the difference.
 * @returns 1 where the rules differ.
 * @throws {UsageError} if the file cannot be read.
 */
export async function reportDifference(
  rules: string,
  { out, ports }: Pick<Context, "out" | "ports">,
  { file, value }: { file: string; value: Record<string, unknown> },
): Promise<number> {
  const [before, after] = [await readFile(file, ports), rules].map(dropComments);
  const isSame = before === after;
  const diff = createTwoFilesPatch(file, "now", before ?? "", after ?? "").replace(/^=+\n/, "");
  out.value({ ...value, file, differs: !isSame, diff: isSame ? null : diff });
  if (isSame) out.say(`${sanitize(file)} has the rules that would be written now\n`);
  else out.print(diff.split("\t").map(sanitizeLines).join("\t"));
  return isSame ? EXIT.done : EXIT.closed;
}

async function readFile(file: string, { fs }: Context["ports"]): Promise<string> {
  try {
    return new TextDecoder().decode(await fs.read(file, MAX_BYTES));
  } catch (cause) {
    throw new UsageError(`"${file}" cannot be read: ${describeSystemError(cause)}`, { cause });
  }
}

/** All rule files take `#` at the start of a line. */
function dropComments(text: string): string {
  return text.split(/\r?\n/).filter((line) => !/^\s*(?:#|$)/.test(line)).join("\n") + "\n";
}
