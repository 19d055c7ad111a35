/**
 * One-time codes of the RouterOS rules, played on netfilter: what the script writes into the rules now, by real packets.
 * How it does that from moment to moment: tests/rules/mikrotik_codes_test.ts.
 */
import { assertEquals } from "@std/assert";
import { createLab, kernelTest } from "./lab.ts";
import {
  ANNA,
  BOB,
  type CodedDoor,
  codeFor,
  findWindowMs,
  planDoors,
  Visitors,
} from "./rolling_lab.ts";
import { createPlayedMikrotik } from "./routeros_player.ts";

/** Without the networks that hold every address: Linux does not take them in a set that rules add to. */
const FIREWALL = createPlayedMikrotik((script) =>
  script.replaceAll(":if ($isUsed)", ":if (false)")
);

/** The skew of all these windows is a minute, and the script is early and late by 10 s at most. */
const MID: CodedDoor = {
  name: "mid",
  port: 22_201,
  windowMs: findWindowMs({ after: [200, 500] }, 900),
};
const WALK: CodedDoor = { ...MID, name: "walk", port: 22_204, before: 7_000 };
const PEOPLE: CodedDoor = {
  ...MID,
  name: "people",
  port: 22_205,
  keys: [{ name: "anna", key: ANNA }, { name: "bob", key: BOB }],
};

/** The doors at the edges of their windows. */
function listEdges(): CodedDoor[] {
  return [
    { name: "begin", port: 22_202, windowMs: findWindowMs({ after: [5, 25] }) },
    { name: "end", port: 22_203, windowMs: findWindowMs({ before: [35, 50] }) },
  ];
}

interface Try {
  door: CodedDoor;
  code: string;
  family?: "ipv4" | "ipv6";
}

const swapLast = (code: string) => code.replace(/.$/, (digit) => digit === "0" ? "1" : "0");

/** What one source sends, and whether it is let in then. */
function listTries([begin = MID, end = MID]: CodedDoor[]): Record<string, [Try, boolean]> {
  const code = (slot: number) => codeFor(MID, slot);
  return {
    "the right code": [{ door: MID, code: code(0) }, true],
    "over IPv6": [{ door: MID, code: code(1), family: "ipv6" }, true],
    "the last slot": [{ door: MID, code: code(15) }, true],
    "a slot too many": [{ door: MID, code: code(16) }, false],
    "truncated": [{ door: MID, code: code(2).slice(0, 31) }, false],
    "longer": [{ door: MID, code: `${code(2)}0` }, false],
    "in upper case": [{ door: MID, code: code(2).toUpperCase() }, false],
    "one digit is another": [{ door: MID, code: swapLast(code(2)) }, false],
    "the last window": [{ door: MID, code: codeFor(MID, 2, { later: -1 }) }, false],
    "the next window": [{ door: MID, code: codeFor(MID, 2, { later: 1 }) }, false],
    "an old window": [{ door: MID, code: codeFor(MID, 2, { later: -2 }) }, false],
    "at the beginning": [{ door: begin, code: codeFor(begin, 0) }, true],
    "the last one in the skew": [{ door: begin, code: codeFor(begin, 0, { later: -1 }) }, true],
    "the next one at the beginning": [
      { door: begin, code: codeFor(begin, 0, { later: 1 }) },
      false,
    ],
    "at the end": [{ door: end, code: codeFor(end, 0) }, true],
    "the next one in the skew": [{ door: end, code: codeFor(end, 0, { later: 1 }) }, true],
    "the last one at the end": [{ door: end, code: codeFor(end, 0, { later: -1 }) }, false],
    "without the knock before": [{ door: WALK, code: codeFor(WALK, 0) }, false],
    "anna's": [{ door: PEOPLE, code: codeFor(PEOPLE, 0, { key: ANNA }) }, true],
    "bob's": [{ door: PEOPLE, code: codeFor(PEOPLE, 0, { key: BOB }) }, true],
    "a key of another door": [{ door: PEOPLE, code: codeFor(PEOPLE, 1) }, false],
  };
}

await kernelTest("RouterOS' one-time codes, played on netfilter", async (_, context) => {
  await using lab = await createLab({ sources: 40 });
  const edges = listEdges();
  const doors = [MID, ...edges, WALK, PEOPLE];
  const plan = planDoors(doors);
  await FIREWALL.load(lab.server, plan);
  const visitors = await Visitors.create(lab, doors);
  for (const [name, [{ door, code, family }, expected]] of Object.entries(listTries(edges))) {
    await context.step(name, async () => {
      const source = visitors.take(family);
      await visitors.send(source, door, code);
      assertEquals(await visitors.isIn(source, door), expected);
    });
  }
  await context.step("after the knock before", async () => {
    const source = visitors.take();
    await visitors.send(source, { port: 7_000 }, "", { protocol: "tcp", flags: "syn" });
    await visitors.send(source, WALK, codeFor(WALK, 1));
    assertEquals(await visitors.isIn(source, WALK), true);
  });
  for (const [slot, family] of (["ipv4", "ipv6"] as const).entries()) {
    await context.step(`copies, ${family}`, async () => {
      const [owner, other, late] = [
        visitors.take(family),
        visitors.take(family),
        visitors.take(family),
      ];
      const packet = { port: MID.port, text: codeFor(MID, 5 + slot) };
      await visitors.sendAll([
        { ...packet, source: owner },
        { ...packet, source: other },
        { ...packet, source: late, atMs: 1 },
        { ...packet, source: owner, atMs: 2 },
      ]);
      const states = await Promise.all(
        [owner, other, late].map((source) => visitors.isIn(source, MID)),
      );
      assertEquals(states, [true, false, false]);
    });
  }
  await context.step("imported again: open doors and used codes stay", async () => {
    const [owner, other] = [visitors.take(), visitors.take()];
    await visitors.send(owner, MID, codeFor(MID, 9));
    await FIREWALL.load(lab.server, plan);
    await visitors.send(other, MID, codeFor(MID, 9));
    const states = await Promise.all([owner, other].map((each) => visitors.isIn(each, MID)));
    assertEquals(states, [true, false]);
  });
}, { tools: ["iptables", "ip6tables", "ipset"] });
