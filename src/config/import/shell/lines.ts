/** The commands of a shell's history or of a file of command lines. */

/** A command with the number of its first line. */
interface ShellLine {
  /** 1-based. */
  line: number;
  text: string;
}

/** What shells, and `history`, write before a command. */
const PREFIXES: readonly RegExp[] = [
  // zsh's EXTENDED_HISTORY: `: 1700000000:0;`.
  /^\s*:\s\d{9,11}:\d+;/,
  // fish.
  /^- cmd: /,
  // `history`, with a star at a changed one, and bash's HISTTIMEFORMAT.
  /^\s*\d{1,7}\*?\s+(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?\s+)?/,
  // A prompt that was copied, too.
  /^\s*\$\s+/,
];

/** What is not a command: comments, bash's moments `#1700000000`, and what fish writes below one. */
const NO_COMMAND = /^\s*(?:#|$)|^ {2}(?:when|paths): ?|^ {4}- /;

/** A loop that goes on in the next lines. */
const LOOP = /^\s*for\s/;
const LOOP_END = /(?:^|[\s;])done\b/;
const MAX_LOOP_LINES = 50;

/** More characters than this are not of a knock; a line that goes on ends here. */
export const MAX_LINE = 10_000;

/** Returns the commands; a backslash at the end of a line, or a loop without its end, joins the next one. */
export function listShellLines(text: string): ShellLine[] {
  const raw = text.replace(/^\uFEFF/, "").split(/\r\n|\n/);
  const lines: ShellLine[] = [];
  for (let at = 0; at < raw.length; at++) {
    const start = at;
    let command = PREFIXES.reduce((line, prefix) => line.replace(prefix, ""), raw[at] ?? "");
    if (NO_COMMAND.test(raw[at] ?? "")) continue;
    while (command.endsWith("\\") && at + 1 < raw.length && command.length <= MAX_LINE) {
      command = command.slice(0, -1) + (raw[++at] ?? "");
    }
    const last = findLoopEnd(command, raw, at);
    if (last !== undefined) {
      command = [command, ...raw.slice(at + 1, last + 1)].join("\n");
      at = last;
    }
    lines.push({ line: start + 1, text: command });
  }
  return lines;
}

/** Returns the place of the line that ends a loop of several lines; undefined where there is none. */
function findLoopEnd(command: string, raw: readonly string[], at: number): number | undefined {
  if (!LOOP.test(command) || LOOP_END.test(command)) return undefined;
  const end = raw.slice(at + 1, at + MAX_LOOP_LINES).findIndex((line) => LOOP_END.test(line));
  return end === -1 ? undefined : at + 1 + end;
}
