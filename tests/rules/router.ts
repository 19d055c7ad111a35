/**
 * A RouterOS that knows the menus `firewall filter`, `firewall nat`, `firewall address-list`, `interface` and
 * `interface list`, and the few commands that rule sets use. It runs a parsed script, so that tests can look at the rules that come of it.
 */
import { type Command, parseRouterOs, type Value } from "./routeros.ts";

/** An item of a menu: its properties by name. */
export type Item = Readonly<Record<string, string>>;

/** See the header. */
export interface Router {
  /** The items of a menu, such as `/ip firewall filter`, in order. */
  menu(path: string): Item[];
  /** Runs a script. Throws what the script raises. */
  run(script: string): void;
  /** The line of the script that added an item. */
  findLine(item: Item): number | undefined;
}

type Result = string | Item[];

/** The names of interfaces and of interface lists. */
interface Names {
  interfaces?: readonly string[];
  lists?: readonly string[];
}

/** A router with these rules in its input chains, and those interfaces that the golden plans name. */
export function createRouter(
  rules: readonly Item[] = [],
  { interfaces = ["eth0", "eth0.2", "_@b-0.1", "ether1"], lists = ["WAN"] }: Names = {},
): Router {
  const lines = new WeakMap<Item, number>();
  const menus = new Map<string, Item[]>([
    ["/interface", interfaces.map((name) => ({ name }))],
    ["/interface list", lists.map((name) => ({ name }))],
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

  function runAll(commands: readonly Command[], variables: Map<string, Result>): void {
    for (const command of commands) run(command, variables);
  }

  /** A command in brackets is at home in the menu of the command around it. */
  function run(command: Command, variables: Map<string, Result>, home = ""): Result {
    const verb = command.words.at(-1);
    const path = command.words.slice(0, -1).join(" ") || home;
    const value = (place: number) => evaluate(command.values[place], variables, path);
    switch (command.words[0]) {
      case ":do":
        return runGuarded(command, variables);
      case ":local":
        variables.set(command.words[1] ?? "", value(0));
        return "";
      case ":len":
        return String(value(0).length);
      case ":pick": {
        const items = value(0);
        return typeof items === "string" ? items[Number(value(1))] ?? "" : [items[Number(value(1))]]
          .filter((item) => item !== undefined);
      }
      case ":if":
        return runBlock(command, value(0) === "true" ? "do" : "else", variables);
      case ":error":
        throw new Error(String(value(0)));
    }
    const items = menu(path);
    const properties = [...command.parameters].map(([name, value]) =>
      [name, evaluate(value, variables, path)] as const
    );
    if (verb === "find") return items.filter((item) => isMatch(item, properties, path));
    if (verb === "add") {
      lines.set(add(items, properties), command.line);
      return "";
    }
    if (verb === "remove") {
      const found = value(0);
      for (const item of found) items.splice(items.indexOf(item as Item), 1);
      return "";
    }
    throw new Error(`line ${command.line}: unknown command "${command.words.join(" ")}"`);
  }

  function runGuarded(command: Command, variables: Map<string, Result>): string {
    const [block] = command.values;
    if (block?.kind !== "block") throw new Error(`line ${command.line}: :do without a block`);
    try {
      runAll(block.commands, new Map(variables));
    } catch (error) {
      if (!command.parameters.has("on-error")) throw error;
      return runBlock(command, "on-error", variables);
    }
    return "";
  }

  function runBlock(command: Command, name: string, variables: Map<string, Result>): string {
    const block = command.parameters.get(name);
    if (block?.kind === "block") runAll(block.commands, variables);
    return "";
  }

  function evaluate(
    value: Value | undefined,
    variables: Map<string, Result>,
    path: string,
  ): Result {
    switch (value?.kind) {
      case "text":
        return value.text;
      case "variable": {
        const result = variables.get(value.name);
        if (result === undefined) throw new Error(`no variable "${value.name}"`);
        return result;
      }
      case "result":
        return run(value.command, variables, path);
      case "expression": {
        const [left, operator, right] = value.parts.map((part) => evaluate(part, variables, path));
        if (operator === "=") return String(left === right);
        if (operator !== ">") throw new Error(`unknown operator "${operator}"`);
        return String(Number(left) > Number(right));
      }
      default:
        throw new Error("a value is missing");
    }
  }

  return {
    menu,
    run: (script) => runAll(parseRouterOs(script), new Map()),
    findLine: (item) => lines.get(item),
  };
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
