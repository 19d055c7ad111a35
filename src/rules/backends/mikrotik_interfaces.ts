/** The interfaces of a plan in RouterOS' language. */
import type { Plan } from "../../core/plan.ts";
import { LIST_PREFIX } from "../options.ts";
import { quoteRouterOs } from "./quote/routeros.ts";

/** A rule without `add`, `chain` and `comment`. */
interface RouterOsRule {
  chain: string;
  text: string;
  note: string;
}

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
export function renderInterface(name: string): string {
  const list = parseListName(name);
  return list === undefined
    ? `in-interface=${quoteRouterOs(name)}`
    : `in-interface-list=${quoteRouterOs(list)}`;
}

/** Returns the chain for several: a packet that two of them match (a list, and its member) must not count twice. */
export function renderInterfaceRules({ interfaces }: Plan, base: string): RouterOsRule[] {
  if (interfaces.length < 2) return [];
  return interfaces.flatMap((name) =>
    [`action=jump jump-target=${quoteRouterOs(base)}`, "action=return"].map((
      action,
    ): RouterOsRule => ({
      chain: `${base}:in`,
      text: `${action} ${renderInterface(name)}`,
      note: `from ${name}`,
    }))
  );
}
