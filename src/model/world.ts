/**
 * What is around a rule set on its way to a packet, in the kernel's order: connection tracking, NAT,
 * another table, the rules, another table, the service. The rules see the packet behind NAT, and whether it
 * belongs to a connection (docs/firewall-model.md, "The world around the rules").
 */
import type { Plan } from "../plan/plan.ts";
import { covers, isAmong, type PortRange, type Service } from "../core/service.ts";
import {
  createFirewallModel,
  type FirewallModel,
  type ModelPacket,
  type Verdict,
} from "./model.ts";

/** A packet as it arrives, before connection tracking and NAT. */
export interface WirePacket extends Omit<ModelPacket, "established" | "originalPort"> {
  /** Of the source; where undefined, one that it never used before. */
  sourcePort?: number | undefined;
}

/** Ports that NAT translates: published by Docker, forwarded, or redirected. */
interface Translation {
  /** What the client sees. */
  service: PortRange;
  /** Where it leads; this machine where undefined. */
  host?: string | undefined;
  /** What the first port becomes. */
  port: number;
}

/** What is around the rules. */
export interface World {
  /** By the name that people know: `a port that Docker publishes`. */
  name: string;
  translations?: readonly Translation[];
  /** Services of this machine that answer: later packets from the same socket belong to a connection. */
  answering?: readonly Service[];
  /** Services that a `notrack` rule excepts from connection tracking, and so from NAT. */
  untracked?: readonly Service[];
  /** What another table drops before the rules see it. */
  droppedBefore?: readonly Service[];
  /** What another table drops of that which the rules accept. */
  droppedAfter?: readonly Service[];
}

/** A machine with nothing but the rules. */
export const BARE_WORLD: World = { name: "a service of this machine" };

/** What became of a packet. */
type Delivery = Verdict & {
  /** Whether it came to where it goes. */
  reached: boolean;
  /** Whether it belonged to a connection. */
  established: boolean;
};

/** A rule set in a world. */
interface WorldModel extends Pick<FirewallModel, "isLetIn"> {
  /** Passes a packet through the world; see {@linkcode FirewallModel}. */
  receive(packet: WirePacket, at: number): Delivery;
}

/**
 * How long the kernel tracks a connection without a packet, in milliseconds: its defaults
 * (nf_conntrack_udp_timeout, _udp_timeout_stream, _tcp_timeout_syn_sent, _tcp_timeout_established).
 */
const TRACKED_MS = {
  udp: { new: 30_000, replied: 120_000 },
  tcp: { new: 120_000, replied: 432_000_000 },
  icmp: { new: 30_000, replied: 30_000 },
} as const;

interface Connection {
  until: number;
  replied: boolean;
  translation: Translation | undefined;
}

/**
 * Returns a rule set in a world; see {@linkcode createFirewallModel} for what it throws.
 *
 * @param model the rules; the model's own where undefined.
 */
export function createWorldModel(
  plan: Plan,
  world: World = BARE_WORLD,
  model: FirewallModel = createFirewallModel(plan),
): WorldModel {
  const connections = new Map<string, Connection>();
  return {
    isLetIn: (...place) => model.isLetIn(...place),
    receive(packet, at) {
      const key = isAmong(world.untracked ?? [], packet) ? undefined : nameConnection(packet);
      const known = key === undefined ? undefined : findLive(connections, key, at);
      const translation = known === undefined ? findTranslation(world, packet) : known.translation;
      const established = known?.replied ?? false;
      const delivery = pass(model, world, {
        packet: translate(packet, translation),
        established,
        at,
      });
      if (key !== undefined && delivery.reached) {
        const replied = established || isAmong(world.answering ?? [], packet);
        const { [replied ? "replied" : "new"]: ms } = TRACKED_MS[packet.protocol];
        connections.set(key, { until: at + ms, replied, translation });
      }
      return delivery;
    },
  };
}

/** Two packets of one connection have the same name; undefined where no other packet can be of it. */
function nameConnection({ source, sourcePort, protocol, port, host }: WirePacket) {
  if (sourcePort === undefined) return undefined;
  return `${source} ${sourcePort} ${protocol} ${port} ${host ?? ""}`;
}

function findLive(connections: ReadonlyMap<string, Connection>, key: string, at: number) {
  const found = connections.get(key);
  return found !== undefined && at < found.until ? found : undefined;
}

/** Only what is sent to this machine is translated. */
function findTranslation(
  { translations = [], untracked = [] }: World,
  packet: WirePacket,
): Translation | undefined {
  if (packet.host !== undefined || isAmong(untracked, packet)) return undefined;
  return translations.find(({ service }) => covers(service, packet));
}

function translate(packet: WirePacket, translation: Translation | undefined): ModelPacket {
  if (translation === undefined) return packet;
  const port = translation.port + packet.port - translation.service.port;
  return { ...packet, port, originalPort: packet.port, host: translation.host };
}

function pass(
  model: FirewallModel,
  { droppedBefore = [], droppedAfter = [] }: World,
  { packet, established, at }: { packet: ModelPacket; established: boolean; at: number },
): Delivery {
  if (!established && isAmong(droppedBefore, packet)) {
    return { ...LOST, reached: false, established };
  }
  const verdict = model.receive(established ? { ...packet, established } : packet, at);
  const reached = verdict.accepted && (established || !isAmong(droppedAfter, packet));
  return { ...verdict, reached, established };
}

const LOST: Verdict = {
  kind: "refuse",
  accepted: false,
  guarded: false,
  knocks: [],
  reset: [],
  banned: false,
};
