import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, SecretError } from "../../src/core/errors.ts";
import type { KnockPayload, SecretSource } from "../../src/core/knock.ts";
import { joinOr } from "../../src/core/text.ts";
import { hashPassphrase } from "../../src/secret/payload.ts";
import {
  describeSecret,
  listSecretOptions,
  makeSource,
  obtainPayload,
  parseSecretOption,
  readSourceValue,
  SECRET_KEYS,
  type SecretPorts,
} from "../../src/secret/kinds.ts";
import { fakeSecretPorts, textOf } from "../fakes.ts";
import { table } from "../table.ts";

const SECRET = "correct-horse-battery";
const HASH = textOf(await hashPassphrase(SECRET));

const programSays =
  (stdout: string, code: number | "late" = 0) => (): ReturnType<SecretPorts["run"]> =>
    Promise.resolve({
      code: code === "late" ? undefined : code,
      stdout: new TextEncoder().encode(stdout),
      stderr: `no: ${SECRET}`,
    });

const get = (source: SecretSource, ports: SecretPorts, allowEmpty = false) =>
  obtainPayload(source, ports, { message: "Passphrase for home (1/udp)", allowEmpty });

table("obtainPayload: every source gives the same payload for the same passphrase", {
  "prompt": { kind: "prompt" },
  "env": { kind: "env", name: "KNOCK" },
  "file": { kind: "file", path: "/s/lf" },
  "file with CRLF": { kind: "file", path: "/s/crlf" },
  "file in the home folder": { kind: "file", path: "~/bare" },
  "command": { kind: "command", command: ["pass", "show", "fw/1"] },
  "file with a byte order mark": { kind: "file", path: "/s/mark" },
  "env with a byte order mark": { kind: "env", name: "MARKED" },
  "hash": { kind: "hash", hash: HASH },
  "hash in capitals": { kind: "hash", hash: HASH.toUpperCase() },
} as Record<string, SecretSource>, async (source) => {
  const { ports, asked } = fakeSecretPorts({
    answers: [SECRET],
    env: { KNOCK: SECRET, MARKED: `\ufeff${SECRET}` },
    files: {
      "/s/mark": `\ufeff${SECRET}\r\n`,
      "/s/lf": `${SECRET}\n`,
      "/s/crlf": `${SECRET}\r\nnot this`,
      "/home/me/bare": SECRET,
    },
    run: programSays(`${SECRET}\nand more\n`),
  });
  assertEquals(textOf(await get(source, ports)), HASH);
  assertEquals(asked, source.kind === "prompt" ? ["Passphrase for home (1/udp)"] : []);
});

table("obtainPayload: an empty passphrase is refused, unless that is meant, from", {
  "the passphrase": { kind: "prompt" },
  'the environment variable "KNOCK"': { kind: "env", name: "KNOCK" },
  'the secret file "/s/line"': { kind: "file", path: "/s/line" },
  'the secret file "/s/mark"': { kind: "file", path: "/s/mark" },
  'the secret file "/s/nothing"': { kind: "file", path: "/s/nothing" },
  'the output of the secret\'s command "x"': { kind: "command", command: ["x"] },
} as Record<string, SecretSource>, async (source, subject) => {
  const { ports } = fakeSecretPorts({
    answers: [""],
    env: { KNOCK: "" },
    files: { "/s/line": "\n", "/s/mark": "\ufeff\n", "/s/nothing": "" },
    run: programSays("\n"),
  });
  const error = await assertRejects(() => get(source, ports), SecretError, `${subject} is empty`);
  assertEquals(error.hint, "if it is meant to be empty: --allow-empty");
  const { ports: again } = fakeSecretPorts({
    answers: [""],
    env: { KNOCK: "" },
    files: { "/s/line": "\n", "/s/mark": "\ufeff\n", "/s/nothing": "" },
    run: programSays("\n"),
  });
  assertEquals(textOf(await get(source, again, true)), textOf(await hashPassphrase("")));
});

interface Failure {
  source: SecretSource;
  world: Parameters<typeof fakeSecretPorts>[0];
  message: string;
  hint: string | undefined;
}

table<Failure>("obtainPayload: an error without the secret from", {
  "a variable that is not set": {
    source: { kind: "env", name: "KNOCK" },
    world: { env: { OTHER: SECRET } },
    message: 'the environment variable "KNOCK" is not set',
    hint: "set it in the environment of this command, without leaving it in the shell's history",
  },
  "a file that is not there": {
    source: { kind: "file", path: "~/s" },
    world: {},
    message: 'the secret file "/home/me/s" cannot be read: there is no such file',
    hint: undefined,
  },
  "a file that others may read": {
    source: { kind: "file", path: "/it's" },
    world: { files: { "/it's": SECRET }, modes: { "/it's": 0o644 } },
    message: 'the secret file "/it\'s" can be read by others (mode 0644)',
    hint: "chmod 600 '/it'\\''s'",
  },
  "a file that the group may write": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": SECRET }, modes: { "/s": 0o620 } },
    message: 'the secret file "/s" can be read by others (mode 0620)',
    hint: "chmod 600 /s",
  },
  "a file that others may read, and whose mode cannot be changed": {
    source: { kind: "file", path: "/it's" },
    world: { files: { "/it's": SECRET }, modes: { "/it's": 0o444 }, canChangeMode: false },
    message: 'the secret file "/it\'s" can be read by others (mode 0444)',
    hint: "use a copy of your own: (umask 077; cat '/it'\\''s' > NEW-FILE)",
  },
  "a folder": {
    source: { kind: "file", path: "/tmp" },
    world: { files: { "/tmp": SECRET }, modes: { "/tmp": 0o041777 } },
    message: 'the secret file "/tmp" is a folder',
    hint: "name a file",
  },
  "a pipe, which would be waited for": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": SECRET }, modes: { "/s": 0o010600 } },
    message: 'the secret file "/s" cannot be read: it is a device or a pipe',
    hint: "give the secrets on standard input: --secrets-from -",
  },
  "a file that is too large": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": "x".repeat(1_048_577) } },
    message: 'the secret file "/s" is larger than 1 MiB',
    hint: "is it the right file?",
  },
  "a file whose first line is too long": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": "x".repeat(65_537) } },
    message: "the passphrase is longer than 64 KiB",
    hint: "is it the right file or program? a passphrase is one line",
  },
  "a program that never ends to print": {
    source: { kind: "command", command: ["yes"] },
    world: {
      run: () =>
        Promise.resolve({ code: 137, stdout: new Uint8Array(9), stderr: "", isTooLong: true }),
    },
    message: 'the secret\'s command "yes" printed more than 1 MiB, and was ended',
    hint: "a passphrase is one line",
  },
  "a program that cannot be started": {
    source: { kind: "command", command: ["pass"] },
    world: {
      run: () => Promise.reject(new Error("Failed to spawn 'pass': Text file busy (os error 26)")),
    },
    message:
      'the secret\'s command "pass" could not be started: it is being written at this moment',
    hint: undefined,
  },
  "a file that is forbidden": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": new Deno.errors.PermissionDenied("os error 13") } },
    message: 'the secret file "/s" cannot be read: permission denied',
    hint: undefined,
  },
  "a device": {
    source: { kind: "file", path: "/dev/fd/63" },
    world: { files: { "/dev/fd/63": new Deno.errors.NotCapable("all access") } },
    message: 'the secret file "/dev/fd/63" cannot be read: it is a device or a pipe',
    hint: "give the secrets on standard input: --secrets-from -",
  },
  "a file with nothing in it": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": "" } },
    message: 'the secret file "/s" is empty',
    hint: "if it is meant to be empty: --allow-empty",
  },
  "a file in UTF-16": {
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": Uint8Array.from([0xff, 0xfe, 0x4d, 0, 0x0a, 0]) } },
    message: 'the secret file "/s" is UTF-16 text',
    hint: "save it as UTF-8",
  },
  "a program that prints UTF-16": {
    source: { kind: "command", command: ["pass", SECRET] },
    world: {
      run: () =>
        Promise.resolve({ code: 0, stdout: Uint8Array.from([0x4d, 0, 0x0a, 0]), stderr: "" }),
    },
    message: 'the output of the secret\'s command "pass" is UTF-16 text',
    hint: "save it as UTF-8",
  },
  "a program that is not there": {
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: () => Promise.reject(new Deno.errors.NotFound("os error 2")) },
    message: 'the secret\'s command "pass" could not be started: it was not found',
    hint: "is it installed and in the PATH?",
  },
  "a program that fails": {
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays(SECRET, 3) },
    message: 'the secret\'s command "pass" ended with exit code 3',
    hint: "run it by hand to see why",
  },
  "a program that never ends": {
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays(SECRET, "late") },
    message: 'the secret\'s command "pass" did not end in time',
    hint: undefined,
  },
  "a program that says nothing": {
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays("") },
    message: 'the output of the secret\'s command "pass" is empty',
    hint: "if it is meant to be empty: --allow-empty",
  },
}, async ({ source, world, message, hint }) => {
  const error = await assertRejects(() => get(source, fakeSecretPorts(world).ports), SecretError);
  assertEquals([error.message, error.hint], [message, hint]);
  const told = `${error.message} ${error.hint} ${error.stack} ${error.cause}`;
  assertEquals(told.includes(SECRET), false);
  assertEquals(told.includes(HASH), false);
});

Deno.test("obtainPayload: systems without modes are not asked for one", async () => {
  const { ports } = fakeSecretPorts({ files: { "/s": SECRET }, modes: { "/s": 0o666 } });
  const windows = { ...ports, fileMode: () => Promise.resolve(undefined) };
  assertEquals(textOf(await get({ kind: "file", path: "/s" }, windows)), HASH);
});

Deno.test("obtainPayload: a cancelled prompt stays cancelled", async () => {
  const { ports } = fakeSecretPorts();
  const cancelled = { ...ports, ask: () => Promise.reject(new CancelledError()) };
  assertInstanceOf(
    await assertRejects(() => get({ kind: "prompt" }, cancelled)),
    CancelledError,
  );
});

table("parseSecretOption", {
  "prompt": { kind: "secret", source: { kind: "prompt" } },
  "none": { kind: "none" },
  "env:NAME": { kind: "secret", source: { kind: "env", name: "NAME" } },
  "file:a:b": { kind: "secret", source: { kind: "file", path: "a:b" } },
  "command:pass show 'fw/{target} x'": {
    kind: "secret",
    source: { kind: "command", command: ["pass", "show", "fw/{target} x"] },
  },
} as Record<string, KnockPayload>, (payload, text) => {
  assertEquals(parseSecretOption(text), payload);
});

table(
  "parseSecretOption: refuses",
  ["", "env", "env:", "prompt:x", "hash:00", "zzz"].map((text) => [text, text] as const),
  (text) => {
    const error = assertThrows(() => parseSecretOption(text), RangeError);
    assertEquals(error.message, `not a source of secrets: use ${joinOr(listSecretOptions())}`);
  },
);

table("parseSecretOption: a command line that is none", {
  "command: ": "the command is missing: use command:'pass show fw/{target}'",
  "command:''": "the command is missing: use command:'pass show fw/{target}'",
  "command:'hunter2": "a quote or a backslash is not complete at the end",
}, (message, text) => {
  assertEquals(assertThrows(() => parseSecretOption(text), RangeError).message, message);
});

table("describeSecret", {
  "secret, asked for": { kind: "prompt" },
  "secret, asked for once": { kind: "prompt", mode: "once" },
  "secret from the environment variable X": { kind: "env", name: "X" },
  "secret from the file ~/s": { kind: "file", path: "~/s" },
  "secret from the command pass": { kind: "command", command: ["pass", SECRET] },
  "secret, its hash is in the configuration": { kind: "hash", hash: HASH },
} as Record<string, SecretSource>, (source, text) => assertEquals(describeSecret(source), text));

table(
  "a source survives being written and read",
  SECRET_KEYS.map((key) => [key, key] as const),
  (key) => {
    for (const value of ["x", true]) {
      const source = makeSource(key, value);
      assertEquals(makeSource(key, readSourceValue(source)), source);
    }
  },
);
