/**
 * The forwarded ports of a plan in RouterOS' language.
 *
 * - A translated port: the filter sees a packet after its translation, and a rule cannot ask for the port
 *   that the client sees. So a stranger's packet is not translated: a rule in `dstnat`, before those of the
 *   user, accepts it as it is. It comes to this machine then, where the door drops it. NAT asks only about
 *   the first packet of a connection: one that is translated stays so. Why no marks: docs/decisions.md.
 * - A host behind: rules in the forward chain, by its address.
 */
import { type Door, listTranslated } from "../../../plan/plan.ts";
import { overlaps, type PortRange, renderService } from "../../../core/service.ts";
import { listHosts, listTrusted, refuse } from "../../backend.ts";
import { renderClosed, renderTrusted } from "./door.ts";
import { fromList, jumpTo, matchPorts, type Names, type Rule } from "./syntax.ts";

/** Whether the plan has a port that is forwarded to a host behind, of this family. */
export function hasRouted({ plan, family }: Names): boolean {
  return plan.doors.some((door) => matchHosts(door, family).length > 0);
}

/** Whether the plan has a translated port. */
export function hasTranslated({ plan }: Pick<Names, "plan">): boolean {
  return plan.doors.some((door) => listTranslated(door).length > 0);
}

/** Returns the chains of packets to hosts behind: strangers are dropped, connections left to the user's rules. */
export function renderRouted(names: Names): Rule[] {
  if (!hasRouted(names)) return [];
  const { plan, family, own } = names;
  const rule = (text: string, note: string): Rule => ({ chain: own("forward"), text, note });
  const doors = plan.doors.filter((door) => matchHosts(door, family).length > 0);
  const hosts = [...new Set(doors.flatMap((door) => matchHosts(door, family)))];
  return [
    ...doors.flatMap((door) => renderBehindRules(names, door)),
    rule("action=return connection-state=established,related", "connections continue"),
    ...renderTrusted(names, hosts, rule),
    ...doors.map((door) =>
      rule(
        `${jumpTo(names.door(door, "behind"))} ${fromList(names.door(door, "open"))}`,
        `${door.name}: open sources`,
      )
    ),
    ...hosts.map((match) => rule(`action=drop ${match}`, "all other sources")),
  ];
}

function renderBehindRules(names: Names, door: Door): Rule[] {
  const rule = (text: string, note: string): Rule => ({
    chain: names.door(door, "behind"),
    text,
    note,
  });
  return [
    ...renderClosed(names, door, rule),
    ...matchHosts(door, names.family).map((match) =>
      rule(`action=accept ${match}`, "open sources")
    ),
  ];
}

function matchHosts({ forwards }: Door, family: Names["family"]): string[] {
  return listHosts(forwards, family).flatMap(({ host, services }) =>
    matchPorts(services).map((ports) => `dst-address=${host} ${ports}`)
  );
}

/**
 * Returns the NAT chain that leaves strangers' packets as they are: `return` is to the user's rules.
 *
 * @throws {UsageError} if two doors that can be closed have the same port: a packet is let on by one list.
 */
export function renderTranslated(names: Names): Rule[] {
  const { plan, family, own } = names;
  const rule = (text: string, note: string): Rule => ({ chain: own("dstnat"), text, note });
  const doors = plan.doors.filter((door) => listTranslated(door).length > 0);
  const closable = doors.filter(({ closing }) => closing.length > 0);
  refuseShared(closable);
  if (doors.length === 0) return [];
  return [
    ...(listTrusted(plan, family).length === 0
      ? []
      : [rule(`action=return ${fromList(own("trusted"))}`, "trusted")]),
    // One that has closed its own door can still use another's, but not the reverse.
    ...[...doors.filter((door) => !closable.includes(door)), ...closable].flatMap((door) =>
      matchPorts(listTranslated(door)).flatMap((ports) => [
        ...(closable.includes(door)
          ? [
            rule(
              `action=accept ${ports} ${fromList(names.door(door, "closed"))}`,
              `${door.name}: closed, not translated`,
            ),
          ]
          : []),
        rule(
          `action=return ${ports} ${fromList(names.door(door, "open"))}`,
          `${door.name}: open sources`,
        ),
      ])
    ),
    ...matchPorts(doors.flatMap(listTranslated)).map((ports) =>
      rule(`action=accept ${ports}`, "all other sources: not translated")
    ),
  ];
}

function refuseShared(doors: readonly Door[]): void {
  const ports = doors.map(listTranslated);
  const shared = ports.flatMap((own, index) =>
    own.filter((port) => ports.slice(index + 1).flat().some((other) => overlaps(port, other)))
  ).at(0) satisfies PortRange | undefined;
  if (shared === undefined) return;
  throw refuse(
    "mikrotik",
    `the forwarded port ${renderService(shared)} in two targets with closing knocks`,
    "forward it in one of them, or remove the close table of the other",
  );
}
