import { assertEquals, assertRejects } from "@std/assert";
import { CancelledError, NetworkError } from "../../src/core/errors.ts";
import { relay } from "../../src/net/relay.ts";

/** The connection that a relay takes. */
type RemoteStream = Parameters<typeof relay>[1];
import { FakeClock, settle, textOf } from "../fakes.ts";
import { table } from "../table.ts";

/** As in relay.ts: milliseconds without local data, after which the relay ends. */
const LINGER_MS = 1_000;

const failure = (code: string) => Object.assign(new Error(code), { code });

/** One end: what it says is given by the test; what it is told is written down. */
class FakeEnd implements RemoteStream {
  heard = "";
  /** Sizes of the writes. */
  readonly writes: number[] = [];
  isClosed = false;
  reads = 0;
  /** Bytes that a write takes at most. */
  window = Infinity;
  /** Writes wait for it. */
  gate: Promise<void> = Promise.resolve();
  failWrite: Error | undefined;
  readonly #queue: (string | null | Error)[] = [];
  #wake = Promise.withResolvers<void>();

  /** Text; null for the end; an error. */
  say(...what: (string | null | Error)[]): void {
    this.#queue.push(...what);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#queue.length === 0) await this.#wake.promise;
    const next = this.#queue.shift();
    if (next instanceof Error) throw next;
    if (next === null || next === undefined) return null;
    return new TextEncoder().encodeInto(next, buffer).written;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    if (this.failWrite !== undefined) throw this.failWrite;
    const part = bytes.subarray(0, this.window);
    this.writes.push(part.length);
    this.heard += textOf(part);
    return part.length;
  }

  closeWrite(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function setUp() {
  const [near, far] = [new FakeEnd(), new FakeEnd()];
  const clock = new FakeClock();
  const cancel = new AbortController();
  const running = relay(near, far, { clock, signal: cancel.signal });
  let isOver = false;
  running.then(() => isOver = true, () => isOver = true);
  return { near, far, clock, cancel, running, isOver: async () => (await settle(), isOver) };
}

Deno.test("bytes go both ways at the same time", async () => {
  const { near, far, running, isOver } = setUp();
  near.say("one");
  far.say("SSH-2.0\r\n");
  near.say("two");
  assertEquals(await isOver(), false);
  assertEquals([far.heard, near.heard], ["onetwo", "SSH-2.0\r\n"]);
  near.say(null);
  far.say(null);
  assertEquals(await running, { sent: 6, received: 9 });
});

Deno.test("the end of local data is passed on, and the answer still comes", async () => {
  const { near, far, clock, running, isOver } = setUp();
  near.say("question", null);
  assertEquals(await isOver(), false);
  assertEquals(far.isClosed, true);
  await clock.advance(60_000);
  assertEquals(await isOver(), false);
  far.say("answer", null);
  await running;
  assertEquals(near.heard, "answer");
});

Deno.test("after the remote end, local data is sent until it was idle for LINGER_MS", async () => {
  const { near, far, clock, running, isOver } = setUp();
  far.say("bye", null);
  for (let count = 0; count < 5; count++) {
    await clock.advance(LINGER_MS - 1);
    assertEquals(await isOver(), false);
    near.say("x");
    await settle();
  }
  await clock.advance(LINGER_MS + LINGER_MS / 10);
  assertEquals(await running, { sent: 5, received: 3 });
  assertEquals(clock.sleeping, 0);
});

Deno.test("local data that waits for a slow remote side is not idle", async () => {
  const { near, far, clock, running, isOver } = setUp();
  const slow = Promise.withResolvers<void>();
  far.gate = slow.promise;
  near.say("late");
  far.say(null);
  await clock.advance(10 * LINGER_MS);
  assertEquals(await isOver(), false);
  slow.resolve();
  near.say(null);
  await running;
  assertEquals([far.heard, far.isClosed], ["late", true]);
});

Deno.test("at most one buffer is read ahead of the writes, and short writes go on", async () => {
  const { near, far, running } = setUp();
  const slow = Promise.withResolvers<void>();
  near.gate = slow.promise;
  near.window = 4;
  far.say("0123456789", "more", null);
  await settle();
  assertEquals(far.reads, 2);
  slow.resolve();
  near.say(null);
  await running;
  assertEquals([near.heard, near.writes], ["0123456789more", [4, 4, 2, 4]]);
});

table("our own streams, closed at their other end, end the relay without an error", {
  EPIPE: "write",
  ECONNRESET: "write",
  "ECONNRESET at a read": "read",
  "ENOTCONN at a read": "read",
}, async (call, title) => {
  const { near, far, running } = setUp();
  const [code = ""] = title.split(" ");
  if (call === "read") {
    near.say(failure(code));
  } else {
    near.failWrite = failure(code);
    far.say("unheard");
  }
  assertEquals(await running, { sent: 0, received: 0 });
});

Deno.test("what our own streams report otherwise is not hidden", async () => {
  const { near, far, running } = setUp();
  near.failWrite = failure("ENOSPC");
  far.say("unheard");
  await assertRejects(() => running, Error, "ENOSPC");
});

Deno.test("a remote side that accepts no more data is still read to its end", async () => {
  const { near, far, running } = setUp();
  far.failWrite = failure("EPIPE");
  near.say("unheard");
  await settle();
  far.say("last words", null);
  await running;
  assertEquals(near.heard, "last words");
});

table("reading from a broken connection is an error", {
  ECONNRESET: { hasHint: false },
  ETIMEDOUT: { hasHint: true },
}, async ({ hasHint }, code) => {
  const { far, running } = setUp();
  far.say(failure(code));
  const error = await assertRejects(() => running, NetworkError, "the connection broke");
  assertEquals([error.code, error.hint !== undefined], ["connection_lost", hasHint]);
});

Deno.test("writing to a broken connection is an error", async () => {
  const { near, far, running } = setUp();
  far.failWrite = failure("ECONNRESET");
  near.say("x");
  await settle();
  far.say(null);
  await assertRejects(() => running, NetworkError, "the other side reset it");
});

Deno.test("a full disk behind standard output is an error", async () => {
  const { near, far, running } = setUp();
  near.failWrite = failure("ENOSPC");
  far.say("x");
  await assertRejects(() => running, Error, "ENOSPC");
});

Deno.test("Ctrl-C ends the relay at once", async () => {
  const { cancel, running, clock } = setUp();
  cancel.abort(new CancelledError());
  await assertRejects(() => running, CancelledError);
  assertEquals(clock.sleeping, 0);
});
