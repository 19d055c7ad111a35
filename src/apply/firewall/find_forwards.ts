/** Ports that a server forwards or redirects. */
import { matchAll } from "./table.ts";
import type { FirewallTable, Packet, Rule } from "./table.ts";
import type { Protocol } from "../../core/knock.ts";

/** Ports that are forwarded or redirected before our rules see them. */
export interface ForwardedPort {
  protocol: Protocol;
  /** 1..65535; the first one of a range. */
  port: number;
  /** The last one of a range; `port` for a single one. */
  last: number;
  /** Where they lead, as the server writes it: `172.17.0.2:80`. */
  to: string;
}

/**
 * Returns what rules forward or redirect of the packets to an address of the server; every port where a
 * rule names none. Rules for packets of the machine itself do not count.
 */
export function findForwards(
  tables: readonly FirewallTable[],
  destination: string | undefined,
): ForwardedPort[] {
  const found = tables.flatMap((table) =>
    [...table.chains.values()]
      .filter(({ base }) => base === undefined || base.hook === "prerouting")
      .flatMap(({ rules }) =>
        rules.flatMap((rule) =>
          table.families.flatMap((family) => readForwards(rule, { family, destination }))
        )
      )
  );
  return [...new Map(found.map((forward) => [JSON.stringify(forward), forward])).values()];
}

function readForwards(
  { conditions, end }: Rule,
  place: Pick<Packet, "family" | "destination">,
): ForwardedPort[] {
  if (end.kind !== "translate") return [];
  const ports = conditions.find((condition) => condition.kind === "port");
  const ranges = ports?.kind === "port" && !ports.not ? ports.ranges : [[1, 65535] as const];
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    ranges.flatMap(([port, last]) => {
      const packet = { ...place, protocol, port, source: undefined, device: undefined };
      if (matchAll(conditions, packet) === "no") return [];
      return [{ protocol, port, last, to: end.to }];
    })
  );
}
