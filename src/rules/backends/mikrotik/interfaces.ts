/** Where packets enter the rules in RouterOS: the interfaces of a plan, and the jumps from the chains of the user. */
import type { Plan } from "../../../plan/plan.ts";
import { LIST_PREFIX } from "../../options.ts";
import { jumpTo, type Names, type Rule } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** Returns the checks before the first change: an import that names an interface in vain stops half-way. */
export function renderInterfaceChecks({ interfaces }: Plan): string[] {
  const checks = interfaces.map((name) => {
    const list = parseListName(name);
    const [menu, what, hint] = list === undefined
      ? ["/interface", `interface "${name}"`, `; an interface list is written list:${name}`]
      : ["/interface list", `interface list "${list}"`, ""];
    const error = `spknock: there is no ${what}: nothing was changed${hint}`;
    return `:if ([:len [${menu} find name=${quoteRouterOs(list ?? name)}]] = 0) do={ ` +
      `:error ${quoteRouterOs(error)} }`;
  });
  return checks.length === 0 ? [] : ["", ...checks];
}

function parseListName(name: string): string | undefined {
  return name.startsWith(LIST_PREFIX) ? name.slice(LIST_PREFIX.length) : undefined;
}

/** Returns the matcher of one interface, or of one list. */
function renderInterface(name: string): string {
  const list = parseListName(name);
  return list === undefined
    ? `in-interface=${quoteRouterOs(name)}`
    : `in-interface-list=${quoteRouterOs(list)}`;
}

/** One of the user's chains from which packets come. */
export interface Entry {
  menu: "filter" | "nat";
  /** The user's chain. */
  from: "input" | "forward" | "dstnat";
  /** The own chain. */
  to: string;
  /** That of several interfaces. */
  within: string;
}

/** Returns the chain for several interfaces: a packet that two of them match (a list, and its member) must not count twice. */
export function renderInterfaceRules({ interfaces }: Plan, { to, within }: Entry): Rule[] {
  if (interfaces.length < 2) return [];
  return interfaces.flatMap((name) =>
    [jumpTo(to), "action=return"].map((action): Rule => ({
      chain: within,
      text: `${action} ${renderInterface(name)}`,
      note: `from ${name}`,
    }))
  );
}

/**
 * Returns the lines that put the jump before the first drop rule of the input chain, before the first rule of
 * any other, or at the end of a chain without one.
 */
export function renderJump(
  { plan: { interfaces }, family, base }: Names,
  { menu, from, to, within }: Entry,
): string[] {
  const path = `${family === "ipv4" ? "/ip" : "/ipv6"} firewall ${menu}`;
  const [only, ...more] = interfaces;
  const where = only === undefined || more.length > 0 ? "" : ` ${renderInterface(only)}`;
  const note = from === "input" ? "00 jump" : `00 jump, ${from}`;
  const add = `${path} add chain=${from} ${jumpTo(more.length > 0 ? within : to)}${where} ` +
    `comment=${quoteRouterOs(`${base}:${note}`)}`;
  const rules = `${path} find chain=${from}${from === "input" ? " action=drop" : ""}`;
  // A hotspot and UPnP have dynamic rules, before which nothing can be put. The trees of IPv6 have no such
  // flag (asked for it, a router could find no rule at all), but a counter of fasttrack can be the first.
  const place = (index: number) => `place-before=[:pick $rules ${index}]`;
  const isFlagged = family === "ipv4";
  const put = isFlagged || from === "input" ? [`    ${add} \\`, `      ${place(0)}`] : [
    `    :do { ${add} ${place(0)} } \\`,
    `      on-error={ ${add} ${place(1)} }`,
  ];
  return [
    ":do {",
    `  :local rules [${rules}${isFlagged ? " dynamic=no" : ""}]`,
    "  :if ([:len $rules] > 0) do={",
    ...put,
    "  } else={",
    `    ${add}`,
    "  }",
    '} on-error={ :error "spknock: the rules are in, the jump to them is not" }',
  ];
}
