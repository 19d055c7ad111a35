/** What every prompter must do, whatever it looks like. */
import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError } from "../../src/core/errors.ts";
import type { Prompter, PrompterOptions, Terminal } from "../../src/prompt/prompter.ts";
import { type Chunk, FakeTerminal } from "./fake_terminal.ts";

type Create = (terminal: Terminal, options?: PrompterOptions) => Prompter;

interface Case {
  name: string;
  /** The reads. */
  keys: readonly Chunk[];
  ask: (prompter: Prompter) => Promise<unknown>;
  /** The answer; cancelled where it is missing. */
  answer?: unknown;
}

const secret = (prompter: Prompter) => prompter.secret({ message: "Passphrase" });
const input = (prompter: Prompter) => prompter.input({ message: "Host" });
const confirm = (prompter: Prompter) => prompter.confirm({ message: "Sure?" });
const port = (prompter: Prompter) =>
  prompter.input({
    message: "Port",
    default: "22",
    validate: (text) => text === "0" ? `"0" is not a port: use 1 to 65535` : undefined,
  });
const MENU = [
  { label: "Knock on fw.example.com", value: { id: 1 } },
  { label: "Knock on home", value: { id: 2 } },
  { label: "Add new target", value: { id: 3 }, key: "A" },
];
const menu = (prompter: Prompter) => prompter.select({ message: "Choose", options: MENU });
const menuWithDefault = (prompter: Prompter) =>
  prompter.select({ message: "Choose", options: MENU, default: MENU[1]?.value });

const bytes = (text: string) => new TextEncoder().encode(text);
const oneByOne = (text: string) => [...bytes(text)].map((byte) => Uint8Array.of(byte));
const ASTRAL = "pä👍🏽ße\u0301\u{1F469}\u200d\u{1F4BB}東京";

const CASES: readonly Case[] = [
  { name: "a secret", keys: ["awesome\r"], ask: secret, answer: "awesome" },
  { name: "a secret that ends in LF", keys: ["awesome\n"], ask: secret, answer: "awesome" },
  { name: "a secret, key by key", keys: oneByOne("is\r"), ask: secret, answer: "is" },
  { name: "an empty secret", keys: ["\r"], ask: secret, answer: "" },
  { name: "spaces around a secret stay", keys: [" a b \r"], ask: secret, answer: " a b " },
  { name: "a tabulator in a secret stays", keys: ["a\tb\r"], ask: secret, answer: "a\tb" },
  { name: "a UTF-8 secret in one read", keys: [`${ASTRAL}\r`], ask: secret, answer: ASTRAL },
  {
    name: "a UTF-8 secret, byte by byte",
    keys: oneByOne(`${ASTRAL}\r`),
    ask: secret,
    answer: ASTRAL,
  },
  { name: "a byte order mark stays", keys: ["\ufeffa\r"], ask: secret, answer: "\ufeffa" },
  {
    name: "a secret longer than any buffer",
    keys: ["ä😀x".repeat(500), "\r"],
    ask: secret,
    answer: "ä😀x".repeat(500),
  },
  {
    name: "a secret full of letters that are keys",
    keys: ["jkhlupdn28\r"],
    ask: secret,
    answer: "jkhlupdn28",
  },
  {
    name: "bytes that are not UTF-8 are asked for again",
    keys: [Uint8Array.of(0x70, 0xe4, 0x0d), "\x15pä\r"],
    ask: secret,
    answer: "pä",
  },
  { name: "Backspace", keys: ["abc\x7f\x08d\r"], ask: secret, answer: "ad" },
  { name: "Backspace at the start", keys: ["\x7f\x7fa\r"], ask: secret, answer: "a" },
  {
    name: "Backspace takes whole characters",
    keys: ["a😀\x7fé\x7fe\u0301\x7fb\r"],
    ask: secret,
    answer: "ab",
  },
  { name: "Backspace takes a joined emoji", keys: ["a👩\u200d💻\x7f\r"], ask: secret, answer: "a" },
  { name: "Ctrl-U", keys: ["wrong\x15right\r"], ask: secret, answer: "right" },
  { name: "Ctrl-W", keys: ["two words \x17\r"], ask: secret, answer: "two " },
  { name: "Alt-Backspace", keys: ["two words\x1b\x7f\r"], ask: secret, answer: "two " },
  { name: "Ctrl-D in a line does nothing", keys: ["a\x04b\r"], ask: secret, answer: "ab" },
  {
    name: "function keys, mouse, answers of the terminal and stray controls type nothing",
    keys: [
      "a\x1b[15~\x1bOP\x1b[[A\x1b[1;5A\x1b[97;5u\x1b[<0;10;5M\x1b[?1;2c\x1b[201~\x1b[38;5;1;2;3m",
      "\x1bx\x1c\x1d\x1e\x1f\x00\x0b\u0085\x1b\x1b[\x1b[12\x1bOb\r",
    ],
    ask: secret,
    answer: "a",
  },
  { name: "Ctrl-C", keys: ["half\x03"], ask: secret },
  { name: "Ctrl-C in the same read as Enter's rest", keys: ["\x03more\r"], ask: secret },
  { name: "Ctrl-C after a broken sequence", keys: ["\x1b[\x03"], ask: secret },
  { name: "Ctrl-D on an empty line", keys: ["\x04"], ask: secret },
  { name: "Ctrl-D on a line that was erased", keys: ["a\x7f\x04"], ask: secret },
  { name: "the end of the input", keys: [], ask: secret },
  { name: "the end of the input in a line", keys: ["half"], ask: secret },
  { name: "the end of the input in a character", keys: [Uint8Array.of(0xf0, 0x9f)], ask: secret },

  {
    name: "an input is trimmed",
    keys: ["  fw.example.com \r"],
    ask: input,
    answer: "fw.example.com",
  },
  { name: "an input may be empty", keys: ["\r"], ask: input, answer: "" },
  { name: "an input in UTF-8", keys: oneByOne("münchen東\r"), ask: input, answer: "münchen東" },
  { name: "an input is edited", keys: ["😀b\x7f\x7fok\r"], ask: input, answer: "ok" },
  { name: "the default of an input", keys: ["\r"], ask: port, answer: "22" },
  { name: "a wrong input is asked for again", keys: ["0\r", "\x7f23\r"], ask: port, answer: "23" },
  { name: "Ctrl-C after a wrong input", keys: ["0\r", "\x03"], ask: port },
  { name: "Ctrl-D at an input", keys: ["\x04"], ask: input },
  { name: "the end of the input at an input", keys: ["half"], ask: input },

  { name: "y", keys: ["y\r"], ask: confirm, answer: true },
  { name: "YES", keys: ["YES\r"], ask: confirm, answer: true },
  { name: "no", keys: ["no\r"], ask: confirm, answer: false },
  { name: "neither yes nor no", keys: ["ja\r", "\x15\r", "n\r"], ask: confirm, answer: false },
  { name: "Ctrl-C at yes or no", keys: ["\x03"], ask: confirm },
  { name: "Ctrl-D at yes or no", keys: ["\x04"], ask: confirm },
  { name: "the end of the input at yes or no", keys: ["y"], ask: confirm },
  {
    name: "the default of a confirmation is no",
    keys: ["\r"],
    ask: (prompter) => prompter.confirm({ message: "Sure?", default: false }),
    answer: false,
  },
  {
    name: "the default of a confirmation is yes",
    keys: ["\r"],
    ask: (prompter) => prompter.confirm({ message: "Sure?", default: true }),
    answer: true,
  },

  { name: "an option by a part of its label", keys: ["fw.ex\r"], ask: menu, answer: { id: 1 } },
  { name: "an option in other case", keys: ["HOME\r"], ask: menu, answer: { id: 2 } },
  {
    name: "an option after an erased one",
    keys: ["fw.ex\x15home\r"],
    ask: menu,
    answer: { id: 2 },
  },
  { name: "no option, then one", keys: ["zzzz\r", "\x15home\r"], ask: menu, answer: { id: 2 } },
  { name: "the default option", keys: ["\r"], ask: menuWithDefault, answer: { id: 2 } },
  {
    name: "another than the default option",
    keys: ["add\r"],
    ask: menuWithDefault,
    answer: { id: 3 },
  },
  { name: "Ctrl-C at the options", keys: ["fw\x03"], ask: menu },
  { name: "Ctrl-D at the options", keys: ["\x04"], ask: menu },
  { name: "the end of the input at the options", keys: ["fw"], ask: menu },

  { name: "a pause", keys: ["abc\r"], ask: (prompter) => prompter.pause(), answer: undefined },
  {
    name: "Ctrl-C at a pause",
    keys: ["\x03"],
    ask: (prompter) => prompter.pause().then(() => "went on"),
  },
  {
    name: "Ctrl-D at a pause",
    keys: ["\x04"],
    ask: (prompter) => prompter.pause().then(() => "went on"),
  },
  {
    name: "the end of the input at a pause",
    keys: [],
    ask: (prompter) => prompter.pause().then(() => "went on"),
  },

  {
    name: "lines that are typed ahead answer one question each",
    keys: ["fw.example.com\r", "\n", "7000\r\n", "MikroTik\r", "is\r", "y\r\n"],
    ask: async (prompter) => [
      await input(prompter),
      await port(prompter),
      await secret(prompter),
      await secret(prompter),
      await confirm(prompter),
    ],
    answer: ["fw.example.com", "7000", "MikroTik", "is", true],
  },
  {
    name: "pasted lines answer one question only",
    keys: ["fw.example.com\r\n7000\r\nMikroTik\r", "22\r"],
    ask: async (prompter) => [await input(prompter), await port(prompter)],
    answer: ["fw.example.com", "22"],
  },
  {
    name: "a long paste answers one question only, also in several reads",
    keys: [`fw\r${"7000\r".repeat(200)}`, "1\r".repeat(300), "Tik\r", 80, "22\r"],
    ask: async (prompter) => [await input(prompter), await port(prompter)],
    answer: ["fw", "22"],
  },
  {
    name: "pasted lines in bracketed paste mode answer one question only, however many reads",
    keys: ["a\x1b[200~b\x03c\rd", 30, "e\rf", 30, "g\x1b[20", "1~", "23\r"],
    ask: async (prompter) => [await input(prompter), await port(prompter)],
    answer: ["abc", "23"],
  },
  {
    name: "Ctrl-C cancels while a paste does not end",
    keys: ["\x1b[200~a\rb", "\x03"],
    ask: async (prompter) => [await input(prompter), await port(prompter)],
  },
  {
    name: "Ctrl-C that was typed ahead is not dropped",
    keys: ["a\rb\x03c\r"],
    ask: async (prompter) => [await input(prompter), await input(prompter)],
  },
  {
    name: "a paste into a question that is asked again answers it once",
    keys: ["0\r0\r", 30, "\x1525\r"],
    ask: port,
    answer: "25",
  },
  { name: "Escape cancels", keys: ["half\x1b", 150, "x\r"], ask: secret },
  { name: "Escape at the options", keys: ["fw\x1b", 150, "\r"], ask: menu },
  {
    name: "Escape and a sequence soon after it",
    keys: ["a\x1b", 20, "[15~b\r"],
    ask: secret,
    answer: "ab",
  },
  {
    name: "what follows Escape later is for the next question",
    keys: ["\x1b", 150, "y\r"],
    ask: async (prompter) => {
      await assertRejects(() => secret(prompter), CancelledError);
      return await confirm(prompter);
    },
    answer: true,
  },
  {
    name: "the end of the input stays",
    keys: ["a\r"],
    ask: async (prompter) => {
      assertEquals(await secret(prompter), "a");
      await assertRejects(() => secret(prompter), CancelledError);
      return await secret(prompter);
    },
  },
  {
    name: "Ctrl-C throws away what was typed ahead",
    keys: ["\x03secret\r", "y\r"],
    ask: async (prompter) => {
      await assertRejects(() => secret(prompter), CancelledError);
      return await confirm(prompter);
    },
    answer: true,
  },
  {
    name: "an error in a validation leaves nothing behind",
    keys: ["a\r", "b\r"],
    ask: async (prompter) => {
      const validate = () => {
        throw new RangeError("broken");
      };
      await assertRejects(
        () => prompter.input({ message: "Host", validate }),
        RangeError,
        "broken",
      );
      return await input(prompter);
    },
    answer: "b",
  },
];

/** Registers the cases, and those that look at the terminal, for one prompter. */
export function testPrompter(create: Create, { kind, ignore }: { kind: string; ignore: boolean }) {
  for (const { name, keys, ask, ...rest } of CASES) {
    Deno.test({
      name: `${kind}: ${name}`,
      ignore,
      fn: async () => {
        const terminal = new FakeTerminal(keys);
        const prompter = create(terminal);
        if ("answer" in rest) assertEquals(await ask(prompter), rest.answer);
        else await assertRejects(() => ask(prompter), CancelledError);
        assertEquals(terminal.isRaw, false, "raw mode is left");
        const shown = terminal.output.replaceAll("\x1b[?2004h", "").replaceAll(
          "\x1b[?2004l",
          "",
        );
        assertEquals(shown.endsWith("\n") || shown.endsWith("\x1b[?25h"), true);
        assertEquals(lastCursorCode(terminal.output), "shown");
      },
    });
  }

  Deno.test({
    name: `${kind}: a secret is never shown`,
    ignore,
    fn: async () => {
      const terminal = new FakeTerminal(["qqq\x7fzz\x17", "wxß\r"]);
      assertEquals(await create(terminal).secret({ message: "Pass" }), "wxß");
      for (const letter of "qzwxß") assertEquals(terminal.output.includes(letter), false, letter);
      assertEquals(terminal.output.includes("***"), true);
    },
  });

  Deno.test({
    name: `${kind}: what was typed ahead reaches another prompter of the same terminal`,
    ignore,
    fn: async () => {
      const terminal = new FakeTerminal(["one\r", "two\r"]);
      assertEquals(await secret(create(terminal)), "one");
      assertEquals(await secret(create(terminal)), "two");
    },
  });

  Deno.test({
    name: `${kind}: what was dropped of a paste is mentioned, line ends at its end are not`,
    ignore,
    fn: async () => {
      for (const [keys, isMentioned] of [["a\rb\r", true], ["a\r\r\r", false]] as const) {
        const terminal = new FakeTerminal([keys]);
        assertEquals(await input(create(terminal)), "a");
        const note = "only the first line of the pasted text was used\n";
        assertEquals(terminal.output.includes(note), isMentioned, terminal.output);
      }
    },
  });

  Deno.test({
    name: `${kind}: Ctrl-Z stops the program, and the question is drawn again with what was typed`,
    ignore,
    fn: async () => {
      for (
        const [ask, keys, answer] of [
          [input, ["hos", "\x1a", "t\r"], "host"],
          [secret, ["ab", "\x1a", "c\r"], "abc"],
          [menu, ["hom", "\x1a", "\r"], { id: 2 }],
          [(prompter: Prompter) => prompter.pause(), ["\x1a", "\r"], undefined],
        ] as const
      ) {
        const terminal = new FakeTerminal(keys);
        assertEquals(await ask(create(terminal)), answer);
        assertEquals([terminal.stopCount, terminal.isRaw], [1, false]);
      }
    },
  });

  Deno.test({
    name: `${kind}: Ctrl-Z types nothing where the system cannot stop programs`,
    ignore,
    fn: async () => {
      const terminal: Terminal = Object.assign(new FakeTerminal(["a\x1ab\r"]), {
        suspend: undefined,
      });
      assertEquals(await input(create(terminal)), "ab");
    },
  });

  Deno.test({
    name: `${kind}: where nothing matches, that is said`,
    ignore,
    fn: async () => {
      const terminal = new FakeTerminal(["zzz\r", "\x15home\r"]);
      const question = { message: "Choose", options: MENU, what: "target" };
      assertEquals(await create(terminal).select(question), { id: 2 });
      assertEquals(terminal.output.includes('No target matches "zzz"'), true);
    },
  });

  Deno.test({
    name: `${kind}: one session of raw mode a question`,
    ignore,
    fn: async () => {
      const terminal = new FakeTerminal(oneByOne("0\r\x151\r"));
      await port(create(terminal));
      assertEquals(terminal.rawCount, 1);
    },
  });
}

function lastCursorCode(output: string): "shown" | "hidden" {
  return output.lastIndexOf("\x1b[?25l") > output.lastIndexOf("\x1b[?25h") ? "hidden" : "shown";
}
