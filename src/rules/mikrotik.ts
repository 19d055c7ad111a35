/**
 * MikroTik RouterOS 7 and 6: a script for `/import`. Made from the vendor's documents, not run on a
 * device.
 *
 * Rules:
 * - everything is found again by `comment~"^spknock:NAME:"` and, for address lists, by
 *   `list~"^spknock:NAME:"`; no target's name has a colon. Importing again removes the former copy.
 *   Who is in stays: that list is left alone;
 * - `add-src-to-address-list` passes the packet on, so the last stage comes first, and each is
 *   followed by a `return` with the same matchers;
 * - `content` looks anywhere in the packet, `packet-size` makes it exact;
 * - no action takes a source out of a list. The guard's substitute: a mistake puts the source on a
 *   penalty list for as long as a stage lasts, and who is on it makes no progress. By the end of it
 *   the progress is gone, too; an honest user who makes a mistake has to wait for so long;
 * - `src-address-list` takes one list, so that a condition on two lists is a chain;
 * - no negated text (`=!"x"`): exports and users disagree on how it is quoted.
 */
import { renderDuration } from "../core/duration.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import {
  type Backend,
  commentLines,
  distinctPorts,
  fileOf,
  headline,
  lastPartOf,
  portsOf,
  type RenderContext,
  secondsOf,
  unsupported,
  variantOf,
} from "./backend.ts";
import { BAN_RULE } from "../core/plan.ts";
import { quoteRouterOs } from "./quote/routeros.ts";

/** A shorter text could be found in the packet's header. */
const MIN_PAYLOAD = 8;
const HEADERS = { ipv4: 28, ipv6: 48 } as const;
const PATHS = { ipv4: "/ip firewall", ipv6: "/ipv6 firewall" } as const;
const SYN = "protocol=tcp tcp-flags=syn,!fin,!rst,!ack";

/** See the header. */
export const mikrotik: Backend = {
  name: "mikrotik",
  summary: "MikroTik RouterOS 7 and 6: a script to import",
  extension: "rsc",
  canGuard: true,
  variants: [],
  render(plan, context) {
    variantOf(mikrotik, context);
    refuse(plan);
    return [
      ...commentLines([
        ...headline("MikroTik RouterOS 7 and 6", plan, context),
        ...adviceOf(context, plan),
      ]),
      ...plan.families.flatMap((family) => familyLines(plan, family)),
      "",
    ].join("\n");
  },
};

function refuse(plan: Plan): void {
  secondsOf("mikrotik", "stage timeout", plan.stageTimeoutMs);
  secondsOf("mikrotik", "open time", plan.openForMs);
  if (plan.interface?.includes("*")) {
    throw unsupported("mikrotik", `the interface "${plan.interface}"`, "name one interface");
  }
  for (const { payload } of plan.stages) {
    if (payload === undefined) continue;
    if (payload.some((byte) => byte < 0x20 || byte > 0x7e)) {
      throw unsupported("mikrotik", "a payload that is not printable ASCII");
    }
    if (payload.length < MIN_PAYLOAD) {
      throw unsupported("mikrotik", `a payload of less than ${MIN_PAYLOAD} bytes`);
    }
  }
}

interface Words {
  plan: Plan;
  family: Plan["families"][number];
  /** `spknock:NAME` */
  base: string;
  /** The list of a stage; the open list for the last. */
  listOf(stage: number): string;
}

/** A rule of a chain, without `add`, `chain` and `comment`. */
interface Rule {
  chain: string;
  text: string;
  note: string;
}

function familyLines(plan: Plan, family: Words["family"]): string[] {
  const base = `spknock:${plan.name}`;
  const last = plan.stages.length;
  const listOf = (stage: number) => quoteRouterOs(`${base}:${stage === last ? "open" : stage}`);
  const words: Words = { plan, family, base, listOf };
  const path = PATHS[family];
  const rules = [...stageRules(words), ...knockRules(words), ...entryRules(words)];
  const own = quoteRouterOs(`^${base}:`);
  return [
    "",
    `# ${family === "ipv4" ? "IPv4" : "IPv6"}`,
    `${path} filter remove [find comment~${own}]`,
    `${path} address-list remove [find comment~${own}]`,
    ...trustedOf(plan, family).map((network) =>
      `${path} address-list add list=${quoteRouterOs(`${base}:trusted`)} address=${network} ` +
      `comment=${quoteRouterOs(`${base}:trusted`)}`
    ),
    ...rules.map(({ chain, text, note }, index) =>
      `${path} filter add chain=${quoteRouterOs(chain)} ${text} ` +
      `comment=${quoteRouterOs(`${base}:${String(index + 1).padStart(2, "0")} ${note}`)}`
    ),
    ...jumpLines(path, plan),
  ];
}

/** Before the first drop rule of the input chain, or else at its end. */
function jumpLines(path: string, plan: Plan): string[] {
  const base = `spknock:${plan.name}`;
  const where = plan.interface === undefined
    ? ""
    : ` in-interface=${quoteRouterOs(plan.interface)}`;
  const add = `${path} filter add chain=input action=jump${where} ` +
    `jump-target=${quoteRouterOs(base)} comment=${quoteRouterOs(`${base}:00 jump`)}`;
  return [
    ":do {",
    `  :local drops [${path} filter find chain=input action=drop dynamic=no]`,
    "  :if ([:len $drops] > 0) do={",
    `    ${add} \\`,
    "      place-before=[:pick $drops 0]",
    "  } else={",
    `    ${add}`,
    "  }",
    '} on-error={ :error "spknock: the rules are in, the jump to them is not" }',
  ];
}

function entryRules({ plan, family, base, listOf }: Words): Rule[] {
  const rule = (text: string, note: string): Rule => ({ chain: base, text, note });
  const trusted = `src-address-list=${quoteRouterOs(`${base}:trusted`)}`;
  const open = `src-address-list=${listOf(plan.stages.length)}`;
  const knock = `action=jump jump-target=${quoteRouterOs(`${base}:knock`)}`;
  return [
    rule("action=accept connection-state=established,related", "connections go on"),
    ...(trustedOf(plan, family).length === 0 ? [] : [
      ...portTexts(plan.open).map((ports) => rule(`action=accept ${ports} ${trusted}`, "trusted")),
      rule(`action=return ${trusted}`, "trusted"),
    ]),
    // A broadcast in between is nobody's mistake.
    ...["tcp", "udp"].map((protocol) =>
      family === "ipv4"
        ? rule(`${knock} protocol=${protocol} dst-address-type=local`, "to this router")
        : rule(`${knock} protocol=${protocol} dst-address=!ff00::/8`, "not multicast")
    ),
    ...portTexts(plan.open).map((ports) => rule(`action=accept ${ports} ${open}`, "who is in")),
    ...portTexts(plan.open).map((ports) => rule(`action=drop ${ports}`, "who is not")),
  ];
}

function knockRules(words: Words): Rule[] {
  const { plan, base, listOf } = words;
  const rule = (text: string, note: string): Rule => ({ chain: `${base}:knock`, text, note });
  const stages = `action=jump jump-target=${quoteRouterOs(`${base}:stages`)}`;
  const penalty = quoteRouterOs(`${base}:penalty`);
  const ban = quoteRouterOs(`${base}:ban`);
  const numbered = plan.stages.map((stage, index) => ({ stage, number: index + 1 })).reverse();
  const isWatched = plan.guard || plan.ban;
  return [
    ...(plan.ban ? [rule(`action=return src-address-list=${ban}`, "banned")] : []),
    rule(stages, "the knocks"),
    ...(isWatched
      ? [
        // Catches the knocks that were just right, as well.
        ...numbered.map(({ stage, number }) =>
          rule(
            `action=return ${matchOf(stage, words.family)} src-address-list=${listOf(number)}`,
            `knock ${number}, right or late`,
          )
        ),
        ...portTexts([...plan.open, ...plan.public]).map((ports) =>
          rule(`action=return ${ports}`, "no mistake")
        ),
      ]
      : []),
    ...(plan.guard
      ? [
        // Who tries again in the meantime must not be kept out for it.
        ...portTexts(plan.stages).map((ports) =>
          rule(`action=return ${ports} src-address-list=${penalty}`, "has to wait already")
        ),
        rule(addTo(penalty, plan.stageTimeoutMs), "a mistake: no progress for a while"),
      ]
      : []),
    ...(plan.ban ? banRules(words, rule) : []),
  ];
}

/** After the guard: a mistake on an own knock port loses the progress, but does not count. */
function banRules({ plan, base }: Words, rule: (text: string, note: string) => Rule): Rule[] {
  const { perMinute, burst, banMs } = BAN_RULE;
  return [
    ...portTexts(plan.stages).map((ports) => rule(`action=return ${ports}`, "own knock ports")),
    rule(`action=return dst-limit=${perMinute}/1m,${burst},src-address/1m`, "few mistakes"),
    rule(addTo(quoteRouterOs(`${base}:ban`), banMs), "many mistakes"),
  ];
}

function stageRules({ plan, family, base, listOf }: Words): Rule[] {
  const last = plan.stages.length;
  const numbered = plan.stages.map((stage, index) => ({ stage, number: index + 1 })).reverse();
  const rule = (text: string, note: string): Rule => ({ chain: `${base}:stages`, text, note });
  const penalty = `action=return src-address-list=${quoteRouterOs(`${base}:penalty`)}`;
  const knocks = numbered.flatMap(({ stage, number }) => {
    const matchers = [
      matchOf(stage, family),
      ...(number === 1 ? [] : [`src-address-list=${listOf(number - 1)}`]),
    ].join(" ");
    const timeout = number === last ? plan.openForMs : plan.stageTimeoutMs;
    const note = `knock ${number} of ${last}, ${renderPortSpec(stage)}`;
    return [`${addTo(listOf(number), timeout)} ${matchers}`, `action=return ${matchers}`]
      .map((text) => rule(text, note));
  });
  return [...(plan.guard ? [rule(penalty, "made a mistake")] : []), ...knocks];
}

function addTo(list: string, timeoutMs: number): string {
  return `action=add-src-to-address-list address-list=${list} ` +
    `address-list-timeout=${renderDuration(timeoutMs)}`;
}

function matchOf(stage: Stage, family: Words["family"]): string {
  if (stage.protocol === "tcp") return `${SYN} dst-port=${stage.port}`;
  const port = `protocol=udp dst-port=${stage.port}`;
  if (stage.payload === undefined) return port;
  const text = new TextDecoder().decode(stage.payload);
  return `${port} packet-size=${HEADERS[family] + stage.payload.length} ` +
    `content=${quoteRouterOs(text)}`;
}

/** At most 15 ports are taken at a time, as by the multiport match that RouterOS builds on. */
const PORTS_AT_A_TIME = 15;

function portTexts(specs: readonly PortSpec[]): string[] {
  const distinct = distinctPorts(specs);
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const ports = portsOf(distinct, protocol);
    const count = Math.ceil(ports.length / PORTS_AT_A_TIME);
    return Array.from({ length: count }, (_, index) => {
      const part = ports.slice(index * PORTS_AT_A_TIME, (index + 1) * PORTS_AT_A_TIME);
      return `protocol=${protocol} dst-port=${part.join(",")}`;
    });
  });
}

function trustedOf(plan: Plan, family: Words["family"]): string[] {
  return plan.trusted.filter((text) => text.includes(":") === (family === "ipv6"));
}

function adviceOf(context: RenderContext, plan: Plan): string[] {
  const file = lastPartOf(fileOf(context, `spknock_${plan.name}.rsc`));
  const own = quoteRouterOs(`^spknock:${plan.name}:`);
  const wait = renderDuration(plan.stageTimeoutMs);
  const undo = plan.families.flatMap((family) =>
    ["filter remove [find comment", "address-list remove [find list"].map((what) =>
      `  ${PATHS[family]} ${what}~${own}]`
    )
  );
  return [
    "Made from MikroTik's documents; not run on a device yet.",
    ...(plan.families.includes("ipv6") && plan.stages.some(({ payload }) => payload !== undefined)
      ? ["For IPv6, that packet-size counts the whole packet is not verified: try a knock over it."]
      : []),
    ...(plan.guard
      ? [
        "RouterOS cannot take a source out of a list. Instead, after a packet to any other port knocks",
        `of its source do not count for ${wait}, and the progress is over by then. Weaker for users:`,
        "a stray packet costs them this time.",
      ]
      : []),
    "",
    `Apply, with a way back (this file uploaded as ${file}):`,
    "  press Ctrl+X for Safe Mode: all is undone if the session dies",
    `  /import ${file}`,
    "  press Ctrl+X again when a new connection of yours gets through",
    "Import it again after a change; who is in stays. While it is imported, the ports are guarded by",
    "your own drop rule only.",
    "The jump goes before the first drop rule of the input chain, else to its end: rules above it that",
    "accept everything from an interface, as for a LAN, still do.",
    "Undo (and before a family is left out):",
    ...undo,
    "Persist:  RouterOS keeps the rules over a reboot; who is in is forgotten.",
    `Who is in: ${PATHS[plan.families[0] as Words["family"]]} address-list print where ` +
    `list=${quoteRouterOs(`spknock:${plan.name}:open`)}`,
  ];
}
