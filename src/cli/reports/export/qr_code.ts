/** An exported text as a QR code: on the terminal, or as an SVG file. */
import { UsageError } from "../../../core/errors.ts";
import { plural } from "../../../core/text.ts";
import type { Exported } from "../../../export/form.ts";
import type { Context } from "../../command.ts";

/** Columns and lines where the terminal does not say. */
const USUAL = { columns: 80, rows: 24 };

/** Lines below the code, for the prompt of the shell. */
const PROMPT_ROWS = 1;

/** The most bytes that a code holds (version 40, L). */
const MAX_BYTES = 2_953;

const TO_FILE = "save it as an image: --output FILE.svg";

/**
 * Returns the text as a QR code: an SVG image where it goes to a file, else lines for the terminal.
 *
 * @throws {UsageError} where it cannot be drawn whole: half a code cannot be scanned.
 */
export async function renderQrCode(
  { text, holdsSecret }: Pick<Exported, "text" | "holdsSecret">,
  { out, ports: { stdout } }: Pick<Context, "out" | "ports">,
  { file }: { file: string | undefined },
): Promise<string> {
  if (file === undefined && (out.json || !stdout.isTerminal())) {
    throw new UsageError("--qr draws on a terminal", { hint: TO_FILE });
  }
  const { drawQrCode, makeQrCode, measureQrCode, renderQrSvg } = await import(
    "../../../output/qr_code.ts"
  );
  const compact = compactText(text);
  const modules = makeQrCode(compact);
  if (modules === undefined) {
    const length = new TextEncoder().encode(compact).length;
    throw new UsageError(`a QR code holds ${MAX_BYTES} bytes, and this has ${length}`, {
      hint: "export fewer targets at a time, or without --qr",
    });
  }
  if (file !== undefined) return renderQrSvg(modules);
  const columns = stdout.columns?.() ?? USUAL.columns;
  const rows = stdout.rows?.() ?? USUAL.rows;
  const needed = measureQrCode(modules);
  if (needed.columns > columns || needed.rows + PROMPT_ROWS > rows) {
    throw new UsageError(
      `the QR code needs ${plural(needed.columns, "column")} and ${
        plural(needed.rows + PROMPT_ROWS, "line")
      }, and the terminal has ${columns} and ${rows}`,
      { hint: `enlarge it, choose a smaller font, or ${TO_FILE}` },
    );
  }
  if (holdsSecret) {
    out.note("note: the QR code stays on the screen: enter clear when it is scanned");
  }
  const color = out.look.hasColor(stdout);
  if (!color) {
    out.note(`note: without colours it is right on a dark background; otherwise ${TO_FILE}`);
  }
  return drawQrCode(modules, { columns, rows: rows - PROMPT_ROWS, color });
}

/** A code is small, so JSON goes without its layout; a command that is pasted waits for Enter. */
function compactText(text: string): string {
  return text.startsWith("{") ? JSON.stringify(JSON.parse(text)) : text.replace(/\n$/, "");
}
