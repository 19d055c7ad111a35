/**
 * How far apart two packets of one sender have to be, so that they arrive in order: over a veth pair, at a
 * firewall with a door of two knocks. Root chooses the processors; a machine with one has no reordering.
 */
import { createLab, type Lab, labSkipReason, type Namespace } from "../../tests/kernel/lab.ts";
import type { Outcome, Section } from "./report.ts";

const GAPS_US = [0, 10, 100, 1_000, 2_000, 5_000, 10_000, 20_000];
const PORTS = ["7001", "7002"] as const;
const FLOOD_PORT = "7003";
const SETS = ["first", "second", "opened"] as const;
/** A flood for longer than any cell takes; it is killed with the cell. */
const ENDLESS = "1000000000";

/** Each pair is a source port, so that thousands are in the sets at once; what arrived is dropped. */
const RULES = `flush ruleset
table inet reorder {
${SETS.map((name) => `  set ${name} { type inet_service; flags dynamic; size 65535; }`).join("\n")}
  chain input {
    type filter hook input priority 0;
    udp dport ${PORTS[1]} add @second { udp sport }
    udp dport ${PORTS[1]} udp sport @first add @opened { udp sport }
    udp dport ${PORTS[0]} add @first { udp sport }
    udp dport { ${PORTS.join(", ")}, ${FLOOD_PORT} } drop
  }
}
`;

interface Scene {
  cpus: string;
  /** Whether the receiving end spreads its packets over the processors (RPS). */
  isSpread: boolean;
  /** Programs that keep both processors busy. */
  busy: number;
  /** Senders that fill the wire. */
  floods: number;
}

const LOADS = [
  { name: "idle", busy: 0, floods: 0 },
  { name: "4 busy programs", busy: 4, floods: 0 },
  { name: "2 floods", busy: 0, floods: 2 },
  { name: "4 busy programs, 2 floods", busy: 4, floods: 2 },
];

/** RPS spreads the packets of a sender that stays; one that moves spreads them itself. */
const WAYS = [
  { name: "the sender moves, RPS off", cpus: "0,1", isSpread: false },
  { name: "it stays, RPS on", cpus: "0,0", isSpread: true },
];

/** Pairs a cell; the long gaps take the time. */
function countPairs(gapUs: number): number {
  return gapUs > 5_000 ? 250 : 1_000;
}

function runDeno(script: string, args: readonly string[]): string[] {
  const path = new URL(script, import.meta.url).pathname;
  return [Deno.execPath(), "run", "-q", "--no-prompt", "--allow-ffi", path, ...args];
}

/** The source ports in a set. */
async function readSet({ run }: Namespace, name: string): Promise<Set<number>> {
  const listed = JSON.parse(await run(["nft", "-j", "list", "set", "inet", "reorder", name])) as {
    nftables: { set?: { elem?: (number | { elem: { val: number } })[] } }[];
  };
  const elements = listed.nftables.flatMap(({ set }) => set?.elem ?? []);
  return new Set(elements.map((each) => typeof each === "number" ? each : each.elem.val));
}

/** Microseconds between the packets of the pairs that arrived the wrong way round, and how many arrived. */
async function sendPairs({ client, server }: Lab, scene: Scene, gapUs: number) {
  await server.nft(RULES);
  const sender = [server.ipv4, ...PORTS, `${gapUs}`, `${countPairs(gapUs)}`, scene.cpus];
  const gaps = JSON.parse(await client.run(runDeno("reorder_sender.ts", sender))) as number[];
  const [first, second, opened] = await Promise.all(SETS.map((name) => readSet(server, name)));
  const arrived = [...gaps.entries()].map(([pair, us]) => ({ port: 10_000 + pair, us }))
    .filter(({ port }) => first?.has(port) && second?.has(port));
  return { arrived: arrived.length, inverted: arrived.filter(({ port }) => !opened?.has(port)) };
}

async function playScene(lab: Lab, scene: Scene): Promise<string[]> {
  const { client, server } = lab;
  const mask = scene.isSpread ? "3" : "0";
  const file = `/sys/class/net/${server.device}/queues/rx-0/rps_cpus`;
  await server.run(["sh", "-c", `echo ${mask} > ${file}`]);
  const flood = runDeno("codes_sender.ts", [server.ipv4, FLOOD_PORT, ENDLESS]);
  const load = [
    ...Array.from({ length: scene.busy }, () => client.spawn(["sh", "-c", "while :; do :; done"])),
    ...Array.from({ length: scene.floods }, () => client.spawn(flood)),
  ];
  let longest = 0;
  const cells: string[] = [];
  for (const gapUs of GAPS_US) {
    const { arrived, inverted } = await sendPairs(lab, scene, gapUs);
    longest = Math.max(longest, ...inverted.map(({ us }) => us));
    cells.push(`${inverted.length} of ${arrived}`);
  }
  for (const process of load) process.kill("SIGKILL");
  await Promise.all(load.map(({ status }) => status));
  return [...cells, longest === 0 ? "none" : `${longest} us`];
}

async function run(): Promise<Outcome> {
  const leftOut = await labSkipReason();
  if (leftOut !== undefined) return { leftOut };
  const rows: string[][] = [];
  for (const { name, ...load } of LOADS) {
    for (const way of WAYS) {
      await using lab = await createLab();
      rows.push([`${name}; ${way.name}`, ...await playScene(lab, { ...way, ...load })]);
      await Deno.stderr.write(new TextEncoder().encode(`${rows.at(-1)?.join(" | ")}\n`));
    }
  }
  const head = GAPS_US.map((us) => us < 1_000 ? `${us} us` : `${us / 1_000} ms`);
  return {
    head: ["pairs the wrong way round, by the gap", ...head, "longest gap of one"],
    rows,
    notes: [
      "A sender that moves changes the processor between the two packets of a pair. RPS spreads " +
      "what arrives over the processors, by port.",
    ],
  };
}

/** See the header. */
export const reorder: Section = {
  title: "Packets that overtake each other",
  aim: "the smallest gap between two knocks that keeps their order",
  run,
};
