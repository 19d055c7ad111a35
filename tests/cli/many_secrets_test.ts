/** Many targets, each with a secret of its own: one failure is one failure. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { errorOf, valueOf, World } from "./harness.ts";

const target = (name: string, secret: string, host = "192.0.2.1") =>
  `[targets.${name}]\nhost = "${host}"\ntags = ["r"]\nknocks = ["1234/udp"]\nsecret = ${secret}\n`;
const pass = (entry: string) => `{ command = ["pass", "${entry}"] }`;
const ok = { code: 0, stdout: "MikroTik\n", stderr: "" };
const bad = { code: 1, stdout: "", stderr: "" };
const HASH = "862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad";

interface Value {
  targets: {
    target: string;
    status: string;
    error?: { code: string; message: string; hint: string };
  }[];
}

Deno.test("a secret that fails is its own target's result, the others are knocked on", async () => {
  await using world = new World({ programs: [ok, bad, ok] });
  await world.write(target("a", pass("a")) + target("b", pass("b")) + target("c", pass("c")));
  const message = `knock 1234/udp: the secret's command "pass" ended with exit code 1`;
  const ended = await world.run("knock", "--tag", "r", "--json");
  assertEquals(ended.code, 4);
  const { targets } = valueOf<Value>(ended);
  assertEquals(targets.map(({ status }) => status), ["sent", "error", "sent"]);
  assertEquals(targets[1]?.error, {
    code: "secret",
    message,
    hint: "run it by hand to see why",
  });
  assertEquals(errorOf(ended).message, message);
  assertEquals(world.net.sent.map(({ payload }) => payload), [HASH, HASH, HASH, HASH]);
});

Deno.test("the failure names its target and its knock on stderr", async () => {
  await using world = new World({ programs: [bad] });
  await world.write(
    target("a", pass("a")) + target("b", '{ env = "GONE" }') + target("c", '"none"'),
  );
  const { code, stdout, stderr } = await world.run("knock", "--all");
  assertEquals(code, 4);
  assertStringIncludes(stdout, "a  error  192.0.2.1");
  assertStringIncludes(stdout, "c  sent   192.0.2.1");
  assertStringIncludes(stderr, `error: a: knock 1234/udp: the secret's command "pass"`);
  assertStringIncludes(stderr, 'error: b: knock 1234/udp: the environment variable "GONE"');
  assertEquals(world.net.sent.length, 1);
});

Deno.test("close: a secret that fails is its own target's result", async () => {
  const close = (name: string) => `[targets.${name}.close]\nknocks = ["9/udp"]\n`;
  await using world = new World({ programs: [bad, ok] });
  await world.write(
    target("a", pass("a")) + close("a") + target("b", pass("b")) + close("b"),
  );
  const ended = await world.run("close", "--all", "--json");
  assertEquals(ended.code, 4);
  assertEquals(valueOf<Value>(ended).targets.map(({ status }) => status), ["error", "sent"]);
});

Deno.test("one target: nothing but the error, as ever", async () => {
  await using world = new World({ programs: [bad] });
  await world.write(target("a", pass("a")));
  const ended = await world.run("knock", "--all", "--json");
  assertEquals([ended.code, ended.stdout], [4, ""]);
  assertEquals(errorOf(ended).message, `the secret's command "pass" ended with exit code 1`);
});

Deno.test("without a terminal only the targets with a prompt fail", async () => {
  await using world = new World();
  await world.write(target("a", '"prompt"') + target("b", '"none"'));
  const ended = await world.run("knock", "--all", "--json");
  assertEquals([ended.code, world.net.sent.length], [4, 1]);
  assertEquals(valueOf<Value>(ended).targets.map(({ status }) => status), ["error", "sent"]);
});

Deno.test("no passphrase is asked for a host of many that does not exist", async () => {
  await using world = new World({ keys: ["MikroTik\r"] });
  await world.write(target("a", '"prompt"', "gone.example.com") + target("b", '"prompt"'));
  assertEquals((await world.run("knock", "--all")).code, 3);
  assertEquals(world.terminal?.output.includes("for a"), false);
  assertEquals(world.net.sent.map(({ payload }) => payload), [HASH, HASH]);
});

Deno.test("Ctrl-C at the first of many prompts ends it, and nothing is sent", async () => {
  await using world = new World({ keys: ["\x03"] });
  await world.write(target("a", '"prompt"') + target("b", '"none"'));
  assertEquals((await world.run("knock", "--all")).code, 130);
  assertEquals(world.net.sent, []);
});

Deno.test("a status line counts the secrets, once the first program had what it asked for", async () => {
  const text = ["a", "b", "c"].map((name) => target(name, pass(name))).join("");
  await using live = new World({ programs: [ok], isLive: true, keys: [] });
  await live.write(text);
  const { run } = live.programs;
  // Secrets are hashed for real: time must not go on before that.
  live.clock.sleepUntil = async (at, signal) => {
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
    live.clock.pass(Math.max(0, at - live.clock.now()));
  };
  live.programs.run = async (...call) => {
    for (let turn = 0; turn < 20; turn++) await live.clock.sleepUntil(live.clock.now() + 100);
    return await run(...call);
  };
  const { stderr } = await live.run("knock", "--all");
  // From the second on: while the first one runs it may ask on the terminal.
  assertMatch(
    /collecting secrets[^\r]*/.exec(stderr)?.[0] ?? "",
    /^collecting secrets: 1 of 3, \d+ s$/,
  );
  assertEquals(stderr.endsWith("\r\x1b[2K"), true, stderr);
  await using piped = new World({ programs: [ok] });
  await piped.write(text);
  assertEquals((await piped.run("knock", "--all")).stderr, "");
});

Deno.test("{target}, {host} and {port} are filled in, and a source is asked once a filled value", async () => {
  await using world = new World({ programs: [ok] });
  await world.write(
    `[defaults]\nsecret = { command = ["pass", "fw/{target}", "{host}:{port}", "{address}"] }\n` +
      `[targets.a]\nhost = "192.0.2.1"\nknocks = ["1/udp", "2/udp"]\nprobes = ["tcp:22"]\n` +
      `[targets.b]\nhost = "192.0.2.2"\nknocks = ["1/udp"]\n`,
  );
  await world.run("knock", "--all", "--no-probe");
  assertEquals(world.programs.calls.map(({ command }) => command), [
    ["pass", "fw/a", "192.0.2.1:22", "{address}"],
    ["pass", "fw/b", "192.0.2.2:", "{address}"],
  ]);
});

Deno.test("placeholders in files: doctor looks at, and knock reads, what they mean; an edit keeps them", async () => {
  await using world = new World();
  await world.write(target("a", '{ file = "{target}.txt" }') + target("b", '"none"'));
  const path = world.config.replace("targets.toml", "a.txt");
  await Deno.writeTextFile(path, "MikroTik\n", { mode: 0o600 });
  assertEquals((await world.run("knock", "a")).code, 0);
  assertEquals(world.net.sent.map(({ payload }) => payload), [HASH, HASH]);
  assertStringIncludes((await world.run("doctor")).stdout, `${path}, mode 0600`);
  await world.run("edit", "a", "--delay", "9ms");
  await world.run("edit", "a", "--knock", "5/udp", "--knock", "7");
  assertStringIncludes(await world.read(), '{ file = "{target}.txt" }');
  assertEquals((await world.read()).includes(path), false);
});

Deno.test("add --secret command:LINE saves the words of the line", async () => {
  await using world = new World();
  await world.run("add", "a", "::1", "7/udp", "--secret", "command:pass show 'fw/{target}'");
  assertStringIncludes(
    await world.read(),
    'secret = { command = ["pass", "show", "fw/{target}"] }',
  );
});
