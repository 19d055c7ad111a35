/** What scripts hold on to: one JSON value, one JSON error, the exit codes. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freeTcpPort } from "../ports.ts";
import { table } from "../table.ts";
import { type Ended, errorOf, Home, valueOf } from "./program.ts";
import { Receivers } from "./receivers.ts";
import { PHRASES } from "./vectors.ts";

/** Checks a run that went well: a value, which `home.run` holds against its schema, and silence on stderr. */
function assertOne(ended: Ended): void {
  assertEquals([ended.code, ended.stderr], [0, ""]);
  valueOf(ended);
}

Deno.test("every command prints one JSON value, of its schema", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const json = async (line: string) => {
    const ended = await home.run([...line.split(" "), "--json"], { stdin: PHRASES });
    assertOne(ended);
    return ended;
  };
  const [knock, probe] = [`${there.udp()}/udp`, `tcp:${there.tcp()}`];
  await json(`add fw 127.0.0.1 ${knock} --probe ${probe} --tag x --opens 22 --description mine`);
  await json("list");
  // "auto" is no number.
  await json("show fw");
  await json("edit fw --delay 50ms");
  await json("show fw");
  await json("edit fw --secret none");
  await json("knock fw");
  await json("probe fw");
  await json("export fw --as toml");
  await json("knock fw -n");
  await json("rename fw gate");
  await json("remove gate --yes");
  const made = await json("one-time generate --count 5 --udp");
  const sequences = valueOf<{ sequences: string[] }>(made).sequences.map((line) => ` ${line}\n`);
  await Deno.writeTextFile(`${home.path}/seq`, sequences.join(""), { mode: 0o600 });
  await home.write(
    `[targets.once]\nhost = "127.0.0.1"\none_time = "${home.path}/seq"\nprobes = ["${probe}"]\n`,
  );
  await json("knock once");
  await json("remove once --yes");
  await Deno.writeTextFile(`${home.path}/old.conf`, "192.0.2.1:1/udp\n");
  await json("import old.conf");
  await json("hash");
  await json("demo");
  await json("--version");
  await json("--help");
});

/** Ports: two of TCP, and a knock. */
interface Ports {
  open: number;
  closed: number;
  knock: string;
}

interface ExitRow {
  argv: (ports: Ports) => string[];
  code: number;
  error?: string;
}

const adHoc = (
  knock: string,
) => ["knock", "127.0.0.1", knock, "--tries", "1", "--timeout", "300ms"];

table<ExitRow>("exit code, with the error as one JSON value on stderr", {
  "0, the probe passed": {
    argv: ({ knock, open }) => [...adHoc(knock), "--probe", `tcp:${open}`],
    code: 0,
  },
  "1, the probe failed": {
    argv: ({ knock, closed }) => [...adHoc(knock), "--probe", `tcp:${closed}`],
    code: 1,
  },
  "1, the probe failed without a knock": {
    argv: ({ closed }) => ["probe", "sealed", "--probe", `tcp:${closed}`],
    code: 1,
  },
  "2, unknown target": { argv: () => ["knock", "nobody"], code: 2, error: "unknown_target" },
  "2, unknown command": { argv: () => ["knok"], code: 2, error: "usage" },
  "2, no file": { argv: () => ["list", "-c", "missing.toml"], code: 2, error: "config" },
  "3, unknown name": {
    argv: ({ knock }) => ["knock", "nosuch.invalid", knock],
    code: 3,
    error: "resolve",
  },
  "3, foreign source": {
    argv: ({ knock }) => ["knock", "127.0.0.1", knock, "-s", "192.0.2.99"],
    code: 3,
    error: "network",
  },
  "4, no terminal to ask for a secret": {
    argv: () => ["knock", "sealed"],
    code: 4,
    error: "secret",
  },
  "4, no input": { argv: () => ["hash"], code: 4, error: "secret" },
}, async ({ argv: write, code, error }) => {
  await using home = new Home();
  await using there = new Receivers();
  const ports = { open: there.tcp(), closed: freeTcpPort(), knock: `${there.udp()}/udp` };
  await home.write(`[targets.sealed]\nhost = "127.0.0.1"\nknocks = ["${ports.knock}"]\n`);
  const argv = write(ports);
  const ended = await home.run([...argv, "--json"]);
  assertEquals(ended.code, code);
  if (error === undefined) assertEquals(ended.stderr, "");
  else assertEquals(errorOf(ended).code, error);
  if (ended.stdout !== "") valueOf(ended);
  const plain = await home.run(argv);
  assertEquals(plain.code, code);
  if (error !== undefined) assertMatch(plain.stderr, /^error: .+\n(?:hint: .+\n)?$/);
});

/** Writes targets that end as open, closed and unresolved. */
async function writeThree(home: Home, there: Receivers): Promise<void> {
  const [open, closed] = [there.tcp(), freeTcpPort()];
  const target = (name: string, host: string, probe: number) =>
    `[targets.${name}]
host = "${host}"
tags = ["${name === "ok" ? "good" : "bad"}", "any"]
knocks = ["${there.udp()}/udp"]
probes = ["tcp:${probe}"]
`;
  await home.write(
    `[defaults]\nsecret = "none"\ntries = 1\ntimeout = "300ms"\n` +
      target("ok", "127.0.0.1", open) + target("shut", "127.0.0.1", closed) +
      target("lost", "nosuch.invalid", open),
  );
}

table("the worst of several targets decides the exit code", {
  "--tag good": { code: 0, statuses: ["open"] },
  "ok shut": { code: 1, statuses: ["open", "closed"] },
  "--tag bad": { code: 3, statuses: ["closed", "error"] },
  "lost shut ok": { code: 3, statuses: ["error", "closed", "open"] },
  "--all --jobs 1": { code: 3, statuses: ["open", "closed", "error"] },
}, async ({ code, statuses }, argv) => {
  await using home = new Home();
  await using there = new Receivers();
  await writeThree(home, there);
  const ended = await home.run(["knock", ...argv.split(" "), "--json"]);
  const { targets } = valueOf<{ targets: { status: string }[] }>(ended);
  assertEquals([ended.code, targets.map(({ status }) => status)], [code, statuses]);
});

Deno.test("several targets print a line each, and their errors", async () => {
  await using home = new Home();
  await using there = new Receivers();
  await writeThree(home, there);
  const { stdout, stderr } = await home.run(["knock", "--all"]);
  assertMatch(stdout, /^ok {4}open .*\nshut {2}closed .*\nlost {2}error .*\n$/);
  assertStringIncludes(stderr, 'error: lost: the name "nosuch.invalid" does not resolve\n');
});

Deno.test("text from outside cannot steer the terminal", async () => {
  await using home = new Home();
  await using there = new Receivers();
  const ssh = there.tcp("127.0.0.1", { answer: "SSH-2.0-\x1b[2J\u202eevil\x07\r\n" });
  await home.write(
    `[targets.a]\nhost = "127.0.0.1"\ndescription = "\\u001b]0;x\\u0007"\nknocks = ["7/udp"]\n` +
      `secret = "none"\ntags = ["\\u009b31m"]\nprobes = ["ssh:${ssh}"]\n`,
  );
  for (
    const argv of [["list"], ["show", "a"], ["knock", "a"], ["probe", "a"], ["knock", "a", "-v"]]
  ) {
    const { code, stdout, stderr } = await home.run(argv);
    assertEquals(code, 0);
    // deno-lint-ignore no-control-regex -- they are what must not come through
    assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(stdout + stderr), false, argv[0]);
  }
  assertStringIncludes((await home.run(["probe", "a"])).stdout, "SSH-2.0-\\u{1b}[2J\\u{202e}evil");
});
