/** The door in RouterOS' language: what is closed to all but the open sources, on this machine. */
import { type Door, listGuarded, listSecretPorts } from "../../../plan/plan.ts";
import { listTrusted, NEEDED_ICMPV6 } from "../../backend.ts";
import { fromList, jumpTo, matchPorts, matchServices, type Names, type Rule } from "./syntax.ts";

/** Returns the chain of all packets to this machine, and those of the open sources. */
export function renderDoor(names: Names): Rule[] {
  return [
    ...names.plan.doors.flatMap((door) => renderOpenedRules(names, door)),
    ...renderEntryRules(names),
  ];
}

function renderEntryRules(names: Names): Rule[] {
  const { plan, family, base, own } = names;
  const rule = (text: string, note: string): Rule => ({ chain: base, text, note });
  const knock = jumpTo(own("knock"));
  const guarded = plan.doors.flatMap(listGuarded);
  const isWhole = hasAll(guarded);
  return [
    // No address list of trusted sources is asked: their knocks open what is open to them.
    ...matchPorts(listSecretPorts(plan)).map((ports) =>
      rule(`${knock} ${ports} connection-state=established,related`, "secrets in connections")
    ),
    rule("action=accept connection-state=established,related", "connections continue"),
    ...renderTrusted(names, isWhole ? undefined : matchServices(guarded, family), rule),
    // Broadcast packets do not count as mistakes.
    ...["tcp", "udp"].map((protocol) =>
      family === "ipv4"
        ? rule(`${knock} protocol=${protocol} dst-address-type=local`, "to this router")
        : rule(`${knock} protocol=${protocol} dst-address=!ff00::/8`, "not multicast")
    ),
    ...plan.doors.filter((door) => listGuarded(door).length > 0).map((door) =>
      rule(
        `${jumpTo(names.door(door, "opened"))} ${fromList(names.door(door, "open"))}`,
        `${door.name}: open sources`,
      )
    ),
    ...matchServices(guarded, family).map((match) =>
      rule(`action=drop ${match}`, "all other sources")
    ),
    ...(isWhole ? renderLastRules(names, rule) : []),
  ];
}

/** Returns the rules of trusted sources, for which these services are always open; all are where undefined. */
export function renderTrusted(
  { plan, family, own }: Names,
  services: readonly string[] | undefined,
  rule: (text: string, note: string) => Rule,
): Rule[] {
  if (listTrusted(plan, family).length === 0) return [];
  const trusted = fromList(own("trusted"));
  if (services === undefined) return [rule(`action=accept ${trusted}`, "trusted")];
  return [
    ...services.map((match) => rule(`action=accept ${match} ${trusted}`, "trusted")),
    rule(`action=return ${trusted}`, "trusted"),
  ];
}

/** A condition on two lists is a chain: the sources on the open list come here. */
function renderOpenedRules(names: Names, door: Door): Rule[] {
  const guarded = listGuarded(door);
  if (guarded.length === 0) return [];
  const rule = (text: string, note: string): Rule => ({
    chain: names.door(door, "opened"),
    text,
    note,
  });
  return [
    ...renderClosed(names, door, rule),
    ...(hasAll(guarded)
      ? [rule("action=accept", "open sources")]
      : matchServices(guarded, names.family).map((match) =>
        rule(`action=accept ${match}`, "open sources")
      )),
  ];
}

/** Returns the rule that lets a source leave the chain of open ones, which has closed the door. */
export function renderClosed(
  names: Names,
  door: Door,
  rule: (text: string, note: string) => Rule,
): Rule[] {
  if (door.closing.length === 0) return [];
  return [
    rule(`action=return ${fromList(names.door(door, "closed"))}`, "closed by their knocks"),
  ];
}

function hasAll(services: readonly { protocol: string }[]): boolean {
  return services.some(({ protocol }) => protocol === "all");
}

/** What the network itself needs. The kernel takes local sources, and `::1`, from this machine only. */
const NEEDED = {
  ipv4: [
    ["src-address-type=local", "from this router"],
    ["protocol=igmp", "multicast groups"],
    ["protocol=udp src-port=67 dst-port=68", "DHCP answers"],
  ],
  ipv6: [
    ["dst-address=::1/128", "from this router"],
    ...NEEDED_ICMPV6.map((type) =>
      [`protocol=icmpv6 icmp-options=${type}:0-255`, "neighbours and multicast groups"] as const
    ),
    ["protocol=udp src-address=fe80::/10 src-port=547 dst-port=546", "DHCP answers"],
  ],
} as const;

/** Everything is closed but what is public, and what the network itself needs. */
function renderLastRules(
  { plan, family }: Names,
  rule: (text: string, note: string) => Rule,
): Rule[] {
  return [
    ...matchServices(plan.publicServices, family).map((match) =>
      rule(`action=return ${match}`, "public")
    ),
    ...NEEDED[family].map(([match, note]) => rule(`action=return ${match}`, note)),
    rule("action=drop", "everything else"),
  ];
}
