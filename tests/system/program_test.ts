import { assertEquals, assertRejects } from "@std/assert";
import { runProgram } from "../../src/system/program.ts";

/** What the tests take for granted of the system: a POSIX shell. */
const ignore = Deno.build.os === "windows";
const GENEROUS_MS = 60_000;
const shell = (script: string) => ["sh", "-c", script];

Deno.test({
  name: "a program is told by its environment and stdin, and says what it has to say",
  ignore,
  async fn() {
    const result = await runProgram(shell('echo "$SPKNOCK_HOST"; cat; echo why >&2; exit 3'), {
      env: { SPKNOCK_HOST: "fw" },
      stdin: '{"host":"fw"}\n',
      timeoutMs: GENEROUS_MS,
    });
    assertEquals(result, { code: 3, stdout: 'fw\n{"host":"fw"}\n', stderr: "why\n" });
  },
});

Deno.test({
  name: "arguments reach the program as they are, without a shell",
  ignore,
  async fn() {
    const args = ["$HOME", "a b", "`id`", "'\"", "*", ""];
    const { stdout } = await runProgram(["printf", "%s\\n", ...args], { timeoutMs: GENEROUS_MS });
    assertEquals(stdout, args.join("\n") + "\n");
  },
});

Deno.test({
  name: "a program without stdin reads nothing of ours",
  ignore,
  async fn() {
    const { code, stdout } = await runProgram(["cat"], { timeoutMs: GENEROUS_MS });
    assertEquals([code, stdout], [0, ""]);
  },
});

Deno.test({
  name: "a program need not read what it is told, however much that is",
  ignore,
  async fn() {
    for (const stdin of ["short", "x".repeat(1_000_000)]) {
      const options = { stdin, timeoutMs: GENEROUS_MS };
      assertEquals((await runProgram(["true"], options)).code, 0);
      assertEquals((await runProgram(shell("exec <&-; echo done"), options)).stdout, "done\n");
    }
  },
});

Deno.test({
  name: "a program may speak while it is still being told",
  ignore,
  async fn() {
    const stdin = "x".repeat(1_000_000);
    const { stdout } = await runProgram(["cat"], { stdin, timeoutMs: GENEROUS_MS });
    assertEquals(stdout.length, stdin.length);
  },
});

Deno.test({
  name: "a program is killed at the deadline, and what it said is kept",
  ignore,
  async fn() {
    const script = "trap '' TERM; echo waiting; exec sleep 600";
    const { code, stdout } = await runProgram(shell(script), { timeoutMs: 300 });
    assertEquals(code, undefined);
    assertEquals(["waiting\n", ""].includes(stdout), true);
  },
});

Deno.test({
  name: "children that hold a program's output open do not hold us",
  ignore,
  async fn() {
    const left = await runProgram(shell("sleep 600 & echo $!"), { timeoutMs: GENEROUS_MS });
    assertEquals(left.code, 0);
    Deno.kill(Number(left.stdout), "SIGKILL");
    const killed = await runProgram(shell("sleep 600 & echo $!; wait"), { timeoutMs: 2_000 });
    assertEquals(killed.code, undefined);
    Deno.kill(Number(killed.stdout), "SIGKILL");
  },
});

Deno.test({
  name: "a program is killed when it is cancelled",
  ignore,
  async fn() {
    const cancel = new AbortController();
    const { signal } = cancel;
    const running = runProgram(["sleep", "600"], { timeoutMs: GENEROUS_MS, signal });
    cancel.abort(new Error("stop"));
    await assertRejects(() => running, Error, "stop");
    await assertRejects(() => runProgram(["sleep", "600"], { timeoutMs: GENEROUS_MS, signal }));
  },
});

Deno.test("a program that is not there is an error", async () => {
  await assertRejects(
    () => runProgram(["no-such-program-as-this"], { stdin: "x", timeoutMs: GENEROUS_MS }),
    Deno.errors.NotFound,
  );
});

Deno.test({
  name: "an interactive program's output is read, and its errors are the user's",
  ignore,
  async fn() {
    const result = await runProgram(shell("echo secret; exit 2"), {
      timeoutMs: GENEROUS_MS,
      interactive: true,
    });
    assertEquals(result, { code: 2, stdout: "secret\n", stderr: "" });
  },
});
