/** `knock -- COMMAND`, `keep`, `close`, with nothing but fakes. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import { errorOf, valueOf, World, type WorldOptions } from "./harness.ts";

const TARGETS = `version = 1
[targets.home]
host = "192.0.2.1"
knocks = ["7000/udp", "8000/udp"]
secret = "none"
delay = 0
probes = ["tcp:22"]
open_for = "10s"
[targets.home.close]
knocks = ["9000/tcp"]
[targets.plain]
host = "192.0.2.2"
knocks = ["1/tcp"]
`;

const ended = (code: number | undefined) => ({ code, stdout: "", stderr: "" });

async function inWorld(options: WorldOptions, work: (world: World) => Promise<void>) {
  await using world = new World(options);
  await world.write(TARGETS);
  await work(world);
}

Deno.test("knock -- COMMAND: its exit code is ours, stdout is its own, and it is told of the door", async () => {
  await inWorld({ open: [22], programs: [ended(7)] }, async (world) => {
    const { code, stdout, stderr } = await world.run("knock", "home", "--", "ssh", "-v", "{host}");
    assertEquals([code, stdout], [7, ""]);
    assertStringIncludes(stderr, "home: the door is open");
    const [call] = world.programs.calls;
    // What follows -- is the user's own command line: nothing is filled in.
    assertEquals(call?.command, ["ssh", "-v", "{host}"]);
    assertEquals(call?.options.env, {
      SPKNOCK_TARGET: "home",
      SPKNOCK_HOST: "192.0.2.1",
      SPKNOCK_ADDRESS: "192.0.2.1",
      SPKNOCK_PORT: "22",
      SPKNOCK_ATTEMPT: "1",
    });
    assertEquals(world.dropped, ["write"]);
  });
});

Deno.test("knock -- COMMAND: a door that stays shut runs nothing", async () => {
  await inWorld({}, async (world) => {
    const { code } = await world.run("knock", "home", "--tries", "1", "--", "ssh");
    assertEquals([code, world.programs.calls.length], [1, 0]);
  });
});

Deno.test("knock -- COMMAND: without a probe it runs, and --json stays on stdout", async () => {
  await inWorld({ programs: [ended(0)] }, async (world) => {
    const run = await world.run("knock", "192.0.2.3", "7000", "--json", "--", "true");
    assertEquals([run.code, run.stderr], [0, ""]);
    assertEquals(Object.keys(valueOf(run)), ["targets"]);
  });
});

Deno.test("knock -- COMMAND: what cannot be started is told as shells do", async () => {
  for (
    const [cause, wanted] of [
      [new Deno.errors.NotFound("os error 2"), 127],
      [new Deno.errors.PermissionDenied("os error 13"), 126],
    ] as const
  ) {
    await inWorld({ open: [22], programs: [cause] }, async (world) => {
      const { code, stderr } = await world.run("knock", "home", "--", "nosuch");
      assertEquals(code, wanted);
      assertStringIncludes(stderr, 'error: the command "nosuch" could not be started');
    });
  }
});

Deno.test("a -- where no command can follow, and none where one must, is a usage error", async () => {
  const cases: [string[], string][] = [
    [["list", "--", "x"], "no arguments are allowed after --"],
    [["knock", "home", "--"], "missing argument COMMAND after --"],
    [["keep", "home", "--"], "missing argument COMMAND after --"],
    [["knock", "home", "plain", "--", "x"], "2 targets, but one command"],
    [["keep"], "missing argument TARGET"],
    [["keep", "home", "plain"], 'unexpected argument "plain"'],
    [["close", "plain"], '"plain" has no closing sequence'],
  ];
  await inWorld({}, async (world) => {
    for (const [argv, words] of cases) {
      const { code, stderr } = await world.run(...argv);
      assertEquals(code, 2, argv.join(" "));
      assertStringIncludes(stderr, words);
    }
    assertEquals(world.net.sent.length, 0);
  });
});

Deno.test("close: the closing knocks, until the door is shut", async () => {
  await inWorld({ open: [22], shutsAfter: 2 }, async (world) => {
    const { code, stdout } = await world.run("close", "home");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "home: the door is closed");
    assertEquals(world.net.sent.map(({ port }) => port), [9000, 9000, 9000]);
  });
});

Deno.test("close: a door that stays open is exit code 1", async () => {
  await inWorld({ open: [22] }, async (world) => {
    const run = await world.run("close", "home", "--json");
    assertEquals(run.code, 1);
    const { targets } = valueOf<{ targets: { status: string }[] }>(run);
    assertEquals(targets[0]?.status, "still_open");
  });
});

/** Ctrl-C as soon as somebody wants to sleep until then. */
function interruptAt({ clock, cancel }: World, ms: number): void {
  const sleepUntil = clock.sleepUntil.bind(clock);
  clock.sleepUntil = (at, signal) => {
    if (at >= ms) cancel.abort(new CancelledError());
    return sleepUntil(at, signal);
  };
}

interface Line {
  event: string;
  at_ms: number;
}

Deno.test("keep: one JSON line an event, renewed at 80 %, shut at Ctrl-C", async () => {
  await inWorld({ open: [22], shutsAfter: 11 }, async (world) => {
    interruptAt(world, 20_000);
    const { code, stdout } = await world.run("keep", "home", "--json");
    assertEquals(code, 0);
    const lines = stdout.trim().split("\n").map((line) => JSON.parse(line) as Line);
    assertEquals(lines.map(({ event }) => event), ["opened", "renewed", "renewed", "closed"]);
    const [opened, first, second] = lines;
    assertEquals([opened?.at_ms, first?.at_ms], [0, 8_000]);
    // The packets of a renewal go out twice.
    assertEquals((second?.at_ms ?? 0) >= 16_000, true);
    assertEquals(world.net.sent.map(({ port }) => port).slice(0, 6), [
      ...[7000, 8000],
      ...[7000, 7000, 8000, 8000],
    ]);
    assertEquals(world.net.sent.at(-1)?.port, 9000);
  });
});

Deno.test("keep: a renewal is careful, for an open door does not tell whether it arrived", async () => {
  await inWorld({ open: [22], shutsAfter: 7 }, async (world) => {
    await world.write(TARGETS.replace("delay = 0\n", ""));
    interruptAt(world, 10_000);
    await world.run("keep", "home", "--json");
    const [one, two, , first, , second] = world.net.sent.map(({ at }) => at);
    assertEquals([one, two], [0, 5]);
    assertEquals((second ?? 0) - (first ?? 0), 50);
  });
});

Deno.test("keep: with copies = 1 and a closing sequence each renewal closes first (knockd)", async () => {
  await inWorld({ open: [22], shutsAfter: 9 }, async (world) => {
    await world.write(TARGETS.replace("delay = 0\n", "delay = 0\ncopies = 1\n"));
    interruptAt(world, 20_000);
    const { code, stdout } = await world.run("keep", "home", "--json");
    assertEquals(code, 0);
    const events = stdout.trim().split("\n").map((line) => (JSON.parse(line) as Line).event);
    assertEquals(events, ["opened", "renewed", "renewed", "closed"]);
    const ports = world.net.sent.map(({ port }) => port);
    const renewal = [9000, 7000, 8000];
    assertEquals(ports, [7000, 8000, ...renewal, ...renewal, 9000]);
    // The daemon has time to remove its rule.
    const [, , taken, added] = world.net.sent;
    assertEquals((added?.at ?? 0) - (taken?.at ?? 0), 250);
  });
});

Deno.test("keep: a door whose first knock is cancelled is closed again", async () => {
  await inWorld({}, async (world) => {
    interruptAt(world, 300);
    const { code } = await world.run("keep", "home", "--json");
    assertEquals([code, world.net.sent.at(-1)?.port], [130, 9000]);
  });
});

Deno.test("keep: a line that cannot be written does not leave the door open", async () => {
  await inWorld({ open: [22], shutsAfter: 3, isFull: true }, async (world) => {
    const { code, stderr } = await world.run("keep", "home", "--json");
    assertEquals([code, errorOf({ code, stdout: "", stderr }).code], [5, "output"]);
    assertEquals(world.net.sent.at(-1)?.port, 9000);
  });
});

Deno.test("keep: a knockd gets whole sequences, even where the end comes in the middle of one", async () => {
  const text = TARGETS.replace("delay = 0\n", 'delay = "50ms"\ncopies = 1\n')
    .replace('["9000/tcp"]', '["9000/tcp", "8000/udp", "7000/udp"]');
  const opening = [7000, 8000];
  const closing = [9000, 8000, 7000];
  // The first knock, a renewal that is stopped after the first packet of either sequence, and the end.
  for (const [count, middle] of [[3, closing], [6, [...closing, ...opening]]] as const) {
    await inWorld({ open: [22] }, async (world) => {
      await world.write(text);
      const { clock, net } = world;
      const sleepUntil = clock.sleepUntil.bind(clock);
      clock.sleepUntil = (at, signal) => {
        if (net.sent.length === count) world.cancel.abort(new CancelledError());
        return sleepUntil(at, signal);
      };
      await world.run("keep", "home", "--json");
      const sent = net.sent.map(({ port }) => port);
      assertEquals(sent.slice(0, 2 + middle.length + 3), [...opening, ...middle, ...closing]);
    });
  }
});

Deno.test("keep: a door that never opens ends it", async () => {
  await inWorld({}, async (world) => {
    const run = await world.run("keep", "home", "--json", "--tries", "2");
    assertEquals([run.code, run.stdout, errorOf(run).code], [1, "", "closed"]);
  });
});

Deno.test("keep: holds while the command runs, and ends as it does", async () => {
  await inWorld({ open: [22], programs: [ended(3)], shutsAfter: 3 }, async (world) => {
    const { code, stdout, stderr } = await world.run("keep", "home", "--", "rsync");
    assertEquals([code, stdout], [3, ""]);
    assertStringIncludes(stderr, "home: open");
    assertStringIncludes(stderr, "home: closed again");
    assertEquals(world.dropped, ["write"]);
  });
});

Deno.test("keep: without a probe it claims neither open nor closed", async () => {
  await inWorld({ programs: [ended(0)] }, async (world) => {
    const argv = ["keep", "home", "--no-probe"];
    const { stderr } = await world.run(...argv, "--", "true");
    assertEquals(stderr.split("\n").filter((line) => /open|closed?\b/.test(line)), [
      "home: knocked, no probe tells whether it is open, renew in 8s",
    ]);
    assertStringIncludes(stderr, "home: closing knocks sent\n");
    const json = await world.run(...argv, "--json", "--", "true");
    const events = json.stdout.trim().split("\n").map((line) => JSON.parse(line).event);
    assertEquals(events, ["knocked", "closing_sent"]);
  });
});
