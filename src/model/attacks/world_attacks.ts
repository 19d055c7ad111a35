/** The services of a door in each world around the rules: who reaches them, and who does not. */
import { detectFamily } from "../../core/address/syntax.ts";
import { isSecret, listNeutral, listSecretPorts } from "../../plan/plan.ts";
import {
  covers,
  isAmong,
  isPorts,
  type PortRange,
  renderService,
  type Service,
} from "../../core/service.ts";
import type { Attack, ClaimKind, TimedPacket } from "../attack.ts";
import {
  type AttackContext,
  createKnocks,
  findStrangePort,
  LATE_MS,
  pace,
} from "./attack_context.ts";
import type { WirePacket, World } from "../world.ts";

/** Where translated ports lead, and a host that no rule names. */
const BEHIND = { ipv4: "198.51.100.250", ipv6: "2001:db8:5100::250" } as const;
const ELSEWHERE = { ipv4: "198.51.100.251", ipv6: "2001:db8:5100::251" } as const;
/** The port of a service behind a translation. */
const INNER_PORT = 8_000;

type Try = Omit<Attack, "door" | "source" | "packets"> & { packets: TimedPacket[] };

/** Returns what happens at the door's services, in each world that the door is made for, or is not. */
export function listWorlds(context: AttackContext): Attack[] {
  const { door, parties } = context;
  const tries = [
    ...door.opens.flatMap((service) => tryService(context, service)),
    ...door.forwards.flatMap(({ host, service }) =>
      host === undefined ? tryTranslated(context, service) : tryRouted(context, service, host)
    ),
    ...tryLiveService(context),
    ...tryUntracked(context),
    ...tryOtherTables(context),
  ];
  return tries.map((each) => ({ ...each, door: door.name, source: parties.attacker }));
}

function findFamily({ parties }: AttackContext): "ipv4" | "ipv6" {
  return detectFamily(parties.attacker);
}

/** A packet to a service: to the first port of a range unless another is named. */
function visit(
  { plan, parties }: AttackContext,
  service: Service,
  changes: Partial<WirePacket> = {},
): WirePacket {
  const { attacker: source } = parties;
  if (isPorts(service)) {
    return { source, protocol: service.protocol, port: service.port, ...changes };
  }
  return service.protocol === "icmp"
    ? { source, protocol: "icmp", port: 0, ...changes }
    : { source, protocol: "tcp", port: findStrangePort(plan) ?? 1, ...changes };
}

/** A stranger, and a source that knocks, at one place of one world. */
function tryPlace(
  context: AttackContext,
  { name, where, world, packet, why }: {
    name: string;
    where: string;
    world?: World;
    packet: WirePacket;
    why: string;
  },
): Try[] {
  const make = (claim: ClaimKind, what: string, packets: readonly WirePacket[]): Try => ({
    name: `${name}-${claim === "refused" ? "stranger" : "knocked"}`,
    description: `${what} ${where}`,
    claim,
    reason: why,
    world,
    packets: pace(packets, context.gap),
  });
  return [
    make("refused", "a stranger at", [packet]),
    make("reaches", "the right knocks, then", [...createKnocks(context), packet]),
  ];
}

function tryService(context: AttackContext, service: Service): Try[] {
  const text = renderService(service);
  const name = `service-${text.replace("/", "-")}`;
  const why = "the service is closed to all but the open sources";
  const place = (end: string, port?: number) =>
    tryPlace(context, {
      name: `${name}${end}`,
      where: isPorts(service) ? `${port ?? service.port}/${service.protocol}` : text,
      packet: visit(context, service, port === undefined ? {} : { port }),
      why,
    });
  if (!isPorts(service)) return place("");
  const { last } = service;
  return [
    ...place(""),
    ...(last === undefined ? [] : [...place("-last", last), ...tryOutside(context, service)]),
    ...tryUnguarded(context, service),
  ];
}

/** The ports beside a range are left alone, unless something else names them. */
function tryOutside(context: AttackContext, { port, last = port, protocol }: PortRange): Try[] {
  const { plan, gap } = context;
  const named = [...plan.doors.flatMap(({ opens }) => opens), ...listNeutral(plan)];
  return [port - 1, last + 1].filter((each) =>
    each >= 1 && each <= 65_535 && !isAmong(named, { protocol, port: each })
  ).map((each) => ({
    name: `beside-${each}-${protocol}`,
    description: `a stranger at ${each}/${protocol}, beside the range`,
    claim: "passes",
    reason: "the rules leave it to other rules",
    packets: pace([visit(context, { port: each, protocol })], gap),
  }));
}

/** A plain port guards services of this machine: what is forwarded under its number is not. */
function tryUnguarded(context: AttackContext, service: PortRange): Try[] {
  const { door, gap, plan } = context;
  const isForwarded = plan.doors.some(({ forwards }) =>
    forwards.some((each) => each.host === undefined && covers(each.service, service))
  );
  const world = publish(context, service);
  if (isForwarded || door.opens.some(({ protocol }) => protocol === "all")) return [];
  const text = renderService({ port: service.port, protocol: service.protocol });
  const target = plan.doors.length === 1 ? "" : `${door.name}=`;
  return [{
    name: `published-unguarded-${text.replace("/", "-")}`,
    description: `a stranger at ${text}, where it is published or forwarded`,
    claim: "vulnerable",
    reason: `a forwarded port does not come here: guard it by --forward ${target}${text}`,
    world,
    packets: pace([visit(context, service)], gap),
  }, {
    name: `redirected-to-${text.replace("/", "-")}`,
    description: `a stranger at another port that is redirected to ${text}`,
    claim: "refused",
    reason: "a redirected packet comes here at the port that it is redirected to",
    world: redirect(service),
    packets: pace(
      [visit(context, { port: findRedirected(service), protocol: service.protocol })],
      gap,
    ),
  }];
}

function publish(context: AttackContext, service: PortRange): World {
  const host = BEHIND[findFamily(context)];
  const translations = [{ service, host, port: INNER_PORT }];
  return { name: "a published port", translations };
}

function redirect(service: PortRange): World {
  const from: PortRange = { port: findRedirected(service), protocol: service.protocol };
  return { name: "a redirected port", translations: [{ service: from, port: service.port }] };
}

/** A port that is redirected to the first port of a service. */
function findRedirected({ port }: PortRange): number {
  return port === INNER_PORT ? INNER_PORT + 1 : INNER_PORT;
}

function tryTranslated(context: AttackContext, service: PortRange): Try[] {
  const { door, gap } = context;
  const text = renderService(service);
  const name = text.replace("/", "-");
  const published = publish(context, service);
  const why = "guarded by the port that the client sees";
  const packet = visit(context, service);
  const first = { ...packet, sourcePort: 40_000 };
  const opening = pace([...createKnocks(context), first], gap);
  const standing = { ...first, ...OTHER_FLAGS[service.protocol] };
  const opened = opening.at(-1)?.at ?? 0;
  const later = opened + door.openForMs + LATE_MS;
  return [
    ...tryPlace(context, {
      name: `published-${name}`,
      where: `${text}, which is published`,
      world: published,
      packet,
      why,
    }),
    ...tryPlace(context, {
      name: `redirected-${name}`,
      where: `${text}, which is redirected to another port of this machine`,
      world: { name: "a redirected port", translations: [{ service, port: INNER_PORT }] },
      packet,
      why,
    }),
    ...tryPlace(context, {
      name: `proxied-${name}`,
      where: `${text}, which a program of this machine answers`,
      packet,
      why: "a proxy (Docker's for IPv6) is a service of this machine",
    }),
    {
      name: `published-standing-${name}`,
      description: `a connection to ${text}, which is published, after the open time`,
      claim: "passes",
      reason: "connections go on",
      world: { ...published, answering: [service] },
      packets: [...opening, ...keepAlive(standing, { from: opened, to: later })],
    },
    {
      name: `transit-${name}`,
      description: `a packet to ${text} of another host that is routed here`,
      claim: "passes",
      reason: "only what is translated here is guarded",
      packets: pace([{ ...packet, host: ELSEWHERE[findFamily(context)] }], gap),
    },
  ];
}

/** Less than the kernel keeps a udp connection without a packet. */
const ALIVE_MS = 60_000;

/** Packets until the end, so many that the connection is not forgotten. */
function keepAlive(packet: WirePacket, { from, to }: { from: number; to: number }): TimedPacket[] {
  const count = Math.ceil((to - from) / ALIVE_MS);
  return Array.from({ length: count }, (_, index) => ({
    packet,
    at: Math.min(from + (index + 1) * ALIVE_MS, to),
  }));
}

/** Not a SYN. */
const OTHER_FLAGS = { tcp: { flags: "other" }, udp: {} } as const;

function tryRouted(context: AttackContext, service: PortRange, host: string): Try[] {
  if (detectFamily(host) !== findFamily(context)) return [];
  const text = `${host} ${renderService(service)}`;
  const name = `routed-${renderService(service).replace("/", "-")}`;
  const packet = visit(context, service, { host });
  return [
    ...tryPlace(context, {
      name,
      where: `${text}, a host behind`,
      packet,
      why: "the service is closed to all but the open sources",
    }),
    {
      name: `${name}-elsewhere`,
      description: `a stranger at ${renderService(service)} of another host behind`,
      claim: "passes",
      reason: "only the host that is named is guarded",
      packets: pace([{ ...packet, host: ELSEWHERE[findFamily(context)] }], context.gap),
    },
  ];
}

/** Where a service answers at a knock port, all knocks of a socket but the first belong to a connection. */
function tryLiveService(context: AttackContext): Try[] {
  const { door, gap } = context;
  const answering = listSecretPorts({ doors: [door] });
  if (answering.length === 0 || !door.stages.every(isSecret)) return [];
  const knocks = createKnocks(context).map((knock) => ({ ...knock, sourcePort: 40_000 }));
  return [{
    name: "live-service",
    description: "the right knocks from one socket, twice, where a service answers at their ports",
    claim: "opens",
    reason: "a secret is looked for in packets of connections, too",
    world: { name: "a live service at the knock ports", answering },
    packets: pace([...knocks, ...knocks], gap),
  }];
}

/** Without connection tracking a connection is new packets for the door. */
function tryUntracked(context: AttackContext): Try[] {
  const { door, gap } = context;
  const service = door.opens.find(isPorts);
  if (service === undefined) return [];
  const first = visit(context, service, { sourcePort: 40_000 });
  const opening = pace([...createKnocks(context), first], gap);
  const later = (opening.at(-1)?.at ?? 0) + door.openForMs + LATE_MS;
  return [{
    name: "untracked-standing",
    description: "a connection after the open time, where it is not tracked (notrack)",
    claim: "blocked",
    reason: "only tracked connections go on after the open time",
    world: { name: "a notrack rule", answering: [service], untracked: [service] },
    packets: [...opening, { packet: { ...first, ...OTHER_FLAGS[service.protocol] }, at: later }],
  }];
}

/** A drop anywhere wins: the header says what else has to let through. */
function tryOtherTables(context: AttackContext): Try[] {
  const { door, gap } = context;
  const service = door.opens[0];
  if (service === undefined) return [];
  const packets = pace([...createKnocks(context), visit(context, service)], gap);
  return [{
    name: "knocks-dropped",
    description: "the right knocks, where another table drops them before",
    claim: "closed",
    reason: "the rules never see them: another table has to let the knock ports through",
    world: { name: "another table before the rules", droppedBefore: door.stages },
    packets,
  }, {
    name: "service-dropped",
    description: "the right knocks, where another table drops the service",
    claim: "blocked",
    reason: "an accept does not bind other tables: they have to let the service through",
    world: { name: "another table behind the rules", droppedAfter: [service] },
    packets,
  }];
}
