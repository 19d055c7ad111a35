/** What the commands make of a target whose only probe is one of a UDP port. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { table } from "../table.ts";
import { valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.vpn]
host = "127.0.0.1"
knocks = ["7000/udp", "8000/udp"]
secret = "none"
tries = 1
probes = [{ type = "udp", port = 1194, send = { hex = "3800" } }]
close.knocks = ["9000/udp"]
`;

const ANSWER = new Uint8Array(26);

async function runIn(options: WorldOptions, ...argv: readonly string[]) {
  await using world = new World(options);
  await world.write(TARGETS);
  return { ...await world.run(...argv), connections: world.connections };
}

interface Targets {
  targets: { status: string; probes: { probe: string; status: string; detail: string }[] }[];
}

table(
  "udp probe: knock",
  [
    ["an answer is open", [{ udpAnswer: ANSWER }, 0, "open", "answered 26 bytes"]],
    ["silence is closed, and proves nothing", [
      {},
      1,
      "closed",
      "no answer, which over UDP does not prove that it is closed",
    ]],
  ] as [string, [WorldOptions, number, string, string]][],
  async ([options, code, status, detail]) => {
    const ended = await runIn(options, "knock", "vpn", "--json");
    const [door] = valueOf<Targets>(ended).targets;
    assertEquals([ended.code, door?.status], [code, status]);
    const [probe] = door?.probes ?? [];
    assertEquals([probe?.probe, probe?.status, probe?.detail], ["udp 1194", status, detail]);
  },
);

table("udp probe: close asks by UDP, not by SYNs", [
  ["silence is shut", [{}, 0]],
  ["an answer is still open", [{ udpAnswer: ANSWER }, 1]],
] as [string, [WorldOptions, number]][], async ([options, code]) => {
  const ended = await runIn(options, "close", "vpn");
  assertEquals(ended.code, code, ended.stderr);
  assertStringIncludes(ended.stdout, "udp 1194");
  assertEquals(ended.connections, []);
});

Deno.test("udp probe: rules open the port for UDP", async () => {
  const ended = await runIn({}, "rules", "vpn", "--for", "nftables", "--json");
  assertEquals(valueOf<{ plan: { doors: [{ open: string[] }] } }>(ended).plan.doors[0].open, [
    "1194/udp",
  ]);
});

Deno.test("udp probe: doctor says that it examines TCP ports only", async () => {
  const { code, stderr } = await runIn({}, "doctor", "vpn");
  assertEquals(code, 2);
  assertStringIncludes(stderr, '"vpn" names no single TCP port, and doctor examines one');
});

Deno.test("udp probe: show names it, and it is not the port of ssh", async () => {
  assertStringIncludes((await runIn({}, "show", "vpn")).stdout, "udp 1194");
  const config = await runIn({}, "ssh-config", "vpn");
  assertEquals(config.stdout.includes("1194"), false);
});
