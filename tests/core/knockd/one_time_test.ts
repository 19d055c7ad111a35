/** Files of one-time sequences, and new ones. */
import { assert, assertEquals } from "@std/assert";
import { generateSequences } from "../../../src/core/knockd/generate.ts";
import { readOneTimeFile } from "../../../src/core/knockd/one_time.ts";
import { parseSequence, renderSequence } from "../../../src/core/knockd/sequence.ts";
import { table } from "../../table.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

table("a file of one-time sequences", {
  " 1,2:udp\n 3\n": ["1@0 1:tcp,2:udp", "2@9 3:tcp"],
  "#1,2\n\n  # note\n\t4:TCP , 5\r\n6": ["4@15 4:tcp,5:tcp", "5@27 6:tcp"],
  "": [],
  "#é\n 7\n": ["2@4 7:tcp"],
}, (expected, text) => {
  const { unspent, problems } = readOneTimeFile(bytesOf(text));
  assertEquals(problems, []);
  const shown = unspent.map(({ line, at, knocks }) => `${line}@${at} ${renderSequence(knocks)}`);
  assertEquals(shown, expected);
});

Deno.test("a line that is no sequence is named, and not repeated", () => {
  const { unspent, problems } = readOneTimeFile(bytesOf(" 1\n secret\n 2,x\n"));
  assertEquals(unspent.length, 1);
  assertEquals(problems.map(({ line }) => line), [2, 3]);
  assert(problems.every(({ message }) => !message.includes("secret")));
});

for (const length of [2, 3, 4, 8, 32]) {
  Deno.test(`new sequences of ${length} knocks keep their rules`, () => {
    const lines = generateSequences({ count: 300, length, protocol: "mixed" });
    assertEquals(new Set(lines).size, 300);
    for (const line of lines) {
      assert(line.startsWith(" "));
      const ports = parseSequence(line).map(({ port }) => port);
      assertEquals([ports.length, new Set(ports).size], [length, length]);
      const rising = ports.toSorted((one, other) => one - other);
      assert(ports.join() !== rising.join(), "no ascending sweep sends it");
      if (length > 2) assert(ports.join() !== rising.toReversed().join());
    }
  });
}
