/** What the rate ban does, and what it must not be trusted with. */
import { BAN_RULE } from "../../plan/plan.ts";
import type { Attack, ClaimKind, TimedPacket } from "../attack.ts";
import {
  type AttackContext,
  createAttack,
  createKnocks,
  findStrangePort,
  pace,
} from "./attack_context.ts";
import type { WirePacket } from "../world.ts";
import { decideClaim, generateSweep } from "./sweeps.ts";

/** Returns the attacks on the ban of a plan; none without one. */
export function listBans(context: AttackContext): Attack[] {
  const { plan, parties } = context;
  const port = findStrangePort(plan);
  if (!plan.ban || port === undefined) return [];
  const mistake = (source: string): WirePacket => ({ source, protocol: "tcp", port });
  const make = (
    claim: ClaimKind,
    draft: Pick<Attack, "name" | "description" | "reason">,
    sources: readonly string[],
  ) =>
    createAttack(context, claim, {
      ...draft,
      packets: [...sources.map(mistake), ...createKnocks(context)],
    });
  const most = BAN_RULE.mistakes;
  const same = (count: number) => Array<string>(count).fill(parties.attacker);
  const neighbours = Array.from({ length: most + 1 }, (_, index) => parties.neighbour(index))
    .filter((source) => source !== undefined);
  return [
    make("opens", {
      name: "ban-few",
      description: `${most} mistakes, then the right knocks`,
      reason: `${most} mistakes in a minute do not ban`,
    }, same(most)),
    make("closed", {
      name: "ban-many",
      description: `${most + 1} mistakes, then the right knocks`,
      reason: "the source is banned; so is an owner whose address is spoofed",
    }, same(most + 1)),
    ...(neighbours.length === 0 ? [] : [
      make("closed", {
        name: "ban-neighbours",
        description: `${most + 1} mistakes by neighbours, then the right knocks`,
        reason: `mistakes of a whole /${plan.banPrefix6} are counted together`,
      }, neighbours),
    ]),
    floodThenSweep(context, mistake),
  ];
}

/** A full list of mistakes bans no source any longer. */
function floodThenSweep(context: AttackContext, mistake: (source: string) => WirePacket): Attack {
  const { door, parties, floodSize } = context;
  const step = BAN_RULE.windowMs / 4 / floodSize;
  const end = floodSize * step;
  const packets: Iterable<TimedPacket> = {
    *[Symbol.iterator]() {
      for (let index = 0; index < floodSize; index++) {
        yield* pace([mistake(parties.crowd(index))], 0, index * step);
      }
      for (const { packet, at } of generateSweep("ascending", { ...context, times: 1 })) {
        yield { packet, at: end + at };
      }
    },
  };
  return {
    name: "ban-flood-then-sweep",
    description: `${floodSize} mistakes of spoofed sources, then a sweep of all ports, ascending`,
    ...decideClaim(context, "ascending"),
    door: door.name,
    source: parties.attacker,
    packets,
  };
}
