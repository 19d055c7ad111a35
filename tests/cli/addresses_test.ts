/** Hosts with several addresses: which one is used, and what is said of those that are given up. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { CancelledError, NetworkError } from "../../src/core/errors.ts";
import { table } from "../table.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "fw.example.com"
knocks = ["7000/udp", "8000/tcp"]
secret = "none"
delay = 0
tries = 1
probes = ["tcp:22"]
open_for = "10s"
[targets.both]
host = "fw.example.com"
family = "both"
knocks = ["7000/udp"]
secret = "none"
tries = 1
probes = ["tcp:22"]
`;

const [SIX, FOUR, OTHER] = ["2001:db8::1", "192.0.2.1", "192.0.2.2"];
const NAMES = { "fw.example.com": [SIX, FOUR, OTHER] };

async function inWorld(options: WorldOptions, work: (world: World) => Promise<void>) {
  await using world = new World({ names: NAMES, ...options });
  await world.write(TARGETS);
  await work(world);
}

const codes = ["EHOSTUNREACH", "ENETUNREACH", "EACCES", "EPERM", "EADDRNOTAVAIL"];

table(
  "an address that no packet gets to is given up for the next",
  codes.map((code) => [code, code] as const),
  async (code) => {
    await inWorld({ open: [22], unreachable: { [SIX]: code } }, async (world) => {
      const run = await world.run("knock", "home", "--json");
      const { targets: [report] } = valueOf<
        { targets: { address: string; status: string; given_up: { address: string }[] }[] }
      >(run);
      assertEquals([report?.address, report?.status], [FOUR, "open"]);
      assertEquals(report?.given_up.map(({ address }) => address), [SIX]);
      assertEquals(world.net.sent.map(({ address }) => address), [FOUR, FOUR]);
    });
  },
);

Deno.test("a silent or refusing address is not given up: a knock is not spread", async () => {
  await inWorld({}, async (world) => {
    const { code } = await world.run("knock", "home");
    assertEquals(code, 1);
    assertEquals([...new Set(world.net.sent.map(({ address }) => address))], [SIX]);
  });
});

const LOST = { [SIX]: "ENETUNREACH", [FOUR]: "EHOSTUNREACH", [OTHER]: "EPERM" };
const SAID = `${SIX}: there is no route to it; ${FOUR}: the host is unreachable; ` +
  `${OTHER}: this machine's own firewall forbids it`;

Deno.test("knock names each address and what it said, where packets get to none", async () => {
  await inWorld({ unreachable: LOST }, async (world) => {
    const run = await world.run("knock", "home");
    assertEquals(run.code, 3);
    assertStringIncludes(run.stderr, `error: cannot reach "fw.example.com": ${SAID}`);
    assertStringIncludes(run.stdout, `  ${SIX}: there is no route to it; now ${FOUR}\n`);
    assertEquals(run.stderr.includes("passphrase"), false);
  });
});

Deno.test("probe goes on to the next address, and names those that it gave up", async () => {
  await inWorld({ open: [22], unreachable: { [SIX]: "EHOSTUNREACH" } }, async (world) => {
    const { code, stdout } = await world.run("probe", "home");
    assertEquals(code, 0);
    assertStringIncludes(stdout, `${SIX}: the host is unreachable; now ${FOUR}`);
  });
  await inWorld({ unreachable: LOST }, async (world) => {
    const { code, stdout } = await world.run("probe", "home");
    assertEquals(code, 1);
    assertStringIncludes(stdout, `no packet gets there: ${SAID}`);
  });
});

Deno.test("connect goes on to the next address, before it asks for a passphrase", async () => {
  await inWorld({ open: [22], unreachable: { [SIX]: "ENETUNREACH" } }, async (world) => {
    const { code } = await world.run("connect", "home", "22", "--grace", "1s");
    assertEquals([code, world.net.sent.length], [0, 0]);
    assertEquals(world.connections.map(({ address }) => address), [FOUR]);
  });
  await inWorld({ open: [22], opensAfter: 2, unreachable: { [SIX]: "EACCES" } }, async (world) => {
    const { code } = await world.run("connect", "home", "22");
    assertEquals(code, 0);
    assertEquals(world.net.sent.map(({ address }) => address), [FOUR, FOUR]);
  });
});

Deno.test("connect asks for no passphrase to be checked where no packet gets", async () => {
  await inWorld({ unreachable: LOST }, async (world) => {
    const run = await world.run("connect", "home", "22", "--json");
    const { message, hint } = errorOf(run);
    assertEquals([run.code, message], [3, `cannot reach "fw.example.com": ${SAID}`]);
    assertEquals(hint?.includes("passphrase") ?? false, false);
  });
  await inWorld({}, async (world) => {
    world.names = { "fw.example.com": [FOUR] };
    const run = await world.run("connect", "home", "22", "--json");
    assertEquals(errorOf(run).code, "refused");
  });
});

Deno.test("family both: every knock goes to the two families, the used one decides", async () => {
  await inWorld({ open: [22] }, async (world) => {
    const { code } = await world.run("knock", "both", "--json");
    assertEquals(code, 0);
    assertEquals(world.net.sent.map(({ address }) => address).toSorted(), [FOUR, SIX]);
    assertEquals(world.connections.map(({ address }) => address), [SIX]);
  });
  await inWorld({ open: [22], unreachable: { [FOUR]: "ENETUNREACH" } }, async (world) => {
    assertEquals((await world.run("knock", "both")).code, 0);
  });
  await inWorld({ open: [22], unreachable: { [SIX]: "ENETUNREACH" } }, async (world) => {
    const { code } = await world.run("knock", "both");
    assertEquals([code, world.connections[0]?.address], [0, FOUR]);
  });
});

Deno.test("a source's family is the family of the packets", async () => {
  await inWorld({ open: [22] }, async (world) => {
    await world.run("knock", "home", "-s", "192.0.2.10");
    assertEquals([...new Set(world.net.sent.map(({ address }) => address))], [FOUR]);
  });
});

table("a link-local address needs its zone before the first packet", {
  "of the target": ["knock", "fe80::1", "7"],
  "of a name": ["knock", "local.example.com", "7"],
  "of the far host": ["connect", "home", "fe80::1", "22"],
}, async (argv) => {
  await inWorld({ names: { ...NAMES, "local.example.com": ["fe80::1"] } }, async (world) => {
    const { code, stderr } = await world.run(...argv);
    assertEquals([code, world.net.sent.length], [2, 0]);
    assertStringIncludes(stderr, "needs its interface: fe80::1%eth0");
  });
});

Deno.test("a link-local address without its zone is left out where there is another", async () => {
  await inWorld({ open: [22], names: { "fw.example.com": ["fe80::1", FOUR] } }, async (world) => {
    const { code } = await world.run("knock", "home");
    assertEquals([code, world.net.sent[0]?.address], [0, FOUR]);
  });
});

Deno.test("keep resolves anew after a failed renewal, and a new address is an event", async () => {
  await inWorld({ open: [22], names: { "fw.example.com": [FOUR] } }, async (world) => {
    const sleepUntil = world.clock.sleepUntil.bind(world.clock);
    world.clock.sleepUntil = (at, signal) => {
      if (at >= 5_000 && at < 9_000) {
        world.names = { "fw.example.com": [OTHER] };
        world.net.failures = { [FOUR]: world.net.failures[FOUR] ?? new NetworkError("lost") };
      }
      if (at >= 15_000) world.cancel.abort(new CancelledError());
      return sleepUntil(at, signal);
    };
    const { stdout } = await world.run("keep", "home", "--json");
    const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(lines.map(({ event }) => event), [
      ...["opened", "failed", "moved", "renewed", "stopped"],
    ]);
    assertEquals([lines[2].address, lines[2].former_address], [OTHER, FOUR]);
    assertEquals(lines[3].address, OTHER);
  });
});
