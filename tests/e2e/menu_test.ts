/** The menu in a pseudo-terminal, by plain lines and by cliffy. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KIND } from "../../src/prompt/cliffy.ts";
import { textOf } from "../fakes.ts";
import { freeTcpPort } from "../ports.ts";
import { needs } from "./old_runtime.ts";
import { Home } from "./program.ts";
import { Receivers } from "./receivers.ts";
import { HAS_SCRIPT, Session } from "./terminal.ts";
import { HASHES } from "./vectors.ts";

const noScript = HAS_SCRIPT ? "" : " (ignored: util-linux' script is not here)";

function plainTest(
  name: string,
  fn: () => Promise<void>,
  { ignore = false, reason = "" }: Partial<ReturnType<typeof needs>> = {},
) {
  Deno.test({ name: `plain: ${name}${noScript}${reason}`, ignore: ignore || !HAS_SCRIPT, fn });
}

const MENU = "[X] Exit";
const CHOICE = "Choice: ";

plainTest("add, probe, knock", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const [knock, door] = [there.udp(), there.tcp()];
  const session = Session.start(home, ["--plain"]);
  await session.answer(
    [CHOICE, "a\r"],
    ["Host name or address: ", "not a host\r"],
    ["* ", ""],
    ["Host name or address: ", "127.0.0.1\r"],
    ["Name of the target", "fw\r"],
    ["Knocks in order", `${knock}/udp 80x\r`],
    ["* ", ""],
    ["Knocks in order", `${knock}/udp\r`],
    ["carry a secret", "\r"],
    ["What the knocks open", `${door}\r`],
    [`TCP port to check afterwards (none to check nothing) [${door}]`, "\r"],
    ["Description", "my door\r"],
    ["saved fw in ", ""],
    [MENU, ""],
    [CHOICE, "p\r"],
    [`probe  tcp ${door} open`, ""],
    [CHOICE, "1\r"],
    [`Passphrase for fw (${knock}/udp): `, "MikroTik\r"],
    ["********", ""],
    [`probe  tcp ${door} open`, ""],
  );
  assertEquals(await session.end(), { code: 0, isRestored: true });
  assertEquals(session.screen.includes("MikroTik"), false);
  // deno-lint-ignore no-control-regex -- plain lines have no escape codes
  assertEquals(/[\x1b\x07]/.test(session.screen), false);
  const arrivals = (await there.wait(1)).filter(({ protocol }) => protocol === "udp");
  assertEquals(arrivals.map(({ payload }) => textOf(payload)), [HASHES[0]]);
  assertEquals((await Deno.stat(home.config)).mode! & 0o777, 0o600);
});

plainTest("edit, remove, hash, import, exit", async () => {
  await using home = new Home();
  await Deno.mkdir(`${home.path}/.secrets`);
  await Deno.writeTextFile(
    `${home.path}/.secrets/spknock-targets.conf`,
    "192.0.2.1:1/udp\n192.0.2.2:2\n",
  );
  const session = Session.start(home, ["--plain"]);
  await session.answer(
    ["[I] Import", ""],
    [CHOICE, "i\r"],
    ["File to import", "\r"],
    ["saved 2 targets in ", ""],
    [CHOICE, "e\r"],
    ["Which target", ""],
    [CHOICE, "2\r"],
    ["Host name or address [192.0.2.2]: ", "192.0.2.3\r"],
    ["Knocks in order", "\r"],
    ["What the knocks open", "\r"],
    ["TCP port to check", "\r"],
    ["Description", "\r"],
    ["changed host-192-0-2-2 in ", ""],
    [CHOICE, "r\r"],
    [CHOICE, "1\r"],
    ["Remove host-192-0-2-1? [y/N] ", "y\r"],
    ["removed host-192-0-2-1", ""],
    [CHOICE, "h\r"],
    ["Passphrase: ", "MikroTik\r"],
    ["Once more: ", "Mikrotik\r"],
    ["They differ. Passphrase: ", "MikroTik\r"],
    ["Once more: ", "MikroTik\r"],
    [HASHES[0] ?? "", ""],
    [CHOICE, "x\r"],
  );
  assertEquals(await session.end(), { code: 0, isRestored: true });
  assertEquals((await home.run(["list"])).stdout, "host-192-0-2-2  192.0.2.3  2/tcp\n");
});

plainTest(
  "Ctrl-C at a question goes back to the menu, there it is 130, the terminal is restored",
  async () => {
    await using home = new Home();
    await home.write('[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nprobes = ["tcp:9"]\n');
    const text = await Deno.readTextFile(home.config);
    const places: (readonly [string, string])[][] = [
      [],
      [[CHOICE, "1\r"], ["Passphrase for fw", "half"], ["****", ""]],
      [[CHOICE, "a\r"], ["Host name", "fw\r"], ["Name of", "x\r"], ["Knocks", "7\r"], [
        "What the knocks open",
        "",
      ]],
      [[CHOICE, "r\r"], ["Remove fw?", ""]],
      [[CHOICE, "h\r"], ["Passphrase", "x\r"], ["Once more", ""]],
    ];
    await Promise.all(places.map(async (dialogue) => {
      const session = Session.start(home, ["--plain"]);
      await session.answer(...dialogue);
      if (dialogue.length > 0) await session.type("\x03");
      await session.until(CHOICE);
      await session.type("\x03");
      assertEquals(await session.end(), { code: 130, isRestored: true }, session.screen);
    }));
    assertEquals(await Deno.readTextFile(home.config), text);
  },
);

plainTest("Ctrl-C while knocking is 130", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const knocks = [`${there.udp()}/udp`, `${there.udp()}/udp`];
  const session = Session.start(home, ["knock", "127.0.0.1", ...knocks, "-d", "10m"]);
  await there.wait(1);
  await session.type("\x03");
  assertEquals(await session.end(), { code: 130, isRestored: true });
  assertEquals(there.arrivals.length, 1);
});

plainTest("a passphrase is read from the terminal while stdin and stdout are pipes", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await home.write(`[targets.fw]\nhost = "127.0.0.1"\nknocks = ["${there.udp()}/udp"]\n`);
  const session = Session.start(home, ["knock", "fw", "--json"], {
    wrap: (command) => `cat /dev/null | ${command} > out.json`,
    env: { TERM: "dumb" },
  });
  await session.answer(["Passphrase for fw", "MikroTik\r"]);
  assertEquals(await session.end(), { code: 0, isRestored: true });
  const out = JSON.parse(await Deno.readTextFile(`${home.path}/out.json`));
  assertEquals(out.targets[0].status, "sent");
  assertEquals((await there.wait(1)).map(({ payload }) => textOf(payload)), [HASHES[0]]);
}, needs("terminal"));

plainTest("TERM=dumb is plain by itself; NO_COLOR and pipes have no colours", async () => {
  await using home = new Home();
  await home.write('[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7"]\n');
  const dumb = Session.start(home, [], { env: { TERM: "dumb" } });
  await dumb.answer([CHOICE, "x\r"]);
  assertEquals(await dumb.end(), { code: 0, isRestored: true });
  // deno-lint-ignore no-control-regex -- escape codes
  const colour = /\x1b\[\d*m/;
  const list = async (env: Record<string, string>) => {
    const session = Session.start(home, ["list"], { env });
    await session.end();
    return session.screen;
  };
  assertEquals(colour.test(await list({ NO_COLOR: "" })), true);
  assertEquals(colour.test(await list({ NO_COLOR: "1" })), false);
  assertEquals(colour.test(await list({ NO_COLOR: "", TERM: "dumb" })), false);
});

plainTest("a wrong passphrase leaves the port closed, and the exit code is 1", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await home.write(
    `[targets.fw]\nhost = "127.0.0.1"\nknocks = ["${there.udp()}/udp"]\ntries = 1\n` +
      `timeout = "200ms"\nprobes = ["tcp:${freeTcpPort()}"]\n`,
  );
  const session = Session.start(home, ["--plain"]);
  await session.answer([CHOICE, "1\r"], ["Passphrase", "wrong\r"], ["refused", ""]);
  assertEquals(await session.end(), { code: 1, isRestored: true });
});

const isCliffy = KIND === "cliffy";
const noCliffy = isCliffy ? noScript : " (ignored: only JSR has cliffy, and it cannot be reached)";

function cliffyTest(name: string, fn: () => Promise<void>) {
  Deno.test({ name: `cliffy: ${name}${noCliffy}`, ignore: !isCliffy || !HAS_SCRIPT, fn });
}

cliffyTest("search as you type: add, edit, hash, remove, exit", async () => {
  await using home = new Home();
  const session = Session.start(home, []);
  await session.answer(
    ["Exit", "add\r"],
    ["Host name or address", "127.0.0.1\r"],
    ["Name of the target", "fw\r"],
    ["Knocks in order", "7/udp\r"],
    ["carry a secret", "\r"],
    ["What the knocks open", "none\r"],
    ["TCP port to check", "\r"],
    ["Description", "\r"],
    ["saved fw in ", ""],
    ["Exit", "edi\r"],
    ["Host name or address", "127.0.0.2\r"],
    ["Knocks in order", "\r"],
    ["What the knocks open", "\r"],
    ["TCP port to check", "\r"],
    ["Description", "\r"],
    ["changed fw in ", ""],
    ["Exit", "hash\r"],
    ["Passphrase", "MikroTik\r"],
    ["Once more", "MikroTik\r"],
    [HASHES[0] ?? "", ""],
    // Up from the first is the last: Exit; once more up, and down again.
    ["Exit", "\x1b[A\x1b[A\x1b[B\r"],
  );
  assertEquals(await session.end(), { code: 0, isRestored: true });
  assertEquals(session.screen.includes("MikroTik"), false);
  assertEquals((await home.run(["list"])).stdout, "fw  127.0.0.2  7/udp\n");
});

cliffyTest("Ctrl-C restores the terminal and its cursor", async () => {
  await using home = new Home();
  await home.write('[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\n');
  for (const dialogue of [[["Exit", "\r"], ["Passphrase", "half"], ["****", ""]], [["Exit", ""]]]) {
    const session = Session.start(home, []);
    await session.answer(...dialogue as [string, string][]);
    await session.type("\x03");
    if (dialogue.length > 1) await session.answer(["Exit", "\x03"]);
    assertEquals(await session.end(), { code: 130, isRestored: true });
    const [shown, hidden] = ["\x1b[?25h", "\x1b[?25l"].map((it) => session.screen.lastIndexOf(it));
    assertEquals((shown ?? -1) >= (hidden ?? -1), true);
  }
  assertMatch(await Deno.readTextFile(home.config), /^\[targets\.fw\]/);
});

cliffyTest("knock with a typed passphrase, masked", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await home.write(`[targets.fw]\nhost = "127.0.0.1"\nknocks = ["${there.udp()}/udp"]\n`);
  const session = Session.start(home, []);
  await session.answer(["Exit", "\r"], ["Passphrase", "MikroTik\r"], ["sent in", ""]);
  assertEquals(await session.end(), { code: 0, isRestored: true });
  assertEquals((await there.wait(1)).map(({ payload }) => textOf(payload)), [HASHES[0]]);
  assertStringIncludes(session.screen, "********");
  assertEquals(session.screen.includes("MikroTik"), false);
});
