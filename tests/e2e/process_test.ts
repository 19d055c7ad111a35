/** The program as a process: signals, pipes, folders. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { lacks, testWith } from "../systems.ts";
import { toFilePath } from "../../src/core/system/file_urls.ts";
import { table } from "../table.ts";
import { commandOf, denoCommand, errorOf, Home, IS_FROM_NPM } from "./program.ts";
import { Receivers } from "./receivers.ts";

const ROOT = toFilePath(new URL("../../", import.meta.url).href, Deno.build.os);

async function end(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

table<readonly [Deno.Signal, isJson: boolean]>(
  "a signal in a slow sequence: 130, no more packets",
  {
    "SIGINT": ["SIGINT", false],
    "SIGINT with --json": ["SIGINT", true],
    "SIGTERM": ["SIGTERM", false],
    "SIGTERM with --json": ["SIGTERM", true],
  },
  async ([signal, isJson]) => {
    await using home = new Home();
    await using there = new Receivers();
    const knocks = [there.udp(), there.udp()].map((port) => `${port}/udp`);
    const argv = ["knock", "127.0.0.1", ...knocks, "-d", "10m", ...(isJson ? ["--json"] : [])];
    const child = home.start(argv);
    assertEquals((await there.wait(1)).length, 1);
    child.kill(signal);
    await child.stdin.close();
    const ended = await end(child);
    assertEquals([ended.code, there.arrivals.length], [130, 1]);
    if (isJson) assertEquals([ended.stdout, errorOf(ended).code], ["", "cancelled"]);
    else assertEquals(ended.stderr, "");
  },
  { ignore: lacks("signals") },
);

testWith(
  "linux",
  "SIGINT ends the program while a probe runs, and while it reads stdin",
  async () => {
    await using home = new Home();
    await using there = new Receivers();
    await home.write(
      `[targets.fw]\nhost = "127.0.0.1"\nknocks = ["${there.udp()}/udp"]\nsecret = "none"\n` +
        'timeout = "10m"\nprobes = [{ type = "exec", run = ["sleep", "600"] }]\n',
    );
    const probing = home.start(["knock", "fw"]);
    await there.wait(1);
    probing.kill("SIGINT");
    await probing.stdin.close();
    assertEquals((await end(probing)).code, 130);

    const reading = home.start(["hash"]);
    await untilReading(reading.pid);
    reading.kill("SIGINT");
    assertEquals((await end(reading)).code, 130);
    await reading.stdin.close().catch(() => {});
  },
);

/** Waits until a process catches SIGINT itself: before that it would just be killed by it. */
async function untilReading(pid: number): Promise<void> {
  // The second bit of the mask; Deno itself may not read /proc.
  const wait = `until grep -q '^SigCgt:.*[2367abef]$' /proc/${pid}/status; do sleep 0.02; done`;
  assertEquals((await new Deno.Command("sh", { args: ["-c", wait] }).output()).code, 0);
}

testWith("sh", "a reader of stdout that goes away ends the program without an error", async () => {
  await using home = new Home();
  const many = Array.from(
    { length: 2_000 },
    (_, index) =>
      `[targets.t${index}]\nhost = "127.0.0.1"\ndescription = "${
        "x".repeat(100)
      }"\nknocks = ["7"]\n`,
  );
  await home.write(many.join(""));
  const command = commandOf(["list"]).map((word) => `'${word}'`).join(" ");
  const { stdout, stderr, code } = await new Deno.Command("bash", {
    args: ["-c", `set -o pipefail; ${command} | head -n 1`],
    env: home.env,
    clearEnv: true,
  }).output();
  assertStringIncludes(new TextDecoder().decode(stdout), "t0");
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
});

testWith("linux", "a full stdout is an error, and not ours", async () => {
  await using home = new Home();
  const command = commandOf(["--help"]).map((word) => `'${word}'`).join(" ");
  const { code, stderr } = await new Deno.Command("bash", {
    args: ["-c", `${command} > /dev/full`],
    env: home.env,
    clearEnv: true,
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals([code, text], [5, "error: the output cannot be written: the disk is full\n"]);
  const shut = await new Deno.Command("bash", {
    args: ["-c", `${command} nobody 2> /dev/full > /dev/full`],
    env: home.env,
    clearEnv: true,
  }).output();
  assertEquals(shut.code, 2);
});

testWith(
  "linux",
  "exit code 5: the output cannot be written, though the packet was sent",
  async () => {
    await using home = new Home();
    await using receivers = new Receivers();
    const port = receivers.udp();
    const command = commandOf(["knock", "127.0.0.1", `${port}/udp`, "--json"])
      .map((word) => `'${word}'`).join(" ");
    const { code } = await new Deno.Command("bash", {
      args: ["-c", `${command} > /dev/full`],
      env: home.env,
      clearEnv: true,
    }).output();
    assertEquals(code, 5);
    assertEquals((await receivers.wait(1)).length, 1);
  },
);

Deno.test("deno task spknock: from any folder, with the caller's paths, and a clean stdout", async () => {
  await using home = new Home();
  await Deno.mkdir(`${home.path}/sub`);
  await Deno.writeTextFile(
    `${home.path}/mine.toml`,
    '[targets.a]\nhost = "127.0.0.1"\nknocks = ["7"]\n',
  );
  // The dependencies that the tests have: the others need not be reachable.
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "--config", `${ROOT}deno.json`, "spknock", "list", "-c", "../mine.toml"],
    env: { ...home.env, ...(IS_FROM_NPM ? { SPKNOCK_DEPS: "npm" } : {}) },
    clearEnv: true,
    cwd: `${home.path}/sub`,
  }).output();
  const decoder = new TextDecoder();
  assertEquals(
    [code, decoder.decode(stdout)],
    [0, "a  127.0.0.1  7/tcp\n"],
    decoder.decode(stderr),
  );
});

Deno.test("deno run without --unstable-net says in one line which flag is missing", async () => {
  await using home = new Home();
  const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  await Deno.writeTextFile(`${home.path}/deno.json`, JSON.stringify({ imports }));
  const [deno = "", ...words] = denoCommand(["-A", `${ROOT}main.ts`])
    .map((word) => word === `${ROOT}deno.json` ? `${home.path}/deno.json` : word);
  const run = async (...argv: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(deno, {
      args: [...words, ...argv],
      env: home.env,
      clearEnv: true,
      cwd: home.path,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  };
  assertEquals(await run("knock", "127.0.0.1", "9/tcp"), {
    code: 2,
    stdout: "",
    stderr: "error: deno was started without --unstable-net, which UDP needs\n" +
      "hint: deno run --unstable-net ...\n",
  });
  assertEquals((await run("--help")).code, 0);
});
