/** A TCP knock is one SYN: counted by the kernel, with the time that a retransmission would take. */
import { assertEquals } from "@std/assert";
import type { Endpoint } from "../../src/net/connection.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** Knocks on each place that wait for each other, and those that are under way at once. */
const [ONE_BY_ONE, AT_ONCE] = [1, 20];
/** The kernel retransmits a SYN after 1 s. */
const STAY_MS = 2_500;

const DOORS = ["dropped", "closed", "open"] as const;

interface Case {
  name: string;
  door: typeof DOORS[number];
  place: Endpoint;
  isIpv6: boolean;
}

/** Every door, in both families, from the kernel's choice of address and from another. */
function casesOf({ server, sources }: Lab): Case[] {
  const families = [
    { address: server.ipv4, source: sources.ipv4[0], isIpv6: false },
    { address: server.ipv6, source: sources.ipv6[0], isIpv6: true },
  ];
  const cases = DOORS.flatMap((door) =>
    families.flatMap(({ isIpv6, address, source }) =>
      [undefined, source].map((source) => ({ door, isIpv6, address, source }))
    )
  );
  return cases.map(({ door, isIpv6, address, source }, index) => ({
    name: `${door}, ${isIpv6 ? "ipv6" : "ipv4"}, ${source === undefined ? "any source" : source}`,
    door,
    isIpv6,
    place: { address, port: 7_001 + index, source },
  }));
}

/** Counts the bare SYNs to each port, from the source that was asked for. */
function renderRules(cases: readonly Case[]): string {
  const counters = cases.map(({ place }) => `counter p${place.port} {}`);
  const rules = cases.flatMap(({ door, isIpv6, place: { port, source } }) => {
    const from = source === undefined ? "" : `${isIpv6 ? "ip6" : "ip"} saddr ${source}`;
    const syn = `tcp dport ${port} tcp flags & (fin|syn|rst|ack) == syn`;
    const counted = `${from} ${syn} counter name p${port}`;
    return door === "dropped" ? [counted, `tcp dport ${port} drop`] : [counted];
  });
  return [
    "table inet count {",
    ...counters,
    "chain input {",
    "type filter hook input priority 0; policy accept;",
    ...rules,
    "}",
    "}",
    "",
  ].join("\n");
}

async function readCounts(lab: Lab): Promise<Map<string, number>> {
  const json = await lab.server.run(["nft", "-j", "list", "counters"]);
  const { nftables } = JSON.parse(json) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  return new Map(
    nftables.flatMap(({ counter }) => counter ? [[counter.name, counter.packets]] : []),
  );
}

await kernelTest("a TCP knock is one SYN, and none is retransmitted", async (lab, test) => {
  const cases = casesOf(lab);
  await lab.server.nft(renderRules(cases));
  const server = await lab.server.agent();
  for (const { door, place } of cases) if (door === "open") await server.listen(place.port);
  const script = new URL("./syn_sender.ts", import.meta.url).pathname;
  const flags = ["-q", "--no-config", "--no-lock", "--no-prompt", "--allow-net"];
  const places = JSON.stringify(cases.map(({ place }) => place));
  const told = [places, `${AT_ONCE}`, `${STAY_MS}`];
  await lab.client.run([Deno.execPath(), "run", ...flags, script, ...told]);
  const counts = await readCounts(lab);
  for (const { name, place } of cases) {
    await test.step(name, () => {
      assertEquals(counts.get(`p${place.port}`), ONE_BY_ONE + AT_ONCE);
    });
  }
});
