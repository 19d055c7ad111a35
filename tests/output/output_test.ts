import { assertEquals, assertThrows } from "@std/assert";
import { OutputError } from "../../src/core/errors.ts";
import { createOutput, type Sink } from "../../src/output/output.ts";
import { COLOR_STYLE, PLAIN_STYLE } from "../../src/output/style.ts";

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
    color: true,
    ...how,
  });
  out.say("say\n");
  out.print("print\n");
  out.value({ a: 1 });
  out.note("note");
  out.error("error");
  return [stdout.text, stderr.text];
}

Deno.test("stdout is for what was asked for, stderr for people", () => {
  assertEquals(speak({}), ["say\nprint\n", "note\nerror\n"]);
  assertEquals(speak({ quiet: true }), ["print\n", "error\n"]);
});

Deno.test("a line that was left open is ended before people are told something else", () => {
  const both = sink(true);
  const options = { stdout: both, stderr: both, json: false, quiet: false, verbose: false };
  const out = createOutput({ ...options, color: false });
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

Deno.test("with json stdout has exactly one value", () => {
  assertEquals(speak({ json: true }), ['{\n  "a": 1\n}\n', "error\n"]);
  assertEquals(speak({ json: true, quiet: true }), ['{\n  "a": 1\n}\n', "error\n"]);
});

Deno.test("colour and live lines are for terminals that want them", () => {
  const options = { json: false, quiet: false, verbose: false };
  const make = (more: { color: boolean; tty: boolean; json?: boolean; quiet?: boolean }) =>
    createOutput({ ...options, ...more, stdout: sink(more.tty), stderr: sink(!more.tty) });
  const cases = [
    { color: true, tty: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: true },
    { color: true, tty: false, style: PLAIN_STYLE, note: COLOR_STYLE, live: false },
    { color: false, tty: true, style: PLAIN_STYLE, note: PLAIN_STYLE, live: true },
    { color: true, tty: true, json: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: false },
    { color: true, tty: true, quiet: true, style: COLOR_STYLE, note: PLAIN_STYLE, live: false },
  ];
  for (const { style, note, live, ...how } of cases) {
    const out = make(how);
    assertEquals([out.style, out.noteStyle, out.isLive], [style, note, live]);
  }
});

Deno.test("styles mark, and the plain one does not", () => {
  for (const name of ["good", "bad", "warn", "strong", "faint"] as const) {
    assertEquals(PLAIN_STYLE[name]("x"), "x");
    // deno-lint-ignore no-control-regex
    assertEquals(COLOR_STYLE[name]("x").replace(/\x1b\[\d+m/g, ""), "x");
    // What @std/fmt writes depends on NO_COLOR in the environment of the tests.
    assertEquals(COLOR_STYLE[name]("x") === "x", Deno.noColor);
  }
});

Deno.test("a stderr that cannot be written is nothing to fail of, a stdout is", () => {
  const full = {
    write() {
      throw new OutputError("the output cannot be written: no space left");
    },
    isTerminal: () => false,
  };
  const options = { json: false, quiet: false, verbose: false, color: false };
  const out = createOutput({ stdout: full, stderr: full, ...options });
  out.error("error");
  out.note("note");
  assertThrows(() => out.say("say"), OutputError);
});
