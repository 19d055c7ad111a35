import { assertEquals } from "@std/assert";
import { openPrompter } from "../../src/prompt/mod.ts";
import { FakeTerminal } from "./fake_terminal.ts";

Deno.test("openPrompter: plain lines with `plain`", async () => {
  const terminal = new FakeTerminal(["is\r"]);
  const prompter = await openPrompter(terminal, { plain: true });
  assertEquals(await prompter.secret({ message: "Pass" }), "is");
  assertEquals(terminal.output, " Pass: **\n");
});

Deno.test("openPrompter: the prompter of the dependencies otherwise", async () => {
  const terminal = new FakeTerminal(["is\r"]);
  const prompter = await openPrompter(terminal, { color: false });
  assertEquals(await prompter.secret({ message: "Pass" }), "is");
});
