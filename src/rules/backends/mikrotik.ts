/**
 * MikroTik RouterOS 7 and 6: a script for `/import`. Made from the vendor's documents, not run on a device.
 *
 * Rules:
 * - `comment~"^spknock:NAME:"` finds all rules again, and `list~"^spknock:NAME:"` the address lists; a
 *   target's name has no colon. Importing again removes the former copy and the stages, but not the open sources;
 * - `add-src-to-address-list` passes the packet on, so the last stage comes first, and each is
 *   followed by a `return` with the same matchers;
 * - `content` searches the whole packet, `packet-size` makes it exact;
 * - no action removes a source from a list. The substitute for the guard: a mistake puts the source on a
 *   penalty list for one stage timeout, in which its knocks do not count; then its stages have expired
 *   too. A legitimate user who makes a mistake has to wait for this time;
 * - for the same reason the closing sequence puts the source on a list of closed ones, which outranks the
 *   open list and outlasts its entries; until then knocks of the source do not count;
 * - `src-address-list` takes one list, so that a condition on two lists is a chain;
 * - no negated text (`=!"x"`): exports and users disagree on how it is quoted.
 */
import { renderFamily } from "../../core/address_syntax.ts";
import { renderDuration } from "../../core/duration.ts";
import { BAN_RULE, listSecretPorts, type Plan, type PortSpec } from "../../core/plan.ts";
import {
  type Backend,
  type FlatPlan,
  flatten,
  listBackwards,
  listPorts,
  listTrusted,
  MISTAKES,
  takeFileName,
} from "../backend.ts";
import {
  renderInterface,
  renderInterfaceChecks,
  renderInterfaceRules,
} from "./mikrotik_interfaces.ts";
import { renderStatic, renderTrialRun, renderVersions } from "./mikrotik_versions.ts";
import { renderAdd, renderMatch, renderSequence, type Rule } from "./mikrotik_sequence.ts";
import { quoteRouterOs } from "./quote/routeros.ts";

const PATHS = { ipv4: "/ip firewall", ipv6: "/ipv6 firewall" } as const;

/** See the comment at the top. */
export const mikrotik: Backend = {
  name: "mikrotik",
  title: "MikroTik RouterOS 7 and 6",
  summary: "MikroTik RouterOS 7 and 6: a script to import",
  extension: "rsc",
  variants: [],
  supports: {
    secretKnocks: true,
    guard: true,
    ranges: false,
    icmp: false,
    all: false,
    translated: false,
    routed: false,
    doors: false,
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
    closing: "a source that closed the door can open it again after the open time only",
    guard: "a source waits for one stage timeout after a mistake",
  },
  limits: {
    maxKnocks: Infinity,
    // A shorter text could be found in the packet's header.
    minPayload: 8,
    maxPayload: Infinity,
    printablePayload: true,
    wholeSeconds: true,
  },
  render(request) {
    const plan = flatten(request.plan);
    return [
      ...renderInterfaceChecks(plan),
      ...plan.families.flatMap((family) => renderFamilyRules(plan, family)),
    ];
  },
  renderAdvice({ plan: given, file }) {
    const plan = flatten(given);
    return [...renderCautions(plan), "", ...renderSteps(plan, takeFileName(file))];
  },
};

function renderCautions(plan: FlatPlan): string[] {
  const wait = renderDuration(plan.stageTimeoutMs);
  return [
    ...renderVersions(plan.families.includes("ipv6")),
    ...(plan.families.includes("ipv6") && plan.stages.some(({ payload }) => payload !== undefined)
      ? [
        "It is not verified that packet-size counts the whole packet for IPv6: test a knock over IPv6.",
      ]
      : []),
    ...(plan.guard
      ? [
        "RouterOS cannot remove a source from a list. Instead, after a packet to any other port the knocks",
        `of its source do not count for ${wait}, and its sequence has expired by then. A stray packet makes`,
        "a legitimate user wait for this time.",
      ]
      : []),
    ...(plan.closing.length > 0
      ? [
        "The closing knocks put their source on a list that outranks the open list: it can open the door",
        `again ${renderDuration(findClosedMs(plan))} after it closed it.`,
      ]
      : []),
  ];
}

function renderSteps(plan: FlatPlan, file: string): string[] {
  const own = quoteRouterOs(`^spknock:${plan.name}:`);
  const undo = plan.families.flatMap((family) =>
    ["filter remove [find comment", "address-list remove [find list"].map((what) =>
      `  ${PATHS[family]} ${what}~${own}]`
    )
  );
  const list = quoteRouterOs(`spknock:${plan.name}:open`);
  return [
    ...renderTrialRun(file),
    "  press Ctrl+X for Safe Mode: all changes are undone if the session ends",
    `  /import ${file}`,
    "  press Ctrl+X again when a new connection of yours works",
    "Import it again after a change: open sources stay. During the import, only your own drop rule",
    "protects the ports.",
    "The jump is put before the first drop rule of the input chain, or at its end: rules above it that",
    "accept everything from an interface, such as a LAN, still do.",
    ...(plan.interfaces.length > 0
      ? [
        "An interface list is written list:NAME (--interface list:WAN); for the ports of a bridge, name the",
        "bridge. The import stops before its first change if there is none of that name.",
      ]
      : []),
    "Undo (and before a family is left out):",
    ...undo,
    "Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.",
    ...plan.families.slice(0, 1).map((family) =>
      `Show the open sources: ${PATHS[family]} address-list print where list=${list}`
    ),
  ];
}

/** The plan, and the names of its chains and lists. */
interface RuleNames {
  plan: FlatPlan;
  family: Plan["families"][number];
  /** `spknock:NAME` */
  base: string;
  /** The list of a stage; the open list for the last. */
  nameList(stage: number): string;
}

function renderFamilyRules(plan: FlatPlan, family: RuleNames["family"]): string[] {
  const base = `spknock:${plan.name}`;
  const last = plan.stages.length;
  const nameList = (stage: number) => quoteRouterOs(`${base}:${stage === last ? "open" : stage}`);
  const names: RuleNames = { plan, family, base, nameList };
  const path = PATHS[family];
  const rules = [
    ...renderClosingRules(names),
    ...renderStageRules(names),
    ...renderKnockRules(names),
    ...renderEntryRules(names),
    ...renderInterfaceRules(plan, base),
  ];
  const own = quoteRouterOs(`^${base}:`);
  const stages = quoteRouterOs(`^${base}:(closing[0-9]|[0-9])`);
  return [
    "",
    `# ${renderFamily(family)}`,
    `${path} filter remove [find comment~${own}]`,
    `${path} address-list remove [find comment~${own}]`,
    // An entry that expires meanwhile is an error.
    `:do { ${path} address-list remove [find list~${stages}] } on-error={}`,
    ...listTrusted(plan, family).map((network) =>
      `${path} address-list add list=${quoteRouterOs(`${base}:trusted`)} address=${network} ` +
      `comment=${quoteRouterOs(`${base}:trusted`)}`
    ),
    ...rules.map(({ chain, text, note }, index) =>
      `${path} filter add chain=${quoteRouterOs(chain)} ${text} ` +
      `comment=${quoteRouterOs(`${base}:${String(index + 1).padStart(2, "0")} ${note}`)}`
    ),
    ...renderJump(path, plan),
  ];
}

/** Puts the jump before the first drop rule of the input chain, or at its end. */
function renderJump(path: string, plan: FlatPlan): string[] {
  const base = `spknock:${plan.name}`;
  const [only, ...more] = plan.interfaces;
  const where = only === undefined || more.length > 0 ? "" : ` ${renderInterface(only)}`;
  const target = more.length > 0 ? `${base}:in` : base;
  const add = `${path} filter add chain=input action=jump${where} ` +
    `jump-target=${quoteRouterOs(target)} comment=${quoteRouterOs(`${base}:00 jump`)}`;
  return [
    ":do {",
    `  :local drops [${path} filter find chain=input action=drop${renderStatic(path)}]`,
    "  :if ([:len $drops] > 0) do={",
    `    ${add} \\`,
    "      place-before=[:pick $drops 0]",
    "  } else={",
    `    ${add}`,
    "  }",
    '} on-error={ :error "spknock: the rules are in, the jump to them is not" }',
  ];
}

function renderEntryRules({ plan, family, base, nameList }: RuleNames): Rule[] {
  const rule = (text: string, note: string): Rule => ({ chain: base, text, note });
  const trusted = `src-address-list=${quoteRouterOs(`${base}:trusted`)}`;
  const open = `src-address-list=${nameList(plan.stages.length)}`;
  const closed = quoteRouterOs(`${base}:closed`);
  const knock = `action=jump jump-target=${quoteRouterOs(`${base}:knock`)}`;
  return [
    // No address list of trusted sources is asked: their knocks open what is open to them.
    ...renderPorts(listSecretPorts(plan)).map((ports) =>
      rule(`${knock} ${ports} connection-state=established,related`, "secrets in connections")
    ),
    rule("action=accept connection-state=established,related", "connections continue"),
    ...(listTrusted(plan, family).length === 0 ? [] : [
      ...renderPorts(plan.protectedPorts).map((ports) =>
        rule(`action=accept ${ports} ${trusted}`, "trusted")
      ),
      rule(`action=return ${trusted}`, "trusted"),
    ]),
    // Broadcast packets do not count as mistakes.
    ...["tcp", "udp"].map((protocol) =>
      family === "ipv4"
        ? rule(`${knock} protocol=${protocol} dst-address-type=local`, "to this router")
        : rule(`${knock} protocol=${protocol} dst-address=!ff00::/8`, "not multicast")
    ),
    ...(plan.closing.length === 0
      ? []
      : renderPorts(plan.protectedPorts).map((ports) =>
        rule(`action=drop ${ports} src-address-list=${closed}`, "closed by their knocks")
      )),
    ...renderPorts(plan.protectedPorts).map((ports) =>
      rule(`action=accept ${ports} ${open}`, "open sources")
    ),
    ...renderPorts(plan.protectedPorts).map((ports) =>
      rule(`action=drop ${ports}`, "all other sources")
    ),
  ];
}

function renderKnockRules(names: RuleNames): Rule[] {
  const { plan, base, nameList } = names;
  const rule = (text: string, note: string): Rule => ({ chain: `${base}:knock`, text, note });
  const stages = `action=jump jump-target=${quoteRouterOs(`${base}:stages`)}`;
  const closing = `action=jump jump-target=${quoteRouterOs(`${base}:closing`)}`;
  const penalty = quoteRouterOs(`${base}:penalty`);
  const numbered = listBackwards(plan.stages);
  const isWatched = plan.guard || plan.ban;
  return [
    ...(plan.ban
      ? [rule(`action=return src-address-list=${quoteRouterOs(`${base}:ban`)}`, "banned")]
      : []),
    ...(plan.closing.length === 0 ? [] : [rule(closing, "the closing knocks")]),
    rule(stages, "the knocks"),
    ...(listSecretPorts(plan).length > 0
      ? [rule("action=return connection-state=established,related", "connections make no mistakes")]
      : []),
    ...(isWatched
      ? [
        // Matches the knocks that were just accepted, too.
        ...numbered.map(({ stage, number }) =>
          rule(
            `action=return ${renderMatch(stage, names.family)} src-address-list=${
              nameList(number)
            }`,
            `knock ${number}, accepted or late`,
          )
        ),
        ...renderPorts([...plan.protectedPorts, ...plan.publicPorts]).map((ports) =>
          rule(`action=return ${ports}`, "not a mistake")
        ),
      ]
      : []),
    ...(plan.guard
      ? [
        // Knocks that do not count must not make the penalty longer.
        ...listDeaf(plan).flatMap((list) =>
          renderPorts(plan.stages).map((ports) =>
            rule(
              `action=return ${ports} src-address-list=${quoteRouterOs(`${base}:${list}`)}`,
              `${list}: no new penalty`,
            )
          )
        ),
        rule(renderAdd(penalty, plan.stageTimeoutMs), "a mistake: knocks do not count for a while"),
      ]
      : []),
    ...(plan.ban ? renderBanRules(names, rule) : []),
  ];
}

/** After the guard: a mistake at an own knock port resets the sequence, but does not count. */
function renderBanRules(
  { plan, base }: RuleNames,
  rule: (text: string, note: string) => Rule,
): Rule[] {
  const { mistakes, windowMs, banMs } = BAN_RULE;
  const nameList = (count: number) => quoteRouterOs(`${base}:mistakes${count}`);
  const first = `src-address-list=${nameList(1)}`;
  return [
    ...renderPorts([...plan.stages, ...plan.closing]).map((ports) =>
      rule(`action=return ${ports}`, "own knock ports")
    ),
    rule(`action=jump jump-target=${quoteRouterOs(`${base}:mistakes`)} ${first}`, "a mistake more"),
    rule(`action=return ${first}`, "counted"),
    rule(renderAdd(nameList(1), windowMs), "the first mistake"),
    ...MISTAKES.toReversed().flatMap((count) => {
      const from = `src-address-list=${nameList(count)}`;
      const add = count === mistakes
        ? renderAdd(quoteRouterOs(`${base}:ban`), banMs)
        : renderAdd(nameList(count + 1), windowMs);
      return [`${add} ${from}`, `action=return ${from}`].map((text): Rule => ({
        chain: `${base}:mistakes`,
        text,
        note: `after ${count} of ${mistakes} mistakes`,
      }));
    }),
  ];
}

/** Returns the lists of sources whose knocks do not count. */
function listDeaf({ guard, closing }: FlatPlan): string[] {
  return [...(guard ? ["penalty"] : []), ...(closing.length > 0 ? ["closed"] : [])];
}

/** Returns the milliseconds after which all that a source had before it closed the door has expired. */
function findClosedMs({ openForMs, stageTimeoutMs }: FlatPlan): number {
  return Math.max(openForMs, stageTimeoutMs);
}

function renderStageRules({ plan, family, base, nameList }: RuleNames): Rule[] {
  const chain = `${base}:stages`;
  const syntax = { chain, family, nameList, what: "knock", lastMs: plan.openForMs };
  return [
    ...listDeaf(plan).map((list): Rule => ({
      chain,
      text: `action=return src-address-list=${quoteRouterOs(`${base}:${list}`)}`,
      note: `${list}: knocks do not count`,
    })),
    ...renderSequence(plan, plan.stages, syntax),
  ];
}

function renderClosingRules({ plan, family, base }: RuleNames): Rule[] {
  const last = plan.closing.length;
  const nameList = (number: number) =>
    quoteRouterOs(`${base}:${number === last ? "closed" : `closing${number}`}`);
  const chain = `${base}:closing`;
  const syntax = { chain, family, nameList, what: "closing knock", lastMs: findClosedMs(plan) };
  return renderSequence(plan, plan.closing, syntax);
}

/** The most ports in one rule, as in the multiport match that RouterOS is based on. */
const PORTS_AT_A_TIME = 15;

function renderPorts(specs: readonly PortSpec[]): string[] {
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const ports = listPorts(specs, protocol);
    const count = Math.ceil(ports.length / PORTS_AT_A_TIME);
    return Array.from({ length: count }, (_, index) => {
      const part = ports.slice(index * PORTS_AT_A_TIME, (index + 1) * PORTS_AT_A_TIME);
      return `protocol=${protocol} dst-port=${part.join(",")}`;
    });
  });
}
