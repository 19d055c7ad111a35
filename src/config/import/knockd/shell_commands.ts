/**
 * The simple commands of a line for a POSIX shell, read and never run.
 *
 * Rules: `;`, `&`, `|`, `&&`, `||` and line ends separate commands; quotes and backslashes are taken off;
 * nothing is expanded; redirections, reserved words (`while`, `do`, ...), assignments, `sudo` and `exec` before a
 * command are left out; of `sh -c TEXT` the commands of TEXT.
 */

/** A piece of a line: quoted in either way, escaped, an operator, white space, or plain. */
const PIECE =
  /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\d*(?:>>|>&|<&|>|<))|([;&|\n]+)|([ \t\r]+)|([^\s'"\\;&|<>]+|.)/sy;

const RESERVED = new Set([
  "while",
  "until",
  "if",
  "then",
  "else",
  "do",
  "done",
  "fi",
  "!",
  "{",
  "}",
]);
const PREFIXES = new Set(["sudo", "exec", "command", "nice", "env"]);
const SHELLS = new Set(["sh", "bash", "dash", "ash"]);
/** Shells in shells, at most. */
const MAX_DEPTH = 4;

/** Returns the commands of a line, each as its words; the program's without its folder. */
export function listCommands(line: string, depth = 0): string[][] {
  return splitCommands(line).flatMap((words) => {
    const [program = "", ...rest] = stripPrefixes(words);
    if (program === "") return [];
    const name = program.slice(program.lastIndexOf("/") + 1);
    const isShell = SHELLS.has(name) && /^-[a-z]*c$/.test(rest[0] ?? "");
    return isShell && depth < MAX_DEPTH
      ? listCommands(rest[1] ?? "", depth + 1)
      : [[name, ...rest]];
  });
}

function stripPrefixes(words: readonly string[]): readonly string[] {
  const start = words.findIndex((word) =>
    !RESERVED.has(word) && !PREFIXES.has(word.slice(word.lastIndexOf("/") + 1)) &&
    !/^[A-Za-z_]\w*=/.test(word)
  );
  return start === -1 ? [] : words.slice(start);
}

function splitCommands(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let skipsNext = false;
  const endWord = () => {
    if (word !== undefined && !skipsNext) commands.at(-1)?.push(word);
    if (word !== undefined) skipsNext = false;
    word = undefined;
  };
  for (let at = 0; at < line.length; at = PIECE.lastIndex) {
    PIECE.lastIndex = at;
    const [, single, double, escaped, redirection, operator, space, plain] = PIECE.exec(line) ?? [];
    if (redirection !== undefined) {
      endWord();
      skipsNext = true;
    } else if (operator !== undefined) {
      endWord();
      skipsNext = false;
      commands.push([]);
    } else if (space !== undefined) {
      endWord();
    } else {
      const inDouble = double?.replace(/\\(["\\$`])/g, "$1");
      word = (word ?? "") + (single ?? inDouble ?? escaped ?? plain ?? "");
    }
  }
  endWord();
  return commands.filter((words) => words.length > 0);
}
