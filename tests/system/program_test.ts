import { assertEquals, assertRejects } from "@std/assert";
import { runProgram } from "../../src/system/program.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";

/** Most tests need a POSIX shell. */
const ignore = lacks("sh");
const GENEROUS_MS = 60_000;
const shell = (script: string) => ["sh", "-c", script];

function posixTest(name: string, fn: () => Promise<void>) {
  Deno.test({ name: `runProgram ${name}`, ignore, fn });
}

posixTest("passes environment and stdin, and returns code and output", async () => {
  const result = await runProgram(shell('echo "$SPKNOCK_HOST"; cat; echo why >&2; exit 3'), {
    env: { SPKNOCK_HOST: "fw" },
    stdin: '{"host":"fw"}\n',
    timeoutMs: GENEROUS_MS,
  });
  assertEquals(result, { code: 3, stdout: 'fw\n{"host":"fw"}\n', stderr: "why\n" });
});

posixTest("passes arguments as they are, without a shell", async () => {
  const args = ["$HOME", "a b", "`id`", "'\"", "*", ""];
  const { stdout } = await runProgram(["printf", "%s\\n", ...args], { timeoutMs: GENEROUS_MS });
  assertEquals(stdout, args.join("\n") + "\n");
});

posixTest("gives a program without stdin an empty one", async () => {
  const { code, stdout } = await runProgram(["cat"], { timeoutMs: GENEROUS_MS });
  assertEquals([code, stdout], [0, ""]);
});

table("runProgram: a program may end without reading its input", {
  "a short input": "short",
  "a long input": "x".repeat(1_000_000),
}, async (stdin) => {
  const options = { stdin, timeoutMs: GENEROUS_MS };
  assertEquals((await runProgram(["true"], options)).code, 0);
  assertEquals((await runProgram(shell("exec <&-; echo done"), options)).stdout, "done\n");
}, { ignore });

posixTest("reads the output while it still writes the input", async () => {
  const stdin = "x".repeat(1_000_000);
  const { stdout } = await runProgram(["cat"], { stdin, timeoutMs: GENEROUS_MS });
  assertEquals(stdout.length, stdin.length);
});

posixTest("keeps the end of a long output, and reads the rest", async () => {
  const script = "echo first; head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last";
  const { code, stdout } = await runProgram(shell(script), { timeoutMs: GENEROUS_MS });
  assertEquals([code, stdout.endsWith("x\nlast\n"), stdout.startsWith("xx")], [0, true, true]);
  assertEquals(stdout.length >= 1_048_576 && stdout.length < 1_300_000, true, `${stdout.length}`);
});

posixTest("ends a program whose output has to be short", async () => {
  const options = { timeoutMs: GENEROUS_MS, isShort: true };
  const { isTooLong, stdout } = await runProgram(["yes"], options);
  assertEquals([isTooLong, stdout.length < 1_300_000], [true, true]);
  assertEquals(await runProgram(shell("echo x"), options), { code: 0, stdout: "x\n", stderr: "" });
});

posixTest("kills a program at the timeout, and keeps its output", async () => {
  const script = "trap '' TERM; echo waiting; exec sleep 600";
  const { code, stdout } = await runProgram(shell(script), { timeoutMs: 300 });
  assertEquals(code, undefined);
  assertEquals(["waiting\n", ""].includes(stdout), true);
});

posixTest("does not wait for children that keep the output open", async () => {
  const left = await runProgram(shell("sleep 600 & echo $!"), { timeoutMs: GENEROUS_MS });
  assertEquals(left.code, 0);
  Deno.kill(Number(left.stdout), "SIGKILL");
  const killed = await runProgram(shell("sleep 600 & echo $!; wait"), { timeoutMs: 2_000 });
  assertEquals(killed.code, undefined);
  Deno.kill(Number(killed.stdout), "SIGKILL");
});

posixTest("kills a program when it is cancelled", async () => {
  const cancel = new AbortController();
  const { signal } = cancel;
  const running = runProgram(["sleep", "600"], { timeoutMs: GENEROUS_MS, signal });
  cancel.abort(new Error("stop"));
  await assertRejects(() => running, Error, "stop");
  await assertRejects(() => runProgram(["sleep", "600"], { timeoutMs: GENEROUS_MS, signal }));
});

Deno.test("runProgram rejects for a program that does not exist", async () => {
  await assertRejects(
    () => runProgram(["no-such-program-as-this"], { stdin: "x", timeoutMs: GENEROUS_MS }),
    Deno.errors.NotFound,
  );
});

posixTest("leaves stderr of an interactive program to the terminal", async () => {
  const result = await runProgram(shell("echo secret; exit 2"), {
    timeoutMs: GENEROUS_MS,
    interactive: true,
  });
  assertEquals(result, { code: 2, stdout: "secret\n", stderr: "" });
});

posixTest("gives the output byte for byte where that is asked for", async () => {
  const bytes = (await runProgram(shell("printf '\\357\\273\\277\\377'"), {
    timeoutMs: GENEROUS_MS,
    asBytes: true,
  })).bytes;
  assertEquals(bytes, Uint8Array.from([0xef, 0xbb, 0xbf, 0xff]));
});

posixTest("does not give our input, which may be data, to a program that asks", async () => {
  const script = "import { runProgram } from './src/system/program.ts';" +
    "const { stdout } = await runProgram(['cat'], { timeoutMs: 9_000, interactive: true });" +
    "console.log(stdout.length, (await new Response(Deno.stdin.readable).text()).length);";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    cwd: new URL("../../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("data"));
  await writer.close();
  assertEquals(new TextDecoder().decode((await child.output()).stdout), "0 4\n");
});
