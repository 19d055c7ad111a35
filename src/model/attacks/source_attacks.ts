/** Attacks of several sources: those that join in, neighbours, replays, floods. */
import { ADDRESS_BITS } from "../../core/address/syntax.ts";
import { createNetworkMatcher, findNetworkEnds, parseAddress } from "../../core/address/address.ts";
import { canCoincide } from "../../plan/plan.ts";
import type { Attack, ClaimKind, TimedPacket } from "../attack.ts";
import { type AttackContext, createAttack, createKnocks, pace } from "./attack_context.ts";

/** Returns the attacks in which other sources than one take part. */
export function listSources(context: AttackContext): Attack[] {
  return [
    ...listOtherSources(context),
    ...listReplays(context),
    ...listFloods(context),
    ...listPrefixes(context),
  ];
}

function listOtherSources(context: AttackContext): Attack[] {
  const { attacker, accomplice } = context.parties;
  const knocks = createKnocks(context);
  return knocks.slice(1).map((_, index) =>
    createAttack(context, "closed", {
      name: `other-source-${index + 1}`,
      description: `another source continues after knock ${index + 1}`,
      reason: "each source has its own stages",
      packets: knocks.map((knock, place) => ({
        ...knock,
        source: place <= index ? accomplice : attacker,
      })),
    })
  );
}

/** Addresses at both ends of the attacker's network, and just outside of it. */
function listPrefixes(context: AttackContext): Attack[] {
  const { plan, parties } = context;
  const address = parseAddress(parties.attacker);
  const prefix = plan.prefixes[address.family];
  if (prefix === ADDRESS_BITS[address.family]) return [];
  const { first, last, next } = findNetworkEnds(address, prefix);
  const packets = createKnocks(context);
  const make = (claim: ClaimKind, name: string, description: string, source: string): Attack => ({
    ...createAttack(context, claim, {
      name,
      description: `the right knocks of another address, and ${description}`,
      reason: `the whole /${prefix} of a source is let in`,
      packets,
    }),
    source,
  });
  return [
    make("opens", "prefix-first", "the first address of its network", first),
    make("opens", "prefix-last", "the last address of its network", last),
    ...(createNetworkMatcher(plan.trusted)(parseAddress(next))
      ? []
      : [make("closed", "prefix-next", "the first address after its network", next)]),
  ];
}

function listReplays(context: AttackContext): Attack[] {
  const knocks = createKnocks(context);
  const recorded = createKnocks(context, { source: context.parties.legitimate });
  const isOnce = context.door.stages.some(({ codes }) => codes !== undefined);
  const all = createAttack(context, isOnce ? "closed" : "vulnerable", {
    name: "replay-all",
    description: "all recorded knocks, sent again by another source",
    reason: isOnce
      ? "a code belongs to the first source that sends it"
      : "the payloads never change: a recording of all knocks works like a password",
    packets: [...recorded, ...knocks],
  });
  if (knocks.length === 1) return [all];
  const single = knocks.map((knock, index) =>
    createAttack(context, "closed", {
      name: `replay-${index + 1}`,
      description: `only recorded knock ${index + 1}, sent again by another source`,
      reason: "each source has its own stages",
      packets: [...recorded, knock],
    })
  );
  return [...single, all];
}

function listFloods(context: AttackContext): Attack[] {
  const { door, parties, floodSize } = context;
  const knocks = createKnocks(context);
  const [first, second] = knocks;
  const [one, two] = door.stages;
  if (first === undefined || second === undefined || one === undefined || two === undefined) {
    return [];
  }
  // The first knock must not be the second as well.
  if (canCoincide(one, two)) return [];
  // As fast as the sweeps, so that no stage times out during the flood.
  const step = door.stageTimeoutMs / 2 / floodSize;
  // With two knocks, the first and then the last would be the sequence.
  const finish = knocks.slice(2).slice(-1);
  const flood = (getSource: (index: number) => string): Iterable<TimedPacket> => ({
    *[Symbol.iterator]() {
      for (let index = 0; index < floodSize; index++) {
        yield { packet: { ...first, source: getSource(index) }, at: index * step };
      }
      yield* pace(finish, step, floodSize * step);
    },
  });
  const draft = (name: string, who: string, getSource: (index: number) => string): Attack => ({
    name,
    description: `${floodSize} first knocks from ${who}${
      finish.length ? ", then the last knock" : ""
    }`,
    claim: "closed",
    reason: "the first knock leads to the first stage only",
    door: door.name,
    source: parties.attacker,
    packets: flood(getSource),
  });
  return [
    draft("flood", "one source", () => parties.attacker),
    draft("flood-spoofed", "as many sources", parties.crowd),
  ];
}
