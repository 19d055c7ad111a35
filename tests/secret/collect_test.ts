import { assertEquals, assertRejects } from "@std/assert";
import { SecretError } from "../../src/core/errors.ts";
import type { Knock, KnockPayload, SecretSource } from "../../src/core/knock.ts";
import { collectPayloads, countSecrets, splitLines } from "../../src/secret/collect.ts";
import { payloadOf } from "../../src/secret/payload.ts";
import { fakeSecretPorts, textOf } from "../fakes.ts";

const knock = (port: number, payload: KnockPayload): Knock => ({ port, protocol: "udp", payload });
const secret = (port: number, source: SecretSource): Knock =>
  knock(port, { kind: "secret", source });
const asked = (port: number) => secret(port, { kind: "prompt" });
const hashes = async (words: string[]) =>
  await Promise.all(words.map(async (word) => textOf(await payloadOf(word))));

Deno.test("each request gets one payload a knock, in order", async () => {
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

Deno.test("a prompt asks for every knock, any other source is asked once", async () => {
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

Deno.test("--secrets-from takes the place of every source, a line each, in order", async () => {
  const requests = [
    {
      name: "a",
      knocks: [asked(1), knock(2, { kind: "none" }), secret(3, { kind: "env", name: "X" })],
    },
    { name: "b", knocks: [secret(1, { kind: "hash", hash: "0".repeat(64) })] },
  ];
  assertEquals(countSecrets(requests), 3);
  const expected = await hashes(["one ", "", "three"]);
  for (const text of ["one \n\nthree\n", "one \r\n\r\nthree\r\n", "one \n\nthree"]) {
    const { ports, asked: questions } = fakeSecretPorts({ stdin: text, files: { "/s": text } });
    for (const secretsFrom of ["-", "/s"]) {
      const [a = [], b = []] = await collectPayloads(requests, ports, { secretsFrom });
      assertEquals([a[0], a[2], b[0]].map((it) => textOf(it as Uint8Array)), expected);
      assertEquals(a[1]?.length, 0);
    }
    assertEquals(questions, []);
  }
});

Deno.test("too few or too many lines are an error without any of them", async () => {
  const cases: [string, string][] = [
    ["", "standard input has 0 lines, but 2 secret knocks need one each"],
    ["hunter2\n", "standard input has 1 line, but 2 secret knocks need one each"],
    ["hunter2\nhunter2\n\n", "standard input has 3 lines, but 2 secret knocks need one each"],
  ];
  const requests = [{ name: "a", knocks: [asked(1), asked(2)] }];
  for (const [stdin, message] of cases) {
    const { ports } = fakeSecretPorts({ stdin });
    const error = await assertRejects(
      () => collectPayloads(requests, ports, { secretsFrom: "-" }),
      SecretError,
    );
    assertEquals(error.message, message);
    assertEquals(error.hint, "one passphrase a line, in the order of the knocks");
  }
  const { ports } = fakeSecretPorts({ files: { "/s": "hunter2\nhunter2" } });
  await assertRejects(
    () => collectPayloads([{ name: "a", knocks: [asked(1)] }], ports, { secretsFrom: "/s" }),
    SecretError,
    '"/s" has 2 lines, but 1 secret knock needs one each',
  );
});

Deno.test("a file of secrets that others may read is refused", async () => {
  const { ports } = fakeSecretPorts({ files: { "/s": "x" }, modes: { "/s": 0o640 } });
  await assertRejects(
    () => collectPayloads([{ name: "a", knocks: [asked(1)] }], ports, { secretsFrom: "/s" }),
    SecretError,
    'the secret file "/s" can be read by others (mode 0640)',
  );
});

Deno.test("lines end at LF or CRLF; the last one need not", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["\n", [""]],
    ["a", ["a"]],
    ["a\n", ["a"]],
    ["a\r\nb", ["a", "b"]],
    ["a\n\n", ["a", ""]],
    ["a\rb\n", ["a\rb"]],
  ];
  for (const [text, lines] of cases) {
    assertEquals(
      splitLines(new TextEncoder().encode(text)).map(textOf),
      lines,
      JSON.stringify(text),
    );
  }
});
