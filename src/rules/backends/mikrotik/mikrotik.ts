/**
 * MikroTik RouterOS 7 and 6: a script for `/import`. Made from the vendor's documents, not run on a device.
 *
 * Rules:
 * - `comment~"^spknock:NAME:"` finds all rules again, and `list~"^spknock:NAME:"` the address lists; a
 *   name has no colon. Importing again removes the former copy and the stages, but not the open sources;
 * - `add-src-to-address-list` passes the packet on, so the last stage comes first, and each is
 *   followed by a `return` with the same matchers;
 * - `content` searches the whole packet, `packet-size` makes it exact;
 * - no action removes a source from a list. The substitute for the guard: a mistake puts the source on a
 *   penalty list for one stage timeout, in which its knocks do not count; then its stages have expired
 *   too. A legitimate user who makes a mistake has to wait for this time;
 * - for the same reason the closing sequence puts the source on a list of closed ones, which outranks the
 *   open list and outlasts its entries; until then knocks of the source do not count;
 * - `src-address-list` takes one list, so that a condition on two lists is a chain;
 * - one-time codes: a script writes them into the rules (codes.ts, codes_script.ts);
 * - no negated text (`=!"x"`): exports and users disagree on how it is quoted.
 */
import { renderFamily } from "../../../core/address/syntax.ts";
import { type Backend, listTrusted } from "../../backend.ts";
import { renderCodeChecks, renderScriptRemovals, renderScripts } from "./codes_script.ts";
import { renderCodeTest, renderRevoke } from "./codes_header.ts";
import { renderDoor } from "./door.ts";
import { hasRouted, hasTranslated, renderRouted, renderTranslated } from "./forwards.ts";
import { renderHeader } from "./header.ts";
import {
  type Entry,
  renderInterfaceChecks,
  renderInterfaceRules,
  renderJump,
} from "./interfaces.ts";
import { renderKnocks } from "./knocks.ts";
import { createNames, type Names, PATHS, type Rule } from "./syntax.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** See the comment at the top. */
export const mikrotik: Backend = {
  name: "mikrotik",
  title: "MikroTik RouterOS 7 and 6",
  summary: "MikroTik RouterOS 7 and 6: a script to import",
  extension: "rsc",
  showNat: "/ip firewall nat print",
  variants: [],
  supports: {
    secretKnocks: true,
    codes: true,
    guard: true,
    ranges: true,
    icmp: true,
    all: true,
    translated: true,
    routed: true,
    doors: true,
    ban: true,
    banIpv6: false,
    prefix: false,
    trusted: true,
    publicServices: true,
    closing: true,
    ipv6: true,
    onlyIpv6: true,
    interface: true,
    interfaces: true,
    interfaceWildcard: false,
    interfaceList: true,
  },
  notes: {
    codes:
      "RouterOS 7.12 or newer; a copy to another address of the router, or over the other family, is not " +
      "noticed for some seconds",
    closing: "a source that closed the door can open it again after the open time only",
    guard: "a source waits for one stage timeout after a mistake",
  },
  limits: {
    maxKnocks: Infinity,
    maxKeys: Infinity,
    // A shorter text could be found in the packet's header.
    minPayload: 8,
    maxPayload: Infinity,
    printablePayload: true,
    wholeSeconds: true,
  },
  render: ({ plan }) => [
    ...renderInterfaceChecks(plan),
    ...renderCodeTest(plan),
    ...renderCodeChecks(plan),
    ...renderScriptRemovals(plan),
    ...plan.families.flatMap((family) => renderFamilyRules(createNames(plan, family))),
    ...renderScripts(plan),
  ],
  renderAdvice: ({ plan, file }) => renderHeader(plan, file),
  rolling: { renderRevoke },
};

function renderFamilyRules(names: Names): string[] {
  const { plan, family, base, own } = names;
  const entries = listEntries(names);
  const renderMenu = (menu: Entry["menu"], rules: readonly Rule[]) =>
    renderRules(names, menu, [
      ...rules,
      ...entries.filter((entry) => entry.menu === menu).flatMap((entry) =>
        renderInterfaceRules(plan, entry)
      ),
    ]);
  const path = PATHS[family];
  return [
    "",
    `# ${renderFamily(family)}`,
    ...renderRemovals(names),
    ...listTrusted(plan, family).map((network) =>
      `${path} address-list add list=${quoteRouterOs(own("trusted"))} address=${network} ` +
      `comment=${quoteRouterOs(`${base}:trusted`)}`
    ),
    ...renderMenu("filter", [...renderKnocks(names), ...renderDoor(names), ...renderRouted(names)]),
    ...renderMenu("nat", renderTranslated(names)),
    ...entries.flatMap((entry) => renderJump(names, entry)),
  ];
}

/** The former copy goes. RouterOS 6 has no NAT for IPv6, where even the question would stop the import. */
function renderRemovals({ plan, family, base }: Names): string[] {
  const own = quoteRouterOs(`^${base}:`);
  const progress = quoteRouterOs(`^${base}:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])$`);
  const menus = ["filter", ...(family === "ipv4" || hasTranslated({ plan }) ? ["nat"] : [])];
  return [
    ...[...menus, "address-list"].map((menu) =>
      `${PATHS[family]} ${menu} remove [find comment~${own}]`
    ),
    // An entry that expires meanwhile is an error.
    `:do { ${PATHS[family]} address-list remove [find list~${progress}] } on-error={}`,
  ];
}

function listEntries(names: Names): Entry[] {
  const { plan, base, own } = names;
  return [
    { menu: "filter", from: "input", to: base, within: own("in") },
    ...(hasRouted(names)
      ? [
        {
          menu: "filter",
          from: "forward",
          to: own("forward"),
          within: own("forward-in"),
        } satisfies Entry,
      ]
      : []),
    ...(hasTranslated({ plan })
      ? [
        {
          menu: "nat",
          from: "dstnat",
          to: own("dstnat"),
          within: own("dstnat-in"),
        } satisfies Entry,
      ]
      : []),
  ];
}

function renderRules(
  { family, base }: Names,
  menu: Entry["menu"],
  rules: readonly Rule[],
): string[] {
  return rules.map(({ chain, text, note }, index) =>
    `${PATHS[family]} ${menu} add chain=${quoteRouterOs(chain)} ${text} ` +
    `comment=${quoteRouterOs(`${base}:${String(index + 1).padStart(2, "0")} ${note}`)}`
  );
}
