/** Knocks as two real hosts see them: addresses, zones, source ports, handshakes, echo requests. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Home } from "../e2e/program.ts";
import { kernelTest, type Lab } from "./lab.ts";

/** What arrives at the server, counted and written down. */
const SEEN = `table inet seen {
  counter new7000 { }
  counter syn7001 { }
  counter ack7001 { }
  counter echo64 { }
  counter echoknock { }
  set packets { type ipv4_addr . inet_proto . inet_service . inet_service; flags dynamic; }
  chain input {
    type filter hook input priority 0; policy accept;
    udp dport 7000 ct state new counter name new7000
    tcp dport 7001 tcp flags & (syn | ack) == syn counter name syn7001
    tcp dport 7001 tcp flags & (syn | ack | rst) == ack counter name ack7001
    icmp type echo-request meta length 92 counter name echo64
    icmp type echo-request meta length 33 @th,64,40 0x6b6e6f636b counter name echoknock
    tcp flags & (syn | ack) == syn add @packets { ip saddr . meta l4proto . tcp sport . tcp dport }
    meta l4proto udp add @packets { ip saddr . meta l4proto . udp sport . udp dport }
  }
}
`;

async function readCounters({ server }: Lab): Promise<Record<string, number>> {
  const text = await server.run(["nft", "-j", "list", "counters"]);
  const { nftables } = JSON.parse(text) as {
    nftables: { counter?: { name: string; packets: number } }[];
  };
  return Object.fromEntries(
    nftables.flatMap(({ counter }) => counter ? [[counter.name, counter.packets]] : []),
  );
}

/** What names resolve to in the client's namespace, as long as the test runs. */
async function writeHosts({ client }: Lab, lines: readonly string[]): Promise<AsyncDisposable> {
  const folder = `/etc/netns/${client.name}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/hosts`, `${lines.join("\n")}\n`);
  return { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

/** The link-local address of the server, as the client writes it. */
async function findLinkLocal({ server, client }: Lab): Promise<string> {
  const shown = await server.run([
    "ip",
    "-6",
    "addr",
    "show",
    "dev",
    server.device,
    "scope",
    "link",
  ]);
  const address = /inet6 (fe80[^/]*)/.exec(shown)?.[1];
  assert(address !== undefined, shown);
  return `${address}%${client.device}`;
}

/** Milliseconds until the server asks for the client again. */
const LATE_MS = 50;

/**
 * Makes the server's next answer over IPv6 late: it has to ask for the client first, and the first of two
 * questions is lost. Where an answer is there at once, the kernel ends the handshake of a bare SYN too.
 */
async function answerLate({ client, server }: Lab): Promise<void> {
  const setting = `net.ipv6.neigh.${server.device}.retrans_time_ms=${LATE_MS}`;
  await server.run(["sysctl", "-q", "-w", setting]);
  await client.nft(`table inet late
delete table inet late
table inet late {
  chain input {
    type filter hook input priority 0; policy accept;
    icmpv6 type nd-neighbor-solicit numgen inc mod 2 0 drop
  }
}
`);
  // Fails where it is gone already.
  await server.exec(["ip", "neigh", "del", client.ipv6, "dev", server.device]);
}

/** Takes {@linkcode answerLate} back. */
async function answerSoon({ client, server }: Lab): Promise<void> {
  await client.run(["nft", "delete", "table", "inet", "late"]);
  const [address, device] = [client.ipv6, server.device];
  const lladdr = ["lladdr", client.mac, "dev", device, "nud", "permanent"];
  await server.run(["ip", "neigh", "replace", address, ...lladdr]);
}

await kernelTest("knocks as networks carry them", async (lab, t) => {
  await using home = new Home();
  const { client, server } = lab;
  const prefix = ["ip", "netns", "exec", client.name];
  const run = (...argv: string[]) => home.run(argv, { prefix });
  await server.nft(SEEN);
  const agent = await server.agent();
  await agent.listen(22);
  await agent.listen(7001);
  await using _hosts = await writeHosts(lab, [
    "127.0.0.1 localhost",
    `${server.ipv6} both.test`,
    `${server.ipv4} both.test`,
  ]);
  await home.write(`version = 1
[targets.both]
host = "both.test"
knocks = ["7000/udp"]
secret = "none"
probes = ["tcp:22"]
tries = 1
timeout = "2s"
[targets.late]
host = "${server.ipv6}"
knocks = ["7001/tcp"]
probes = ["tcp:22"]
tries = 1
timeout = "2s"
[targets.echo]
host = "${server.ipv4}"
knocks = [
  { protocol = "icmp", size = 64 },
  { protocol = "icmp", payload = { text = "knock" } },
]
`);

  await t.step("an address that the own firewall forbids is given up for the next", async () => {
    await client.nft(`table inet own { chain output { type filter hook output priority 0;
      ip6 daddr ${server.ipv6} udp dport 7000 drop; }; }`);
    const { code, stdout } = await run("knock", "both");
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, `${server.ipv6}: this machine's own firewall forbids it; now`);
    await client.run(["nft", "delete", "table", "inet", "own"]);
  });
  await t.step("so is one that a firewall answers for with ICMP, also for connect", async () => {
    await server.nft(`table inet far { chain input { type filter hook input priority 0;
      ip6 daddr ${server.ipv6} tcp dport 22 reject with icmpv6 addr-unreachable; }; }`);
    for (const argv of [["knock", "both"], ["probe", "both"]]) {
      const { code, stdout } = await run(...argv);
      assertEquals(code, 0, stdout);
      assertStringIncludes(stdout, `${server.ipv6}: the host is unreachable; now ${server.ipv4}`);
    }
    const { code, stderr } = await run("connect", "both", "22", "-v");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, `connected to ${server.ipv4} port 22`);
    await server.run(["nft", "delete", "table", "inet", "far"]);
  });
  await t.step("each datagram to the same port is a new flow where a service answers", async () => {
    const script =
      `const s = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 7000 });
      for await (const [data, from] of s) await s.send(data, from);`;
    server.spawn([Deno.execPath(), "eval", "--unstable-net", script]);
    while (!(await server.run(["ss", "-lun"])).includes(":7000")) continue;
    const before = (await readCounters(lab))["new7000"] ?? 0;
    const { code } = await run("knock", server.ipv4, "7000/udp", "7002/udp", "7000/udp");
    assertEquals([code, (await readCounters(lab))["new7000"]], [0, before + 2]);
  });
  await t.step("a bare SYN ends no handshake, --handshake does", async () => {
    await answerLate(lab);
    await run("knock", server.ipv6, "7001");
    assertEquals((await readCounters(lab))["ack7001"], 0);
    await answerLate(lab);
    const { code } = await run("knock", server.ipv6, "7001", "--handshake", "250ms");
    assertEquals([code, ((await readCounters(lab))["ack7001"] ?? 0) > 0], [0, true]);
  });
  await t.step(
    "doctor finds that only handshakes open a door, and its remedy opens it",
    async () => {
      // A network that ends TCP itself: the knock arrives with the handshake's end.
      await server.nft(`table inet carrier {
      set arrived { type ipv6_addr; flags dynamic; timeout 1h; }
      chain input { type filter hook input priority 0;
        tcp dport 7001 tcp flags & (syn | ack | rst) == ack add @arrived { ip6 saddr }
        icmpv6 type echo-request drop
        tcp dport 22 ip6 saddr @arrived accept
        tcp dport 22 drop
      }
    }`);
      await answerLate(lab);
      const knock = await run("knock", "late", "--tries", "1");
      assertEquals(knock.code, 1, knock.stdout);
      await answerLate(lab);
      const examined = await run("doctor", "late", "--json");
      const { cause } = JSON.parse(examined.stdout) as { cause: { code: string; fix: string } };
      assertEquals(cause.code, "handshake", examined.stdout);
      await server.run(["nft", "flush", "set", "inet", "carrier", "arrived"]);
      const [, ...fix] = cause.fix.split(" ");
      assertEquals(fix, ["edit", "late", "--handshake", "250ms"]);
      assertEquals((await run(...fix)).code, 0);
      await answerLate(lab);
      const opened = await run("knock", "late");
      assertEquals(opened.code, 0, opened.stdout);
      await answerSoon(lab);
      await server.run(["nft", "delete", "table", "inet", "carrier"]);
    },
  );
  await t.step("icmp knocks have their size and their payload", async () => {
    const { code, stdout, stderr } = await run("knock", "echo");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "knock  icmp/64  icmp/5");
    const { stdout: verbose } = await run("knock", "echo", "-v");
    assertStringIncludes(verbose, `64 bytes  from ${client.ipv4} to ${server.ipv4}`);
    const { echo64, echoknock } = await readCounters(lab);
    assertEquals([echo64, echoknock], [2, 2]);
    const rules = await run("rules", "echo", "--for", "nftables", "--open", "tcp/22");
    assertEquals(rules.code, 2);
    assertStringIncludes(rules.stderr, "knock 1 (icmp) cannot be in firewall rules");
  });
  await t.step("--verbose names the source of each packet, as the server sees it", async () => {
    await server.run(["nft", "flush", "set", "inet", "seen", "packets"]);
    const { stdout } = await run("knock", server.ipv4, "7002/udp", "7003", "-v");
    const shown = [...stdout.matchAll(/(\d+)\/(udp|tcp) .* from ([\d.]+):(\d+) to/g)]
      .map(([, port, protocol, address, from]) => `${address} . ${protocol} . ${from} . ${port}`);
    const listed = await server.run(["nft", "-n", "list", "set", "inet", "seen", "packets"]);
    const seen = listed.replace(/ \. 17 \. /g, " . udp . ").replace(/ \. 6 \. /g, " . tcp . ");
    assertEquals(shown.length, 2, stdout);
    for (const packet of shown) assertStringIncludes(seen, packet);
  });
  await t.step("link-local addresses with their zone, and sources by interface", async () => {
    const address = await findLinkLocal(lab);
    const source = client.device;
    for (const from of [[], ["--source", source], ["--source", `[${client.ipv6}]`]]) {
      const host = from[1]?.startsWith("[") ? server.ipv6 : address;
      const ended = await run("knock", host, "7/udp", "8", "--probe", "tcp:22", ...from);
      assertEquals(ended.code, 0, ended.stderr + ended.stdout);
    }
    const shown = await client.run(["ip", "-6", "addr", "show", "dev", source, "scope", "link"]);
    const own = `${/inet6 (fe80[^/]*)/.exec(shown)?.[1]}%${source}`;
    const zoned = await run("knock", address, "7/udp", "8", "--probe", "tcp:22", "-s", own);
    assertEquals(zoned.code, 0, zoned.stderr + zoned.stdout);
    const unknown = await run("knock", address, "7/udp", "--source", "nosuch0");
    assertEquals(unknown.code, 2);
    assertStringIncludes(unknown.stderr, "the source is neither an address nor an interface");
  });
  await t.step("both families at once: the first that opens is used", async () => {
    await server.nft(`table inet six { chain input { type filter hook input priority 0;
      ip6 daddr ${server.ipv6} tcp dport 22 drop; }; }`);
    await home.write((await Deno.readTextFile(home.config)).replace(
      'host = "both.test"',
      'host = "both.test"\nfamily = "both"',
    ));
    const { code, stderr } = await run("connect", "both", "22", "-v", "--grace", "0");
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, `connected to ${server.ipv4} port 22`);
    await server.run(["nft", "delete", "table", "inet", "six"]);
  });
  await t.step("both families: doctor sees that another table blocks one of them", async () => {
    await server.nft(`table inet door {
      set six { type ipv6_addr; flags dynamic; timeout 1h; }
      set four { type ipv4_addr; flags dynamic; timeout 1h; }
      chain input { type filter hook input priority 0;
        meta nfproto ipv6 udp dport 7000 add @six { ip6 saddr }
        meta nfproto ipv4 udp dport 7000 add @four { ip saddr }
        tcp dport 22 ip6 saddr @six accept
        tcp dport 22 ip saddr @four accept
        tcp dport 22 drop
      }
    }`);
    const examine = async () => {
      for (const set of ["six", "four"]) {
        await server.run(["nft", "flush", "set", "inet", "door", set]);
      }
      const { code, stdout } = await run("doctor", "both", "--json");
      const { cause } = JSON.parse(stdout) as { cause: { code: string; text: string } };
      return { code, cause };
    };
    const good = await examine();
    assertEquals([good.code, good.cause.code], [0, "fine"], good.cause.text);
    assertStringIncludes(good.cause.text, "Both IPv6 and IPv4 were tried.");
    await server.nft(`table inet second { chain input { type filter hook input priority 10;
      ip daddr ${server.ipv4} tcp dport 22 drop; }; }`);
    const blocked = await examine();
    assertEquals([blocked.code, blocked.cause.code], [1, "not_accepted"], blocked.cause.text);
    assertStringIncludes(blocked.cause.text, `Over IPv4 (${server.ipv4}): The host answers`);
    assertStringIncludes(blocked.cause.text, `Over IPv6 (${server.ipv6}): Nothing is wrong`);
    const looked = await run("knock", "both");
    assertStringIncludes(
      looked.stdout,
      `IPv6 and IPv4 are knocked on: ${server.ipv6}, ${server.ipv4}`,
    );
    assertStringIncludes(looked.stdout, "probe  tcp 22 over IPv6 open");
  });
  await t.step("no way to a host is a network error for every kind of knock", async () => {
    const [four, six] = ["192.0.2.1", "2001:db8:ffff::1"];
    await client.run(["ip", "route", "add", "unreachable", `${four}/32`]);
    await client.run(["ip", "-6", "route", "add", "unreachable", `${six}/128`]);
    for (const host of [four, six]) {
      for (const port of ["7000/tcp", "7000/udp"]) {
        for (const probe of [["--probe", "22/tcp"], ["--no-probe"]]) {
          const { code, stderr } = await run("knock", host, port, ...probe);
          assertEquals(code, 3, stderr);
          assertStringIncludes(stderr, `cannot send to ${host} port 7000: `);
        }
      }
      await run("add", "gone", host, "7000/tcp");
      const connected = await run("connect", "gone", "22");
      assertEquals([connected.code, (await run("doctor", "gone")).code], [3, 3], connected.stderr);
      await run("remove", "gone", "--yes");
    }
  });
  await t.step("a firewall that answers for every port was sent the knocks", async () => {
    await server.nft(`table inet far { chain input { type filter hook input priority -10;
      ip daddr ${server.ipv4} tcp dport { 22, 7001 } reject with icmp host-prohibited; }; }`);
    const probe = ["--probe", "22/tcp", "--timeout", "1s", "--tries", "1"];
    const { code, stderr, stdout } = await run("knock", server.ipv4, "7001/tcp", ...probe);
    assertEquals([code, stderr], [1, ""], stdout);
  });
  await t.step("the question for a route sends no packet", async () => {
    await client.nft(`table inet leaving { counter asked { }
      chain output { type filter hook output priority 0; udp dport 9 counter name asked; }; }`);
    const source = new URL("../../src/net/udp.ts", import.meta.url).href;
    const script = `import { findRouteError } from "${source}";
      for (const address of Deno.args) console.log((await findRouteError({ address }))?.message);`;
    const hosts = [server.ipv4, server.ipv6, "192.0.2.1"];
    const answers = await client.run([Deno.execPath(), "eval", "--unstable-net", script, ...hosts]);
    assertEquals(answers.trim().split("\n").slice(0, 2), ["undefined", "undefined"]);
    assertStringIncludes(answers, "No route to host");
    const counted = await client.run(["nft", "list", "counters", "table", "inet", "leaving"]);
    assertStringIncludes(counted, "packets 0 bytes 0");
  });
}, { tools: ["ping", "ss"], sources: 0 });
