/** What closing knocks do, and what must not close a door. */
import { canCoincide, type Stage } from "../../plan/plan.ts";
import type { Attack, ClaimKind, TimedPacket } from "../attack.ts";
import {
  type AttackContext,
  createAttack,
  createKnocks,
  IN_TIME,
  isSameSequence,
  LATE_MS,
  pace,
} from "./attack_context.ts";
import type { WirePacket } from "../world.ts";

/** The packets that open and that close, of one source. */
interface Sequences {
  opening: readonly WirePacket[];
  closing: readonly WirePacket[];
}

/** Returns the attacks on the closing sequence; none where the door would time out during one. */
export function listClosings(context: AttackContext): Attack[] {
  const { door, parties } = context;
  if (door.closing.length === 0) return [];
  const sequences: Sequences = {
    opening: createKnocks(context),
    closing: createKnocks(context, { stages: door.closing }),
  };
  const strange = createKnocks(context, { source: parties.accomplice, stages: door.closing });
  return [
    ...listUses(context, sequences),
    ...listLateCopies(context, sequences),
    ...listStrangers(context, sequences, strange),
    ...listIncomplete(context, sequences),
    ...listSlow(context, sequences),
  ].filter(({ packets }) => ([...packets].at(-1)?.at ?? 0) + LATE_MS < door.openForMs);
}

function listUses(context: AttackContext, { opening, closing }: Sequences): Attack[] {
  const use = (claim: ClaimKind, name: string, description: string, packets: WirePacket[]) =>
    createAttack(context, claim, {
      name,
      description,
      reason: claim === "closes" ? "this is the closing sequence" : "only all closing knocks close",
      packets,
    });
  const twice = closing.flatMap((knock) => [knock, knock]);
  return [
    use("closes", "closing", "the right knocks, then the closing knocks", [...opening, ...closing]),
    use("closes", "closing-doubled", "closing knocks, every packet twice", [...opening, ...twice]),
    use("stays-open", "closing-reopened", "closed by its knocks, then the right knocks again", [
      ...opening,
      ...closing,
      ...opening,
    ]),
    use("stays-open", "closing-retried", "the right knocks, three times", [
      ...opening,
      ...opening,
      ...opening,
    ]),
    createAttack(context, "closed", {
      name: "closing-alone",
      description: "the closing knocks at a closed door, twice",
      reason: "closing knocks open nothing",
      packets: [...closing, ...closing],
    }),
  ];
}

/** A copy of the last opening knock that arrives after the closing ones; where it is not a whole sequence with them. */
function listLateCopies(context: AttackContext, { opening, closing }: Sequences): Attack[] {
  const { stages, closing: knocks } = context.door;
  const canOpen = knocks.some((knock) => stages.some((stage) => canCoincide(stage, knock)));
  if (opening.length === 1 || canOpen) return [];
  return [
    createAttack(context, "closes", {
      name: "closing-late-copy",
      description: "closed by its knocks, then a late copy of the last right knock",
      reason: "the last closing knock deletes the source from all stages",
      packets: [...opening, ...closing, ...opening.slice(-1)],
    }),
  ];
}

function listStrangers(
  context: AttackContext,
  { opening, closing }: Sequences,
  strange: readonly WirePacket[],
): Attack[] {
  const reason = "each source has its own closing stages";
  const whole = createAttack(context, "stays-open", {
    name: "closing-stranger",
    description: "another source sends the closing knocks",
    reason,
    packets: [...opening, ...strange],
  });
  const continued = closing.slice(1).map((_, index) =>
    createAttack(context, "stays-open", {
      name: `closing-stranger-${index + 1}`,
      description: `another source continues after closing knock ${index + 1}`,
      reason,
      packets: [...opening, ...closing.slice(0, index + 1), ...strange.slice(index + 1)],
    })
  );
  return [whole, ...continued];
}

/** Only where no opening knock stands in for what is missing. */
function listIncomplete(context: AttackContext, { opening, closing }: Sequences): Attack[] {
  const { door } = context;
  const isOwn = (knock: Stage) => !door.stages.some((stage) => canCoincide(stage, knock));
  const stays = (name: string, description: string, packets: WirePacket[]) =>
    createAttack(context, "stays-open", {
      name,
      description,
      reason: "a closing stage requires the one before it",
      packets: [...opening, ...packets],
    });
  const each = door.closing.flatMap((knock, index): Attack[] => {
    const packet = closing[index];
    if (packet === undefined || !isOwn(knock)) return [];
    const wrong = knock.payload?.map((byte) => byte ^ 1);
    const place = index + 1;
    return [
      stays(`closing-skipped-${place}`, `no closing knock ${place}`, closing.toSpliced(index, 1)),
      ...(wrong === undefined ? [] : [
        stays(
          `closing-wrong-hash-${place}`,
          `a wrong hash as closing knock ${place}`,
          closing.with(index, { ...packet, payload: wrong }),
        ),
      ]),
    ];
  });
  const reversed = closing.toReversed();
  return isSameSequence(reversed, closing) || !door.closing.every(isOwn)
    ? each
    : [...each, stays("closing-reversed", "the closing knocks in reverse order", reversed)];
}

function listSlow(context: AttackContext, { opening, closing }: Sequences): Attack[] {
  const { door, gap, parties } = context;
  const make = (
    claim: ClaimKind,
    attack: Pick<Attack, "name" | "description" | "reason">,
    packets: TimedPacket[],
  ): Attack => ({ ...attack, claim, door: door.name, source: parties.attacker, packets });
  const start = opening.length * gap;
  const slow = make("closes", {
    name: "closing-slow",
    description: "the closing knocks, slow but in time",
    reason: "this is the closing sequence",
  }, [...pace(opening, gap), ...pace(closing, door.stageTimeoutMs * IN_TIME, start)]);
  const late = closing.slice(1).map((_, index) => {
    const before = pace([...opening, ...closing.slice(0, index + 1)], gap);
    const next = (before.at(-1)?.at ?? 0) + door.stageTimeoutMs + LATE_MS;
    return make("stays-open", {
      name: `closing-too-slow-${index + 1}`,
      description: `too long a pause after closing knock ${index + 1}`,
      reason: "the closing stage has timed out",
    }, [...before, ...pace(closing.slice(index + 1), gap, next)]);
  });
  return [slow, ...late];
}
