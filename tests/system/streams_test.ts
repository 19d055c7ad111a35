import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError, OutputError, SecretError } from "../../src/core/errors.ts";
import { createSink, createStdio, readAll, unlessAborted } from "../../src/system/streams.ts";
import { FakeClock, textOf } from "../fakes.ts";
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

table("a sink drops what its reader can no longer take", {
  "a socket that was reset": new Deno.errors.ConnectionReset("os error 104"),
  "a terminal that was closed": Object.assign(new Error("os error 5"), { code: "EIO" }),
}, (error) => {
  const { stream, text, calls } = fakeStream([2, error]);
  const sink = createSink(stream);
  sink.write("hello\n");
  sink.write("more\n");
  assertEquals([text(), calls()], ["he", 2]);
});

Deno.test("a sink goes on after an interrupted call", () => {
  const { stream, text } = fakeStream([2, new Deno.errors.Interrupted("os error 4")]);
  createSink(stream).write("hello\n");
  assertEquals(text(), "hello\n");
});

Deno.test("a disk that is broken is no terminal that was closed", () => {
  const { stream } = fakeStream([Object.assign(new Error("os error 5"), { code: "EIO" })]);
  const sink = createSink({ ...stream, isTerminal: () => false });
  assertThrows(() => sink.write("x"), OutputError, "the device reports an input/output error");
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

Deno.test("readAll refuses input without an end", async () => {
  let reads = 0;
  const input = {
    read: (buffer: Uint8Array) => {
      reads++;
      return Promise.resolve(buffer.length);
    },
  };
  const reading = readAll(input, new AbortController().signal);
  await assertRejects(() => reading, SecretError, "standard input has more than 1 MiB");
  assertEquals(reads, 17);
});

Deno.test("standard streams: what fails is told, what the other end did is left to the relay", async () => {
  const failing = (error: Error) =>
    createStdio({
      stdin: { read: () => Promise.reject(error) },
      stdout: { write: () => Promise.reject(error) },
    }, { clock: new FakeClock() });
  const isFolder = failing(Object.assign(new Error("os error 21"), { code: "EISDIR" }));
  const reading = () => isFolder.read(new Uint8Array(1));
  await assertRejects(reading, InputError, "standard input cannot be read: it is a folder");
  const { signal } = new AbortController();
  await assertRejects(() => readAll(isFolder, signal), SecretError, "it is a folder");
  const isFull = failing(Object.assign(new Error("os error 28"), { code: "ENOSPC" }));
  await assertRejects(() => isFull.write(new Uint8Array(1)), OutputError, "the disk is full");
  const isGone = failing(new Deno.errors.ConnectionReset("os error 104"));
  await assertRejects(() => isGone.read(new Uint8Array(1)), Deno.errors.ConnectionReset);
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
