/** Knock ports are looked at in an order that is no sequence. */
import { assert, assertEquals } from "@std/assert";
import { buildDecoyOrder } from "../../src/doctor/decoy_order.ts";
import { createRandom } from "../../src/model/random.ts";
import { table } from "../table.ts";

const knocksAt = (ports: readonly number[]) => ports.map((port) => ({ port }));

table<[knocks: number[], close: number[], order: number[]]>("buildDecoyOrder", {
  "three ports": [[7000, 8000, 9000], [], [8000, 9000, 7000]],
  "Debian's knockd: the closing sequence is the reverse": [
    [7000, 8000, 9000],
    [9000, 8000, 7000],
    [8000, 9000, 7000],
  ],
  "two ports: one of them": [[1, 2], [], [1]],
  "one port: none": [[1], [], []],
  "a port that closes the door alone is left out": [[1, 2, 3, 4], [3], [4, 2, 1]],
  "echo requests have no port, and may have been sent": [[0, 7000, 8000], [0, 9], [7000]],
  "one port and an echo request: none": [[7000, 0], [], []],
  "a port that comes twice is looked at once": [[1, 2, 1], [], [2, 1]],
}, ([knocks, close, order]) => {
  assertEquals(buildDecoyOrder({ knocks: knocksAt(knocks), close: knocksAt(close) }), order);
});

/** As a firewall that ignores other ports, and as knockd, which starts anew at a wrong one. */
function isCompleted(sequence: readonly number[], packets: readonly number[]): boolean {
  let [loose, strict] = [0, 0];
  for (const port of packets) {
    if (port === sequence[loose]) loose++;
    strict = port === sequence[strict] ? strict + 1 : port === sequence[0] ? 1 : 0;
    if (loose === sequence.length || strict === sequence.length) return true;
  }
  return false;
}

Deno.test("buildDecoyOrder: 5000 targets, no sequence is completed, and no port comes twice", () => {
  const random = createRandom(1);
  const draw = (from: number, to: number) => from + Math.floor(random() * (to - from + 1));
  const drawPorts = (length: number) => Array.from({ length }, () => draw(1, 9));
  for (let round = 0; round < 5_000; round++) {
    const knocks = drawPorts(draw(1, 8));
    const close = round % 3 === 0
      ? knocks.toReversed()
      : round % 3 === 1
      ? drawPorts(draw(1, 5))
      : [];
    const order = buildDecoyOrder({ knocks: knocksAt(knocks), close: knocksAt(close) });
    const title = JSON.stringify({ knocks, close, order });
    for (const sequence of [knocks, knocks.toReversed(), close, close.toReversed()]) {
      assert(sequence.length === 0 || !isCompleted(sequence, order), title);
    }
    assertEquals(new Set(order).size, order.length, title);
    assert(order.every((port) => knocks.includes(port)), title);
    // Nothing is left out without a reason.
    const isPlain = new Set(knocks).size === knocks.length && knocks.length > 2;
    if (isPlain && round % 3 !== 1) assertEquals(order.length, knocks.length, title);
  }
});
