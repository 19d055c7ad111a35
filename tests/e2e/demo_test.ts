/** `demo` and `simulate`: a door on loopback. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freeTcpPort, freeUdpPorts } from "../ports.ts";
import { testWith } from "../systems.ts";
import { errorOf, Home, valueOf } from "./program.ts";
import { Transcript } from "./transcript.ts";
import { PHRASES } from "./vectors.ts";

Deno.test("demo shows closed, knock, open, with no configuration", async () => {
  await using home = new Home();
  const { code, stdout } = await home.run(["demo"]);
  assertEquals(code, 0);
  assertMatch(
    stdout,
    /^1\. .*\n {2}probe {2}tcp \d+ refused .*\n\n2\. (?:.*\n){4}\n3\. (?:.*\n)+ {2}probe {2}tcp \d+ open /,
  );
  assertStringIncludes(stdout, "The door is open.");
  assertEquals(Array.from(Deno.readDirSync(home.path)), []);
});

Deno.test("demo takes free ports where its own are in use, and says so", async () => {
  await using home = new Home();
  // In use by another program, or by this one from here on.
  const busy: { close(): void }[] = [];
  for (const port of [1234, 9876, 5555]) {
    try {
      busy.push(Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  try {
    const { code, stdout, stderr } = await home.run(["demo"]);
    assertEquals(code, 0);
    assertStringIncludes(stderr, "taking free ports\n");
    assertStringIncludes(stdout, "The door is open.");
  } finally {
    for (const socket of busy) socket.close();
  }
});

async function saveDoor(home: Home): Promise<void> {
  const knocks = freeUdpPorts(3).map((port) => `"${port}/udp"`);
  await home.write(
    `[targets.door]\nhost = "127.0.0.1"\nknocks = [${knocks}]\ntimeout = "5s"\ntries = 1\n` +
      `probes = ["tcp:${freeTcpPort()}"]\n`,
  );
}

testWith("signals", "simulate: a knock of another process opens the port", async () => {
  await using home = new Home();
  await saveDoor(home);
  const door = home.start(["simulate", "door", "--secrets-from", "-"]);
  const input = door.stdin.getWriter();
  await input.write(new TextEncoder().encode(PHRASES));
  await input.close();
  const [out, errors] = [new Transcript(door.stdout), new Transcript(door.stderr)];
  await out.until("stop it with Ctrl-C\n");
  const knock = (stdin: string) => home.run(["knock", "door", "--secrets-from", "-"], { stdin });
  assertEquals((await home.run(["probe", "door"])).code, 1);
  const wrong = await home.run(["knock", "door", "--secrets-from", "-", "--timeout", "300ms"], {
    stdin: PHRASES.replace("awesome", "Awesome"),
  });
  assertEquals(wrong.code, 1);
  assertEquals((await knock(PHRASES)).code, 0);
  assertEquals((await home.run(["probe", "door"])).code, 0);
  door.kill("SIGINT");
  await Promise.all([out.done, errors.done]);
  assertEquals([(await door.status).code, errors.text], [0, ""]);
  for (const text of ["right, stage 1", "right, stage 2", "right, the last stage", "open for"]) {
    await out.until(text);
  }
});

Deno.test("simulate: one-time codes, by the line that it prints, and by a knock", async () => {
  await using home = new Home();
  const [port = 0] = freeUdpPorts(1);
  const key = `${home.path}/door.key`;
  await Deno.writeTextFile(key, `${new Uint8Array(32).fill(5).toBase64()}\n`, { mode: 0o600 });
  await home.write(
    `[targets.door]\nhost = "127.0.0.1"\nknocks = ["${port}/udp"]\nsecret = { file = "${key}" }\n` +
      `rolling = { window = "10m", slots = 2 }\ntimeout = "5s"\ntries = 1\n` +
      `probes = ["tcp:${freeTcpPort()}"]\n`,
  );
  const door = home.start(["simulate", "door"]);
  const [out, errors] = [new Transcript(door.stdout), new Transcript(door.stderr)];
  await out.until("stop it with Ctrl-C\n");
  assertStringIncludes(out.text, "later ones: spknock codes door --count 1)");
  const hint = /another terminal: printf %s ([0-9a-f]{32}) \| nc -u -w1 127\.0\.0\.1 (\d+)\n/;
  const [, code = ""] = hint.exec(out.text) ?? [];
  const send = async (text: string, hostname: string) => {
    const socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    const bytes = new TextEncoder().encode(text);
    await socket.send(bytes, { transport: "udp", hostname: "127.0.0.1", port });
    socket.close();
  };
  await send(code.toUpperCase(), "127.0.0.1");
  await out.until("from 127.0.0.1: ignored: a wrong code\n");
  await send(code, "127.0.0.1");
  await out.until("right, the last stage\n");
  await send(code, "127.0.0.2");
  await out.until("from 127.0.0.2: ignored: another source has used this code\n");
  assertEquals((await home.run(["knock", "door"])).code, 0);
  door.kill("SIGINT");
  await Promise.all([out.done, errors.done]);
  assertEquals([(await door.status).code, errors.text], [0, ""]);
});

testWith("signals", "simulate --json prints its events at the end, without a secret", async () => {
  await using home = new Home();
  await saveDoor(home);
  const door = home.start(["simulate", "door", "--secrets-from", "-", "--json"]);
  const input = door.stdin.getWriter();
  await input.write(new TextEncoder().encode(PHRASES));
  await input.close();
  const argv = ["knock", "door", "--secrets-from", "-", "--tries", "20", "--timeout", "1s"];
  assertEquals((await home.run(argv, { stdin: PHRASES })).code, 0);
  door.kill("SIGINT");
  const { code, stdout } = await door.output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0);
  const { events } = valueOf<{ events: { kind: string }[] }>({ code, stdout: text, stderr: "" });
  assertEquals(events.some(({ kind }) => kind === "opened"), true);
  assertEquals(/MikroTik|862b6133/.test(text), false);
});

Deno.test("simulate names a port that is in use", async () => {
  await using home = new Home();
  await saveDoor(home);
  const [port = 0] = freeUdpPorts(1);
  await home.run(["edit", "door", "--knock", `${port}/udp`]);
  const busy = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port });
  const argv = ["simulate", "door", "--secrets-from", "-", "--json"];
  const ended = await home.run(argv, { stdin: "x\n" });
  busy.close();
  assertEquals(ended.code, 3);
  assertStringIncludes(errorOf(ended).message, `${port}`);
});
