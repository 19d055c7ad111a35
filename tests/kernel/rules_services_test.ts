/** More than a port: ranges, echo requests, everything; prefixes at their edges; several doors. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Plan } from "../../src/plan/plan.ts";
import { parseServices } from "../../src/core/service.ts";
import type { ModelPacket } from "../../src/model/model.ts";
import { change, joinDoors } from "../plans.ts";
import { bytes, HASHES, regularPlan, secretPlan } from "../rules/fixtures.ts";
import { createLab, kernelTest, type Lab, type Namespace } from "./lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import {
  assertAgree,
  createKnocks,
  createRange,
  type Firewall,
  FIREWALLS,
  forEachFirewall,
  isRendered,
  paced,
  type Range,
  shoot,
  TOOLS,
  type Trace,
} from "./rules_lab.ts";

const PLAYED = [...FIREWALLS, PLAYED_MIKROTIK];
const FAMILIES = ["ipv4", "ipv6"] as const;
const WEB = parseServices("80/tcp,icmp");
const REGULAR = ["7003/tcp", "9012/udp", "8044/tcp"];

/** What is sent, and what is seen of it: of a stranger, and of a source that has knocked. */
interface Row {
  plan: Plan;
  /** As services are written; each is one packet. */
  closed: readonly string[];
  untouched: readonly string[];
}

const ROWS: Readonly<Record<string, Row>> = {
  "a range": {
    plan: secretPlan({ opens: parseServices("60000-61000/udp,22/tcp") }),
    closed: ["60000/udp", "60001/udp", "60999/udp", "61000/udp", "22/tcp"],
    untouched: ["59999/udp", "61001/udp", "60000/tcp", "61000/tcp", "22/udp", "icmp", "1234/udp"],
  },
  "ranges that touch and overlap, guarded": {
    plan: regularPlan(REGULAR, {
      opens: parseServices("100-200/tcp,201-300/tcp,250-400/tcp,65535/udp"),
      publicServices: parseServices("401-410/tcp,443/tcp"),
    }),
    closed: ["100/tcp", "200/tcp", "201/tcp", "300/tcp", "301/tcp", "400/tcp", "65535/udp"],
    untouched: ["99/tcp", "401/tcp", "410/tcp", "411/tcp", "443/tcp", "65534/udp", "65535/tcp"],
  },
  "all ports of one transport": {
    plan: secretPlan({ opens: parseServices("1-65535/udp") }),
    closed: ["1/udp", "1234/udp", "40000/udp", "65535/udp"],
    untouched: ["1/tcp", "22/tcp", "65535/tcp", "icmp"],
  },
  "echo requests": {
    plan: secretPlan({ opens: parseServices("icmp,22/tcp") }),
    closed: ["icmp", "22/tcp"],
    untouched: ["80/tcp", "53/udp", "9876/udp"],
  },
  "only echo requests, guarded": {
    plan: regularPlan(REGULAR, { opens: parseServices("icmp") }),
    closed: ["icmp"],
    untouched: ["22/tcp", "7003/tcp", "9012/udp"],
  },
  "everything": {
    plan: secretPlan({ opens: parseServices("all") }),
    closed: ["1/tcp", "22/tcp", "80/tcp", "65535/tcp", "53/udp", "1234/udp", "icmp"],
    untouched: [],
  },
  "everything but what is public, guarded": {
    plan: regularPlan(REGULAR, {
      opens: parseServices("all"),
      publicServices: [...WEB, ...parseServices("50000-50100/udp")],
    }),
    closed: ["1/tcp", "22/tcp", "81/tcp", "80/udp", "65535/tcp", "49999/udp", "50101/udp"],
    untouched: ["80/tcp", "icmp", "50000/udp", "50100/udp"],
  },
};

/** The packet of a service. */
function makePacket(source: string, text: string): ModelPacket {
  const service = parseServices(text)[0];
  if (service === undefined || service.protocol === "all") throw new Error(text);
  return { source, protocol: service.protocol, port: service.port ?? 0 };
}

await kernelTest(
  "ranges, echo requests, everything: closed to a stranger, open after the knocks",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab();
      const range = await createRange(lab, firewall);
      for (const [index, [name, row]] of Object.entries(ROWS).entries()) {
        if (!isRendered(firewall, row.plan, name)) continue;
        await firewall.load(lab.server, row.plan);
        await checkRow(range, row, { firewall, name, index });
        await firewall.undo(lab.server, row.plan);
      }
    }, PLAYED),
  { tools: TOOLS },
);

interface Where {
  firewall: Firewall;
  name: string;
  index: number;
}

/** One trace a packet: each is the last one, of which the kernel's verdict is known. */
async function checkRow(range: Range, { plan, ...row }: Row, where: Where): Promise<void> {
  const { firewall, name, index } = where;
  // The zone of another firewall drops what is not guarded.
  const untouched = range.comparesOthers ? row.untouched : [];
  const traces: (Trace & { isOpen: boolean })[] = [];
  for (const [place, family] of FAMILIES.entries()) {
    const services = [...row.closed, ...untouched];
    for (const [number, text] of services.entries()) {
      const makeSource = (host: number) =>
        family === "ipv4"
          ? `198.18.${100 + index}.${2 * number + host}`
          : `2001:db8:${100 + index}:${number}::${host}`;
      const [stranger, knocker] = [makeSource(1), makeSource(2)];
      const title = `${text}, ${FAMILIES[place]}`;
      traces.push({
        name: `${title}, a stranger`,
        packets: paced([makePacket(stranger, text)]),
        isOpen: number >= row.closed.length,
      }, {
        name: `${title}, after the knocks`,
        packets: paced([...createKnocks(plan, knocker), makePacket(knocker, text)]),
        isOpen: true,
      });
    }
  }
  const outcomes = await shoot(range, plan, traces);
  assertAgree(outcomes, `${firewall.name}, ${name}`);
  const wrong = traces.filter(({ isOpen }, trace) => outcomes[trace]?.lastSeen !== isOpen);
  assertEquals(wrong.map((trace) => trace.name), [], `${firewall.name}, ${name}`);
}

Deno.test("what nftables refuses fails a row, it is not skipped", () => {
  const [nftables] = FIREWALLS;
  const plan = secretPlan({ interfaces: ["list:WAN"] });
  assertThrows(() => nftables && isRendered(nftables, plan, "a list"), Error, "WAN");
});

const ALL = secretPlan({ opens: parseServices("all"), publicServices: parseServices("80/tcp") });
const ECHO = secretPlan({ opens: parseServices("icmp") });

await kernelTest(
  "the network works while everything is closed",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      for (const [name, plan] of Object.entries({ everything: ALL, "echo requests": ECHO })) {
        if (!isRendered(firewall, plan, name)) continue;
        await using lab = await createLab();
        await firewall.load(lab.server, plan);
        const passes = plan === ECHO && firewall.dropsOthers !== true;
        await checkNetwork(lab, `${firewall.name}, ${name}`, passes);
      }
    }, PLAYED),
  { tools: [...TOOLS, "ping"] },
);

/** Counts, behind every firewall, what no service is. */
const COUNTERS = `table inet needs {
  counter solicit {}
  counter advert {}
  counter toobig {}
  counter unreachable {}
  counter dhcp4 {}
  counter dhcp6 {}
  chain input {
    type filter hook input priority 300; policy accept;
    icmpv6 type nd-neighbor-solicit counter name solicit
    icmpv6 type nd-neighbor-advert counter name advert
    icmpv6 type packet-too-big counter name toobig
    icmp type destination-unreachable counter name unreachable
    udp sport 67 udp dport 68 counter name dhcp4
    udp sport 547 udp dport 546 counter name dhcp6
  }
}
`;

const [UNREACHABLE, TOO_BIG] = [3, 2] as const;
/** Those that belong to no connection; the rules of echo requests leave them alone. */
const ERRORS = ["unreachable", "toobig"];

/** @param passes whether ICMP errors without a connection pass. */
async function checkNetwork(lab: Lab, where: string, passes: boolean): Promise<void> {
  const { client, server } = lab;
  await server.nft(COUNTERS);
  const [clientAgent, serverAgent] = [await client.agent(), await server.agent()];
  await clientAgent.listen(7_000);
  const service = new URL("udp_service.ts", import.meta.url).pathname;
  const flags = ["--no-config", "--unstable-net", "--allow-net"];
  client.spawn([
    ...[Deno.execPath(), "run", "-q", ...flags, service, "5353"],
    ...[client.ipv4, client.ipv6],
  ]);
  await client.run([
    "sh",
    "-c",
    "until [ $(ss -Hlun sport = 5353 | wc -l) = 2 ]; do sleep 0.05; done",
  ]);
  for (const family of FAMILIES) {
    for (const side of [client, server]) await forgetNeighbours(side);
    const title = `${where}, ${family}`;
    assertEquals(
      await serverAgent.connect({ host: client[family], port: 7_000, timeoutMs: 3_000 }),
      "open",
      `${title}: the server connects`,
    );
    assertEquals(await askByUdp(server, client[family]), "asked", `${title}: the server asks`);
    await server.run(["ping", "-c", "1", "-W", "3", client[family]]);
    for (const side of [client, server]) await forgetNeighbours(side);
    const { code } = await client.exec(["ping", "-c", "1", "-W", "1", server[family]]);
    assertEquals(code, 1, `${title}: a stranger pings`);
  }
  const [ipv4, ipv6] = [client.ipv4, client.ipv6];
  await clientAgent.send([
    { source: ipv4, host: server.ipv4, protocol: "icmp", port: 0, icmpType: UNREACHABLE },
    { source: ipv6, host: server.ipv6, protocol: "icmp", port: 0, icmpType: TOO_BIG },
    { source: "10.77.0.9", host: server.ipv4, protocol: "udp", port: 68, sourcePort: 67 },
    { source: "fe80::9", host: server.ipv6, protocol: "udp", port: 546, sourcePort: 547 },
  ]);
  const counted = await server.run(["nft", "list", "counters", "table", "inet", "needs"]);
  for (const name of ["solicit", "advert", "dhcp4", "dhcp6", "unreachable", "toobig"]) {
    const packets = new RegExp(`counter ${name} \\{\\s+packets (\\d+)`).exec(counted)?.[1];
    const isExpected = passes || !ERRORS.includes(name);
    assertEquals(Number(packets) > 0, isExpected, `${where}: ${name}\n${counted}`);
  }
}

/** They were permanent: now each is asked for. */
async function forgetNeighbours(side: Namespace): Promise<void> {
  for (const family of ["-4", "-6"]) {
    await side.run(["ip", family, "neigh", "flush", "all", "nud", "all"]);
  }
}

async function askByUdp(from: Namespace, host: string): Promise<string> {
  const script = `exec 3<>/dev/udp/${host}/5353; echo asked >&3; timeout 3 head -n1 <&3`;
  return (await from.run(["bash", "-c", script])).trim();
}

const TIMES = { openForMs: 60_000, stageTimeoutMs: 5_000 };

await kernelTest(
  "one door more, in the same rule set: what is open stays open",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      const home = secretPlan(TIMES);
      const both = joinDoors(home, makeOffice());
      if (firewall.forgets || !isRendered(firewall, both, "one door more")) return;
      await using lab = await createLab();
      const range = await createRange(lab, firewall);
      const sources = ["198.18.7.1", "2001:db8:7::1"];
      const visit = (source: string, port: number): ModelPacket => ({
        source,
        protocol: "tcp",
        port,
      });
      const shootAll = async (plan: Plan, makePackets: (source: string) => ModelPacket[]) => {
        const traces = sources.map((name) => ({ name, packets: paced(makePackets(name)) }));
        return (await shoot(range, plan, traces)).map(({ lastSeen }) => lastSeen);
      };
      await firewall.load(lab.server, home);
      await shootAll(home, (source) => createKnocks(home, source));
      await firewall.load(lab.server, both);
      const seen = {
        first: await shootAll(both, (source) => [visit(source, 22)]),
        second: await shootAll(both, (source) => [visit(source, 443)]),
        knocked: await shootAll(both, (source) => [
          ...createKnocks(both, source, "office"),
          visit(source, 443),
        ]),
      };
      await firewall.load(lab.server, home);
      assertEquals(
        { ...seen, without: await shootAll(home, (source) => [visit(source, 22)]) },
        {
          first: [true, true],
          second: [false, false],
          knocked: [true, true],
          without: [true, true],
        },
        firewall.name,
      );
    }, PLAYED),
  { tools: TOOLS },
);

function makeOffice(): Plan {
  const plan = secretPlan({ ...TIMES, name: "office", opens: parseServices("443/tcp") });
  return change(plan, {
    stages: [{ port: 4444, protocol: "udp", payload: bytes(HASHES[2]) }],
  });
}

/** Two guarded doors with a ban: what is a knock for one is no mistake at the other. */
const PAIR = joinDoors(
  regularPlan(REGULAR, { ...TIMES, ban: true, publicServices: parseServices("80/tcp") }),
  regularPlan(["6100/tcp", "9012/tcp", "5200/udp"], {
    ...TIMES,
    name: "office",
    opens: parseServices("443/tcp"),
  }),
);

await kernelTest(
  "a user who knocks at two doors is neither reset nor banned",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      if (!isRendered(firewall, PAIR, "two guarded doors")) return;
      await using lab = await createLab();
      const range = await createRange(lab, firewall);
      await firewall.load(lab.server, PAIR);
      const traces = ["198.18.8.", "2001:db8:8::"].flatMap((net) => listTalks(net));
      const outcomes = await shoot(range, PAIR, traces);
      assertAgree(outcomes, firewall.name);
      const wrong = traces.filter(({ isOpen }, index) => outcomes[index]?.lastSeen !== isOpen);
      assertEquals(wrong.map(({ name }) => name), [], firewall.name);
    }, PLAYED),
  { tools: TOOLS },
);

/** Packets of one source each; the last one is to a door. */
function listTalks(net: string): (Trace & { isOpen: boolean })[] {
  const talk = (
    host: number,
    { name, isOpen, packets }: {
      name: string;
      isOpen: boolean;
      packets: (home: ModelPacket[], office: ModelPacket[]) => ModelPacket[];
    },
    port: number,
  ) => {
    const source = `${net}${host}`;
    const [home, office] = [createKnocks(PAIR, source), createKnocks(PAIR, source, "office")];
    const last: ModelPacket = { source, protocol: "tcp", port };
    return { name: `${name}, ${source}`, isOpen, packets: paced([...packets(home, office), last]) };
  };
  const times = (count: number, packets: ModelPacket[]) =>
    Array.from({ length: count }, () => packets).flat();
  const interleave = (home: ModelPacket[], office: ModelPacket[]) =>
    home.flatMap((packet, index) => [packet, office[index] ?? packet]);
  const mistakes = (packet: ModelPacket | undefined, count: number): ModelPacket[] =>
    Array.from({ length: count }, (_, index) => ({
      source: packet?.source ?? "",
      protocol: "tcp",
      port: 2_000 + index,
    }));
  return [22, 443].flatMap((port, place) => [
    talk(10 * place + 1, { name: "interleaved", isOpen: true, packets: interleave }, port),
    talk(10 * place + 2, {
      name: "ten times, one after the other",
      isOpen: true,
      packets: (home, office) => times(10, [...home, ...office]),
    }, port),
    talk(10 * place + 3, {
      name: "retries at one in the middle of the other",
      isOpen: true,
      packets: (home, office) =>
        port === 22
          ? [home[0], ...office, ...office, ...home.slice(1)].filter((each) => each !== undefined)
          : [office[0], ...home, ...home, ...office.slice(1)].filter((each) => each !== undefined),
    }, port),
    talk(10 * place + 4, {
      name: "out of order at both, often",
      isOpen: true,
      packets: (home, office) => [
        ...times(12, [...home.toReversed(), ...office.toReversed()]),
        ...home,
        ...office,
      ],
    }, port),
    talk(10 * place + 5, {
      name: "a mistake between the knocks of both",
      isOpen: false,
      packets: (home, office) => [
        ...interleave(home, office).slice(0, 4),
        ...mistakes(home[0], 1),
        ...interleave(home, office).slice(4),
      ],
    }, port),
  ]);
}
