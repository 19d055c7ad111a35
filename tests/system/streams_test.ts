import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createSink, readAll, unlessAborted } from "../../src/system/streams.ts";
import { textOf } from "../fakes.ts";
import { table } from "../table.ts";

/** A stream whose every write ends as told: bytes taken, or an error; then it takes all. */
function fakeStream(ends: (number | Error)[]) {
  let text = "";
  let calls = 0;
  const stream = {
    isTerminal: () => true,
    writeSync(bytes: Uint8Array): number {
      calls++;
      const end = ends.shift() ?? bytes.length;
      if (end instanceof Error) throw end;
      text += textOf(bytes.subarray(0, end));
      return end;
    },
  };
  return { stream, text: () => text, calls: () => calls };
}

Deno.test("a sink writes everything, in short writes too", () => {
  const { stream, text } = fakeStream([1, 0, 2]);
  const sink = createSink(stream);
  sink.write("hello ");
  sink.write("wörld\n");
  assertEquals(text(), "hello wörld\n");
  assertEquals(sink.isTerminal(), true);
});

Deno.test("a sink waits for a full pipe", () => {
  const full = () => new Deno.errors.WouldBlock("os error 11");
  const { stream, text, calls } = fakeStream([2, full(), full()]);
  createSink(stream).write("hello\n");
  assertEquals([text(), calls()], ["hello\n", 4]);
});

Deno.test("a sink stops writing, without an error, when its reader has gone", () => {
  const { stream, text, calls } = fakeStream([2, new Deno.errors.BrokenPipe("os error 32")]);
  const sink = createSink(stream);
  sink.write("hello\n");
  sink.write("more\n");
  assertEquals([text(), calls()], ["he", 2]);
});

Deno.test("a sink throws any other error", () => {
  const { stream } = fakeStream([new Error("no space left on device")]);
  assertThrows(() => createSink(stream).write("x"), Error, "no space left");
});

table("readAll reads up to the end", {
  "several chunks": ["one\n", "", "two"],
  "one chunk": ["one\ntwo"],
  "no chunk": [],
}, async (chunks) => {
  const rest = [...chunks];
  const input = {
    read(buffer: Uint8Array): Promise<number | null> {
      const chunk = rest.shift();
      if (chunk === undefined) return Promise.resolve(null);
      return Promise.resolve(new TextEncoder().encodeInto(chunk, buffer).written);
    },
  };
  assertEquals(textOf(await readAll(input, new AbortController().signal)), chunks.join(""));
});

Deno.test("readAll rejects with the reason when it is cancelled", async () => {
  const cancel = new AbortController();
  const input = { read: () => Promise.withResolvers<null>().promise };
  const reading = readAll(input, cancel.signal);
  cancel.abort(new Error("stop"));
  await assertRejects(() => reading, Error, "stop");
});

Deno.test("unlessAborted settles as the work does, unless the signal was first", async () => {
  const { signal } = new AbortController();
  assertEquals(await unlessAborted(Promise.resolve(1), signal), 1);
  await assertRejects(
    () => unlessAborted(Promise.reject(new Error("work")), signal),
    Error,
    "work",
  );
  const aborted = AbortSignal.abort(new Error("stop"));
  const never = Promise.withResolvers<never>().promise;
  await assertRejects(() => unlessAborted(never, aborted), Error, "stop");
});
