/** What runs on the server, with the shells that are here, and as login shells see it. */
import { assertEquals, assertMatch } from "@std/assert";
import { cutOutput, KEEPER, makeCommand, type RemoteCommand } from "../../src/ssh/remote.ts";
import { startProgram } from "../../src/system/start_program.ts";
import { runProgram } from "../../src/system/program.ts";
import { lacks } from "../systems.ts";
import { table } from "../table.ts";

const TIMEOUT_MS = 30_000;

/** Shells that run the script. */
const SHELLS: Record<string, string[]> = {
  dash: ["dash"],
  bash: ["bash", "--posix"],
  busybox: ["busybox", "sh"],
};

/** Login shells: they run one line by -c. */
const LOGIN_SHELLS = ["sh", "bash", "fish", "tcsh", "csh", "zsh", "ksh"];

async function isThere([program = ""]: readonly string[]): Promise<boolean> {
  const { code } = await runProgram(["sh", "-c", 'command -v "$0"', program], {
    timeoutMs: TIMEOUT_MS,
  }).catch(() => ({ code: 1 }));
  return code === 0;
}

const isUnix = !lacks("sh");

/** A folder with `sh` and a `sleep` that takes no time. */
async function makeTools(shell: readonly string[], { naps = "" } = {}): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "spknock-tools-" });
  const write = (name: string, text: string) =>
    Deno.writeTextFile(`${folder}/${name}`, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  await write("sh", `exec ${shell.join(" ")} "$@"`);
  await write("sudo", "exit 1");
  if (naps !== "") await write("sleep", `exec /bin/sleep ${naps}`);
  return folder;
}

for (const [name, shell] of Object.entries(SHELLS)) {
  const ignore = !isUnix || !await isThere(shell);

  Deno.test({
    name: `makeCommand in ${name}: output, input, exit code`,
    ignore,
    async fn() {
      const command = makeCommand("# what\nwc -c | tr -d ' '; echo \"it's\" '$x' \\\\; exit 7");
      const { code, stdout } = await runInside(shell, command, ["a\n".repeat(1000), "b"]);
      assertEquals([code, cutOutput(stdout)], [7, "2001\nit's $x \\\n"]);
    },
  });

  Deno.test({
    name: `makeCommand in ${name}: nothing runs of a script that was cut off`,
    ignore,
    async fn() {
      const { words, script } = makeCommand("echo ran; echo ran");
      for (const cut of [0.3, 0.6, 0.9, 1 - 1 / script.length]) {
        const part = script.slice(0, Math.floor(script.length * cut));
        const { stdout } = await runInside(shell, { words, script: part }, []);
        assertEquals(stdout, "");
      }
    },
  });

  Deno.test({
    name: `the login in ${name} makes a folder, answers, and removes it at the end of its input`,
    ignore,
    async fn() {
      await using login = await Login.start(shell);
      const folder = await login.folder();
      assertMatch(folder, /^\/tmp\/spknock\.\w{6}$/);
      const { mode } = await Deno.stat(folder);
      assertEquals((mode ?? 0) & 0o777, 0o700);
      await login.program.write("12\n");
      await login.until("spknock: alive 12");
      await Deno.mkdir(`${folder}/more`);
      await login.program.stop(10_000);
      assertEquals(await exists(folder), false);
      assertEquals(await login.program.ended, 0);
    },
  });

  Deno.test({
    name: `the login in ${name} ends by itself when nothing comes for a minute`,
    ignore,
    async fn() {
      await using login = await Login.start(shell, { naps: "0.02" });
      const folder = await login.folder();
      await login.program.ended;
      assertEquals(await exists(folder), false);
      assertEquals(login.lines.filter((line) => line === "spknock: beat").length, 30);
    },
  });

  Deno.test({
    name: `the login in ${name} lives on while something comes`,
    ignore,
    async fn() {
      await using login = await Login.start(shell, { naps: "0.02" });
      const folder = await login.folder();
      while (login.lines.filter((line) => line === "spknock: beat").length < 70) {
        await login.program.write("0\n");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      assertEquals(await exists(folder), true);
    },
  });

  table(`the login in ${name} removes its folder when it is sent`, {
    "HUP": "SIGHUP",
    "TERM": "SIGTERM",
    "KILL": "SIGKILL",
  }, async (signal) => {
    await using login = await Login.start(shell, { naps: "0.1" });
    const folder = await login.folder();
    await login.kill(signal as Deno.Signal);
    // The watcher has no reader of its beats any more.
    await login.program.stop(signal === "SIGKILL" ? 0 : 10_000);
    for (let turn = 0; await exists(folder) && turn < 100; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assertEquals(await exists(folder), false);
  }, { ignore });
}

for (const shell of LOGIN_SHELLS) {
  Deno.test({
    name: `makeCommand: ${shell} as the login shell`,
    ignore: !isUnix || !await isThere([shell]),
    async fn() {
      const { words, script } = makeCommand(
        "cat; printf '%s\\n' 'a!b' \"it's\" '\\\\x' '!!' %s; exit 3",
      );
      const { code, stdout, stderr } = await runProgram([shell, "-c", words], {
        stdin: [script, "more\n"],
        timeoutMs: TIMEOUT_MS,
      });
      assertEquals([code, cutOutput(stdout), stderr], [3, "more\na!b\nit's\n\\\\x\n!!\n%s\n", ""]);
    },
  });
}

table("cutOutput", {
  "nothing before": ["\nspknock: begin\nx\n", "x\n"],
  "a line of an rc file": ["hello\n\nspknock: begin\nx\n", "x\n"],
  "an rc file without a line feed": ["hello\nspknock: begin\nx\n", "x\n"],
  "no output": ["\nspknock: begin\n", ""],
  "never started": ["hello\n", undefined],
}, ([stdout, expected]) => {
  assertEquals(cutOutput(stdout ?? ""), expected);
});

async function runInside(
  shell: readonly string[],
  { words, script }: RemoteCommand,
  rest: readonly string[],
) {
  const tools = await makeTools(shell);
  try {
    return await runProgram(["sh", "-c", words], {
      env: { PATH: `${tools}:${Deno.env.get("PATH")}` },
      stdin: [script, ...rest],
      timeoutMs: TIMEOUT_MS,
    });
  } finally {
    await Deno.remove(tools, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** A login without ssh. */
class Login implements AsyncDisposable {
  readonly lines: string[] = [];
  program!: Awaited<ReturnType<typeof startProgram>>;
  #tools = "";

  static async start(shell: readonly string[], { naps = "" } = {}): Promise<Login> {
    const login = new Login();
    login.#tools = await makeTools(shell, { naps });
    const path = `PATH=${login.#tools}:${Deno.env.get("PATH")}`;
    login.program = await startProgram(
      ["env", path, "sh", "-c", `echo "pid $$"; exec ${KEEPER.words}`],
      { onLine: (line) => login.lines.push(line) },
    );
    await login.program.write(KEEPER.script);
    return login;
  }

  async until(start: string): Promise<string> {
    for (let turn = 0; turn < 500; turn++) {
      const found = this.lines.find((line) => line.startsWith(start));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`"${start}" did not come: ${this.lines.join("; ")}`);
  }

  async folder(): Promise<string> {
    return (await this.until("spknock: dir ")).slice("spknock: dir ".length);
  }

  async kill(signal: Deno.Signal): Promise<void> {
    Deno.kill(Number((await this.until("pid ")).slice(4)), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop(5_000);
    await Deno.remove(this.#tools, { recursive: true });
  }
}
