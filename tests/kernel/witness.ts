/** A table behind every firewall of a namespace, which writes down the packets that got through. */
import { parseAddress } from "../../src/core/address/address.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import type { Namespace } from "./lab.ts";

/** A packet that is sent last; seen before the rules, which may drop it. */
export const SENTINEL_PORT = 39_999;

const RULES = `
table inet witness {
  set seen_4 { type ipv4_addr . inet_proto . inet_service . inet_service; size 65535; flags dynamic; }
  set seen_6 { type ipv6_addr . inet_proto . inet_service . inet_service; size 65535; flags dynamic; }
  set echo_4 { typeof ip saddr . icmp id; size 65535; flags dynamic; }
  set echo_6 { typeof ip6 saddr . icmpv6 id; size 65535; flags dynamic; }
  chain input {
    type filter hook input priority 300; policy accept;
    meta l4proto { tcp, udp } add @seen_4 { ip saddr . meta l4proto . th sport . th dport }
    meta l4proto { tcp, udp } add @seen_6 { ip6 saddr . meta l4proto . th sport . th dport }
    icmp type echo-request add @echo_4 { ip saddr . icmp id }
    icmpv6 type echo-request add @echo_6 { ip6 saddr . icmpv6 id }
  }
  chain prerouting {
    type filter hook prerouting priority 300; policy accept;
    udp dport ${SENTINEL_PORT} add @seen_4 { ip saddr . meta l4proto . th sport . th dport }
  }
}
`;
const SETS = ["seen_4", "seen_6", "echo_4", "echo_6"];

/** What got through to a namespace. */
export interface Witness {
  /** Empties what was seen. */
  forget(): Promise<void>;
  /** Which packets got through, as {@linkcode describeSeen} names them. */
  seen(): Promise<Set<string>>;
}

/** Loads the table. */
export async function startWitness(place: Namespace): Promise<Witness> {
  await place.nft(RULES);
  return {
    forget: () => place.nft(SETS.map((set) => `flush set inet witness ${set}\n`).join("")),
    async seen() {
      const json = await place.run(["nft", "-j", "list", "table", "inet", "witness"]);
      const { nftables } = JSON.parse(json) as {
        nftables: { set?: { elem?: ({ concat: unknown[] })[] } }[];
      };
      return new Set(
        nftables.flatMap(({ set }) => (set?.elem ?? []).map(({ concat }) => concat.join(" "))),
      );
    },
  };
}

/** Returns `SOURCE PROTOCOL SOURCE-PORT PORT`, of an echo request `SOURCE ID`. */
export function describeSeen(
  { source, protocol, port }: Pick<ModelPacket, "source" | "protocol" | "port">,
  sourcePort: number,
): string {
  // As nft writes it.
  const { text } = parseAddress(source);
  if (protocol === "icmp") return `${text} ${sourcePort}`;
  return `${text} ${protocol} ${sourcePort} ${port}`;
}
