/**
 * A real DNS server (dnsmasq) at the knock port: it answers before the knocks, between them and after them, and
 * the knocks of the same socket, which belong to its connection, open the door.
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { Stage } from "../../src/plan/plan.ts";
import { change } from "../plans.ts";
import { bytes, HASHES, secretPlan } from "../rules/fixtures.ts";
import { createLab, kernelTest, type Namespace } from "./lab.ts";
import { PLAYED_MIKROTIK } from "./routeros_player.ts";
import { type Firewall, FIREWALLS, forEachFirewall, TOOLS } from "./rules_lab.ts";

const PORT = 53;
const PLAN = change(secretPlan(), {
  stages: HASHES.map((hash): Stage => ({ port: PORT, protocol: "udp", payload: bytes(hash) })),
});

/** RFC 1035: the address of `home.test`, id 0xabcd, recursion desired. */
const QUESTION = String.raw`\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00` +
  String.raw`\x04home\x04test\x00\x00\x01\x00\x01`;
const ADDRESS = "192.0.2.53";

/** One socket of bash: asks, knocks with the payloads, and asks again after each. */
const TALK = `
exec 3<>/dev/udp/$1/${PORT}; shift
ask() { printf '${QUESTION}' >&3; timeout 5 dd bs=512 count=1 <&3 2>/dev/null | od -An -tx1 | tr -d ' \\n'; echo; }
ask
for payload; do printf %s "$payload" >&3; sleep 0.05; ask; done
`;

/** Where the firewall does not close the DNS server itself. */
const ROWS = [...FIREWALLS, PLAYED_MIKROTIK].filter(({ dropsOthers }) => dropsOthers !== true);

await kernelTest(
  "secret knocks at the port of a DNS server, from the socket that asks it",
  (_lab, context) => forEachFirewall(context, askAndKnock, ROWS),
  { tools: [...TOOLS, "dnsmasq", "bash"] },
);

async function askAndKnock(firewall: Firewall): Promise<void> {
  await using lab = await createLab();
  const { client, server } = lab;
  server.spawn([
    ...["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"],
    ...["--user=root", "--pid-file=", `--port=${PORT}`, `--address=/home.test/${ADDRESS}`],
  ]);
  await server.run(["sh", "-c", `until ss -Hlun sport = ${PORT} | grep -q .; do sleep 0.05; done`]);
  await (await server.agent()).listen(22);
  const agent = await client.agent();
  await firewall.load(server, PLAN);
  for (const family of PLAN.families) {
    // From the address that the system chooses for the socket that knocks, too.
    const place = { host: server[family], port: 22, timeoutMs: 500 };
    const where = `${firewall.name}, ${family}`;
    await talk(client, server[family], [HASHES[0], HASHES[2], HASHES[1]]);
    assertEquals(await agent.connect(place), "silent", `${where}: a wrong order`);
    await talk(client, server[family], HASHES);
    assertEquals(await agent.connect(place), "open", where);
  }
  await firewall.undo(server, PLAN);
}

/** Every answer comes, and has the address. */
async function talk(client: Namespace, host: string, payloads: readonly string[]): Promise<void> {
  const answers = (await client.run(["bash", "-c", TALK, "bash", host, ...payloads])).trim();
  const lines = answers.split("\n");
  assertEquals(lines.length, payloads.length + 1, answers);
  for (const line of lines) assertMatch(line, /^abcd8[0-9a-f]{3}.*c0000235$/);
}
