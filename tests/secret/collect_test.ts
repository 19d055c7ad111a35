import { assertEquals, assertRejects } from "@std/assert";
import { SecretError } from "../../src/core/errors.ts";
import type { Knock, KnockPayload, SecretSource } from "../../src/core/knock.ts";
import { collectPayloads } from "../../src/secret/collect.ts";
import { hashPassphrase } from "../../src/secret/payload.ts";
import { fakeSecretPorts, textOf } from "../fakes.ts";
import { table } from "../table.ts";

const knock = (port: number, payload: KnockPayload): Knock => ({ port, protocol: "udp", payload });
const secret = (port: number, source: SecretSource): Knock =>
  knock(port, { kind: "secret", source });
const asked = (port: number) => secret(port, { kind: "prompt" });
const hashes = async (words: string[]) =>
  await Promise.all(words.map(async (word) => textOf(await hashPassphrase(word))));

Deno.test("collectPayloads: each request gets one payload a knock, in order", async () => {
  const { ports, asked: questions } = fakeSecretPorts({ answers: ["one", "two"] });
  const requests = [
    { name: "home", knocks: [asked(1), knock(2, { kind: "none" }), asked(3)] },
    { name: "lab", knocks: [knock(4, { kind: "bytes", bytes: new Uint8Array([104, 105]) })] },
  ];
  const [one, two] = await hashes(["one", "two"]);
  const payloads = await collectPayloads(requests, ports);
  assertEquals(payloads.map((of) => of.map(textOf)), [[one, "", two], ["hi"]]);
  assertEquals(questions, ["Passphrase for home (1/udp)", "Passphrase for home (3/udp)"]);
});

Deno.test("collectPayloads: a prompt asks for every knock, any other source once", async () => {
  let runs = 0;
  const { ports, asked: questions } = fakeSecretPorts({
    answers: ["a", "b"],
    run: () => Promise.resolve({ code: 0, stdout: new Uint8Array([++runs]), stderr: "" }),
  });
  const command: SecretSource = { kind: "command", command: ["pass", "x"] };
  const other: SecretSource = { kind: "command", command: ["pass", "y"] };
  const requests = [
    { name: "a", knocks: [secret(1, command), secret(2, command), asked(3)] },
    { name: "b", knocks: [secret(1, command), secret(2, other), asked(3)] },
  ];
  await collectPayloads(requests, ports);
  assertEquals([runs, questions.length], [2, 2]);
});

const MIXED = [
  {
    name: "a",
    knocks: [asked(1), knock(2, { kind: "none" }), secret(3, { kind: "env", name: "X" })],
  },
  { name: "b", knocks: [secret(1, { kind: "hash", hash: "0".repeat(64) })] },
];

Deno.test("--secrets-from: only knocks with a secret need a line", async () => {
  const { ports } = fakeSecretPorts({ stdin: "hunter2\n" });
  const error = await assertRejects(
    () => collectPayloads(MIXED, ports, { secretsFrom: "-" }),
    SecretError,
  );
  assertEquals(error.message, "standard input has 1 line, but 3 secret knocks need one each");
});

table("--secrets-from replaces every source, a line each, in order", {
  "LF": "one \n\nthree\n",
  "CRLF": "one \r\n\r\nthree\r\n",
  "no line end at the end": "one \n\nthree",
}, async (text) => {
  const { ports, asked: questions } = fakeSecretPorts({ stdin: text, files: { "/s": text } });
  for (const secretsFrom of ["-", "/s"]) {
    const [a = [], b = []] = await collectPayloads(MIXED, ports, { secretsFrom });
    const expected = await hashes(["one ", "", "three"]);
    assertEquals([a[0], a[2], b[0]].map((it) => textOf(it as Uint8Array)), expected);
    assertEquals(a[1]?.length, 0);
  }
  assertEquals(questions, []);
});

table("--secrets-from: the error does not contain the lines", [
  ["no line", ["", "standard input has 0 lines, but 2 secret knocks need one each"]],
  ["one line", ["hunter2\n", "standard input has 1 line, but 2 secret knocks need one each"]],
  ["three lines", [
    "hunter2\nhunter2\n\n",
    "standard input has 3 lines, but 2 secret knocks need one each",
  ]],
] as [string, [string, string]][], async ([stdin, message]) => {
  const requests = [{ name: "a", knocks: [asked(1), asked(2)] }];
  const { ports } = fakeSecretPorts({ stdin });
  const error = await assertRejects(
    () => collectPayloads(requests, ports, { secretsFrom: "-" }),
    SecretError,
  );
  assertEquals(error.message, message);
  assertEquals(error.hint, "one passphrase a line, in the order of the knocks");
});

Deno.test("--secrets-from: the error names the file", async () => {
  const { ports } = fakeSecretPorts({ files: { "/s": "hunter2\nhunter2" } });
  await assertRejects(
    () => collectPayloads([{ name: "a", knocks: [asked(1)] }], ports, { secretsFrom: "/s" }),
    SecretError,
    '"/s" has 2 lines, but 1 secret knock needs one each',
  );
});

Deno.test("--secrets-from: refuses a file that others can read", async () => {
  const { ports } = fakeSecretPorts({ files: { "/s": "x" }, modes: { "/s": 0o640 } });
  await assertRejects(
    () => collectPayloads([{ name: "a", knocks: [asked(1)] }], ports, { secretsFrom: "/s" }),
    SecretError,
    "the file of --secrets-from can be read by others (mode 0640)",
  );
});

table("--secrets-from: the lines of", [
  ["", []],
  ["\n", [""]],
  ["a", ["a"]],
  ["a\n", ["a"]],
  ["a\r\nb", ["a", "b"]],
  ["a\n\n", ["a", ""]],
  ["a\rb\n", ["a\rb"]],
] as [string, string[]][], async (lines, text) => {
  const { ports } = fakeSecretPorts({ stdin: text });
  const requests = [{ name: "a", knocks: lines.map((_, index) => asked(index + 1)) }];
  const [payloads = []] = await collectPayloads(requests, ports, { secretsFrom: "-" });
  assertEquals(payloads.map(textOf), await hashes(lines));
});
