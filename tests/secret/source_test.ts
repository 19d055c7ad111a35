import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CancelledError, SecretError } from "../../src/core/errors.ts";
import type { SecretSource } from "../../src/core/knock.ts";
import { payloadOf } from "../../src/secret/payload.ts";
import { firstLine, payloadFrom, type SecretPorts } from "../../src/secret/source.ts";
import { fakeSecretPorts, textOf } from "../fakes.ts";

const SECRET = "correct-horse-battery";
const HASH = textOf(await payloadOf(SECRET));

const programSays =
  (stdout: string, code: number | "late" = 0) => (): ReturnType<SecretPorts["run"]> =>
    Promise.resolve({
      code: code === "late" ? undefined : code,
      stdout: new TextEncoder().encode(stdout),
      stderr: `no: ${SECRET}`,
    });

const get = (source: SecretSource, ports: SecretPorts) =>
  payloadFrom(source, ports, { message: "Passphrase for home (1/udp)" });

Deno.test("every source gives the same payload for the same passphrase", async () => {
  const { ports, asked } = fakeSecretPorts({
    answers: [SECRET],
    env: { KNOCK: SECRET },
    files: { "/s/lf": `${SECRET}\n`, "/s/crlf": `${SECRET}\r\nnot this`, "/home/me/bare": SECRET },
    run: programSays(`${SECRET}\nand more\n`),
  });
  const sources: SecretSource[] = [
    { kind: "prompt" },
    { kind: "env", name: "KNOCK" },
    { kind: "file", path: "/s/lf" },
    { kind: "file", path: "/s/crlf" },
    { kind: "file", path: "~/bare" },
    { kind: "command", command: ["pass", "show", "fw/1"] },
    { kind: "hash", hash: HASH },
    { kind: "hash", hash: HASH.toUpperCase() },
  ];
  for (const source of sources) {
    assertEquals(textOf(await get(source, ports)), HASH, JSON.stringify(source));
  }
  assertEquals(asked, ["Passphrase for home (1/udp)"]);
});

Deno.test("a passphrase may be empty where somebody said so", async () => {
  const empty = textOf(await payloadOf(""));
  const { ports } = fakeSecretPorts({
    answers: [""],
    env: { KNOCK: "" },
    files: { "/s/line": "\n" },
    run: programSays("\n"),
  });
  const sources: SecretSource[] = [
    { kind: "prompt" },
    { kind: "env", name: "KNOCK" },
    { kind: "file", path: "/s/line" },
    { kind: "command", command: ["x"] },
  ];
  for (const source of sources) assertEquals(textOf(await get(source, ports)), empty);
});

const FAILURES: {
  name: string;
  source: SecretSource;
  world: Parameters<typeof fakeSecretPorts>[0];
  message: string;
  hint: string | undefined;
}[] = [
  {
    name: "a variable that is not set",
    source: { kind: "env", name: "KNOCK" },
    world: { env: { OTHER: SECRET } },
    message: 'the environment variable "KNOCK" is not set',
    hint: "set it in the environment of this command, without leaving it in the shell's history",
  },
  {
    name: "a file that is not there",
    source: { kind: "file", path: "~/s" },
    world: {},
    message: 'the secret file "/home/me/s" cannot be read: there is no such file',
    hint: undefined,
  },
  {
    name: "a file that others may read",
    source: { kind: "file", path: "/it's" },
    world: { files: { "/it's": SECRET }, modes: { "/it's": 0o644 } },
    message: 'the secret file "/it\'s" can be read by others (mode 0644)',
    hint: "chmod 600 '/it'\\''s'",
  },
  {
    name: "a file that the group may write",
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": SECRET }, modes: { "/s": 0o620 } },
    message: 'the secret file "/s" can be read by others (mode 0620)',
    hint: "chmod 600 '/s'",
  },
  {
    name: "a file that is forbidden",
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": new Deno.errors.PermissionDenied("os error 13") } },
    message: 'the secret file "/s" cannot be read: permission denied',
    hint: undefined,
  },
  {
    name: "a device",
    source: { kind: "file", path: "/dev/fd/63" },
    world: { files: { "/dev/fd/63": new Deno.errors.NotCapable("all access") } },
    message: 'the secret file "/dev/fd/63" cannot be read: it is a device or a pipe',
    hint: "give the secrets on standard input: --secrets-from -",
  },
  {
    name: "a file with nothing in it",
    source: { kind: "file", path: "/s" },
    world: { files: { "/s": "" } },
    message: 'the secret file "/s" is empty',
    hint: "an empty passphrase is one empty line",
  },
  {
    name: "a program that is not there",
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: () => Promise.reject(new Deno.errors.NotFound("os error 2")) },
    message: 'the secret\'s command "pass" could not be started',
    hint: "is it installed and in the PATH?",
  },
  {
    name: "a program that fails",
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays(SECRET, 3) },
    message: 'the secret\'s command "pass" ended with exit code 3',
    hint: "run it by hand to see why",
  },
  {
    name: "a program that never ends",
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays(SECRET, "late") },
    message: 'the secret\'s command "pass" did not end in time',
    hint: undefined,
  },
  {
    name: "a program that says nothing",
    source: { kind: "command", command: ["pass", SECRET] },
    world: { run: programSays("") },
    message: 'the secret\'s command "pass" printed nothing',
    hint: undefined,
  },
];

for (const { name, source, world, message, hint } of FAILURES) {
  Deno.test(`no secret from ${name}, and none in the error`, async () => {
    const error = await assertRejects(() => get(source, fakeSecretPorts(world).ports), SecretError);
    assertEquals([error.message, error.hint], [message, hint]);
    const told = `${error.message} ${error.hint} ${error.stack} ${error.cause}`;
    assertEquals(told.includes(SECRET), false);
    assertEquals(told.includes(HASH), false);
  });
}

Deno.test("systems without modes are not asked for one", async () => {
  const { ports } = fakeSecretPorts({ files: { "/s": SECRET }, modes: { "/s": 0o666 } });
  const windows = { ...ports, fileMode: () => Promise.resolve(undefined) };
  assertEquals(textOf(await get({ kind: "file", path: "/s" }, windows)), HASH);
});

Deno.test("a prompt that is cancelled stays cancelled", async () => {
  const { ports } = fakeSecretPorts();
  const cancelled = { ...ports, ask: () => Promise.reject(new CancelledError()) };
  assertInstanceOf(
    await assertRejects(() => get({ kind: "prompt" }, cancelled)),
    CancelledError,
  );
});

Deno.test("a first line ends at LF or CRLF, and keeps every other byte", () => {
  const cases: [number[], number[]][] = [
    [[97, 10, 98], [97]],
    [[97, 13, 10], [97]],
    [[97, 13, 98, 10], [97, 13, 98]],
    [[32, 97, 32], [32, 97, 32]],
    [[255, 0, 10], [255, 0]],
    [[10, 97], []],
    [[], []],
  ];
  for (const [bytes, line] of cases) {
    assertEquals([...firstLine(new Uint8Array(bytes))], line);
  }
});
