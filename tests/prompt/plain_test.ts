import { assertEquals, assertStringIncludes } from "@std/assert";
import { createPrompter } from "../../src/prompt/plain.ts";
import { testPrompter } from "./cases.ts";
import { type Chunk, FakeTerminal } from "./fake_terminal.ts";

testPrompter(createPrompter, { kind: "plain", ignore: false });

const MENU = [
  { label: "Knock on fw.example.com", value: "fw" },
  { label: "Knock on home", value: "home", hint: "192.0.2.1" },
  { label: "Add new target", value: "add", key: "a" },
  { label: "Exit", value: "exit", key: "X" },
];

async function choose(keys: readonly Chunk[], { options = MENU, ...rest } = {}) {
  const terminal = new FakeTerminal(keys);
  const question = { message: "Choose", options, ...rest };
  return { value: await createPrompter(terminal).select(question), output: terminal.output };
}

Deno.test("plain: a menu looks like that of the Python script", async () => {
  const { value, output } = await choose(["1\r"]);
  assertEquals(value, "fw");
  assertEquals(
    output,
    ` Choose:
 [1] Knock on fw.example.com
 [2] Knock on home (192.0.2.1)

 [A] Add new target
 [X] Exit

 Choice: 1
`,
  );
});

for (
  const [keys, expected] of [
    ["2\r", "home"],
    ["a\r", "add"],
    ["X\r", "exit"],
    [" x \r", "exit"],
    ["exit\r", "exit"],
    ["home\r", "home"],
    ["FW.\r", "fw"],
  ] as const
) {
  Deno.test(`plain: ${JSON.stringify(keys)} chooses ${expected}`, async () => {
    assertEquals((await choose([keys])).value, expected);
  });
}

for (
  const [keys, problem] of [
    ["\r", `"" is not a choice: type 1-2, A or X, or part of one name`],
    ["0\r", `"0" is not a choice`],
    ["3\r", `"3" is not a choice`],
    ["-1\r", `"-1" is not a choice`],
    ["e\r", `"e" is not a choice`],
    ["knock\r", `"knock" is in 2 of the names: type 1-2, A or X, or part of one name`],
    ["nowhere\r", `"nowhere" is not a choice`],
  ] as const
) {
  Deno.test(`plain: ${JSON.stringify(keys)} is refused`, async () => {
    const { value, output } = await choose([keys, "x\r"]);
    assertEquals(value, "exit");
    assertStringIncludes(output, ` * ${problem}`);
  });
}

Deno.test("plain: a number is never a part of a label", async () => {
  const options = [
    { label: "Knock on host9", value: "host9" },
    { label: "Knock on 22", value: "22" },
    { label: "22", value: "exact" },
  ];
  assertEquals((await choose(["9\r", "1\r"], { options })).value, "host9");
  assertEquals((await choose(["22\r"], { options })).value, "exact");
});

const MANY = [
  ...Array.from({ length: 200 }, (_, index) => ({
    label: `Knock on host${index}`,
    value: `${index}`,
    hint: `192.0.2.${index}`,
  })),
  { label: "Exit", value: "exit", key: "X" },
];

Deno.test("plain: many options are searched, not listed", async () => {
  const { value, output } = await choose(["host19\r", "192\r"], { options: MANY });
  assertEquals(value, "191");
  assertStringIncludes(
    output,
    " [1-200] 200 choices: type part of a name to find one\n\n [X] Exit\n",
  );
  assertStringIncludes(
    output,
    ` * "host19" is in 11 of the names:\n [20] Knock on host19 (192.0.2.19)\n`,
  );
  assertEquals(output.split("\n").length < 25, true);
  assertEquals((await choose(["host150\r"], { options: MANY })).value, "150");
});

Deno.test("plain: the default is named", async () => {
  const { output } = await choose(["\r"], { default: "home" } as { options?: typeof MENU });
  assertStringIncludes(output, " Choice [2]: ");
});

Deno.test("plain: one choice", async () => {
  const options = [{ label: "Exit", value: "exit", key: "X" }];
  const { output } = await choose(["q\r", "x\r"], { options });
  assertStringIncludes(output, `"q" is not a choice: type X, or part of one name`);
});

async function secretOutput(keys: readonly Chunk[], columns = 80): Promise<string> {
  const terminal = new FakeTerminal(keys, { columns });
  await createPrompter(terminal).secret({ message: "Pass" });
  return terminal.output;
}

Deno.test("plain: a star for each character, taken back by Backspace", async () => {
  assertEquals(await secretOutput(["aß😀\x7f\x15\r"]), " Pass: ***\b \b\b \b\b \b\n");
});

Deno.test("plain: no escape code is ever written", async () => {
  const terminal = new FakeTerminal(["a\x1b[A\x1bx\x7f\u0085\r", "0\r", "1\r", "n\r", "x\r", "\r"]);
  const prompter = createPrompter(terminal, { color: true });
  await prompter.secret({ message: "Pass" });
  await prompter.input({ message: "Port", validate: (it) => it === "0" ? "no" : undefined });
  await prompter.confirm({ message: "Sure?" });
  await prompter.select({ message: "Choose", options: MENU });
  await prompter.pause();
  assertEquals(/[^\P{Cc}\n\b]/u.test(terminal.output), false);
});

Deno.test("plain: a line that has wrapped is written anew", async () => {
  assertEquals(await secretOutput(["abcd\x7f\r"], 11), " Pass: ****\n Pass: ***\n");
  assertEquals(await secretOutput(["abcd\x7f\r"], 12), " Pass: ****\b \b\n");
});

for (
  const [keys, expected] of [
    ["aé\x7f\r", " Host: aé\b \b\n"],
    ["a東\x7f\r", " Host: a東\n Host: a\n"],
    ["ae\u0301\x7f\r", " Host: ae\u0301\n Host: a\n"],
    ["ab cd\x17\r", " Host: ab cd\b \b\b \b\n"],
    ["\x7f\r", " Host: \n"],
  ] as const
) {
  Deno.test(`plain: the echo of ${JSON.stringify(keys)}`, async () => {
    const terminal = new FakeTerminal([keys]);
    await createPrompter(terminal).input({ message: "Host" });
    assertEquals(terminal.output, expected);
  });
}

Deno.test("plain: an error that is wider than the terminal breaks between words", async () => {
  const terminal = new FakeTerminal(["0\r", "1\r"], { columns: 24 });
  await createPrompter(terminal).input({
    message: "Port",
    validate: (text) => text === "0" ? `"0" is not a port: use 22/tcp or icmp` : undefined,
  });
  assertEquals(
    terminal.output,
    ` Port: 0
 * "0" is not a port:
   use 22/tcp or icmp
 Port: 1
`,
  );
});

Deno.test("plain: messages, defaults and errors", async () => {
  const terminal = new FakeTerminal(["\r", "0\r", "1\r", "what\r", "y\r", "\r", "zz\r"]);
  const prompter = createPrompter(terminal);
  await prompter.input({ message: "Delay", default: "50ms" });
  await prompter.input({
    message: "Port?",
    validate: (text) => text === "0" ? `"0" is not a port` : undefined,
  });
  await prompter.confirm({ message: "Save?", default: true });
  await prompter.confirm({ message: "Remove?", default: false });
  await prompter.pause("Press Enter");
  assertEquals(
    terminal.output,
    ` Delay [50ms]: 
 Port? 0
 * "0" is not a port
 Port? 1
 Save? [Y/n] what
 * "what" is not an answer: type y or n
 Save? [Y/n] y
 Remove? [y/N] 
 Press Enter
`,
  );
});
