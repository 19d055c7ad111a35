/**
 * Holds RouterOS scripts against the devices' own syntax trees (`routeros_tree.ts`): is the command there,
 * each of its arguments, and each word that a value is made of, and in which versions? Stricter than a
 * router, which takes abbreviations.
 */
import { type Command, parseRouterOs, type Value } from "./routeros.ts";
import { COMMANDS, VERSIONS, WORDS } from "./routeros_tree.ts";

/** A part of a script that is not in all trees. */
export interface SyntaxFault {
  line: number;
  /** Such as `/ip/firewall/filter/add src-adress-list`. */
  part: string;
  /** The versions that have it. */
  versions: readonly string[];
}

/** The arguments that are given without their names, in order (MikroTik, "Scripting"); the trees have no order. */
const UNNAMED: Readonly<Record<string, readonly string[]>> = {
  do: ["command"],
  if: ["condition"],
  local: ["name", "value"],
  "/set": ["name", "value"],
  set: ["numbers"],
  get: ["number", "value-name"],
  for: ["counter"],
  convert: ["value"],
  tonsec: ["value"],
  run: ["number"],
  error: ["message"],
  foreach: ["counter"],
  len: ["value"],
  pick: ["counter", "begin", "end"],
  put: ["message"],
  import: ["file-name"],
  remove: ["numbers"],
  move: ["numbers", "destination"],
};

const ALL = new Map(Object.entries(COMMANDS).map(([path, text]) => [path, parseSpans(text)]));

/** `NAME(FIRST..LAST)` as the versions by name; the name of the command itself is empty. */
function parseSpans(text: string): Map<string, readonly string[]> {
  const spans = text.trim().split(/\s+/).map((span): [string, readonly string[]] => {
    const [, name = "", from, to] = /^([^(]*)(?:\((.*)\.\.(.*)\))?$/.exec(span) ?? [];
    const first = from === undefined || from === "" ? 0 : VERSIONS.indexOf(from);
    const end = to === undefined || to === "" ? VERSIONS.length : VERSIONS.indexOf(to) + 1;
    return [name, VERSIONS.slice(first, end)];
  });
  return new Map([["", VERSIONS], ...spans]);
}

/** Returns what is not in the trees of all versions; a part that no version has is in none. */
export function findSyntaxFaults(script: string): SyntaxFault[] {
  return parseRouterOs(script).flatMap((command) => checkCommand(command, ""));
}

/** Returns the first version from which on all have every part of a script; undefined where none does. */
export function findFirstVersion(script: string): string | undefined {
  const faults = findSyntaxFaults(script);
  const isTaken = (version: string) => faults.every(({ versions }) => versions.includes(version));
  return VERSIONS.find((_, index) => VERSIONS.slice(index).every(isTaken));
}

/** @param home the menu of the command around. */
function checkCommand(command: Command, home: string): SyntaxFault[] {
  const { line, values, parameters } = command;
  const [path, rest] = resolvePath(command.words, home);
  const menu = path.slice(0, path.lastIndexOf("/"));
  const inner = [...values, ...parameters.values()].flatMap((value) => checkValue(value, menu));
  const spans = ALL.get(path);
  if (spans === undefined) return [{ line, part: path, versions: [] }, ...inner];
  const verb = path.slice(menu.length + 1);
  const flags = rest.filter((word) => verb === "print" && spans.has(word));
  const bare = [...rest.filter((word) => !flags.includes(word)), ...values];
  const own = ["", ...flags, ...nameUnnamed(path, bare, spans)]
    .map((name) => makeFault(line, path, name, spans.get(name) ?? []));
  const isQuery = verb === "find" || flags.includes("where");
  const named = [...parameters.keys()].map((name) =>
    isQuery
      ? makeFault(line, `${path} where`, name, findProperty(menu, name.replace("~", "")))
      : makeFault(line, path, name, spans.get(name) ?? [])
  );
  const words = checkWords(command, isQuery ? `${menu}/add` : path);
  const isPartial = ({ versions }: SyntaxFault) => versions.length < VERSIONS.length;
  return [...[...own, ...named, ...words].filter(isPartial), ...inner];
}

/** The path of the command, and the words behind it. */
function resolvePath(words: readonly string[], home: string): [path: string, rest: string[]] {
  const names = words.map((word) => word.replace(/^[/:]/, ""));
  const start = /^[/:]/.test(words[0] ?? "") ? "" : home;
  const paths = names.map((_, index) => [start, ...names.slice(0, index + 1)].join("/"));
  const index = paths.findIndex((path) => ALL.has(path));
  return index < 0 ? [paths.at(-1) ?? "", []] : [paths[index] ?? "", names.slice(index + 1)];
}

/** The names of what has none: an argument that is a word by itself (`dry-run`), or the next of the order. */
function nameUnnamed(
  path: string,
  bare: readonly (string | Value)[],
  spans: ReadonlyMap<string, unknown>,
): string[] {
  const verb = path.slice(path.lastIndexOf("/") + 1);
  const order = [...UNNAMED[path] ?? UNNAMED[verb] ?? []];
  return bare.map((value) => {
    const text = typeof value === "string" ? value : value.kind === "text" ? value.text : "";
    if (verb === "import" && text !== "" && spans.has(text)) return text;
    return order.shift() ?? `(no such argument) ${text}`;
  });
}

function makeFault(
  line: number,
  path: string,
  name: string,
  versions: readonly string[],
): SyntaxFault {
  return { line, part: `${path} ${name}`.trim(), versions };
}

/** A condition asks for what `add` or `set` takes, or for a flag of `print`. */
function findProperty(menu: string, name: string): readonly string[] {
  const found = ["add", "set", "print"].map((verb) => ALL.get(`${menu}/${verb}`)?.get(name));
  return found.find((versions) => versions !== undefined) ?? [];
}

/** Where the trees have the words of a value, each of its words is one of them. */
function checkWords({ line, parameters }: Command, path: string): SyntaxFault[] {
  return [...parameters].flatMap(([name, value]) => {
    const known = WORDS[`${path}/${name}`]?.trim().split(/\s+/);
    if (known === undefined || value.kind !== "text") return [];
    return value.text.split(",").map((word) => word.replace(/^!/, ""))
      .filter((word) => !known.includes(word))
      .map((word) => makeFault(line, path, `${name}=${word}`, []));
  });
}

function checkValue(value: Value, menu: string): SyntaxFault[] {
  switch (value.kind) {
    case "result":
      return checkCommand(value.command, menu);
    case "block":
      return value.commands.flatMap((command) => checkCommand(command, ""));
    case "expression":
      return value.parts.flatMap((part) => checkValue(part, menu));
    default:
      return [];
  }
}
