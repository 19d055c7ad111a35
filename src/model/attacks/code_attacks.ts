/** What one-time codes let in, and what they do not: clocks, copies, slots, keys and horizons. */
import { haveSameKey } from "../../plan/codes.ts";
import type { Attack, TimedPacket } from "../attack.ts";
import { findCodes } from "../code_book.ts";
import { createRandom } from "../random.ts";
import type { WirePacket } from "../world.ts";
import {
  type AttackContext,
  type CodeContext,
  createCode,
  createCodeAttack,
  createKnocks,
  findStrangePort,
  listKeys,
  pace,
} from "./attack_context.ts";
import { listCodeTimes } from "./code_times.ts";

/** Returns the attacks on the one-time codes of a door; none where it has none. */
export function listCodes(context: AttackContext): Attack[] {
  const { door, gap } = context;
  const codes = findCodes({ doors: [door] });
  if (codes === undefined) return [];
  const place = { context, codes, last: gap * (door.stages.length - 1) };
  return [
    ...listSlots(place),
    ...listOwners(place),
    ...listCopies(place),
    ...listCodeTimes(place),
    ...listGuesses(place),
    ...listMisplaced(place),
    ...listOtherDoors(place),
  ];
}

const BOUND = "a code belongs to the first source that sends it";
const OWN = "each slot is a code of its own";

function listSlots(place: CodeContext): Attack[] {
  const { context, codes: { slots } } = place;
  const { legitimate, accomplice } = context.parties;
  const each = Array.from({ length: slots - 1 }, (_, index) =>
    createCodeAttack(place, "opens", {
      name: `code-slot-${index + 2}`,
      description: `the code of slot ${index + 2}`,
      reason: OWN,
    }, createKnocks(context, { slot: index + 1 })));
  const beyond = createCodeAttack(place, "closed", {
    name: "code-slot-beyond",
    description: `the code of slot ${slots + 1}, which the firewall does not have`,
    reason: `each window has ${slots} codes for each key`,
  }, createKnocks(context, { slot: slots }));
  if (slots === 1) return [beyond];
  const others = [legitimate, accomplice].slice(0, slots - 1);
  const shared = createCodeAttack(
    place,
    "opens",
    {
      name: "code-slot-each",
      description: "each source with a slot of its own",
      reason: "several addresses of one owner take one slot each",
    },
    ...others.map((source, slot) => createKnocks(context, { source, slot })),
    createKnocks(context, { slot: others.length }),
  );
  return [...each, shared, beyond];
}

function listOwners(place: CodeContext): Attack[] {
  const { context, codes } = place;
  const others = listKeys(context, codes).slice(1).map(({ name, key }, index) =>
    createCodeAttack(place, "opens", {
      name: `code-key-${index + 2}`,
      description: `the code of the key "${name}"`,
      reason: "each key has codes of its own",
    }, createKnocks(context, { key }))
  );
  // Not a secret, and as long as a key.
  const strange = new Uint8Array(32).fill(0xa5).toBase64();
  const foreign = createCodeAttack(place, "closed", {
    name: "code-foreign-key",
    description: "a code of a key that the firewall does not have (former, or revoked)",
    reason: "the firewall has the codes of its own keys only",
  }, createKnocks(context, { key: strange }));
  return [...others, foreign];
}

/** The same code from several sources. */
function listCopies(place: CodeContext): Attack[] {
  const { context, codes } = place;
  const { legitimate, attacker, accomplice, otherFamily } = context.parties;
  const knocks = createKnocks(context);
  const own = createKnocks(context, { source: legitimate });
  const other = otherFamily === undefined ? [] : [
    createCodeAttack(
      place,
      "closed",
      {
        name: "code-other-family",
        description: "a code that was used over the other family",
        reason: "what is used is used over both families",
      },
      createKnocks(context, { source: otherFamily }),
      knocks,
    ),
  ];
  const next = codes.slots === 1 ? [] : [{
    ...createCodeAttack(
      place,
      "opens",
      {
        name: "code-stolen-next",
        description: "its owner, with the next slot, after another source has used the code first",
        reason: OWN,
      },
      knocks,
      own,
      createKnocks(context, { source: legitimate, slot: 1 }),
    ),
    source: legitimate,
  }];
  return [
    copyAtOnce(place),
    createCodeAttack(
      place,
      "closed",
      {
        name: "code-copied-by-many",
        description: "a used code from two other sources, each twice",
        reason: BOUND,
      },
      own,
      [...createKnocks(context, { source: accomplice }), ...knocks, ...knocks],
    ),
    ...other,
    createCodeAttack(
      place,
      "vulnerable",
      {
        name: "code-stolen",
        description: "an attacker who holds the packet back, and sends its copy first",
        reason: `${BOUND}, the attacker too`,
      },
      knocks,
      own,
    ),
    {
      ...createCodeAttack(
        place,
        "closed",
        {
          name: "code-stolen-owner",
          description: "its owner, after another source has used the code first",
          reason: BOUND,
        },
        knocks,
        own,
      ),
      source: legitimate,
    },
    ...next,
    createCodeAttack(
      place,
      "vulnerable",
      {
        name: "code-same-nat",
        description: "a copy from a neighbour behind the same NAT",
        reason: "all who share an address are one source",
      },
      [{ from: attacker, sourcePort: 40_000 }, { from: attacker, sourcePort: 40_001 }].flatMap((
        { from, sourcePort },
      ) => createKnocks(context, { source: from }).map((knock) => ({ ...knock, sourcePort }))),
    ),
  ];
}

/** Who listens on the way sends a copy of each packet as soon as it is seen. */
function copyAtOnce(place: CodeContext): Attack {
  const { context } = place;
  const { legitimate, attacker } = context.parties;
  const own = pace(createKnocks(context, { source: legitimate }), context.gap);
  return {
    ...createCodeAttack(place, "closed", {
      name: "code-copied-at-once",
      description: "an eavesdropper's copy of each knock, 1 ms later",
      reason: BOUND,
    }),
    packets: own.flatMap(({ packet, at }): TimedPacket[] => [
      { packet, at },
      { packet: { ...packet, source: attacker }, at: at + 1 },
    ]),
  };
}

/** Many random codes; and the right one after them. */
function listGuesses(place: CodeContext): Attack[] {
  const { context, last } = place;
  const { door, floodSize, seed } = context;
  const knocks = createKnocks(context);
  const code = knocks.at(-1) as WirePacket;
  // As fast as the sweeps, so that no stage times out meanwhile.
  const step = door.stageTimeoutMs / 2 / floodSize;
  const flood = (end: readonly WirePacket[]): Iterable<TimedPacket> => ({
    *[Symbol.iterator]() {
      const random = createRandom(seed);
      yield* pace(knocks.slice(0, -1), context.gap);
      for (let index = 0; index < floodSize; index++) {
        const payload = new TextEncoder().encode(makeGuess(random));
        yield { packet: { ...code, payload }, at: last + index * step };
      }
      yield* pace(end, context.gap, last + floodSize * step);
    },
  });
  return [{
    ...createCodeAttack(place, "closed", {
      name: "code-guesses",
      description: `${floodSize} random codes`,
      reason: "a code has 128 bits",
    }),
    packets: flood([]),
  }, {
    ...createCodeAttack(place, "opens", {
      name: "code-guesses-right",
      description: `${floodSize} random codes, then the right knocks`,
      reason: "a wrong code changes nothing",
    }),
    packets: flood(createKnocks(context, { at: last + floodSize * step })),
  }];
}

/** 32 random hex digits, as long as a code. */
function makeGuess(random: () => number): string {
  return Array.from(
    { length: 4 },
    () => Math.floor(random() * 2 ** 32).toString(16).padStart(8, "0"),
  ).join("");
}

/** The right code where it is not looked for. */
function listMisplaced(place: CodeContext): Attack[] {
  const { context } = place;
  const knocks = createKnocks(context);
  const [code] = knocks.slice(-1);
  const port = findStrangePort(context.plan);
  if (code === undefined) return [];
  const elsewhere = port === undefined ? [] : [
    createCodeAttack(place, "closed", {
      name: "code-wrong-port",
      description: "the right code at another port",
      reason: "a code is looked for at its own port",
    }, knocks.with(-1, { ...code, port })),
  ];
  if (knocks.length === 1) return elsewhere;
  const early = { ...code, source: context.parties.legitimate };
  return [
    ...elsewhere,
    createCodeAttack(
      place,
      "opens",
      {
        name: "code-out-of-turn",
        description:
          "the right knocks, after another source has sent the code without the knocks before it",
        reason: "a code that is not in its turn is not used",
      },
      [early],
      knocks,
    ),
  ];
}

/** A code for one door, copied to another. */
function listOtherDoors(place: CodeContext): Attack[] {
  const { context, codes } = place;
  const { plan, door, parties } = context;
  return plan.doors.flatMap((other) => {
    const others = findCodes({ doors: [other] });
    if (other === door || others === undefined) return [];
    const isShared = others.windowMs === codes.windowMs && haveSameKey(codes, others);
    const shared = codes.keys.find(({ key }) => others.keys.some((each) => each.key === key));
    const choice = isShared ? { key: shared?.key } : {};
    const knocks = createKnocks(context);
    return createCodeAttack(
      place,
      isShared ? "vulnerable" : "closed",
      {
        name: `code-of-${other.name.toLowerCase()}`,
        description:
          `the code that another source has used for ${other.name}, at the port of this door`,
        reason: isShared
          ? "both doors have the same key, and each remembers only its own codes"
          : "each door has its own codes",
      },
      createKnocks(context, { source: parties.legitimate, stages: other.stages, ...choice }),
      knocks.with(-1, {
        ...knocks.at(-1) as WirePacket,
        payload: createCode(context, others, choice),
      }),
    );
  });
}
