import { assertEquals, assertRejects } from "@std/assert";
import { SecretError } from "../../src/core/errors.ts";
import type { Knock, KnockPayload, SecretSource } from "../../src/core/knock.ts";
import { collectEach, collectPayloads } from "../../src/secret/collect.ts";
import { hashPassphrase } from "../../src/secret/payload.ts";
import { fakeSecretPorts, settle, textOf } from "../fakes.ts";
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
  "files with a byte order mark, joined": "\ufeffone \n\n\ufeffthree",
}, async (text) => {
  const { ports, asked: questions } = fakeSecretPorts({ stdin: text, files: { "/s": text } });
  for (const secretsFrom of ["-", "/s"]) {
    const [a = [], b = []] = await collectPayloads(MIXED, ports, {
      secretsFrom,
      allowEmpty: true,
    });
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
  const [payloads = []] = await collectPayloads(requests, ports, {
    secretsFrom: "-",
    allowEmpty: true,
  });
  assertEquals(payloads.map(textOf), await hashes(lines));
});

table<[file: string | Uint8Array, message: string]>("--secrets-from: refuses", {
  "an empty line": ["one\n\n", 'line 2 of "/s" is empty'],
  "a line that is only a byte order mark": ["one\n\ufeff\n", 'line 2 of "/s" is empty'],
  "UTF-16": [Uint8Array.from([0xfe, 0xff, 0, 0x4d, 0, 0x0a]), '"/s" is UTF-16 text'],
}, async ([file, message]) => {
  const { ports } = fakeSecretPorts({ files: { "/s": file } });
  const requests = [{ name: "a", knocks: [asked(1), asked(2)] }];
  const error = await assertRejects(
    () => collectPayloads(requests, ports, { secretsFrom: "/s" }),
    SecretError,
  );
  assertEquals(error.message, message);
});

Deno.test("--secrets-from -: a terminal, which would show the lines, is asked masked", async () => {
  const { ports, asked: questions } = fakeSecretPorts({
    isStdinTerminal: true,
    stdin: "not read",
    answers: ["one", "two", "three"],
  });
  const [a = [], b = []] = await collectPayloads(MIXED, ports, { secretsFrom: "-" });
  const expected = await hashes(["one", "two", "three"]);
  assertEquals([a[0], a[2], b[0]].map((it) => textOf(it as Uint8Array)), expected);
  assertEquals(
    questions,
    ["a (1/udp)", "a (3/udp)", "b (1/udp)"].map((it) => `Passphrase for ${it}`),
  );
});

Deno.test('prompt = "once": one question a target, for all of its knocks', async () => {
  const once = (port: number) => secret(port, { kind: "prompt", mode: "once" });
  const { ports, asked: questions } = fakeSecretPorts({ answers: ["one", "typed", "two"] });
  const requests = [
    { name: "a", knocks: [once(1), asked(2), once(3)] },
    { name: "b", knocks: [once(1)] },
    { name: "a", knocks: [once(4)] },
  ];
  const payloads = await collectPayloads(requests, ports);
  const [one, typed, two] = await hashes(["one", "typed", "two"]);
  assertEquals(payloads.map((of) => of.map(textOf)), [[one, typed, one], [two], [one]]);
  assertEquals(questions, ["a", "a (2/udp)", "b"].map((it) => `Passphrase for ${it}`));
});

const command = (...words: string[]): SecretSource => ({ kind: "command", command: words });

Deno.test("collectEach: commands run side by side, `jobs` at a time, after a first one alone", async () => {
  let running = 0;
  const most: number[] = [];
  const { ports } = fakeSecretPorts({
    run: async () => {
      most.push(++running);
      await settle();
      running--;
      return { code: 0, stdout: new Uint8Array([65]), stderr: "" };
    },
  });
  const requests = Array.from({ length: 20 }, (_, index) => ({
    name: `t${index}`,
    knocks: [secret(1, command("pass", `${index}`))],
  }));
  await collectEach(requests, ports, { jobs: 5 });
  assertEquals(most.slice(0, 3), [1, 1, 2]);
  assertEquals([most.length, Math.max(...most)], [20, 5]);
});

Deno.test("collectEach: a failure is its request's own; a shared source fails once for all", async () => {
  let runs = 0;
  const { ports, asked: questions } = fakeSecretPorts({
    answers: ["typed"],
    run: ([, entry]) => {
      runs++;
      const code = entry === "bad" ? 1 : 0;
      return Promise.resolve({ code, stdout: new Uint8Array([65]), stderr: "" });
    },
  });
  const requests = [
    { name: "a", knocks: [asked(1), secret(2, command("pass", "bad"))] },
    { name: "b", knocks: [secret(3, command("pass", "good")), asked(4)] },
    { name: "c", knocks: [secret(5, command("pass", "bad"))] },
  ];
  const collected = await collectEach(requests, ports);
  assertEquals(collected.map((each) => Array.isArray(each) ? each.length : each.knock.port), [
    2,
    2,
    5,
  ]);
  assertEquals(runs, 2);
  assertEquals(questions, ["Passphrase for b (4/udp)"]);
});

Deno.test("collectEach: prompts come after all other sources, in order", async () => {
  const order: string[] = [];
  const { ports } = fakeSecretPorts({
    run: ([, entry]) => {
      order.push(`${entry}`);
      return Promise.resolve({ code: 0, stdout: new Uint8Array([65]), stderr: "" });
    },
  });
  ports.ask = (message) => {
    order.push(message);
    return Promise.resolve("x");
  };
  await collectEach([
    { name: "a", knocks: [asked(1)] },
    { name: "b", knocks: [secret(2, command("pass", "b")), asked(3)] },
  ], ports);
  assertEquals(order, ["b", "Passphrase for a (1/udp)", "Passphrase for b (3/udp)"]);
});
