/** The door in iptables' language: what is closed to all but the open sources, here and behind this machine. */
import {
  type Door,
  listGuarded,
  listSecretPorts,
  listTranslated,
  type Plan,
} from "../../../plan/plan.ts";
import type { Forward } from "../../../core/service.ts";
import { hasRoutedIpv4, listHosts, listTrusted, NEEDED_ICMPV6 } from "../../backend.ts";
import {
  type Chain,
  isOpenFor,
  renderConnections,
  renderEchoRules,
  renderEntryChains,
  renderPortRules,
  renderTranslatedRules,
  type RuleContext,
} from "./syntax.ts";

/** Accepted where these rules guard; the other rules decide about everything else. */
export function renderTrustedRules({ plan, family }: RuleContext): string[] {
  const all = {
    opens: plan.doors.flatMap(({ opens }) => opens),
    forwards: plan.doors.flatMap(({ forwards }) => forwards),
  };
  return listTrusted(plan, family).flatMap((network) => [
    ...renderServiceRules(all, family, `-s ${network} -j ACCEPT`),
    `-s ${network} -j RETURN`,
  ]);
}

/** Returns the rules at the end of every walk. */
export function renderDoorRules(context: RuleContext): string[] {
  const { plan, family } = context;
  const guarded = plan.doors.flatMap(listGuarded);
  return [
    ...(listSecretPorts(plan).length > 0 ? [renderConnections("ACCEPT")] : []),
    ...plan.doors.flatMap((door) =>
      renderServiceRules(door, family, `${isOpenFor(context, door)} -j ACCEPT`)
    ),
    ...renderPortRules(guarded, "-j DROP"),
    ...renderTranslatedRules(plan.doors.flatMap(listTranslated), "-j DROP"),
    ...renderEchoRules(guarded, family, "-j DROP"),
    ...(guarded.some(({ protocol }) => protocol === "all") ? renderLastRules(plan, family) : []),
  ];
}

/** What a door guards on this machine. */
function renderServiceRules(
  door: Pick<Door, "opens" | "forwards">,
  family: RuleContext["family"],
  rest: string,
): string[] {
  if (door.opens.some(({ protocol }) => protocol === "all")) return [rest];
  return [
    ...renderPortRules(listGuarded(door), rest),
    ...renderTranslatedRules(listTranslated(door), rest),
    ...renderEchoRules(door.opens, family, rest),
  ];
}

/** The name would need a file that small systems do not have. */
const IGMP = 2;

/** Everything is closed but what is public, and what the network itself needs. */
function renderLastRules({ publicServices }: Plan, family: RuleContext["family"]): string[] {
  return [
    ...renderPortRules(publicServices, "-j RETURN"),
    ...renderEchoRules(publicServices, family, "-j RETURN"),
    ...(family === "ipv4" ? [`-p ${IGMP} -j RETURN`, "-p udp --sport 67 --dport 68 -j RETURN"] : [
      ...NEEDED_ICMPV6.map((type) => `-p ipv6-icmp --icmpv6-type ${type} -j RETURN`),
      "-s fe80::/10 -p udp --sport 547 --dport 546 -j RETURN",
    ]),
    "-j DROP",
  ];
}

/**
 * The ports that this machine forwards: chains of the mangle table, whose FORWARD is before the one of the filter
 * table, where Docker puts its rules at the top again. Empty where none is of this family.
 */
export function renderForwardChains(context: RuleContext): Chain[] {
  const { plan, family } = context;
  const drops = renderForwardRules(
    plan.doors.flatMap(({ forwards }) => forwards),
    family,
    "-j DROP",
  );
  if (drops.length === 0) return [];
  const rules = [
    "-i lo -j RETURN",
    ...listTrusted(plan, family).map((network) => `-s ${network} -j RETURN`),
    renderConnections("RETURN"),
    // Source routing: the next host is in the options until all rules have seen the packet.
    ...(hasRoutedIpv4(plan, family) ? ["-m addrtype --dst-type LOCAL -j DROP"] : []),
    ...plan.doors.flatMap((door) =>
      renderForwardRules(door.forwards, family, `${isOpenFor(context, door)} -j RETURN`)
    ),
    ...drops,
  ];
  const words = "Every packet that this machine forwards: open sources pass to what is guarded.";
  return renderEntryChains(context, { entry: "forward", rules, words });
}

function renderForwardRules(
  forwards: readonly Forward[],
  family: RuleContext["family"],
  rest: string,
): string[] {
  return [
    ...renderTranslatedRules(listTranslated({ forwards }), rest, "DNAT"),
    ...listHosts(forwards, family).flatMap(({ host, services }) =>
      renderPortRules(services, rest).map((rule) => `-d ${host} ${rule}`)
    ),
  ];
}
