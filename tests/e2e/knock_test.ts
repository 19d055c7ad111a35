import { assertEquals, assertStringIncludes } from "@std/assert";
import { textOf } from "../fakes.ts";
import { freeTcpPort } from "../ports.ts";
import { table } from "../table.ts";
import { needs } from "./old_runtime.ts";
import { Home, valueOf } from "./program.ts";
import { type Arrival, Receivers } from "./receivers.ts";
import { HASHES, PHRASES } from "./vectors.ts";

interface Door {
  status: string;
  address: string;
  packets: number;
  sent_ms: number;
}

const ports = (arrivals: readonly Arrival[]) => arrivals.map(({ port }) => port);
const texts = (arrivals: readonly Arrival[]) => arrivals.map(({ payload }) => textOf(payload));

Deno.test("a secret knock is 64 lowercase hex bytes, in order, from one port, paced", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const knocks = [there.udp(), there.udp(), there.udp()];
  await home.write(
    `[targets.fw]\nhost = "127.0.0.1"\nknocks = [${knocks.map((port) => `"${port}/udp"`)}]\n`,
  );
  const argv = ["knock", "fw", "--secrets-from", "-", "-d", "150ms", "--json"];
  const ended = await home.run(argv, { stdin: PHRASES });
  assertEquals([ended.code, ended.stderr], [0, ""]);
  const arrivals = await there.wait(3);
  assertEquals(ports(arrivals), knocks);
  assertEquals(texts(arrivals), HASHES);
  assertEquals(arrivals.map(({ payload }) => payload.length), [64, 64, 64]);
  assertEquals(new Set(arrivals.map(({ from }) => from)).size, 1);
  // Only lower bounds: how late a busy machine sends or receives is not ours to say.
  const [first, , last] = arrivals;
  assertEquals((last?.at ?? 0) - (first?.at ?? 0) > 200, true);
  const [door] = valueOf<{ targets: Door[] }>(ended).targets;
  assertEquals([door?.status, door?.packets, (door?.sent_ms ?? 0) >= 300], ["sent", 6, true]);
});

Deno.test("regular knocks are empty, fixed payloads are as written", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const [a, b, c, d] = [there.udp(), there.udp(), there.udp(), there.udp()];
  await home.write(`[targets.fw]
host = "127.0.0.1"
delay = 0
knocks = [
  { port = ${a}, protocol = "udp", payload = "none" },
  { port = ${b}, protocol = "udp", payload = { text = "ahoj žluť" } },
  { port = ${c}, protocol = "udp", payload = { hex = "00ff10" } },
  { port = ${d}, protocol = "udp", payload = { base64 = "AAECAw==" } },
]
`);
  assertEquals((await home.run(["knock", "fw"])).code, 0);
  const arrivals = await there.wait(4);
  assertEquals(ports(arrivals), [a, b, c, d]);
  const expected = [
    new Uint8Array(),
    new TextEncoder().encode("ahoj žluť"),
    new Uint8Array([0, 255, 16]),
    new Uint8Array([0, 1, 2, 3]),
  ];
  assertEquals(arrivals.map(({ payload }) => payload), expected);
});

Deno.test("ad hoc ports in every form, in order", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const [a, b, c, d] = [there.udp(), there.tcp(), there.udp(), there.tcp()];
  const argv = ["knock", "127.0.0.1", `${a}`, `${b}/tcp`, `${c}:udp`, `${d}:TCP`, "-u", "-d", "40"];
  assertEquals((await home.run(argv)).code, 0);
  const arrivals = await there.wait(4);
  assertEquals(ports(arrivals), [a, b, c, d]);
  assertEquals(arrivals.map(({ protocol }) => protocol), ["udp", "tcp", "udp", "tcp"]);
  assertEquals(arrivals.every(({ payload }) => payload.length === 0), true);
  assertEquals(arrivals[0]?.from, arrivals[2]?.from);
});

Deno.test("a tcp knock on an open port is one empty connection", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const [port, last] = [there.tcp(), there.udp()];
  const argv = ["knock", "127.0.0.1", `${port}`, `${last}/udp`, "-d", "100"];
  assertEquals((await home.run(argv)).code, 0);
  const arrivals = await there.wait(2);
  assertEquals(ports(arrivals), [port, last]);
  assertEquals(arrivals[0]?.payload.length, 0);
});

table("an IPv6 literal", {
  "::1": undefined,
  "[::1]": undefined,
  "0:0:0:0:0:0:0:1": undefined,
}, async (_, host) => {
  await using home = new Home();
  await using there = new Receivers();
  const [udp, tcp] = [`${there.udp("::1")}/udp`, `${there.tcp("::1")}`];
  assertEquals((await home.run(["knock", host, udp, tcp, "-6", "-d", "30"])).code, 0);
  assertEquals((await there.wait(2)).map(({ address }) => address), ["::1", "::1"]);
});

Deno.test("-4 and -6 choose the family", async () => {
  await using home = new Home();
  await using four = new Receivers();
  const argv = ["knock", "localhost", `${four.udp()}/udp`, "-4", "--json"];
  const [door] = valueOf<{ targets: Door[] }>(await home.run(argv)).targets;
  assertEquals(door?.address, "127.0.0.1");
  assertEquals((await four.wait(1)).length, 1);
  const wrong = await home.run(["knock", "127.0.0.1", "7000", "-6"]);
  assertEquals(wrong.code, 3);
  assertStringIncludes(wrong.stderr, '"127.0.0.1" has no IPv6 address');
});

Deno.test({
  name: `-s chooses the source of both protocols${needs("source").reason}`,
  ignore: Deno.build.os !== "linux" || needs("source").ignore,
  async fn() {
    await using home = new Home();
    await using there = new Receivers();
    // TCP comes first: what is loaded for it must not cost the packet.
    const argv = [`${there.tcp()}`, `${there.udp()}/udp`, `${there.tcp()}`, "-s", "127.0.0.5"];
    assertEquals((await home.run(["knock", "127.0.0.1", ...argv])).code, 0);
    const arrivals = await there.wait(3);
    assertEquals(arrivals.map(({ address }) => address), Array(3).fill("127.0.0.5"));
    for (const port of ["7000/tcp", "7000/udp"]) {
      const wrong = await home.run(["knock", "127.0.0.1", port, "-s", "192.0.2.99"]);
      assertEquals(wrong.code, 3);
      assertStringIncludes(wrong.stderr, 'error: cannot send from "192.0.2.99"');
    }
  },
});

Deno.test("many knocks leave complete and in order", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const some = Array.from({ length: 20 }, () => there.udp());
  const all = Array.from({ length: 200 }, (_, index) => some[index % 20] ?? 0);
  const argv = ["knock", "127.0.0.1", ...all.map((port) => `${port}/udp`), "-d", "1"];
  assertEquals((await home.run(argv)).code, 0);
  const arrivals = await there.wait(200);
  // Sockets are read one by one: the order within each is what the receiver can tell.
  assertEquals(arrivals.length, 200);
  // Each datagram to a port comes from another source port; one socket serves each round.
  assertEquals(new Set(arrivals.map(({ from }) => from)).size, 10);
  assertEquals(new Set(arrivals.map(({ from, port }) => `${from} ${port}`)).size, 200);
});

table<readonly [copies: string, count: number]>("packets of two tries, by copies", {
  "twice from the second try on": ['"auto"', 3],
  "once each": ["1", 2],
}, async ([copies, count]) => {
  await using home = new Home();
  await using there = new Receivers();
  await home.write(`[targets.fw]
host = "127.0.0.1"
knocks = ["${there.udp()}/udp"]
secret = "none"
copies = ${copies}
tries = 2
timeout = "200ms"
probes = ["tcp:${freeTcpPort()}"]
`);
  assertEquals((await home.run(["knock", "fw"])).code, 1);
  assertEquals((await there.wait(count)).length, count);
});

Deno.test("a dry run sends nothing", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const [quiet, loud] = [there.udp(), there.udp()];
  assertEquals((await home.run(["knock", "127.0.0.1", `${quiet}/udp`, "-n"])).code, 0);
  await home.run(["knock", "127.0.0.1", `${loud}/udp`]);
  assertEquals(ports(await there.wait(1)), [loud]);
});
