/** What the kernel did with the packets of a trace, and what the model does with them at the same moments. */
import { listGuarded, type Plan } from "../../src/plan/plan.ts";
import { covers } from "../../src/core/service.ts";
import type { TimedPacket } from "../../src/model/attack.ts";
import { createFirewallModel, type ModelPacket } from "../../src/model/model.ts";

/** How far from a timeout, in milliseconds, a packet must be to be compared. */
const TOLERANCE_MS = 120;

/** On a busy machine packets leave late: pauses then differ from those of the trace. */
export function isLate(planned: readonly TimedPacket[], left: readonly { at: number }[]): boolean {
  return left.some(({ at }, index) => {
    const [before, meant] = [left[index - 1], planned[index]];
    const pause = (meant?.at ?? 0) - (planned[index - 1]?.at ?? 0);
    return before !== undefined && at - before.at > pause + TOLERANCE_MS;
  });
}

/** A packet of a trace, and when it left. */
interface Shot {
  packet: ModelPacket;
  index: number;
  at: number;
}

/** Asks the model about each packet that the kernel has judged; `epoch` is the wall clock at moment 0. */
export function compare(
  plan: Plan,
  shots: readonly Shot[],
  { isSeen, isExact, all, epoch }: {
    isSeen: (shot: Shot) => boolean;
    isExact: boolean;
    all: boolean;
    epoch: number;
  },
) {
  const later = (ms: number): Plan => ({
    ...plan,
    doors: plan.doors.map((door) => ({
      ...door,
      stageTimeoutMs: door.stageTimeoutMs + ms,
      openForMs: door.openForMs + ms,
    })),
  });
  const models = [plan, later(-TOLERANCE_MS), later(TOLERANCE_MS)].map((each) =>
    createFirewallModel(each, { epoch })
  );
  const differences: string[] = [];
  let [compared, skipped, passed] = [0, 0, 0];
  for (const shot of shots) {
    const verdicts = models.map((model) => model.receive(shot.packet, shot.at));
    if (!all && !verdicts[0]?.guarded && !isNamed(plan, shot.packet)) continue;
    const [expected, ...others] = verdicts.map(({ accepted }) => accepted);
    if (others.some((other) => other !== expected)) {
      skipped++;
      continue;
    }
    compared++;
    if (isSeen(shot)) passed++;
    if (isSeen(shot) !== expected && (isExact || !expected)) {
      differences.push(
        `packet ${shot.index} at ${shot.at.toFixed(0)} ms: the model ` +
          `${expected ? "lets it through" : "drops it"}, the kernel does not`,
      );
    }
  }
  return { differences, compared, skipped, passed };
}

/** To a trusted source no service is guarded. */
function isNamed({ doors }: Plan, packet: ModelPacket): boolean {
  return doors.flatMap(listGuarded).some((service) =>
    service.protocol !== "all" && covers(service, packet)
  );
}
