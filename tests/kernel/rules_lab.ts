/**
 * Generated rule sets on a real kernel: loaded by the real tools, met by real packets, and asked
 * which packets got through.
 */
import { assertEquals } from "@std/assert";
import { renderPortSpec } from "../../src/core/knock.ts";
import type { Door, Plan } from "../../src/plan/plan.ts";
import type { TimedPacket } from "../../src/model/attack.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import type { Backend } from "../../src/rules/backend.ts";
import { iptables } from "../../src/rules/backends/iptables/iptables.ts";
import { nftables } from "../../src/rules/backends/nftables/nftables.ts";
import { nftablesOpenwrt } from "../../src/rules/backends/nftables/openwrt.ts";
import { findRefusal, narrowTo } from "../../src/rules/features.ts";
import { renderRules } from "../../src/rules/render.ts";
import type { Agent, SendItem } from "./agent_protocol.ts";
import type { Lab, Namespace } from "./lab.ts";
import { compare, isLate } from "./compare.ts";
import { describeSeen, SENTINEL_PORT, startWitness, type Witness } from "./witness.ts";
import { loadOpenwrt, undoOpenwrt } from "./openwrt.ts";
import { getDoor } from "../plans.ts";

/** The tools that these tests need. */
export const TOOLS = ["iptables", "ip6tables", "ipset", "nmap"];

/** A back end and what loads its output. */
export interface Firewall {
  name: string;
  backend: Backend;
  /** How many sources its lists have room for; `recent` keeps 100. */
  capacity: number;
  /** Whether its own rules drop what ours leave to them. */
  dropsOthers?: boolean;
  /** Whether the open sources are forgotten when a file is loaded again. */
  forgets?: boolean;
  /**
   * Whether its verdict about every packet of a trace is the model's; everywhere where undefined. Of other traces only this
   * is compared: it lets nothing through that the model drops, and the claim of an attack holds.
   */
  isExact?(plan: Plan, trace: Trace): boolean;
  /** Attacks of inexact traces after which its door is closed and the model's is open, and why. */
  strict?: Readonly<Record<string, string>>;
  load(server: Namespace, plan: Plan): Promise<void>;
  /** Everything that the firewall's tools list, without what counts down. */
  list(server: Namespace): Promise<string>;
  /** By the command that the header prints. */
  undo(server: Namespace, plan: Plan): Promise<void>;
}

/** What each rule set is rendered with. */
export const HOST = { host: "fw.example.com" };

const TEMPORARY = Deno.env.get("TMPDIR") ?? "/tmp";

/** nftables, also inside OpenWrt's fw4, and both variants of iptables. */
export const FIREWALLS: readonly Firewall[] = [
  {
    name: "nftables",
    backend: nftables,
    capacity: 10_000,
    async load(server, plan) {
      const rules = renderRules(nftables, plan, HOST);
      await server.run(["nft", "-c", "-f", "-"], { stdin: rules });
      await server.run(["nft", "-f", "-"], { stdin: rules });
    },
    list: (server) => server.run(["nft", "-s", "list", "ruleset"]),
    async undo(server, plan) {
      const command = /^# Undo: +(nft .*)$/m.exec(renderRules(nftables, plan, HOST))?.[1];
      await server.run((command ?? "").split(" "));
    },
  },
  {
    name: "OpenWrt's nftables",
    backend: nftablesOpenwrt,
    capacity: 10_000,
    dropsOthers: true,
    forgets: true,
    load: loadOpenwrt,
    list: (server) => server.run(["nft", "-s", "list", "ruleset"]),
    undo: undoOpenwrt,
  },
  ...["ipset", "recent"].map((variant): Firewall => {
    const script = (plan: Plan) => renderRules(iptables, plan, { ...HOST, variant });
    // The keys of one-time codes: each namespace has its own files.
    const env = ({ name }: Namespace) => ({ SPKNOCK_DIR: `${TEMPORARY}/${name}` });
    return {
      name: `iptables with ${variant}`,
      backend: narrowTo(iptables, variant),
      capacity: variant === "recent" ? 90 : 10_000,
      async load(server, plan) {
        await server.run(["sh", "-s"], { stdin: script(plan), env: env(server) });
      },
      list: listTables,
      async undo(server, plan) {
        await server.run(["sh", "-s", "undo"], { stdin: script(plan), env: env(server) });
      },
    };
  }),
];

/** Returns the rules and sets of iptables, without what counts. */
export async function listTables(server: Namespace): Promise<string> {
  const rules = [
    ...["iptables", "ip6tables"].flatMap((program) => [
      [program, "-S"],
      [program, "-t", "mangle", "-S"],
    ]),
    ["ipset", "list", "-t"],
  ];
  const listed = await Promise.all(rules.map((args) => server.run(args)));
  // A set that holds something says how much memory it takes.
  return listed.join("").replaceAll(/^(Size in memory|Number of entries): \d+\n/gm, "");
}

/** Returns the plan, or its IPv4 part, as far as the back end does not refuse it by name; undefined where it refuses both. */
export function adaptPlan({ backend }: Firewall, plan: Plan): Plan | undefined {
  const parts = [plan, { ...plan, families: ["ipv4"] as const }];
  return parts.find((part) => findRefusal(backend, part) === undefined);
}

/** A lab with the witness, and with a way back to every spoofed source. */
export interface Range extends Witness {
  lab: Lab;
  agent: Agent;
  /** Whether packets to other ports are compared, too. */
  comparesOthers: boolean;
}

/** Prepares a lab for {@linkcode shoot}; of a firewall without a name only guarded ports are compared. */
export async function createRange(lab: Lab, firewall?: Firewall): Promise<Range> {
  const { client, server } = lab;
  await server.run(["ip", "route", "add", "198.18.0.0/15", "via", client.ipv4]);
  await server.run(["ip", "-6", "route", "add", "2001:db8::/32", "via", client.ipv6]);
  return {
    lab,
    agent: await client.agent(),
    comparesOthers: firewall !== undefined && firewall.dropsOthers !== true,
    ...await startWitness(server),
  };
}

/** A sequence of packets from sources of its own. */
export interface Trace {
  name: string;
  packets: readonly TimedPacket[];
}

/** What the model and the kernel said about a trace. */
export interface Outcome {
  trace: Trace;
  /** Packets about which they differ, in words; empty where they agree. */
  differences: string[];
  /** Packets that were compared, and that were too close to a timeout to be. */
  compared: number;
  skipped: number;
  /** Packets of the compared that got through. */
  passed: number;
  /** Whether every verdict had to be the same; see {@linkcode Firewall.isExact}. */
  isExact: boolean;
  /** Whether the kernel let the last packet through. */
  lastSeen: boolean;
  /** Whether a packet left so late that the trace is not what it was meant to be. */
  isLate: boolean;
}

/**
 * Sends all traces at once, each packet at its moment, and asks the model with the moments at which
 * the packets really left. Compared are the packets to guarded services, and
 * to all others where only our rules can drop them.
 */
export async function shoot(
  range: Range,
  plan: Plan,
  traces: readonly Trace[],
  { isExact = () => true }: Pick<Firewall, "isExact"> = {},
): Promise<Outcome[]> {
  const shots = traces.flatMap(({ packets }, trace) =>
    packets.map(({ packet, at }, index) => ({ trace, index, packet, at }))
  ).sort((a, b) => a.at - b.at || a.trace - b.trace || a.index - b.index);
  await range.forget();
  // Each packet is a connection of its own: a source port that its source has not used yet.
  const items = shots.map(({ packet, at, index }) => itemOf(range, packet, at, 10_000 + index));
  const epoch = Date.now();
  const moments = await range.agent.send(items);
  await settle(range);
  const seen = await range.seen();
  return traces.map((trace, number) => {
    const mine = shots.flatMap(({ trace, index, packet }, shot) =>
      trace === number ? [{ packet, index, at: moments[shot] as number }] : []
    );
    const isSeen = ({ packet, index }: { packet: ModelPacket; index: number }) =>
      seen.has(describeSeen(packet, 10_000 + index));
    const exact = isExact(plan, trace);
    return {
      trace,
      ...compare(plan, mine, { isSeen, isExact: exact, all: range.comparesOthers, epoch }),
      isExact: exact,
      lastSeen: isSeen(mine.at(-1) as typeof mine[0]),
      isLate: isLate(trace.packets, mine),
    };
  });
}

function itemOf(range: Range, packet: ModelPacket, at: number, sourcePort: number): SendItem {
  const { server } = range.lab;
  const isIpv6 = packet.source.includes(":");
  const broadcast = isIpv6 ? "ff02::1" : server.ipv4.replace(/\d+$/, "255");
  return {
    source: packet.source,
    host: packet.toHost === false ? broadcast : isIpv6 ? server.ipv6 : server.ipv4,
    protocol: packet.protocol,
    port: packet.port,
    sourcePort,
    payloadHex: packet.payload?.toHex(),
    flags: packet.flags,
    atMs: at,
  };
}

const SETTLE_TIMEOUT_MS = 10_000;

/** Waits until the kernel has seen to a packet that was sent last. */
export async function settle({ lab, agent, seen }: Range): Promise<void> {
  const { client, server } = lab;
  await agent.send([{
    source: client.ipv4,
    host: server.ipv4,
    protocol: "udp",
    port: SENTINEL_PORT,
    sourcePort: SENTINEL_PORT,
  }]);
  const key = `${client.ipv4} udp ${SENTINEL_PORT} ${SENTINEL_PORT}`;
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  while (!(await seen()).has(key)) {
    if (Date.now() > deadline) throw new Error("the last packet never came through");
  }
}

/** A try to connect to the first service of a door; of the first one where undefined. */
export function probe(plan: Plan, source: string, door?: string): ModelPacket {
  const service = findDoor(plan, door).opens[0];
  if (service === undefined || service.protocol === "all") return { source, ...ANY_SERVICE };
  return { source, protocol: service.protocol, port: service.port ?? 0 };
}

/** Where everything is closed. */
const ANY_SERVICE = { protocol: "tcp", port: 4_999 } as const;

/** The knocks of a door; of the first one where undefined. */
export function createKnocks(plan: Plan, source: string, door?: string): ModelPacket[] {
  return findDoor(plan, door).stages.map((stage) => ({ source, ...stage }));
}

function findDoor(plan: Plan, name: string | undefined): Door {
  return plan.doors.find((door) => door.name === name) ?? getDoor(plan);
}

/** Packets, 20 ms apart. */
export function paced(packets: readonly ModelPacket[], start = 0): TimedPacket[] {
  return packets.map((packet, index) => ({ packet, at: start + index * 20 }));
}

/** Runs a proof for every firewall at the same time, each in labs of its own; SPKNOCK_FIREWALL chooses. */
export async function forEachFirewall(
  context: Deno.TestContext,
  proof: (firewall: Firewall) => Promise<void>,
  firewalls: readonly Firewall[] = FIREWALLS,
): Promise<void> {
  const only = Deno.env.get("SPKNOCK_FIREWALL") ?? "";
  await Promise.all(
    firewalls.filter(({ name }) => name.includes(only)).map((firewall) =>
      context.step({
        name: firewall.name,
        fn: () => proof(firewall),
        // They run at the same time and would be blamed for each other's processes.
        sanitizeOps: false,
        sanitizeResources: false,
        sanitizeExit: false,
      })
    ),
  );
  await showSkipped(context);
}

/** What the running test leaves out. */
const SKIPPED: string[] = [];

/** Shows what was left out as ignored steps: a test that passes prints nothing else. */
export async function showSkipped(context: Deno.TestContext): Promise<void> {
  for (const name of SKIPPED.splice(0)) {
    await context.step({ name: `skipped: ${name}`, ignore: true, fn: () => {} });
  }
}

/**
 * Whether the firewall renders the plan; {@linkcode showSkipped} says what it refuses.
 *
 * @throws {Error} if nftables refuses it.
 */
export function isRendered({ name, backend }: Firewall, plan: Plan, what: string): boolean {
  const refusal = findRefusal(backend, plan);
  if (refusal === undefined) return true;
  if (backend.name.startsWith("nftables")) throw new Error(`${name}, ${what}: ${refusal.part}`);
  SKIPPED.push(`${name}, ${what}: refuses ${refusal.part}`);
  return false;
}

/** A plan in words, for messages. */
export function describePlan(plan: Plan): string {
  return plan.doors.map(({ name, stages }) => `${name}: ${stages.map(renderPortSpec).join(", ")}`)
    .join("; ");
}

/** Of so few packets at random moments many can be close to a timeout; `rules_traces_test.ts` checks their sum. */
const FEW = 40;

/** Fails with everything on which model and kernel differ, or if too little was compared. */
export function assertAgree(outcomes: readonly Outcome[], where: string): void {
  const compared = outcomes.reduce((sum, outcome) => sum + outcome.compared, 0);
  const skipped = outcomes.reduce((sum, outcome) => sum + outcome.skipped, 0);
  const isEnough = compared > 4 * skipped || compared + skipped < FEW;
  assertEquals(isEnough, true, `${where}: ${compared} compared, ${skipped} not`);
  const wrong = outcomes.filter(({ differences }) => differences.length > 0).map((outcome) =>
    `${where}, ${outcome.trace.name}: ${outcome.differences.join("; ")}\n` +
    outcome.trace.packets.map(renderPacket).join("\n")
  );
  assertEquals(
    wrong.length,
    0,
    `\n${wrong.slice(0, 3).join("\n")}\n(${wrong.length} traces differ)`,
  );
}

function renderPacket({ packet, at }: TimedPacket, index: number): string {
  const { source, payload, flags, toHost } = packet;
  const extra = [
    payload === undefined ? "" : `${payload.length} bytes`,
    flags ?? "",
    toHost === false ? "broadcast" : "",
  ];
  return `  ${index} at ${at.toFixed(0)} ms: ${source} ${renderPortSpec(packet)} ${
    extra.join(" ")
  }`;
}

/** Parts of at most `size`. */
export function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, index) => items.slice(index * size, (index + 1) * size),
  );
}
