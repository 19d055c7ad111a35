/** `probe`: only ask whether the door is open. */
import { UsageError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import type { Context } from "../context.ts";
import { askDoor } from "../door.ts";
import { workOnDoors } from "../doors.ts";
import { narrate } from "../live.ts";
import { dropUnneeded } from "../secrets.ts";
import { selectTargets } from "../select.ts";

/** A question without a knock: who is open answers at once. */
const PATIENCE_MS = 3_000;

/** Runs `probe`. */
export async function run(context: Context): Promise<number> {
  const targets = await selectTargets(context);
  const silent = targets.find(({ probes }) => probes.length === 0);
  if (silent !== undefined) {
    throw new UsageError(`"${silent.name}" has no probes`, {
      hint: `say what to ask: spknock probe ${silent.name} --probe tcp:22`,
    });
  }
  dropUnneeded(targets.map((target) => ({ ...target, after: [] })), context.ports);
  return await probeOn(targets, context);
}

/** Probes targets and reports; the menu does the same. */
export async function probeOn(targets: readonly Target[], context: Context): Promise<number> {
  const { ports, out, args } = context;
  const isOnly = targets.length === 1;
  return await workOnDoors(targets, context, {
    visit({ target, resolved }) {
      const events = narrate({ target, resolved }, out, { clock: ports.clock, isOnly });
      const timeoutMs = args.has("timeout")
        ? target.timeoutMs
        : Math.min(target.timeoutMs, PATIENCE_MS);
      return askDoor({ target: { ...target, timeoutMs }, resolved }, ports, { events });
    },
  });
}
