/** Text as a command's result: to a file, to standard output, or as a value of its JSON. */
import { sanitize } from "../../../output/sanitize.ts";
import { saveNew } from "../../../use_cases/save_file.ts";
import type { Context } from "../../command.ts";

/** Writes text piece by piece; returns the whole of it for `--json` on standard output, else null. */
export async function writePieces(
  pieces: Iterable<string>,
  { out, ports: { fs, signal } }: Context,
  { file, force }: { file: string | undefined; force: boolean },
): Promise<string | null> {
  const chunks = joinPieces(pieces, signal);
  if (file !== undefined) {
    const warning = await saveNew(file, chunks, { fs, force });
    if (warning !== undefined) out.note(`warning: ${sanitize(file)}: ${warning}`);
    return null;
  }
  if (out.json) return [...chunks].join("");
  let isFirst = true;
  for (const chunk of chunks) {
    // Ctrl-C is an event, too.
    if (!isFirst) await new Promise((resolve) => setTimeout(resolve));
    if (out.isGone) break;
    out.print(chunk);
    isFirst = false;
  }
  return null;
}

/** How many characters are written at a time. */
const CHUNK = 1_048_576;

/** Joins pieces to chunks that are worth a system call each, until the signal aborts. */
function* joinPieces(pieces: Iterable<string>, signal: AbortSignal): Iterable<string> {
  let chunk: string[] = [];
  let length = 0;
  for (const piece of pieces) {
    chunk.push(piece);
    length += piece.length;
    if (length < CHUNK) continue;
    signal.throwIfAborted();
    yield chunk.join("");
    [chunk, length] = [[], 0];
  }
  if (length > 0) yield chunk.join("");
}
