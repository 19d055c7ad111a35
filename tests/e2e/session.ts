/**
 * Sessions as a terminal shows them, in text files: commands, what they print, their exit codes.
 *
 *     == NAME            a session: a test of its own, in an empty home
 *     -- PATH [MODE]     a file of the home, mode 600; the lines that follow are its text
 *     $ COMMAND          a shell command, in which `spknock` is the program
 *     TEXT               a line of standard output
 *     ! TEXT             a line of standard error
 *     [CODE]             the exit code, unless it is 0
 *
 * The home is /home/you, a line `...` stands for any lines, and all times (`1.5 ms`) are equal.
 * `UPDATE_GOLDEN=1` writes what was printed into the file where it differs.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { commandOf, DETACHED, Home } from "./program.ts";

/** A file or a command, and the lines that follow it. */
export interface Item {
  /** The line that starts it. */
  head: string;
  lines: string[];
}

const FILE = /^-- (\S+)(?: (\d+))?$/;
const COMMAND = /^\$ (.+)$/;
const TIME = /\d+(?:\.\d+)? (?:µs|ms|s)\b/g;

/** Returns the items of a session; the first one may be its name, and is not run. */
export function parseItems(text: string): Item[] {
  const [first = "", ...rest] = text.trimEnd().split("\n");
  const items: Item[] = [{ head: first, lines: [] }];
  for (const line of rest) {
    if (FILE.test(line) || COMMAND.test(line)) items.push({ head: line, lines: [] });
    else items.at(-1)?.lines.push(line);
  }
  return items;
}

/** How a session is run; see {@linkcode runItems}. */
export interface SessionOptions {
  isMerged?: boolean;
  isOnlyCommands?: boolean;
  prefix?: readonly string[];
  simplify?: (text: string) => string;
  onMismatch?: ((item: Item, printed: string) => void) | undefined;
}

/**
 * Runs a session from its first item to its last, and checks each command's output.
 *
 * @param options.isMerged standard error is shown as standard output is, and no exit code is.
 * @param options.isOnlyCommands no output is shown; every command has to end with 0.
 * @param options.prefix words that the shell is started with.
 * @param options.simplify what is not compared is taken out of what is shown and what is printed.
 * @param options.onMismatch takes what a command printed instead of the lines that follow it; an
 * error where it is missing.
 */
export async function runItems(
  items: readonly Item[],
  home: Home,
  {
    isMerged = false,
    isOnlyCommands = false,
    prefix = [],
    simplify = (text) => text,
    onMismatch,
  }: SessionOptions = {},
): Promise<void> {
  const bin = await installProgram(home);
  const [program = "", ...words] = [...DETACHED, ...prefix, "sh", "-c"];
  for (const item of items) {
    const { head, lines } = item;
    const [, path, mode = "600"] = FILE.exec(head) ?? [];
    if (path !== undefined) await writeFile(`${home.path}/${path}`, { mode, lines });
    const [, command] = COMMAND.exec(head) ?? [];
    if (command === undefined) continue;
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...words, isMerged ? `exec 2>&1; ${command}` : command],
      env: { ...home.env, PATH: `${bin}:${home.env.PATH}` },
      clearEnv: true,
      cwd: home.path,
      stdin: "null",
    }).output();
    const printed = [
      ...splitLines(stdout),
      ...splitLines(stderr).map((line) => `! ${line}`),
      ...(code === 0 || isMerged ? [] : [`[${code}]`]),
    ].join("\n").replaceAll(home.path, "/home/you");
    if (isOnlyCommands) {
      assertEquals(code, 0, `${command}\n${printed}`);
      continue;
    }
    try {
      assertPrinted(printed, { expected: lines.join("\n").trimEnd(), command, simplify });
    } catch (error) {
      if (onMismatch === undefined) throw error;
      onMismatch(item, printed);
    }
  }
}

/** Makes `spknock` a command; returns the folder that it is in. */
async function installProgram(home: Home): Promise<string> {
  const bin = `${home.path}/.bin`;
  await Deno.mkdir(bin, { recursive: true });
  const line = commandOf([]).map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(`${bin}/spknock`, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
  return bin;
}

async function writeFile(
  path: string,
  { mode, lines }: { mode: string; lines: readonly string[] },
) {
  await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
  await Deno.chmod(path, Number.parseInt(mode, 8));
}

function splitLines(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes).trimEnd();
  return text === "" ? [] : text.split("\n");
}

interface Expected {
  expected: string;
  command: string;
  simplify: (text: string) => string;
}

function assertPrinted(printed: string, { expected, command, simplify }: Expected): void {
  const [actual = "", ...parts] = [printed, ...expected.split(/^\.\.\.$/m)]
    .map((text) => simplify(text).replaceAll(TIME, "N ms"));
  if (parts.length === 1) return assertEquals(actual, parts[0], command);
  const escaped = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  assertMatch(actual, new RegExp(`^${escaped.join("[^]*")}$`), command);
}
