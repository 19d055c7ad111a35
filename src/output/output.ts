/**
 * Where everything that the program says goes: stdout is for what a script may read, stderr for
 * people. With `json`, stdout gets one value and nothing else.
 */
import { OutputError } from "../core/errors.ts";
import { renderJson } from "../core/text.ts";
import type { Look } from "./look.ts";
import type { Sink } from "./sink.ts";
import { NO_STATUS, type StatusLine } from "./status_line.ts";
import { wrapWords } from "./wrap.ts";
import { COLOR_STYLE, PLAIN_STYLE, type Style } from "./style.ts";

export type { Sink } from "./sink.ts";

/** How the output looks. */
interface OutputOptions {
  stdout: Sink;
  stderr: Sink;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  look: Look;
  /** Says what is done while nothing else is written; nothing does where undefined. */
  status?: StatusLine;
}

/** The output of a run. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly look: Look;
  /** Says what is done while nothing else is written. */
  readonly status: StatusLine;
  /** Whether people see text on stdout as it comes, on a terminal where lines can be written anew. */
  readonly isLive: boolean;
  /** Whether the reader of stdout has gone away: a long text can end there. */
  readonly isGone: boolean;
  /** Columns for text on stdout: the terminal's, at most 80; 80 elsewhere. */
  readonly width: number;
  /** Columns for a table on stdout: all of the terminal's; no limit elsewhere. */
  readonly tableWidth: number;
  /** Returns a line of text for stdout: broken between words on a terminal, as it is elsewhere. */
  wrap(line: string, options?: { indent?: number }): string;
  /** For stdout. */
  readonly style: Style;
  /** For stderr. */
  readonly noteStyle: Style;
  /** Text for people on stdout; nothing with `--json` or `--quiet`. */
  say(text: string): void;
  /** What was asked for, on stdout: printed even with `--quiet`, not with `--json`. */
  print(text: string): void;
  /** The one JSON value, on stdout; nothing without `--json`. */
  value(value: unknown): void;
  /** One JSON value on a line of its own, for a command that tells of several events. */
  event(value: unknown): void;
  /** Lines for people on stderr, broken between words on a terminal; nothing with `--quiet` or `--json`. */
  note(text: string): void;
  /** As `note`, whatever the options; dropped where stderr cannot be written. */
  error(text: string): void;
  /** Ends a line on stdout that was left open; what goes to stderr does so by itself. */
  endLine(): void;
}

/** Longer lines are hard to read. */
const MAX_WIDTH = 80;

/** Makes the output of a run. */
export function createOutput(options: OutputOptions): Output {
  const { stdout, stderr, json, quiet, verbose, look, status = NO_STATUS } = options;
  let isLineOpen = false;
  const toStdout = (text: string) => {
    if (text === "") return;
    stdout.write(text);
    isLineOpen = !text.endsWith("\n");
  };
  // A failure to end a line, or to write to stderr, must not hide the error that is reported.
  const endLine = () => {
    if (isLineOpen) ignoreOutputError(() => stdout.write("\n"));
    isLineOpen = false;
  };
  const toStderr = (text: string) => {
    endLine();
    const lines = json ? [text] : text.split("\n").flatMap((line) => wrapWords(line, noteLayout()));
    ignoreOutputError(() => stderr.write(lines.join("\n") + "\n"));
  };
  const noteLayout = () => ({
    width: stderr.columns?.() ?? Infinity,
    indent: 2,
    keepsCommands: true,
  });
  return {
    json,
    quiet,
    verbose,
    look,
    status,
    isLive: look.canRedraw(stdout) && !json && !quiet,
    get isGone() {
      return stdout.isGone?.() ?? false;
    },
    get width() {
      return Math.min(stdout.columns?.() ?? MAX_WIDTH, MAX_WIDTH);
    },
    get tableWidth() {
      return stdout.isTerminal() ? stdout.columns?.() ?? Infinity : Infinity;
    },
    wrap(line, { indent = 0 } = {}) {
      return stdout.isTerminal()
        ? wrapWords(line, { width: this.width, indent, keepsCommands: true }).join("\n")
        : line;
    },
    style: look.hasColor(stdout) ? COLOR_STYLE : PLAIN_STYLE,
    noteStyle: look.hasColor(stderr) ? COLOR_STYLE : PLAIN_STYLE,
    say: (text) => void (json || quiet || toStdout(text)),
    print: (text) => void (json || toStdout(text)),
    value: (value) => void (json && toStdout(renderJson(value, { indent: 2 }) + "\n")),
    event: (value) => void (json && toStdout(renderJson(value) + "\n")),
    note: (text) => void (json || quiet || toStderr(text)),
    error: toStderr,
    endLine,
  };
}

function ignoreOutputError(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
  }
}
