/** Other firewalls of the server that drop what ours has to let through, or the knocks before it sees them. */
import { detectFamily, renderFamily } from "../../core/address/syntax.ts";
import { renderPortSpec } from "../../core/knock.ts";
import { isPorts, type PortSpec } from "../../core/service.ts";
import { listKnocks } from "../../plan/plan.ts";
import type { Assessment } from "../assessment.ts";
import type { Concern } from "../concern.ts";
import { type Base, type Chain, type Family, findVerdict } from "../firewall/table.ts";
import type { FirewallTable } from "../firewall/table.ts";
import type { Look } from "../look.ts";
import { renderLetThrough } from "./let_through.ts";

/** Where our rules see packets: `filter - 5`, or before all others in iptables' INPUT. */
const OUR_PRIORITY = { nftables: -5, iptables: 0 } as const;

/** A chain that the kernel calls, and where. */
interface Hooked {
  table: FirewallTable;
  name: string;
  chain: Chain;
  base: Base;
}

/** Returns what other firewalls drop. */
export function assessFirewalls(look: Look, assessment: Assessment): Concern[] {
  if (!look.isRoot) return [];
  return [
    ...(look.rules === undefined ? [noteUnseen()] : []),
    ...assessDrops(look, assessment),
    ...assessIptables(look, assessment),
  ];
}

function noteUnseen(): Concern {
  return {
    severity: "note",
    code: "rules_not_read",
    text:
      "the server has too many firewall rules to read: one of them may drop the knocks or ports",
  };
}

function assessDrops(look: Look, assessment: Assessment): Concern[] {
  const { plan } = assessment;
  const ports = plan.doors.flatMap(({ opens }) => opens).filter(isPorts)
    .flatMap(({ port, last = port, protocol }) =>
      [...new Set([port, last])].map((each) => ({ port: each, protocol }))
    );
  const drops = listHooked(look.rules ?? []).flatMap((hooked) => [
    ...(isOurs(hooked, look, assessment)
      ? []
      : findDrops(look, assessment, { hooked, what: "port", ports })),
    ...(isBefore(hooked, look, assessment)
      ? findDrops(look, assessment, { hooked, what: "knock", ports: listKnocks(plan) })
      : []),
  ]);
  const groups = Map.groupBy(
    drops,
    ({ hooked, what, verdict }) => [describeChain(hooked), what, verdict].join("\n"),
  );
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [describeDrops(first, { rest, assessment })]
  );
}

function listHooked(tables: readonly FirewallTable[]): Hooked[] {
  return tables.flatMap((table) =>
    [...table.chains].flatMap(([name, chain]) => {
      const { base } = chain;
      const isSeen = base !== undefined && base.type !== "nat" &&
        ["ingress", "prerouting", "input"].includes(base.hook);
      return isSeen ? [{ table, name, chain, base }] : [];
    })
  );
}

/** Chains that our rules are in, before all others: what ours accept ends them. */
function isOurs({ table, name }: Hooked, look: Look, { backend }: Assessment): boolean {
  if (backend === "nftables-openwrt") return table.owner === "fw4" && name === "input";
  if (backend !== "iptables" || name !== "INPUT") return false;
  const end = look.iptables?.kind === "legacy" ? "-legacy filter" : " filter";
  return [`iptables${end}`, `ip6tables${end}`].includes(table.name);
}

/** Whether a chain sees packets before our rules do, or may: of the same priority the order is not known. */
function isBefore(hooked: Hooked, look: Look, assessment: Assessment): boolean {
  if (isOurs(hooked, look, assessment)) return false;
  if (hooked.base.hook !== "input") return true;
  const ours = OUR_PRIORITY[assessment.backend === "iptables" ? "iptables" : "nftables"];
  return hooked.base.priority <= ours;
}

/** A packet that a chain drops, or may drop. */
interface Drop {
  hooked: Hooked;
  what: "port" | "knock";
  verdict: "yes" | "maybe";
  family: Family;
  port: PortSpec;
}

function findDrops(
  look: Look,
  { plan: { families } }: Assessment,
  { hooked, what, ports }: Pick<Drop, "hooked" | "what"> & { ports: readonly PortSpec[] },
): Drop[] {
  return families.flatMap((family) =>
    ports.flatMap((port) => {
      const verdict = ask(look, { hooked, family, port });
      return verdict === "no" ? [] : [{ hooked, what, verdict, family, port }];
    })
  );
}

/** Describes what one firewall does with packets of one kind. */
function describeDrops(
  first: Drop,
  { rest, assessment }: { rest: readonly Drop[]; assessment: Assessment },
): Concern {
  const { hooked, what, verdict } = first;
  const { families, interfaces } = assessment.plan;
  const drops = [first, ...rest];
  const names = [...new Set(drops.map(({ port }) => renderPortSpec(port)))].join(", ");
  const covered = families.filter((family) => drops.some((each) => each.family === family));
  const [only] = covered;
  const over = only === undefined || covered.length === families.length
    ? ""
    : ` over ${renderFamily(only)}`;
  const does = verdict === "yes" ? "drops" : "may drop";
  const isPort = what === "port";
  return {
    severity: verdict === "yes" ? "stop" : "warning",
    code: `${what}_${verdict === "yes" ? "dropped" : "may_be_dropped"}`,
    text: `${describeChain(hooked)} ${does} ${isPort ? names : `the knocks at ${names}`}${over} ` +
      `by itself: ${isPort ? "a knock could not open it" : "our rules would not see them"}`,
    hint: renderLetThrough(hooked, {
      ports: drops.map(({ port }) => port),
      only: families.length === 1 ? families[0] : undefined,
      interfaces,
    }),
  };
}

function ask(
  { connection, interface: device, addresses }: Look,
  { hooked, family, port }: { hooked: Hooked; family: Family; port: PortSpec },
) {
  const isSame = connection !== undefined && detectFamily(connection.client) === family;
  return findVerdict(hooked.table, hooked.chain, {
    ...port,
    family,
    source: isSame ? connection.client : undefined,
    destination: isSame
      ? connection.server
      : addresses.find((address) => detectFamily(address) === family),
    device,
  });
}

function describeChain({ table, name }: Hooked): string {
  if (table.owner === "ufw" || table.owner === "firewalld") return table.owner;
  return /^ip6?tables/.test(table.name)
    ? `${name} of ${table.name.replace(" filter", "")}`
    : `chain ${name} of table ${table.name}`;
}

/** What iptables' own ways of saving and loading do to our rules. */
function assessIptables({ active, iptables }: Look, { backend }: Assessment): Concern[] {
  if (backend !== "iptables") return [];
  const reload: Concern[] = active.includes("firewalld")
    ? [{
      severity: "warning",
      code: "firewalld_reload",
      text: "firewalld runs there: its reload removes all rules of iptables, and opens the ports",
      hint: "use --for nftables",
    }]
    : [];
  const saved: Concern[] = iptables?.isSaved === true && iptables.hasIpset
    ? [{
      severity: "note",
      code: "iptables_saved",
      text:
        "/etc/iptables has saved rules: do not save them again while ours are loaded, because " +
        "at the next start a rule whose ipset is missing makes the whole restore fail",
    }]
    : [];
  return [...reload, ...saved];
}
