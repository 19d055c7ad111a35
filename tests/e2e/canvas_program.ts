/** A line of text on a canvas, without cliffy: what is typed is drawn, Enter ends it. */
import { measureWidth, stripStyles } from "../../src/output/width.ts";
import { Canvas } from "../../src/prompt/canvas.ts";
import { ENTER, isText } from "../../src/prompt/keys.ts";
import { editLine } from "../../src/prompt/line.ts";
import { Keyboard } from "../../src/prompt/terminal.ts";
import { openTerminal } from "../../src/system/terminal.ts";

const terminal = await openTerminal(new AbortController().signal, {
  os: Deno.build.os,
  deno: Deno,
});
if (terminal === undefined) throw new Error("there is no terminal");
const canvas = new Canvas(terminal, { color: true });
const keyboard = new Keyboard(terminal);
terminal.setRaw(true);
const prompt = "\x1b[1m? Text › \x1b[22m";
type Line = Parameters<typeof editLine>[0];

let line: Line = { text: "", cursor: 0 };
for (;;) {
  const before = stripStyles(prompt) + line.text.slice(0, line.cursor);
  canvas.draw({ lines: [prompt + line.text, "  below"], cursor: measureWidth(before) });
  const key = await keyboard.next();
  if (key === ENTER) break;
  const added = { text: insert(line, key), cursor: line.cursor + key.length };
  line = editLine(line, key) ?? (isText(key) ? added : line);
}
canvas.clear();
terminal.setRaw(false);
terminal.write(`done: ${line.text}\n`);
Deno.exit(0);

function insert({ text, cursor }: Line, key: string): string {
  return text.slice(0, cursor) + key + text.slice(cursor);
}
