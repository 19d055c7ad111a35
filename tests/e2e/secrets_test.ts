/** Passphrases and hashes appear nowhere but on the wire. */
import { assertEquals } from "@std/assert";
import { textOf } from "../fakes.ts";
import { freeTcpPort, freeUdpPorts } from "../ports.ts";
import { lacks, testWith } from "../systems.ts";
import { table } from "../table.ts";
import { type Ended, Home, valueOf } from "./program.ts";
import { Receivers } from "./receivers.ts";

const PHRASE = "Correct-Horse 🔑 žluť";

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}

/** Fails if a part of the secret can be read in `text`. */
function assertSilent(text: string, hash: string, what: string): void {
  const bytes = new TextEncoder().encode(PHRASE);
  const traces = ["Correct-Horse", "žluť", hash.slice(0, 12), hash.slice(-12), bytes.toBase64()];
  for (const trace of traces) {
    assertEquals(text.toLowerCase().includes(trace.toLowerCase()), false, what);
  }
}

/** Notes everything that a program is told, its parent's command line included. */
const SPY = `#!/bin/sh
{ env; cat; tr '\\0' ' ' < /proc/$PPID/cmdline; echo "$@"; } >> "$SPY_FILE"
echo told
`;

const COMMANDS = [
  ["knock", "fw"],
  ["knock", "fw", "-v"],
  ["knock", "fw", "--json"],
  ["knock", "fw", "-v", "--probe", "tcp:CLOSED"],
  ["knock", "fw", "-v", "-s", "192.0.2.99"],
  ["knock", "fw", "-n"],
  ["show", "fw"],
  ["show", "fw", "--json"],
  ["list", "-v"],
];
/** How many of the commands send a packet. */
const SENT = 4;

table(
  "no output, program or file shows the secret",
  {
    "from env": () => '{ env = "FW_SECRET" }',
    "from file": (home) => `{ file = "${home.path}/fw.secret" }`,
    "from command": (home) => `{ command = ["cat", "${home.path}/fw.secret"] }`,
    "from hash": (_, hash) => `{ hash = "${hash}" }`,
  } satisfies Record<string, (home: Home, hash: string) => string>,
  async (render, title) => {
    const hash = await hashOf(PHRASE);
    await using home = new Home();
    await using there = new Receivers();
    const [spy, told] = [`${home.path}/spy`, `${home.path}/told`];
    await Deno.writeTextFile(spy, SPY, { mode: 0o700 });
    await Deno.writeTextFile(`${home.path}/fw.secret`, `${PHRASE}\n`, { mode: 0o600 });
    await home.write(`[targets.fw]
host = "127.0.0.1"
knocks = ["${there.udp()}/udp"]
secret = ${render(home, hash)}
tries = 1
timeout = "300ms"
probes = [{ type = "exec", run = ["${spy}", "{target}"] }]
[[targets.fw.after]]
run = ["${spy}", "after", "{host}"]
`);
    const env = { ...(title === "from env" ? { FW_SECRET: PHRASE } : {}), SPY_FILE: told };
    const closed = `${freeTcpPort()}`;
    for (const words of COMMANDS) {
      const argv = words.map((word) => word.replace("CLOSED", closed));
      const ended = await home.run(argv, { env });
      assertSilent(ended.stdout + ended.stderr, hash, argv.join(" "));
    }
    const arrivals = await there.wait(SENT);
    assertEquals(arrivals.map(({ payload }) => textOf(payload)), Array(SENT).fill(hash));
    assertSilent(await Deno.readTextFile(told), hash, "what programs were given");
  },
  { ignore: lacks("sh") },
);

const AD_HOC = ["knock", "127.0.0.1", "7/udp", "-v"];
const WRONG: Record<string, (home: Home) => Promise<Ended>> = {
  "a file with too many lines": async (home) => {
    await Deno.writeTextFile(`${home.path}/many`, `${PHRASE}\n${PHRASE}\n`, { mode: 0o600 });
    return home.run([...AD_HOC, "--secrets-from", "many"]);
  },
  "a file that others can read": async (home) => {
    await Deno.writeTextFile(`${home.path}/open`, PHRASE);
    await Deno.chmod(`${home.path}/open`, 0o644);
    return home.run([...AD_HOC, "--secrets-from", "open"]);
  },
  "an input with too many lines": (home) =>
    home.run([...AD_HOC, "--secrets-from", "-"], { stdin: `${PHRASE}\n${PHRASE}\n` }),
  "an argument": (home) => home.run(["hash", PHRASE]),
};

table("no error shows the secret", WRONG, async (run) => {
  await using home = new Home();
  await assertSilentError(await run(home));
});

table(
  "no error of a target shows the secret",
  {
    "a command that fails": () => `{ command = ["sh", "-c", "echo '${PHRASE}' >&2; exit 1"] }`,
    "a short hash": (hash) => `{ hash = "${hash.slice(1)}" }`,
    "two sources": (hash) => `{ hash = "${hash}", env = "X" }`,
    "a bare string": () => `"${PHRASE}"`,
    "an unknown source": () => `{ passphrase = "${PHRASE}" }`,
  } satisfies Record<string, (hash: string) => string>,
  async (render) => {
    await using home = new Home();
    const secret = render(await hashOf(PHRASE));
    await home.write(`[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = ${secret}\n`);
    const ended = await home.run(["knock", "fw", "-v"]);
    // What a secret's command prints on stderr goes to the terminal.
    const stderr = ended.stderr.replace(new RegExp(`^${PHRASE}\\n`, "m"), "");
    await assertSilentError({ ...ended, stderr });
  },
  { ignore: lacks("sh") },
);

async function assertSilentError({ code, stdout, stderr }: Ended): Promise<void> {
  assertEquals([2, 4].includes(code), true, stderr);
  assertSilent(stdout + stderr, await hashOf(PHRASE), stderr);
}

testWith("sh", "a secret from the environment is not passed on to programs", async () => {
  await using home = new Home();
  const [port] = freeUdpPorts(1);
  await home.write(`version = 1
[targets.door]
host = "127.0.0.1"
knocks = ["${port}/udp"]
secret = { env = "DOOR_PHRASE" }
probes = [{ type = "exec", run = ["sh", "-c", "echo \\"is:$DOOR_PHRASE:$KEPT\\""] }]
`);
  const env = { DOOR_PHRASE: "MikroTik", KEPT: "kept" };
  const ended = await home.run(["knock", "door", "--json"], { env });
  const { targets: [target] } = valueOf<{ targets: { probes: { detail: string }[] }[] }>(ended);
  assertEquals([ended.code, target?.probes[0]?.detail], [0, "is::kept"]);
});

testWith(
  "sh",
  "a secret from the environment reaches no program of another target either",
  async () => {
    await using home = new Home();
    const [port] = freeUdpPorts(1);
    const look = `["sh", "-c", "echo \\"is:$DOOR_PHRASE:$KEPT\\" | tee -a seen.txt"]`;
    await home.write(`version = 1
[targets.other]
host = "127.0.0.1"
knocks = ["1/udp"]
secret = { env = "DOOR_PHRASE" }
[targets.door]
host = "127.0.0.1"
knocks = ["${port}/udp"]
secret = { command = ${look} }
probes = [{ type = "exec", run = ${look} }]
after = [{ run = ${look} }]
`);
    const options = { env: { DOOR_PHRASE: "MikroTik", KEPT: "kept" }, stdin: "x\n" };
    const command = ["--no-probe", "--", "sh", "-c", `echo "is:$DOOR_PHRASE:$KEPT" >> seen.txt`];
    await home.run(["probe", "door"], options);
    await home.run(["knock", "door", "--secrets-from", "-"], options);
    await home.run(["knock", "door", ...command], options);
    const seen = (await Deno.readTextFile(`${home.path}/seen.txt`)).trim().split("\n");
    assertEquals([seen.length, new Set(seen)], [6, new Set(["is::kept"])]);
  },
);
