/** The simple commands of a line for a shell, whether they run or not; the parser of bash is loaded with this file. */
import { type Command, parse } from "unbash";
import { WRAPPERS } from "./tools.ts";

const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "dash", "ash"]);
/** Shells in shells, at most. */
const MAX_DEPTH = 4;

/** Returns the commands of a line, each as its words; of `sh -c TEXT` those of TEXT. */
export function listCommands(line: string, depth = 0): string[][] {
  return listInner(parse(line).commands).flatMap((words) => {
    const [name = "", option = "", text = ""] = words;
    const isShell = SHELLS.has(name) && /^-[a-z]*c$/.test(option);
    return isShell && depth < MAX_DEPTH ? listCommands(text, depth + 1) : [words];
  });
}

/** Returns the commands within nodes: the program without its folder and what starts it, and its arguments. */
export function listInner(nodes: object): string[][] {
  const found: string[][] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isCommand(value)) {
      const words = [value.name, ...value.args].flatMap((word) =>
        word?.type === "Word" ? [word.value] : []
      );
      if (words.length > 0) found.push([...unwrap(words)]);
      return;
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(nodes);
  return found;
}

function isCommand(value: object): value is Command {
  return "type" in value && value.type === "Command";
}

/** Returns the command behind `sudo`, `timeout 1` and the like. */
export function unwrap(words: readonly string[]): readonly string[] {
  const [path = "", ...args] = words;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper === undefined) return [name, ...args];
  let at = 0;
  for (; /^-|^[A-Za-z_]\w*=/.test(args[at] ?? ""); at++) {
    const option = args[at] ?? "";
    if (option.length === 2 && wrapper.withValue.includes(option.charAt(1))) at++;
  }
  return unwrap(args.slice(at + wrapper.before));
}
