import { assertEquals, assertRejects } from "@std/assert";
import type { Sink } from "../../src/output/sink.ts";
import { createStatusLine } from "../../src/output/status_line.ts";
import { FakeClock } from "../fakes.ts";

const ERASE = "\r\x1b[2K";

/** A status line on a terminal of 40 columns, whose text is kept. */
function makeStatus() {
  const clock = new FakeClock();
  const cancel = new AbortController();
  const terminal = { text: "" };
  const stderr: Sink = {
    write: (text) => void (terminal.text += text),
    isTerminal: () => true,
    columns: () => 40,
  };
  const status = createStatusLine({ stderr, clock, signal: cancel.signal });
  return { clock, cancel, terminal, status, sink: status.watch(stderr) };
}

/** Work that ends when it is told to. */
function makeWork() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { work: () => promise, finish: resolve, fail: reject };
}

Deno.test("status: nothing within a second, then the text with its seconds, then nothing", async () => {
  const { clock, terminal, status } = makeStatus();
  const { work, finish } = makeWork();
  const ended = status.during("looking up 3 hosts", work);
  await clock.advance(999);
  assertEquals(terminal.text, "");
  await clock.advance(1_001);
  assertEquals(terminal.text, `${ERASE}looking up 3 hosts, 1 s${ERASE}looking up 3 hosts, 2 s`);
  finish();
  await ended;
  assertEquals(terminal.text.endsWith(`2 s${ERASE}`), true);
  assertEquals(clock.sleeping, 0);
});

Deno.test("status: it is gone before anything else is written, and comes back after a second", async () => {
  const { clock, terminal, status, sink } = makeStatus();
  const { work, finish } = makeWork();
  const ended = status.during(() => "working", work);
  await clock.advance(1_000);
  sink.write("a line\n");
  await clock.advance(750);
  assertEquals(terminal.text, `${ERASE}working${ERASE}a line\n`);
  await clock.advance(500);
  assertEquals(terminal.text, `${ERASE}working${ERASE}a line\n${ERASE}working`);
  finish();
  await ended;
});

Deno.test("status: it is gone before a pipe gets a line, which may end on the same terminal", async () => {
  const { clock, terminal, status } = makeStatus();
  const pipe = status.watch({
    write: (text) => void (terminal.text += text),
    isTerminal: () => false,
  });
  const { work, finish } = makeWork();
  const ended = status.during(() => "working", work);
  await clock.advance(1_000);
  pipe.write("a result\n");
  assertEquals(terminal.text, `${ERASE}working${ERASE}a result\n`);
  finish();
  await ended;
});

Deno.test("status: work that fails before it begins is taken away", async () => {
  const { clock, terminal, status } = makeStatus();
  await assertRejects(() =>
    status.during("broken", () => {
      throw new Error("at once");
    })
  );
  const { work, finish } = makeWork();
  const ended = status.during(() => "working", work);
  await clock.advance(2_000);
  finish();
  await ended;
  assertEquals(terminal.text.includes("broken"), false);
});

Deno.test("status: not below a line that is open, nor while a program may ask", async () => {
  const { clock, terminal, status, sink } = makeStatus();
  const { work, finish } = makeWork();
  const ended = status.during("working", work);
  sink.write("  knock  7000/udp");
  await clock.advance(5_000);
  assertEquals(terminal.text, "  knock  7000/udp");
  sink.write("\n");
  await clock.advance(1_000);
  const asking = makeWork();
  const asked = status.silence(asking.work);
  const before = terminal.text;
  assertEquals(before.endsWith(ERASE), true);
  await clock.advance(5_000);
  assertEquals(terminal.text, before);
  asking.finish();
  await asked;
  await clock.advance(1_500);
  assertEquals(terminal.text, `${before}${ERASE}working, 12 s`);
  finish();
  await ended;
});

Deno.test("status: several works one after the other are silent together", async () => {
  const { clock, terminal, status } = makeStatus();
  for (const what of ["one", "two", "three"]) {
    const { work, finish } = makeWork();
    const ended = status.during(what, work);
    await clock.advance(750);
    finish();
    await ended;
  }
  assertEquals(terminal.text.includes("two, 0 s"), true, terminal.text);
});

Deno.test("status: of works at the same time the last is shown; one that fails is taken away", async () => {
  const { clock, terminal, status } = makeStatus();
  const [outer, inner] = [makeWork(), makeWork()];
  const first = status.during("outer", outer.work);
  const second = status.during("inner", inner.work);
  await clock.advance(1_000);
  assertEquals(terminal.text, `${ERASE}inner, 1 s`);
  inner.fail(new Error("failed"));
  await assertRejects(() => second, Error, "failed");
  await clock.advance(500);
  assertEquals(terminal.text, `${ERASE}inner, 1 s${ERASE}outer, 1 s`);
  outer.finish();
  await first;
});

Deno.test("status: Ctrl-C takes it away at once, and nothing is shown after it", async () => {
  const { clock, cancel, terminal, status } = makeStatus();
  const { work, finish } = makeWork();
  const ended = status.during("working", work);
  await clock.advance(1_000);
  cancel.abort(new Error("cancelled"));
  assertEquals(terminal.text, `${ERASE}working, 1 s${ERASE}`);
  await clock.advance(5_000);
  assertEquals(terminal.text, `${ERASE}working, 1 s${ERASE}`);
  finish();
  await ended;
});

Deno.test("status: a line that is too long is cut, by what is seen", async () => {
  const { clock, terminal, status } = makeStatus();
  const { work, finish } = makeWork();
  const ended = status.during(() => "界".repeat(30), work);
  await clock.advance(1_000);
  assertEquals(terminal.text, `${ERASE}${"界".repeat(19)}…`);
  finish();
  await ended;
});
