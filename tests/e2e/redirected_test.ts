/** Questions on the controlling terminal, whatever the standard streams are; and where there is none. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { textOf } from "../fakes.ts";
import { freeTcpPort, freeUdpPorts } from "../ports.ts";
import { table } from "../table.ts";
import { Home } from "./program.ts";
import { Receivers } from "./receivers.ts";
import { needs } from "./old_runtime.ts";
import { HAS_SCRIPT, Session } from "./terminal.ts";
import { HASHES, VECTORS } from "./vectors.ts";

const noTerminal = needs("terminal");

/** Nothing of stdin, stdout and stderr need be the terminal. */
const REDIRECTIONS = ["", "2>log", ">log"];
const WITHOUT_INPUT = [
  "</dev/null",
  "</dev/null 2>/dev/tty",
  "</dev/null 2>log",
  "</dev/null >log 2>&1",
  "<&- 2>/dev/null",
];

async function askOn(redirection: string): Promise<void> {
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  await home.write(`[targets.single]\nhost = "127.0.0.1"\nknocks = ["${port}/udp"]\n`);
  const session = Session.start(home, ["knock", "single", "--no-probe"], {
    wrap: (command) => `${command} ${redirection}`,
  });
  await session.answer(
    [`Passphrase for single (${port}/udp)`, "\r"],
    ["the passphrase is empty", "MikroTik\r"],
    ["********", ""],
  );
  assertEquals(await session.end(), { code: 0, isRestored: true });
  assertEquals(session.screen.includes("MikroTik"), false);
  const [arrival] = await there.wait(1);
  assertEquals(textOf(arrival?.payload ?? new Uint8Array()), HASHES[0]);
}

if (HAS_SCRIPT) {
  table(
    "a passphrase is asked for on the terminal, with",
    REDIRECTIONS.map((each) => [each || "nothing redirected", each] as const),
    askOn,
  );

  table(
    `a passphrase is asked for on the terminal${noTerminal.reason}, with`,
    WITHOUT_INPUT.map((each) => [each, each] as const),
    askOn,
    noTerminal,
  );

  Deno.test({
    name: `Ctrl-C at a question on the terminal restores it${noTerminal.reason}`,
    ignore: noTerminal.ignore,
    async fn() {
      await using home = new Home();
      await home.write('[targets.single]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\n');
      const session = Session.start(home, ["knock", "single", "--no-probe"], {
        wrap: (command) => `${command} </dev/null >log 2>&1`,
      });
      await session.answer(["Passphrase for single", "Mikro\x03"]);
      assertEquals(await session.end(), { code: 130, isRestored: true });
    },
  });

  Deno.test({
    name: `connect reports on the terminal what its stderr hides, once${noTerminal.reason}`,
    ignore: noTerminal.ignore,
    async fn() {
      await using home = new Home();
      for (const [redirection, count] of [["2>/dev/null", 1], ["2>log", 1], ["", 1]] as const) {
        const session = Session.start(home, ["connect", "nowhere", "22"], {
          wrap: (command) => `${command} </dev/null ${redirection}`,
        });
        assertEquals(await session.end(), { code: 2, isRestored: true });
        assertEquals(session.screen.match(/error: unknown target "nowhere"/g)?.length, count);
      }
      assertStringIncludes(await Deno.readTextFile(`${home.path}/log`), "error: unknown target");
    },
  });

  Deno.test("simulate's line for another terminal works as printed", async () => {
    await using home = new Home();
    const ports = freeUdpPorts(3);
    const door = freeTcpPort();
    await home.write(
      `[targets.door]\nhost = "127.0.0.1"\nknocks = [${ports.map((port) => `"${port}/udp"`)}]\n` +
        `probes = ["tcp:${door}"]\n`,
    );
    const simulator = Session.start(home, ["simulate", "door"]);
    // A question is drawn anew at each key: the port says which one it is.
    const answersFor = (name: string) =>
      VECTORS.map(([phrase], index): [string, string] => [
        `Passphrase for ${name} (${ports[index]}/udp)`,
        `${phrase}\r`,
      ]);
    await simulator.answer(...answersFor("door"));
    await simulator.until("from another terminal: spknock ");
    const line = (await simulator.until("\n")).trim();
    const session = Session.start(home, line.split(" "));
    await session.answer(...answersFor("127.0.0.1"));
    await session.until(`tcp ${door} open`);
    assertEquals(await session.end(), { code: 0, isRestored: true });
    assert(!/MikroTik|awesome/.test(session.screen), session.screen);
    await simulator.type("\x03");
    assertEquals((await simulator.end()).isRestored, true);
  });
}

const ASKPASS = `#!/bin/sh
echo "$1" >> "$HOME/asked"
read line && echo "read" >> "$HOME/asked"
printf 'MikroTik\\n'
`;

Deno.test("without a terminal SSH_ASKPASS is asked, once a secret", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  await home.write(`[targets.single]\nhost = "127.0.0.1"\nknocks = ["${port}/udp"]\n`);
  const program = `${home.path}/ask`;
  await Deno.writeTextFile(program, ASKPASS, { mode: 0o700 });
  const argv = ["knock", "single", "--no-probe"];
  const options = { stdin: "not for the program\n" };
  const env = { SSH_ASKPASS: program };
  const without = await home.run(argv, { ...options, env });
  assertEquals(without.code, 4);
  assertMatch(without.stderr, /hint: .*--secrets-from.*SSH_ASKPASS.*command = \[/);
  const asked = await home.run(argv, { ...options, env: { ...env, DISPLAY: ":0" } });
  assertEquals([asked.code, asked.stderr], [0, ""]);
  const [arrival] = await there.wait(1);
  assertEquals(textOf(arrival?.payload ?? new Uint8Array()), HASHES[0]);
  const questions = await Deno.readTextFile(`${home.path}/asked`);
  assertEquals(questions, `Passphrase for single (${port}/udp): \n`);
});
