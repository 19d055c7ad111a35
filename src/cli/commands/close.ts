/** `close`: the closing sequence, and a probe that the door is shut now. */
import { UsageError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { workOnDoors } from "../doors.ts";
import { narrate } from "../live.ts";
import { collectFor, dropUnneeded } from "../secrets.ts";
import { selectTargets } from "../select.ts";
import { closingOf, shutDoor } from "../shut.ts";

/** Runs `close`. */
export async function run(context: Context): Promise<number> {
  const { ports, out, args } = context;
  const targets = (await selectTargets(context)).map((target) => {
    const closing = closingOf(target);
    if (closing !== undefined) return closing;
    throw new UsageError(`"${target.name}" has no closing sequence`, {
      hint: `add one to the configuration: [targets.${target.name}.close] knocks = ["7000/udp"]`,
    });
  });
  if (args.has("dry-run")) {
    const { showPlan } = await import("../dry_run.ts");
    return showPlan(targets, context);
  }
  const isOnly = targets.length === 1;
  let payloads: Uint8Array[][] = [];
  return await workOnDoors(targets, context, {
    async prepare() {
      payloads = await collectFor(targets, context);
      dropUnneeded(targets, ports);
    },
    visit({ target, resolved }, index) {
      const events = narrate({ target, resolved }, out, { clock: ports.clock, isOnly });
      return shutDoor({ target, resolved, payloads: payloads[index] ?? [] }, ports, { events });
    },
  });
}
