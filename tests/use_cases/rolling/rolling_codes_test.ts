/** What is sent of a key: which slot, which window, and with which former key. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { makeCode, type Rolling } from "../../../src/core/rolling.ts";
import type { Knock, SecretSource } from "../../../src/core/knock.ts";
import type { Payloads } from "../../../src/knock/until_open.ts";
import { toPayloads, toSecretRequest } from "../../../src/use_cases/rolling/rolling_codes.ts";
import { KEY } from "../../rules/fixtures.ts";
import { textOf } from "../../fakes.ts";
import { table } from "../../table.ts";

const FORMER = KEY.split("=")[0]?.split("").toReversed().join("") + "=";
const NOW = Date.UTC(2026, 10, 27, 12, 34, 56);
const WINDOW = Math.floor(NOW / 600_000);
const source: SecretSource = { kind: "file", path: "home.key" };
const CODE: Knock = { port: 62201, protocol: "udp", payload: { kind: "secret", source } };
const REGULAR: Knock = { port: 7000, protocol: "tcp", payload: { kind: "none" } };

const bytes = (text: string) => new TextEncoder().encode(text);

/** Makes what is sent to an address at a try; `random` picks the first slot. */
function make(
  { rolling = {}, knocks = [CODE], keys = [KEY], random = 0, wallNow = () => NOW }: {
    rolling?: Partial<Rolling>;
    knocks?: readonly Knock[];
    keys?: readonly string[];
    random?: number;
    wallNow?: () => number;
  } = {},
): (address: string, attempt: number) => Promise<string[][]> {
  const collected = [...knocks.slice(0, -1).map(() => new Uint8Array()), ...keys.map(bytes)];
  const setting = { windowMs: 600_000, slots: 4, ...rolling };
  const payloads: Payloads = toPayloads({ knocks, rolling: setting }, collected, {
    wallNow,
    random: () => random,
  });
  return async (address, attempt) => {
    if (typeof payloads !== "function") throw new TypeError("nothing is made when it is sent");
    return (await payloads({ address, attempt })).map((each) =>
      (each instanceof Uint8Array ? [each] : each).map(textOf)
    );
  };
}

table<[options: Parameters<typeof make>[0], sent: [string, number][], slots: number[]]>(
  "codes: the slots by try and address",
  {
    "each try takes the next one": [{}, [["a", 1], ["a", 2], ["a", 3]], [0, 1, 2]],
    "after the last one the first": [{ random: 0.99 }, [["a", 1], ["a", 2]], [3, 0]],
    "a random one first": [{ random: 0.5 }, [["a", 1]], [2]],
    "the same try again has the same one": [{}, [["a", 1], ["a", 1]], [0, 0]],
    "another address has others at each try": [
      {},
      [["a", 1], ["b", 1], ["a", 2], ["b", 2], ["a", 3], ["b", 3]],
      [0, 1, 2, 3, 0, 1],
    ],
    "two addresses with two slots": [
      { rolling: { slots: 2 } },
      [["a", 1], ["b", 1], ["a", 2], ["b", 2]],
      [0, 1, 0, 1],
    ],
    "only one slot": [{ rolling: { slots: 1 }, random: 0.9 }, [["a", 1], ["b", 2]], [0, 0]],
  },
  async ([options, sent, slots]) => {
    const codes = make(options);
    for (const [index, [address, attempt]] of sent.entries()) {
      const code = await makeCode(KEY, WINDOW, slots[index] ?? -1);
      assertEquals(await codes(address, attempt), [[code]]);
    }
  },
);

Deno.test("codes: the window is that of the moment of sending, also where the clock goes backwards", async () => {
  let now = NOW;
  const codes = make({ rolling: { slots: 1 }, wallNow: () => now });
  for (const moved of [0, 600_000, -3_600_000, -NOW]) {
    now = NOW + moved;
    const code = await makeCode(KEY, Math.floor(now / 600_000), 0);
    assertEquals(await codes("a", 1), [[code]]);
  }
});

Deno.test("codes: the knocks before carry nothing, and a former key sends a code of its own", async () => {
  const codes = make({ knocks: [REGULAR, CODE], keys: [KEY, FORMER] });
  const both = [await makeCode(KEY, WINDOW, 0), await makeCode(FORMER, WINDOW, 0)];
  assertEquals(await codes("a", 1), [[""], both]);
  assertNotEquals(both[0], both[1]);
});

Deno.test("codes: a target without them sends what was collected", () => {
  const collected = [bytes("x")];
  assertEquals(toPayloads({ knocks: [CODE] }, collected), collected);
  const rolling = { windowMs: 600_000, slots: 4 };
  assertEquals(toPayloads({ knocks: [CODE], rolling }, []), []);
});

Deno.test("codes: the former key is collected last, and not from a list of lines", () => {
  const rolling = { windowMs: 600_000, slots: 4, formerKey: "former.key" };
  const target = { name: "home", knocks: [REGULAR, CODE], rolling };
  const former = { kind: "secret", source: { kind: "file", path: "former.key" } };
  const request = toSecretRequest(target);
  assertEquals([request.reads, request.knocks.map(({ payload }) => payload)], [
    "code_key",
    [REGULAR.payload, CODE.payload, former],
  ]);
  assertEquals(toSecretRequest(target, { isListed: true }).knocks, target.knocks);
  assertEquals(toSecretRequest({ name: "home", knocks: [CODE] }), { name: "home", knocks: [CODE] });
});
