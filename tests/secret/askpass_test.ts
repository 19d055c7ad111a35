import { assertEquals, assertRejects } from "@std/assert";
import { SecretError } from "../../src/core/errors.ts";
import { askByProgram, findAskpass } from "../../src/secret/askpass.ts";
import { textOf } from "../fakes.ts";
import { table } from "../table.ts";

const SSH_ASKPASS = "/bin/ask";

table<[env: Record<string, string>, use: "never" | "without a terminal" | "first"]>(
  "findAskpass: as ssh does",
  {
    "no program": [{ DISPLAY: ":0", SSH_ASKPASS_REQUIRE: "force" }, "never"],
    "an empty program": [{ DISPLAY: ":0", SSH_ASKPASS: "" }, "never"],
    "no display": [{ SSH_ASKPASS }, "never"],
    "an empty display": [{ SSH_ASKPASS, DISPLAY: "" }, "never"],
    "X11": [{ SSH_ASKPASS, DISPLAY: ":0" }, "without a terminal"],
    "Wayland": [{ SSH_ASKPASS, WAYLAND_DISPLAY: "wayland-0" }, "without a terminal"],
    "never": [{ SSH_ASKPASS, DISPLAY: ":0", SSH_ASKPASS_REQUIRE: "never" }, "never"],
    "prefer": [{ SSH_ASKPASS, DISPLAY: ":0", SSH_ASKPASS_REQUIRE: "prefer" }, "first"],
    "prefer, no display": [{ SSH_ASKPASS, SSH_ASKPASS_REQUIRE: "prefer" }, "never"],
    "force, no display": [{ SSH_ASKPASS, SSH_ASKPASS_REQUIRE: "FORCE" }, "first"],
    "another word": [
      { SSH_ASKPASS, DISPLAY: ":0", SSH_ASKPASS_REQUIRE: "x" },
      "without a terminal",
    ],
  },
  ([env, use]) => {
    const askpass = findAskpass((name) => env[name]);
    const found = !askpass?.isAllowed
      ? "never"
      : askpass.isPreferred
      ? "first"
      : "without a terminal";
    assertEquals(found, use);
  },
);

const ask = (stdout: string | Uint8Array, code: number | undefined = 0, allowEmpty = false) => {
  const commands: (readonly string[])[] = [];
  const answer = askByProgram({ program: SSH_ASKPASS, isPreferred: true, isAllowed: true }, {
    message: "Passphrase for home (1/udp)",
    allowEmpty,
    run(command) {
      commands.push(command);
      const bytes = typeof stdout === "string" ? new TextEncoder().encode(stdout) : stdout;
      return Promise.resolve({ code, stdout: bytes, stderr: "" });
    },
  });
  return { answer, commands };
};

Deno.test("askByProgram: one question, its first line", async () => {
  const { answer, commands } = ask("MikroTik\r\nmore");
  assertEquals(textOf(await answer), "MikroTik");
  assertEquals(commands, [[SSH_ASKPASS, "Passphrase for home (1/udp): "]]);
  assertEquals(textOf(await ask("\n", 0, true).answer), "");
});

table<[start: () => ReturnType<typeof ask>, message: string]>("askByProgram: refuses", {
  "a cancelled one": [() => ask("hunter2", 1), "was cancelled (exit code 1)"],
  "an empty answer": [() => ask("\n"), "is empty"],
  "UTF-16": [() => ask(Uint8Array.from([0xff, 0xfe, 0x4d, 0])), "is UTF-16 text"],
}, async ([start, message]) => {
  await assertRejects(() => start().answer, SecretError, message);
});

Deno.test("askByProgram: a program that is not there", async () => {
  const run = () => Promise.reject(new Deno.errors.NotFound("os error 2"));
  await assertRejects(
    () =>
      askByProgram({ program: SSH_ASKPASS, isPreferred: true, isAllowed: true }, {
        message: "x",
        allowEmpty: false,
        run,
      }),
    SecretError,
    'the program "/bin/ask" of SSH_ASKPASS could not be started',
  );
});
