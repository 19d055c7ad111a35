import { assertEquals, assertThrows } from "@std/assert";
import { OutputError } from "../../src/core/errors.ts";
import { chooseLook, PLAIN_LOOK } from "../../src/output/look.ts";
import { createOutput, type Sink } from "../../src/output/output.ts";
import { COLOR_STYLE, PLAIN_STYLE } from "../../src/output/style.ts";
import { table } from "../table.ts";

function sink(isTerminal = false): Sink & { text: string } {
  return {
    text: "",
    write(text) {
      this.text += text;
    },
    isTerminal: () => isTerminal,
  };
}

function speak(how: { json?: boolean; quiet?: boolean }): [string, string] {
  const [stdout, stderr] = [sink(), sink()];
  const out = createOutput({
    stdout,
    stderr,
    json: false,
    quiet: false,
    verbose: false,
    look: PLAIN_LOOK,
    ...how,
  });
  out.say("say\n");
  out.print("print\n");
  out.value({ a: 1 });
  out.note("note");
  out.error("error");
  return [stdout.text, stderr.text];
}

Deno.test("output: results go to stdout, notes and errors to stderr", () => {
  assertEquals(speak({}), ["say\nprint\n", "note\nerror\n"]);
  assertEquals(speak({ quiet: true }), ["print\n", "error\n"]);
});

Deno.test("output: an unfinished line is ended before another message", () => {
  const both = sink(true);
  const options = { stdout: both, stderr: both, json: false, quiet: false, verbose: false };
  const out = createOutput({ ...options, look: PLAIN_LOOK });
  out.say("  knock  1/udp");
  out.note("note");
  out.print("half");
  out.say("");
  out.error("error");
  out.say("whole\n");
  out.endLine();
  out.say("end");
  out.endLine();
  assertEquals(both.text, "  knock  1/udp\nnote\nhalf\nerror\nwhole\nend\n");
});

Deno.test("output: with json stdout has exactly one value", () => {
  assertEquals(speak({ json: true }), ['{\n  "a": 1\n}\n', "error\n"]);
  assertEquals(speak({ json: true, quiet: true }), ['{\n  "a": 1\n}\n', "error\n"]);
});

Deno.test("output: what is invisible in JSON is escaped, and stays the same value", () => {
  const stdout = sink(true);
  const options = { stdout, stderr: sink(), quiet: false, verbose: false, look: PLAIN_LOOK };
  const out = createOutput({ ...options, json: true });
  const value = { banner: "SSH\x9b31m\u202e\x7f\u{e0041}" };
  out.value(value);
  out.event(value);
  assertEquals(/^[ -~\n]*$/.test(stdout.text), true, stdout.text);
  assertEquals(stdout.text.split("}\n").slice(0, 2).map((text) => JSON.parse(`${text}}`)), [
    value,
    value,
  ]);
});

table("output: colours and live lines", {
  "a terminal": { tty: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: true },
  "stderr alone": { tty: false, style: PLAIN_STYLE, note: COLOR_STYLE, live: false },
  "no colours": { tty: true, noColor: true, style: PLAIN_STYLE, note: PLAIN_STYLE, live: true },
  "json": { tty: true, json: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: false },
  "quiet": { tty: true, quiet: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: false },
}, ({ tty, style, note, live, noColor = false, ...how }) => {
  const options = { json: false, quiet: false, verbose: false, ...how };
  const look = chooseLook(() => undefined, { noColor, plain: false });
  const out = createOutput({ ...options, look, stdout: sink(tty), stderr: sink(!tty) });
  assertEquals([out.style, out.noteStyle, out.isLive], [style, note, live]);
});

for (const name of ["good", "bad", "warn", "strong", "faint"] as const) {
  Deno.test(`style: ${name} adds colour codes only, and none in the plain style`, () => {
    assertEquals(PLAIN_STYLE[name]("x"), "x");
    // deno-lint-ignore no-control-regex
    assertEquals(COLOR_STYLE[name]("x").replace(/\x1b\[\d+m/g, ""), "x");
    // What @std/fmt writes depends on NO_COLOR in the environment of the tests.
    assertEquals(COLOR_STYLE[name]("x") === "x", Deno.noColor);
  });
}

Deno.test("output: a failed write is an error on stdout, not on stderr", () => {
  const full = {
    write() {
      throw new OutputError("the output cannot be written: no space left");
    },
    isTerminal: () => false,
  };
  const options = { json: false, quiet: false, verbose: false, look: PLAIN_LOOK };
  const out = createOutput({ stdout: full, stderr: full, ...options });
  out.error("error");
  out.note("note");
  assertThrows(() => out.say("say"), OutputError);
});
