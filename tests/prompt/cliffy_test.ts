import { assertEquals, assertStringIncludes } from "@std/assert";
import { createPrompter, KIND } from "../../src/prompt/cliffy.ts";
import { testPrompter } from "./cases.ts";
import { table } from "../table.ts";
import { type Chunk, FakeTerminal, splitLines } from "./fake_terminal.ts";

// Without JSR the import map puts plain.ts in the place of cliffy.ts, which is published there only.
const ignore = KIND !== "cliffy";
const kind = ignore ? "cliffy (ignored: only JSR has it, and JSR cannot be reached)" : "cliffy";

testPrompter(createPrompter, { kind, ignore });

function test(name: string, fn: () => Promise<void>) {
  Deno.test({ name: `${kind}: ${name}`, ignore, fn });
}

const OPTIONS = Array.from({ length: 30 }, (_, index) => ({
  label: `Knock on host${index}`,
  value: index,
}));

async function choose(keys: readonly Chunk[], columns = 80, rows = 24) {
  const terminal = new FakeTerminal(keys, { columns, rows });
  const value = await createPrompter(terminal).select({ message: "Choose", options: OPTIONS });
  return { value, output: terminal.output };
}

table<readonly [string, number]>(`${kind}: select`, {
  "Enter takes the first": ["\r", 0],
  "down": ["\x1b[B\x1b[B\r", 2],
  "down and up, in application mode": ["\x1bOB\x1bOB\x1bOA\r", 1],
  "up from the first is the last": ["\x1b[A\r", 29],
  "page down, to the last page": ["\x1b[6~\r", 10],
  "Ctrl-N and Ctrl-P": ["\x0e\x0e\x10\r", 1],
  "typing takes the best match": ["\x1b[B\x1b[B\x1b[Bhost2\r", 2],
  "typing and down": ["host2\x1b[B\r", 20],
  "erasing finds others": ["host29\x7f\r", 2],
  "letters are no movements": ["k\r", 0],
  "nothing found, then something": ["zzz\r\x1b[B\x15host7\r", 7],
  "down from the last that is found is the first": ["host29\x1b[B\x1b[B\r", 29],
  "up from the first that is found is the last": ["host2\x1b[A\r", 29],
}, async ([keys, expected]) => {
  assertEquals((await choose(splitLines(keys))).value, expected);
}, { ignore });

test("a label that does not fit is cut", async () => {
  const { output } = await choose(["\r"], 12);
  assertStringIncludes(output, "Knock on…");
});

table<readonly [string, string]>(`${kind}: input`, {
  "left and insert": ["ac\x1b[Db\r", "abc"],
  "left over an emoji": ["a😀\x1b[Db\r", "ab😀"],
  "right over an emoji": ["😀a\x1b[H\x1b[Cb\r", "😀ba"],
  "Home and End": ["b\x1b[Ha\x1b[Fc\r", "abc"],
  "Ctrl-A and Ctrl-E": ["b\x01a\x05c\r", "abc"],
  "Delete": ["x😀y\x01\x1b[3~\x1b[3~\r", "y"],
  "a word left, by cliffy": ["one two\x1b[1;5Dx\r", "one xtwo"],
}, async ([keys, expected]) => {
  const terminal = new FakeTerminal([keys]);
  assertEquals(await createPrompter(terminal).input({ message: "Host" }), expected);
}, { ignore });

test("Tab completes yes", async () => {
  const terminal = new FakeTerminal(["y\t\r"]);
  assertEquals(await createPrompter(terminal).confirm({ message: "Sure?" }), true);
});

test("without colours no colour is written, and the rest stays", async () => {
  const plain = new FakeTerminal(["abc\r"]);
  await createPrompter(plain, { color: false }).input({ message: "Host" });
  assertEquals(plain.output.includes("\x1b["), true);
  // deno-lint-ignore no-control-regex -- escape codes are control characters
  assertEquals(/\x1b\[[\d;]*m/.test(plain.output), false);
});

test("a cancelled list leaves nothing below the question", async () => {
  const terminal = new FakeTerminal(["\x03"]);
  const prompter = createPrompter(terminal);
  await prompter.select({ message: "Choose", options: OPTIONS }).catch(() => {});
  assertStringIncludes(terminal.output, "\n\x1b[J");
});

test("a search finds what contains the text, not what resembles it", async () => {
  const options = ["officer", "of the ice", "office-2"].map((label) => ({ label, value: label }));
  const terminal = new FakeTerminal(["offices", "\r", "\x7f-\r"]);
  const question = { message: "Choose", options, what: "target" };
  assertEquals(await createPrompter(terminal).select(question), "office-2");
  assertStringIncludes(terminal.output, 'No target matches "offices"');
});

test("a list is as tall as the screen allows", async () => {
  for (const [rows, listed] of [[24, 20], [15, 13], [14, 12], [10, 8], [5, 3], [2, 1]] as const) {
    const { output } = await choose(["\r"], 80, rows);
    assertEquals(new Set(output.match(/host\d+/g)).size, listed, `${rows} rows`);
  }
});

test("many options are listed when they are searched", async () => {
  const exit = { label: "Exit", value: -1, key: "X" };
  const question = { message: "Choose", options: [...OPTIONS, exit], what: "target" };
  const terminal = new FakeTerminal(["\r"]);
  assertEquals(await createPrompter(terminal).select(question), -1);
  assertEquals(terminal.output.includes("host"), false);
  assertStringIncludes(terminal.output, "type to find one of 30 targets");
  const searched = new FakeTerminal(["host7\r"]);
  assertEquals(await createPrompter(searched).select(question), 7);
});

test("Tab completes what begins so", async () => {
  const terminal = new FakeTerminal(["o\t\x15n\t\r"]);
  assertEquals(await createPrompter(terminal).confirm({ message: "Sure?" }), false);
  assertEquals(terminal.output.includes("oo"), false);
});
