/** A restart of Docker, and packets out of the ordinary, at a router with published ports. */
import { assertEquals } from "@std/assert";
import type { Plan, Stage } from "../../src/plan/plan.ts";
import { parseServices } from "../../src/core/service.ts";
import { parseForwards } from "../../src/rules/options.ts";
import { regularPlan, secretPlan } from "../rules/fixtures.ts";
import type { SendItem } from "./agent_protocol.ts";
import { createLab, kernelTest } from "./lab.ts";
import { createRouterLab, type RouterLab } from "./router_lab.ts";
import {
  createRange,
  type Firewall,
  forEachFirewall,
  isRendered,
  type Range,
  settle,
  TOOLS,
} from "./rules_lab.ts";
import { describeSeen, startWitness, type Witness } from "./witness.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;
type Family = typeof FAMILIES[number];

const OPTIONS = {
  opens: parseServices("22/tcp,51820/udp"),
  forwards: parseForwards("8080/tcp,5300/udp"),
};
const SECRET = secretPlan(OPTIONS);
const REGULAR = regularPlan(["7003/tcp", "9012/udp", "8044/tcp"], OPTIONS);

await kernelTest(
  "published ports after a restart of Docker",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      if (!isRendered(firewall, SECRET, "after a restart of Docker")) return;
      await using lab = await createLab();
      const router = await createRouterLab(lab);
      await firewall.load(lab.server, SECRET);
      await Promise.all(FAMILIES.map((family) => knock(router, family, 0)));
      const held = await Promise.all(FAMILIES.map((family) => {
        const source = lab.sources[family][0];
        return router.agents.client.hold({ source, host: lab.server[family], port: 8080 });
      }));
      for (let times = 0; times < 2; times++) await router.restartDocker();
      for (const [index, family] of FAMILIES.entries()) {
        const seen = await checkRestarted(router, family);
        assertEquals(
          [...seen, await held[index]?.isAlive(2_000)],
          ["open", "silent", "open", true],
          `${firewall.name}, ${family}`,
        );
      }
    }),
  { tools: TOOLS },
);

/** A source that has knocked before, a stranger, and one that knocks now. */
async function checkRestarted(router: RouterLab, family: Family): Promise<string[]> {
  const { lab, agents } = router;
  const states: string[] = [];
  await knock(router, family, 2);
  for (const index of [0, 1, 2]) {
    const source = lab.sources[family][index];
    states.push(await agents.client.connect({ source, host: lab.server[family], port: 8080 }));
  }
  return states;
}

async function knock({ lab, agents }: RouterLab, family: Family, index: number): Promise<void> {
  const source = lab.sources[family][index] ?? "";
  await agents.client.send(makeKnocks(SECRET, { source, host: lab.server[family] }));
}

function makeKnocks(
  { doors }: Plan,
  place: { source: string; host: string },
  change: (stage: Stage) => Partial<SendItem> = () => ({}),
): SendItem[] {
  const stages = doors.flatMap((door) => door.stages);
  return stages.map((stage, index) => ({
    ...place,
    protocol: stage.protocol,
    port: stage.port,
    payloadHex: stage.payload?.toHex(),
    atMs: index * 30,
    ...change(stage),
  }));
}

const DATA = "00".repeat(40);
/**
 * Less than a TCP header, which the container would not take over IPv6 (RFC 7112); the router reassembles
 * all fragments.
 */
const FRAGMENT_BYTES = 16;

interface Odd {
  item: Pick<SendItem, "protocol" | "port" | "payloadHex" | "flags" | "fragmentBytes">;
  /** Where it is seen: the port of the container, or of the router. */
  seenAt: number;
  isForwarded?: true;
}

const ODD: Readonly<Record<string, Odd>> = {
  "a SYN": { item: { protocol: "tcp", port: 8080 }, seenAt: 80, isForwarded: true },
  "a SYN that asks for ECN": {
    item: { protocol: "tcp", port: 8080, flags: "ecn" },
    seenAt: 80,
    isForwarded: true,
  },
  "a SYN with data": {
    item: { protocol: "tcp", port: 8080, payloadHex: DATA },
    seenAt: 80,
    isForwarded: true,
  },
  "a SYN in fragments": {
    item: { protocol: "tcp", port: 8080, payloadHex: DATA, fragmentBytes: 24 },
    seenAt: 80,
    isForwarded: true,
  },
  "an ACK": {
    item: { protocol: "tcp", port: 8080, flags: "other" },
    seenAt: 80,
    isForwarded: true,
  },
  "a datagram": {
    item: { protocol: "udp", port: 5300, payloadHex: DATA },
    seenAt: 53,
    isForwarded: true,
  },
  "a datagram in fragments": {
    item: { protocol: "udp", port: 5300, payloadHex: DATA, fragmentBytes: FRAGMENT_BYTES },
    seenAt: 53,
    isForwarded: true,
  },
  "a SYN that asks for ECN, to this machine": {
    item: { protocol: "tcp", port: 22, flags: "ecn" },
    seenAt: 22,
  },
  "a SYN with data, to this machine": {
    item: { protocol: "tcp", port: 22, payloadHex: DATA },
    seenAt: 22,
  },
  "a SYN in fragments, to this machine": {
    item: { protocol: "tcp", port: 22, payloadHex: DATA, fragmentBytes: 8 },
    seenAt: 22,
  },
  "an ACK, to this machine": { item: { protocol: "tcp", port: 22, flags: "other" }, seenAt: 22 },
  "a datagram in fragments, to this machine": {
    item: { protocol: "udp", port: 51_820, payloadHex: DATA, fragmentBytes: FRAGMENT_BYTES },
    seenAt: 51_820,
  },
};

/** How knocks are sent that are knocks all the same. */
const KNOCKED: readonly (readonly [string, Plan, (stage: Stage) => Partial<SendItem>])[] = [
  ["secret knocks", SECRET, () => ({})],
  ["secret knocks in fragments", SECRET, () => ({ fragmentBytes: FRAGMENT_BYTES })],
  ["regular knocks", REGULAR, () => ({})],
  [
    "regular knocks with data that ask for ECN",
    REGULAR,
    ({ protocol }) => ({ payloadHex: DATA, ...(protocol === "tcp" ? { flags: "ecn" } : {}) }),
  ],
  [
    "regular knocks in fragments",
    REGULAR,
    () => ({ payloadHex: DATA, fragmentBytes: FRAGMENT_BYTES }),
  ],
];

await kernelTest(
  "fragments, SYNs with ECN and with data: dropped for strangers, knocks for a door",
  (_lab, context) => forEachFirewall(context, sendOdd),
  { tools: TOOLS },
);

async function sendOdd(firewall: Firewall): Promise<void> {
  await using lab = await createLab({ sources: 2 });
  const router = await createRouterLab(lab);
  const range = await createRange(lab, firewall);
  const witnesses = { local: range, forwarded: await startWitness(router.places.container) };
  const rows = KNOCKED.filter(([name, plan]) => isRendered(firewall, plan, name));
  for (const [number, [name, plan, change]] of rows.entries()) {
    await firewall.load(lab.server, plan);
    for (const family of FAMILIES) {
      const makeSource = (host: number) =>
        family === "ipv4" ? `198.18.${number}.${host}` : `2001:db8:${number + 1}::${host}`;
      const [stranger, knocker] = [makeSource(1), makeSource(2)];
      const host = lab.server[family];
      await range.agent.send(makeKnocks(plan, { source: knocker, host }, change));
      const title = `${firewall.name}, ${name}, ${family}`;
      const passed = await listPassed(range, witnesses, { host, source: stranger });
      assertEquals(passed, [], `${title}: a stranger`);
      const opened = await listPassed(range, witnesses, { host, source: knocker });
      assertEquals(opened, Object.keys(ODD), `${title}: a source that has knocked`);
    }
    await firewall.undo(lab.server, plan);
  }
}

/** The end of a source's address, and whether it is in the network of the one that has knocked. */
const NEIGHBOURS: Readonly<Record<Family, readonly (readonly [source: string, isIn: boolean])[]>> =
  {
    ipv4: [["198.18.9.0", true], ["198.18.9.31", true], ["198.18.9.32", false]],
    ipv6: [
      ["2001:db8:9:1::", true],
      ["2001:db8:9:1:ffff:ffff:ffff:ffff", true],
      ["2001:db8:9:2::", false],
    ],
  };

await kernelTest(
  "a prefix at a router: its neighbours in, the next address not",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      const plan = secretPlan({ ...OPTIONS, prefix4: 27, prefix6: 64 });
      if (!isRendered(firewall, plan, "a prefix at a router")) return;
      await using lab = await createLab({ sources: 2 });
      const router = await createRouterLab(lab);
      const range = await createRange(lab, firewall);
      const witnesses = { local: range, forwarded: await startWitness(router.places.container) };
      await firewall.load(lab.server, plan);
      for (const family of FAMILIES) {
        const host = lab.server[family];
        const source = family === "ipv4" ? "198.18.9.7" : "2001:db8:9:1::7";
        await range.agent.send(makeKnocks(plan, { source, host }));
        for (const [neighbour, isIn] of NEIGHBOURS[family]) {
          const passed = await listPassed(range, witnesses, { host, source: neighbour });
          const expected = isIn ? Object.keys(ODD) : [];
          assertEquals(passed, expected, `${firewall.name}, ${neighbour}`);
        }
      }
    }),
  { tools: TOOLS },
);

/** Sends the packets; returns the names of those that got through. */
async function listPassed(
  range: Range,
  { local, forwarded }: { local: Witness; forwarded: Witness },
  place: { source: string; host: string },
): Promise<string[]> {
  const odd = Object.entries(ODD);
  await range.agent.send(odd.map(([, { item }], index) => ({
    ...place,
    ...item,
    sourcePort: 20_000 + index,
  })));
  await settle(range);
  const seen = { local: await local.seen(), forwarded: await forwarded.seen() };
  return odd.filter(([, { item, seenAt, isForwarded }], index) => {
    const packet = { source: place.source, protocol: item.protocol, port: seenAt };
    return seen[isForwarded ? "forwarded" : "local"].has(describeSeen(packet, 20_000 + index));
  }).map(([name]) => name);
}
