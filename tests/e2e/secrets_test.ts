/** Passphrases and hashes appear nowhere but on the wire. */
import { assertEquals } from "@std/assert";
import { textOf } from "../fakes.ts";
import { freeTcpPort, freeUdpPorts } from "../ports.ts";
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

Deno.test("no source of a secret, and no output, shows it", async () => {
  const hash = await hashOf(PHRASE);
  const quoted = JSON.stringify(PHRASE);
  const sources: [source: string, name: string][] = [
    ['{ env = "FW_SECRET" }', "env"],
    ['{ file = "fw.secret" }', "file"],
    ['{ command = ["cat", "fw.secret"] }', "command"],
    [`{ hash = "${hash}" }`, "hash"],
  ];
  await using home = new Home();
  await using there = new Receivers();
  const port = there.udp();
  const closed = freeTcpPort();
  const spy = `${home.path}/spy`;
  await Deno.writeTextFile(spy, SPY, { mode: 0o700 });
  await Deno.writeTextFile(`${home.path}/fw.secret`, `${PHRASE}\n`, { mode: 0o600 });
  let expected = 0;
  for (const [source, name] of sources) {
    await home.write(`[targets.fw]
host = "127.0.0.1"
knocks = ["${port}/udp"]
secret = ${source.replace('"fw.secret"', JSON.stringify(`${home.path}/fw.secret`))}
tries = 1
timeout = "300ms"
probes = [{ type = "exec", run = ["${spy}", "{target}"] }]
[[targets.fw.after]]
run = ["${spy}", "after", "{host}"]
`);
    const told = `${home.path}/${name}.told`;
    const env = {
      ...(name === "env" ? { FW_SECRET: PHRASE } : {}),
      SPY_FILE: name === "env" ? "/dev/null" : told,
    };
    const runs: string[][] = [
      ["knock", "fw"],
      ["knock", "fw", "-v"],
      ["knock", "fw", "--json"],
      ["knock", "fw", "-v", "--probe", `tcp:${closed}`],
      ["knock", "fw", "-v", "-s", "192.0.2.99"],
      ["knock", "fw", "-n"],
      ["show", "fw"],
      ["show", "fw", "--json"],
      ["list", "-v"],
    ];
    for (const argv of runs) {
      const ended = await home.run(argv, { env });
      assertSilent(ended.stdout + ended.stderr, hash, `${name}: ${argv.join(" ")}`);
    }
    expected += 4;
    const arrivals = await there.wait(expected);
    assertEquals(arrivals.length, expected, name);
    assertEquals(arrivals.every(({ payload }) => textOf(payload) === hash), true, quoted);
    if (name !== "env") assertSilent(await Deno.readTextFile(told), hash, `${name}: told`);
  }
});

Deno.test("nor does an error of a secret", async () => {
  const hash = await hashOf(PHRASE);
  await using home = new Home();
  await Deno.writeTextFile(`${home.path}/many`, `${PHRASE}\n${PHRASE}\n`, { mode: 0o600 });
  await Deno.writeTextFile(`${home.path}/open`, PHRASE);
  await Deno.chmod(`${home.path}/open`, 0o644);
  const broken = (secret: string) =>
    `[targets.fw]\nhost = "127.0.0.1"\nknocks = ["7/udp"]\nsecret = ${secret}\n`;
  const ad = ["knock", "127.0.0.1", "7/udp"];
  const ends: Ended[] = [
    await home.run([...ad, "--secrets-from", "many", "-v"]),
    await home.run([...ad, "--secrets-from", "open", "-v"]),
    await home.run([...ad, "--secrets-from", "-", "-v"], { stdin: `${PHRASE}\n${PHRASE}\n` }),
    await home.run(["hash", PHRASE]),
  ];
  for (
    const secret of [
      `{ command = ["sh", "-c", "echo '${PHRASE}' >&2; exit 1"] }`,
      `{ hash = "${hash.slice(1)}" }`,
      `{ hash = "${hash}", env = "X" }`,
      `"${PHRASE}"`,
      `{ passphrase = "${PHRASE}" }`,
    ]
  ) {
    await home.write(broken(secret));
    const ended = await home.run(["knock", "fw", "-v"]);
    // What the command itself says on stderr is its own affair.
    ends.push({ ...ended, stderr: ended.stderr.replace(new RegExp(`^${PHRASE}\\n`, "m"), "") });
  }
  for (const [index, ended] of ends.entries()) {
    assertEquals([2, 4].includes(ended.code), true, `${index}: ${ended.stderr}`);
    assertSilent(ended.stdout + ended.stderr, hash, `${index}: ${ended.stderr}`);
  }
});

Deno.test("a secret from the environment is not handed on to the programs that are started", async () => {
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
