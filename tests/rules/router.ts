/**
 * A RouterOS that knows the menus `firewall filter`, `firewall nat`, `firewall address-list`, `interface`,
 * `interface list`, `system script` and `system scheduler`, and the few commands that rule sets use. It runs a parsed script, so that tests can look at the rules that come of it.
 */
import { createHash } from "node:crypto";
import { type Command, parseRouterOs, type Value } from "./routeros.ts";

/** An item of a menu: its properties by name. */
export type Item = Readonly<Record<string, string>>;

/** See the header. */
export interface Router {
  /** The items of a menu, such as `/ip firewall filter`, in order. */
  menu(path: string): Item[];
  /** Runs a script, and returns what it prints. Throws what the script raises. */
  run(script: string): string[];
  /** The line of the script that added an item. */
  findLine(item: Item): number | undefined;
}

type Result = string | Item[];

/** The names of interfaces and of interface lists, and the clock. */
interface Names {
  /** Unix milliseconds. */
  now?: () => number;
  interfaces?: readonly string[];
  lists?: readonly string[];
}

/** A router with these rules in its input chains, and those interfaces that the golden plans name. */
export function createRouter(
  rules: readonly Item[] = [],
  { interfaces = ["eth0", "eth0.2", "_@b-0.1", "ether1"], lists = ["WAN"], now = Date.now }: Names =
    {},
): Router {
  const lines = new WeakMap<Item, number>();
  const sources = new WeakMap<Item, Command[]>();
  const printed: string[] = [];
  const menus = new Map<string, Item[]>([
    ["/interface", interfaces.map((name) => ({ name }))],
    ["/interface list", lists.map((name) => ({ name }))],
    ["/system script", []],
    ["/system scheduler", []],
  ]);
  for (const family of ["/ip", "/ipv6"]) {
    menus.set(`${family} firewall filter`, rules.map((rule) => ({ ...rule })));
    for (const empty of ["nat", "address-list"]) menus.set(`${family} firewall ${empty}`, []);
  }
  const menu = (path: string): Item[] => {
    const items = menus.get(path);
    if (items === undefined) throw new Error(`no menu "${path}"`);
    return items;
  };

  function runAll(commands: readonly Command[], variables: Scope): void {
    for (const command of commands) run(command, variables);
  }

  /** A command in brackets is at home in the menu of the command around it. */
  function run(command: Command, variables: Scope, home = ""): Result {
    // "get" has the property behind it.
    const words = command.words.at(-2) === "get" ? command.words.slice(0, -1) : command.words;
    const verb = words.at(-1);
    const path = words.slice(0, -1).join(" ") || home;
    const value = (place: number) => evaluate(command.values[place], variables, path);
    switch (command.words[0]) {
      case ":do":
        return runGuarded(command, variables);
      case ":local":
        variables.own.set(command.words[1] ?? "", command.words[2] ?? value(0));
        return "";
      case ":set":
        findScope(variables, command.words[1] ?? "")
          .set(command.words[1] ?? "", command.words[2] ?? value(0));
        return "";
      case ":for":
      case ":foreach":
        for (const each of listRounds(command, variables, path)) {
          const own = new Map([[command.words[1] ?? "", each]]);
          runBlock(command, "do", { own, parent: variables });
        }
        return "";
      case ":put":
        printed.push(String(value(0)));
        return "";
      case ":timestamp":
        return String(now());
      case ":tonsec":
        return String(BigInt(String(value(0))) * 1_000_000n);
      case ":convert":
        return convert(command, String(value(0)));
      case ":len":
        return String(value(0).length);
      case ":pick": {
        const items = value(0);
        if (command.values.length > 2) {
          return items.slice(Number(value(1)), Number(value(2))) as Result;
        }
        return typeof items === "string" ? items[Number(value(1))] ?? "" : [items[Number(value(1))]]
          .filter((item) => item !== undefined);
      }
      case ":if":
        return runBlock(command, value(0) === "true" ? "do" : "else", variables);
      case ":error":
        throw new Error(String(value(0)));
    }
    const items = menu(path);
    if (verb === "run") {
      const script = items.find(({ name }) => name === value(0));
      if (script === undefined) throw new Error(`no script "${value(0)}"`);
      runAll(sources.get(script) ?? [], createScope());
      return "";
    }
    if (verb === "get") return String((value(0)[0] as Item)[command.words.at(-1) ?? ""]);
    const properties = [...command.parameters].filter(([, { kind }]) => kind !== "block").map((
      [name, value],
    ) => [name, evaluate(value, variables, path)] as const);
    if (verb === "find") return items.filter((item) => isMatch(item, properties, path));
    if (verb === "add") {
      const item = add(items, properties);
      const source = command.parameters.get("source");
      if (source?.kind === "block") sources.set(item, source.commands);
      lines.set(item, command.line);
      return "";
    }
    if (verb === "set") {
      for (const item of value(0)) Object.assign(item, Object.fromEntries(properties));
      return "";
    }
    if (verb === "remove") {
      const found = value(0);
      for (const item of found) items.splice(items.indexOf(item as Item), 1);
      return "";
    }
    throw new Error(`line ${command.line}: unknown command "${command.words.join(" ")}"`);
  }

  /** The values of a loop's variable; an item is a list of one, as `get` takes it. */
  function listRounds({ parameters }: Command, variables: Scope, path: string): Result[] {
    const read = (name: string) => evaluate(parameters.get(name), variables, path);
    if (parameters.has("in")) return [...read("in")].map((item) => [item as Item]);
    const [from, to] = [Number(read("from")), Number(read("to"))];
    return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
  }

  function runGuarded(command: Command, variables: Scope): string {
    const [block] = command.values;
    if (block?.kind !== "block") throw new Error(`line ${command.line}: :do without a block`);
    try {
      runAll(block.commands, createScope(variables));
    } catch (error) {
      if (!command.parameters.has("on-error")) throw error;
      return runBlock(command, "on-error", variables);
    }
    return "";
  }

  function runBlock(command: Command, name: string, variables: Scope): string {
    const block = command.parameters.get(name);
    if (block?.kind === "block") runAll(block.commands, createScope(variables));
    return "";
  }

  function evaluate(
    value: Value | undefined,
    variables: Scope,
    path: string,
  ): Result {
    switch (value?.kind) {
      case "text":
        return value.text;
      case "variable": {
        return findScope(variables, value.name).get(value.name) ?? "";
      }
      case "result":
        return run(value.command, variables, path);
      case "expression": {
        const [first = "", ...rest] = value.parts.map((part) => evaluate(part, variables, path));
        return foldExpression(first, rest);
      }
      default:
        throw new Error("a value is missing");
    }
  }

  return {
    menu,
    run(script) {
      printed.length = 0;
      runAll(parseRouterOs(script), createScope());
      return [...printed];
    },
    findLine: (item) => lines.get(item),
  };
}

/** The variables of a block. */
interface Scope {
  own: Map<string, Result>;
  parent: Scope | undefined;
}

function createScope(parent?: Scope): Scope {
  return { own: new Map(), parent };
}

/** The variables among which one is. */
function findScope({ own, parent }: Scope, name: string): Map<string, Result> {
  if (own.has(name)) return own;
  if (parent === undefined) throw new Error(`no variable "${name}"`);
  return findScope(parent, name);
}

/** As devices do (their users report it): lowercase hex digits of the text's bytes. */
function convert({ line, parameters }: Command, text: string): string {
  const [transform, to] = ["transform", "to"].map((name) => parameters.get(name));
  const isKnown = transform?.kind === "text" && transform.text === "sha512" &&
    to?.kind === "text" && to.text === "hex" && parameters.size === 2;
  if (!isKnown) throw new Error(`line ${line}: unknown conversion`);
  return createHash("sha512").update(text).digest("hex");
}

const OPERATORS: Readonly<Record<string, (left: Result, right: Result) => string>> = {
  "=": (left, right) => String(left === right),
  "!=": (left, right) => String(left !== right),
  ">": (left, right) => String(Number(left) > Number(right)),
  "<": (left, right) => String(Number(left) < Number(right)),
  ">=": (left, right) => String(Number(left) >= Number(right)),
  "<=": (left, right) => String(Number(left) <= Number(right)),
  "&&": (left, right) => String(left === "true" && right === "true"),
  ".": (left, right) => `${left}${right}`,
  "+": (left, right) => String(BigInt(String(left)) + BigInt(String(right))),
  "-": (left, right) => String(BigInt(String(left)) - BigInt(String(right))),
  "/": (left, right) => String(BigInt(String(left)) / BigInt(String(right))),
  "%": (left, right) => String(BigInt(String(left)) % BigInt(String(right))),
};

/** Several operators without brackets are the same one, which joins texts or conditions: the others have an order. */
function foldExpression(first: Result, rest: readonly Result[]): Result {
  const operators = new Set(rest.filter((_, index) => index % 2 === 0));
  const isChain = operators.size === 1 && (operators.has(".") || operators.has("&&"));
  if (rest.length > 2 && !isChain) {
    throw new Error(`an expression without brackets: ${rest.join(" ")}`);
  }
  let result = first;
  for (let index = 0; index < rest.length; index += 2) {
    const apply = OPERATORS[String(rest[index])];
    if (apply === undefined) throw new Error(`unknown operator "${rest[index]}"`);
    result = apply(result, rest[index + 1] ?? "");
  }
  return result;
}

type Properties = readonly (readonly [string, Result])[];

function add(items: Item[], properties: Properties): Item {
  const before = properties.find(([name]) => name === "place-before")?.[1];
  const item: Item = Object.fromEntries(
    properties.filter(([name]) => name !== "place-before").map(([name, value]) => {
      if (typeof value !== "string") throw new Error(`"${name}" is not a text`);
      return [name, value];
    }),
  );
  const target = Array.isArray(before) ? before[0] : undefined;
  if (before !== undefined && target === undefined) throw new Error("no such item");
  items.splice(target === undefined ? items.length : items.indexOf(target), 0, item);
  return item;
}

/** A name that the menu does not have matches no item; the IPv6 filter has no `dynamic`, by its syntax tree. */
function isMatch(item: Item, properties: Properties, path: string): boolean {
  return properties.every(([name, value]) => {
    if (name.endsWith("~")) return new RegExp(String(value)).test(item[name.slice(0, -1)] ?? "");
    const isStatic = name === "dynamic" && path.startsWith("/ip ");
    return (item[name] ?? (isStatic ? "no" : undefined)) === value;
  });
}
