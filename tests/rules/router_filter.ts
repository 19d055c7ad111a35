/**
 * What a RouterOS filter does with a packet, by MikroTik's documents: rules in order, `jump` and
 * `return`, `add-src-to-address-list` passing the packet on, entries renewed by a repeated match.
 * A packet is the first of its connection unless it says that it is not. A property that is not known here is an error.
 */
import { createNetworkMatcher, parseAddress } from "../../src/core/address/address.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import type { Item, Router } from "./router.ts";

/** A filter, the NAT rules before it, and the address lists. */
export interface Filter {
  /**
   * Whether the input chain, or for a host behind the forward chain, lets the packet through; what no rule
   * decides is let through. A packet with an original port is one that the user's NAT would translate: if an
   * own rule prevents it, it comes to this router with that port.
   */
  receive(packet: RoutedPacket, at: number): boolean;
  /** Whether it would; nothing is remembered. */
  ask(packet: RoutedPacket, at: number): boolean;
  /** Runs what changes the router, which sees and can remove what rules have added to lists. */
  change(run: () => void): void;
}

/** A packet, and to which address of this router; to one that is always the same where undefined. */
export interface RoutedPacket extends ModelPacket {
  to?: string | undefined;
}

function findDestination({ to, host, source }: RoutedPacket): string {
  return to ?? host ?? (source.includes(":") ? "2001:db8::1" : "192.0.2.1");
}

type Menu = "filter" | "nat";

const HEADERS = { "/ip": 28, "/ipv6": 48 } as const;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** Properties that are not matchers, and the interfaces, which always match. */
const IGNORED = new Set([
  ..."action chain comment jump-target address-list address-list-timeout disabled".split(" "),
  ...["in-interface", "in-interface-list"],
]);

function readMenus(router: Router, ip: string): Record<Menu, Map<string, Item[]>> {
  const read = (menu: Menu) =>
    Map.groupBy(router.menu(`${ip} firewall ${menu}`), (rule) => rule["chain"] ?? "");
  return { filter: read("filter"), nat: read("nat") };
}

function readLists(router: Router, ip: string): Map<string, Item[]> {
  return Map.groupBy(router.menu(`${ip} firewall address-list`), (item) => item["list"] ?? "");
}

/** The filter of one family, with the rules that the router holds now. */
export function createFilter(router: Router, ip: keyof typeof HEADERS): Filter {
  let menus = readMenus(router, ip);
  let fixed = readLists(router, ip);
  /** `LIST SOURCE` to the moment at which the entry goes. */
  const timed = new Map<string, number>();
  let isAsking = false;

  function isListed(list: string, source: string, at: number): boolean {
    if ((timed.get(`${list} ${source}`) ?? 0) > at) return true;
    const networks = fixed.get(list)?.map((entry) => entry["address"] ?? "");
    return networks !== undefined && createNetworkMatcher(networks)(parseAddress(source));
  }

  function isMatch(rule: Item, packet: RoutedPacket, at: number): boolean {
    return Object.entries(rule).every(([name, value]) => {
      const payload = packet.payload ?? new Uint8Array();
      switch (name) {
        case "connection-state":
          return value.split(",").includes(packet.established ? "established" : "new");
        case "connection-nat-state":
          return value === "dstnat" && packet.originalPort !== undefined;
        case "protocol":
          return packet.protocol === value || value === "icmpv6" && packet.protocol === "icmp";
        case "icmp-options":
          return value === (ip === "/ip" ? "8:0-255" : "128:0-255");
        case "src-port":
          return false;
        case "src-address-type":
          return false;
        case "dst-port":
          return value.split(",").some((part) => {
            const [first, last = first] = part.split("-").map(Number);
            return packet.port >= Number(first) && packet.port <= Number(last);
          });
        case "tcp-flags":
          return value === "syn,!fin,!rst,!ack" && (packet.flags ?? "syn") === "syn";
        case "packet-size":
          return HEADERS[ip] + payload.length === Number(value);
        case "content":
          return new TextDecoder("latin1").decode(payload).includes(value);
        case "src-address-list":
          return isListed(value, packet.source, at);
        case "dst-address-list":
          return isListed(value, findDestination(packet), at);
        case "dst-address-type":
          return value === "local" && packet.toHost !== false;
        case "dst-address":
          return value === "!ff00::/8" ? packet.toHost !== false : packet.host === value;
        case "src-address":
          return false;
        default:
          if (IGNORED.has(name)) return true;
          throw new Error(`unknown property "${name}"`);
      }
    });
  }

  /** What the chain decides; undefined where the packet returns from it. */
  function walk(
    [menu, chain]: [Menu, chain: string],
    packet: RoutedPacket,
    at: number,
  ): boolean | undefined {
    for (const rule of menus[menu].get(chain) ?? []) {
      if (rule["disabled"] === "yes" || !isMatch(rule, packet, at)) continue;
      switch (rule["action"]) {
        case "accept":
          return true;
        case "drop":
          return false;
        case "return":
          return undefined;
        case "jump": {
          const decided = walk([menu, rule["jump-target"] ?? ""], packet, at);
          if (decided !== undefined) return decided;
          break;
        }
        case "add-src-to-address-list":
        case "add-dst-to-address-list": {
          if (isAsking) break;
          const until = at + parseMs(rule["address-list-timeout"] ?? "");
          const address = rule["action"].startsWith("add-src")
            ? packet.source
            : findDestination(packet);
          timed.set(`${rule["address-list"]} ${address}`, until);
          break;
        }
        default:
          throw new Error(`unknown action "${rule["action"]}"`);
      }
    }
    return undefined;
  }

  /** The first packet of a connection passes NAT. */
  function isLeft({ originalPort, host: _, ...packet }: RoutedPacket, at: number): boolean {
    if (originalPort === undefined || packet.established === true) return false;
    return walk(["nat", "dstnat"], { ...packet, port: originalPort }, at) === true;
  }

  function receive(packet: RoutedPacket, at: number): boolean {
    const { originalPort, host: _, ...rest } = packet;
    const seen = isLeft(packet, at) ? { ...rest, port: originalPort ?? rest.port } : packet;
    return walk(["filter", seen.host === undefined ? "input" : "forward"], seen, at) ?? true;
  }

  return {
    receive,
    change(run) {
      const list = router.menu(`${ip} firewall address-list`);
      const added = [...timed.keys()].map((entry): Item => {
        const [name = "", address = ""] = entry.split(" ");
        return { list: name, address, dynamic: "yes" };
      });
      list.push(...added);
      run();
      for (const item of added) {
        const place = list.indexOf(item);
        if (place === -1) timed.delete(`${item["list"]} ${item["address"]}`);
        else list.splice(place, 1);
      }
      [menus, fixed] = [readMenus(router, ip), readLists(router, ip)];
    },
    ask(packet, at) {
      isAsking = true;
      const isAccepted = receive(packet, at);
      isAsking = false;
      return isAccepted;
    },
  };
}

function parseMs(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(count) * (SECONDS[unit ?? ""] ?? NaN) * 1_000;
}
