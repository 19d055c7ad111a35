/** One-time codes in nftables, alone and inside OpenWrt's fw4: every way to use one, by real packets. */
import { assert, assertEquals } from "@std/assert";
import { KEY } from "../rules/fixtures.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { renderFw4 } from "./openwrt.ts";
import { createLab, kernelTest, type Lab } from "./lab.ts";
import {
  ANNA,
  BOB,
  type CodedDoor,
  codeFor,
  findWindowMs,
  planDoors,
  SLOTS,
  Visitors,
} from "./rolling_lab.ts";
import { type Firewall, FIREWALLS, forEachFirewall } from "./rules_lab.ts";

const NFT_FIREWALLS = FIREWALLS.filter(({ backend }) => backend.name.startsWith("nftables"));

/** The skew of all these windows is a minute. */
const MID: CodedDoor = {
  name: "mid",
  port: 22_201,
  windowMs: findWindowMs({ after: [200, 500] }, 900),
};
const BEGIN: CodedDoor = { name: "begin", port: 22_202, windowMs: 0 };
const END: CodedDoor = { name: "end", port: 22_203, windowMs: 0 };
const WALK: CodedDoor = { ...MID, name: "walk", port: 22_204, before: 7_000 };
const PEOPLE: CodedDoor = {
  ...MID,
  name: "people",
  port: 22_205,
  keys: [{ name: "anna", key: ANNA }, { name: "bob", key: BOB }],
};

/** The doors at the edges of their windows: now is 10 to 25 s after, or 35 to 50 s before the edge. */
function listDoors(): Record<"mid" | "begin" | "end" | "walk" | "people", CodedDoor> {
  return {
    mid: MID,
    begin: { ...BEGIN, windowMs: findWindowMs({ after: [10, 25] }) },
    end: { ...END, windowMs: findWindowMs({ before: [35, 50] }) },
    walk: WALK,
    people: PEOPLE,
  };
}

interface Case {
  visitors: Visitors;
  doors: ReturnType<typeof listDoors>;
  /** A code of the door in the middle of its window that has not been used. */
  code(): string;
}

/** Sends something, and returns which sources are in, and which should be. */
type Attack = (each: Case) => Promise<readonly (readonly [isIn: boolean, expected: boolean])[]>;

/** A text of 32 bytes from one source to the door in the middle of its window. */
function tryText(make: (code: string) => string, expected: boolean): Attack {
  return async ({ visitors, doors: { mid }, code }) => {
    const source = visitors.take();
    await visitors.send(source, mid, make(code()));
    return [[await visitors.isIn(source, mid), expected]];
  };
}

/** A code of a window near that of now. */
function tryWindow(name: "mid" | "begin" | "end", later: number, expected: boolean): Attack {
  return async ({ visitors, doors }) => {
    const source = visitors.take();
    await visitors.send(source, doors[name], codeFor(doors[name], 3, { later }));
    return [[await visitors.isIn(source, doors[name]), expected]];
  };
}

/** A code from one source, then from another. */
function tryCopy(first: "ipv4" | "ipv6", second: "ipv4" | "ipv6"): Attack {
  return async ({ visitors, doors: { mid }, code }) => {
    const [owner, thief] = [visitors.take(first), visitors.take(second)];
    const text = code();
    await visitors.send(owner, mid, text);
    await visitors.send(thief, mid, text);
    await visitors.send(thief, mid, text);
    return [[await visitors.isIn(owner, mid), true], [await visitors.isIn(thief, mid), false]];
  };
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  "the right code": tryText((code) => code, true),
  "the code of now at the beginning of a window": tryWindow("begin", 0, true),
  "the code of the last window in the skew": tryWindow("begin", -1, true),
  "the code of the next window at the beginning": tryWindow("begin", 1, false),
  "the code before the last one": tryWindow("begin", -2, false),
  "the code of now at the end of a window": tryWindow("end", 0, true),
  "the code of the next window in the skew": tryWindow("end", 1, true),
  "the code of the last window at the end": tryWindow("end", -1, false),
  "the code after the next one": tryWindow("end", 2, false),
  "the code of the last window out of the skew": tryWindow("mid", -1, false),
  "the code of the next window out of the skew": tryWindow("mid", 1, false),
  "an old code": tryWindow("mid", -8, false),
  "a truncated code": tryText((code) => code.slice(0, 31), false),
  "a longer code": tryText((code) => `${code}0`, false),
  "a code with a line feed": tryText((code) => `${code}\n`, false),
  "a code in upper case": tryText((code) => code.replaceAll(/\d/g, "a").toUpperCase(), false),
  "a code in upper case, the same digits": tryText((code) => {
    assert(/[a-f]/.test(code));
    return code.toUpperCase();
  }, false),
  "one digit is another": tryText(
    (code) => code.replace(/.$/, (d) => d === "0" ? "1" : "0"),
    false,
  ),
  "nothing": tryText(() => "", false),
  "the key": tryText(() => KEY, false),
  "a used code from another source": tryCopy("ipv4", "ipv4"),
  "a used code from another source over IPv6": tryCopy("ipv6", "ipv6"),
  "a code used over IPv4, over IPv6": tryCopy("ipv4", "ipv6"),
  "a code used over IPv6, over IPv4": tryCopy("ipv6", "ipv4"),
  "the same code again from the same source": async ({ visitors, doors: { mid }, code }) => {
    const source = visitors.take();
    const text = code();
    for (let time = 0; time < 3; time++) await visitors.send(source, mid, text);
    return [[await visitors.isIn(source, mid), true]];
  },
  "a copy 1 ms later, and one at once": async ({ visitors, doors: { mid: { port } }, code }) => {
    const [owner, thief, other] = [visitors.take(), visitors.take(), visitors.take()];
    const text = code();
    await visitors.sendAll([
      { source: owner, port, text },
      { source: other, port, text },
      { source: thief, port, text, atMs: 1 },
    ]);
    return [
      [await visitors.isIn(owner, { port }), true],
      [await visitors.isIn(thief, { port }), false],
      [await visitors.isIn(other, { port }), false],
    ];
  },
  "two clients behind one NAT": async ({ visitors, doors: { mid }, code }) => {
    const source = visitors.take();
    const [mine, yours] = [code(), code()];
    await visitors.send(source, mid, mine, { sourcePort: 4_001 });
    await visitors.send(source, mid, yours, { sourcePort: 4_002 });
    await visitors.send(source, mid, mine, { sourcePort: 4_003 });
    return [[await visitors.isIn(source, mid), true]];
  },
  "to another port": async ({ visitors, doors: { mid }, code }) => {
    const source = visitors.take();
    const text = code();
    await visitors.send(source, { port: mid.port + 50 }, text);
    await visitors.send(source, mid, text, { protocol: "tcp" });
    return [[await visitors.isIn(source, mid), false]];
  },
  "to another door with other windows": async ({ visitors, doors: { mid, begin }, code }) => {
    const source = visitors.take();
    await visitors.send(source, begin, code());
    return [[await visitors.isIn(source, mid), false], [await visitors.isIn(source, begin), false]];
  },
  "in fragments, as the kernel puts them together": async ({ visitors, doors: { mid }, code }) => {
    const source = visitors.take();
    await visitors.send(source, mid, code(), { fragmentBytes: 16 });
    return [[await visitors.isIn(source, mid), true]];
  },
  "without the knock before it, and then with it": async ({ visitors, doors: { walk } }) => {
    const [early, right] = [visitors.take(), visitors.take()];
    await visitors.send(early, walk, codeFor(walk, 0));
    const knock = { port: walk.before ?? 0, protocol: "tcp", flags: "syn", text: "" } as const;
    const items = [
      { source: right, ...knock },
      { source: right, port: walk.port, text: codeFor(walk, 0), atMs: 20 },
    ];
    await visitors.sendAll(items);
    return [[await visitors.isIn(early, walk), false], [await visitors.isIn(right, walk), true]];
  },
  "one key opens no other door, and each key its own": async ({ visitors, doors: { people } }) => {
    const [stranger, anna, bob] = [visitors.take(), visitors.take(), visitors.take()];
    await visitors.send(stranger, people, codeFor(people, 0));
    await visitors.send(anna, people, codeFor(people, 0, { key: ANNA }));
    await visitors.send(bob, people, codeFor(people, 0, { key: BOB }));
    return [
      [await visitors.isIn(stranger, people), false],
      [await visitors.isIn(anna, people), true],
      [await visitors.isIn(bob, people), true],
    ];
  },
};

await kernelTest(
  "one-time codes: every attack of the table",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab({ sources: 240 });
      const doors = listDoors();
      await firewall.load(lab.server, planDoors(Object.values(doors)));
      const visitors = await Visitors.create(lab, Object.values(doors));
      let slot = 0;
      const code = () => {
        assert(slot < SLOTS, "no slot is left");
        return codeFor(doors.mid, slot++);
      };
      for (const [name, attack] of Object.entries(ATTACKS)) {
        const before = slot;
        const outcomes = await attack({ visitors, doors, code });
        assertEquals(outcomes.map(([isIn]) => isIn), outcomes.map(([, is]) => is), name);
        // A code that opened nothing has not been used: the next row takes it.
        if (!outcomes.some(([isIn]) => isIn)) slot = before;
      }
      const counters = await lab.server.run(["nft", "list", "counters"]);
      const opened = [...counters.matchAll(/counter \S*?(\w+)\.opened\.(\w+) \{\s+packets (\d+)/g)]
        .map(([, door, key, packets]) => `${door} ${key} ${packets}`);
      assertEquals(opened.toSorted(), [
        "begin begin 2",
        "end end 2",
        `mid mid ${slot}`,
        "people anna 1",
        "people bob 1",
        "walk walk 1",
      ]);
    }, NFT_FIREWALLS),
);

/** Rules of others around ours: they mark packets before, and count after. */
const OTHER_RULES = `table inet other {
  chain before {
    type filter hook prerouting priority mangle; policy accept;
    udp dport ${MID.port} meta mark set 0x2a meta priority set 1:2
  }
  chain after {
    type filter hook input priority 10; policy accept;
    udp dport ${MID.port} meta mark 0x2a meta priority 0 counter
  }
}
`;

await kernelTest(
  "one-time codes: a mark stays, and wrong codes do nothing",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab({ sources: 40 });
      await firewall.load(lab.server, planDoors([MID]));
      await lab.server.nft(OTHER_RULES);
      const visitors = await Visitors.create(lab, [MID]);
      const [owner, thief] = [visitors.take(), visitors.take()];
      for (const text of [codeFor(MID, 0), "0".repeat(32), codeFor(MID, 0)]) {
        await visitors.send(owner, MID, text);
      }
      await visitors.send(thief, MID, codeFor(MID, 0));
      assert(await visitors.isIn(owner, MID));
      const seen = await lab.server.run(["nft", "list", "chain", "inet", "other", "after"]);
      // fw4 drops what is at no open port.
      if (firewall.dropsOthers !== true) assertEquals(/packets (\d+)/.exec(seen)?.[1], "4");
      const sets = () => lab.server.run(["sh", "-c", LIST_WRITTEN]);
      const before = await sets();
      const random = Array.from({ length: 20_000 }, (_, index) => ({
        source: index % 4 === 0 ? owner : `198.18.${index % 256}.${index >> 8}`,
        port: MID.port,
        text: crypto.getRandomValues(new Uint8Array(16)).toHex(),
      }));
      await visitors.sendAll(random);
      assertEquals(await sets(), before);
      const last = visitors.take();
      await visitors.sendAll(random.slice(0, 50).map((item) => ({ ...item, source: last })));
      await visitors.send(last, MID, codeFor(MID, 1));
      assert(await visitors.isIn(last, MID));
      assert(await visitors.isIn(owner, MID));
    }, NFT_FIREWALLS),
);

/** What packets can write to: sets of used codes and of sources, without what counts down. */
const LIST_WRITTEN = "nft -j list sets | " +
  'grep -o \'"name": "[^"]*\\(used\\|mine\\|open\\)[^}]*elem.*\' | wc -c; ' +
  "nft list sets | grep -c expires";

const runShell = (lab: Lab, script: string) => lab.client.run(["bash", "-c", script]);

await kernelTest(
  "one-time codes: other programs compute and send them",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab({ sources: 4 });
      await firewall.load(lab.server, planDoors([MID]));
      const visitors = await Visitors.create(lab, [MID]);
      const { ipv4: host } = lab.server;
      const source = lab.client.ipv4;
      const window = `$(($(date +%s) / ${MID.windowMs / 1_000}))`;
      const text = (slot: number) => `printf %s "${KEY}:${window}:${slot}"`;
      const coreutils = await runShell(lab, `${text(0)} | sha512sum | cut -c1-32`);
      const openssl = await runShell(lab, `${text(1)} | openssl dgst -sha512 -r | cut -c1-32`);
      assertEquals([coreutils, openssl], [0, 1].map((slot) => `${codeFor(MID, slot)}\n`));
      await runShell(lab, `printf %s ${"0".repeat(32)} | nc -u -w1 ${host} ${MID.port}`);
      assert(!await visitors.isIn(source, MID));
      await runShell(lab, `printf %s ${coreutils.trim()} | nc -u -w1 ${host} ${MID.port}`);
      assert(await visitors.isIn(source, MID));
      await firewall.undo(lab.server, planDoors([MID]));
      await firewall.load(lab.server, planDoors([MID]));
      assert(!await visitors.isIn(source, MID));
      await runShell(lab, `printf %s ${openssl.trim()} > /dev/udp/${host}/${MID.port}`);
      assert(await visitors.isIn(source, MID));
    }, NFT_FIREWALLS),
);

/** Loads a plan over the running one: for fw4 without starting it again from nothing. */
async function reload(firewall: Firewall, { server }: Lab, plan: Plan): Promise<void> {
  if (firewall.dropsOthers !== true) return await firewall.load(server, plan);
  await server.nft(`flush table inet fw4\n${renderFw4([plan])}`);
}

await kernelTest(
  "one-time codes: loading again, other keys, and the end",
  (_lab, context) =>
    forEachFirewall(context, async (firewall) => {
      await using lab = await createLab({ sources: 40 });
      const plan = planDoors([MID, PEOPLE]);
      await firewall.load(lab.server, plan);
      const visitors = await Visitors.create(lab, [MID, PEOPLE]);
      const tryFrom = async (source: string, door: CodedDoor, text: string) => {
        await visitors.send(source, door, text);
        return await visitors.isIn(source, door);
      };
      const [owner, thief] = [visitors.take(), visitors.take()];
      assert(await tryFrom(owner, MID, codeFor(MID, 0)));

      await reload(firewall, lab, plan);
      assert(await visitors.isIn(owner, MID), "an open door is closed");
      assert(!await tryFrom(thief, MID, codeFor(MID, 0)), "a used code is forgotten");
      assert(await tryFrom(visitors.take(), MID, codeFor(MID, 1)));

      const more = planDoors([MID, PEOPLE], {
        horizon: { from: Date.now(), until: Date.now() + 30 * MID.windowMs },
      });
      for (let time = 0; time < 2; time++) await addCodes(firewall, lab, more);
      assert(await visitors.isIn(owner, MID), "an open door is closed by more codes");
      assert(!await tryFrom(thief, MID, codeFor(MID, 0)), "a used code is forgotten");
      assert(await tryFrom(visitors.take(), MID, codeFor(MID, 2)));

      const anna = visitors.take();
      assert(await tryFrom(anna, PEOPLE, codeFor(PEOPLE, 0, { key: ANNA })));
      await revoke(firewall, lab, plan, { door: PEOPLE.name, name: "anna" });
      assert(!await tryFrom(visitors.take(), PEOPLE, codeFor(PEOPLE, 1, { key: ANNA })));
      assert(await tryFrom(visitors.take(), PEOPLE, codeFor(PEOPLE, 0, { key: BOB })));

      const rotated = planDoors([MID, { ...PEOPLE, keys: [{ name: "anna", key: BOB }] }]);
      await reload(firewall, lab, rotated);
      assert(!await tryFrom(visitors.take(), PEOPLE, codeFor(PEOPLE, 2, { key: ANNA })));
      assert(await tryFrom(visitors.take(), PEOPLE, codeFor(PEOPLE, 3, { key: BOB })));
      assert(await visitors.isIn(anna, PEOPLE));

      const other = {
        ...MID,
        windowMs: findWindowMs({ after: [200, 500] }, MID.windowMs / 1_000 + 600),
      };
      await reload(firewall, lab, planDoors([other, PEOPLE]));
      assert(!await tryFrom(visitors.take(), MID, codeFor(MID, 4)), "windows of another length");
      assert(await tryFrom(visitors.take(), other, codeFor(other, 4)));

      const over = { from: Date.now() - 9 * MID.windowMs, until: Date.now() - MID.windowMs };
      await firewall.undo(lab.server, plan);
      await firewall.load(lab.server, planDoors([MID], { horizon: over }));
      assert(!await tryFrom(visitors.take(), MID, codeFor(MID, 5)), "after the horizon");
    }, NFT_FIREWALLS),
);

async function addCodes({ backend, dropsOthers }: Firewall, { server }: Lab, plan: Plan) {
  const lines = [...backend.rolling?.streamCodes?.(requestFor(plan)) ?? []].join("\n");
  await server.nft(dropsOthers === true ? `table inet fw4 {\n${lines}\n}\n` : `${lines}\n`);
}

const requestFor = (plan: Plan) => ({ plan, variant: undefined, file: "home.nft" });

async function revoke(
  { backend }: Firewall,
  { server }: Lab,
  plan: Plan,
  key: { door: string; name: string },
): Promise<void> {
  const lines = backend.rolling?.renderRevoke(requestFor(plan), key) ?? [];
  await server.run(["sh", "-c", lines.join("\n")]);
}
