/** `knock`: collect every secret, knock, probe, report. */
import type { Target } from "../../core/target.ts";
import type { Context } from "../context.ts";
import { openDoor } from "../door.ts";
import { workOnDoors } from "../doors.ts";
import { narrate } from "../live.ts";
import { collectFor, dropUnneeded } from "../secrets.ts";
import { adHocTarget, isAdHoc, selectTargets } from "../select.ts";

/** Runs `knock`. */
export async function run(context: Context): Promise<number> {
  const { args } = context;
  const isNew = isAdHoc(args.words) && !args.has("all") && !args.has("tag");
  const targets = isNew ? [await adHocTarget(args)] : await selectTargets(context);
  if (args.has("dry-run")) {
    const { showPlan } = await import("../dry_run.ts");
    return await showPlan(targets, context);
  }
  return await knockOn(targets, context);
}

/** Knocks on targets and reports; the menu does the same. */
export async function knockOn(targets: readonly Target[], context: Context): Promise<number> {
  const { ports, out } = context;
  const isOnly = targets.length === 1;
  let payloads: Uint8Array[][] = [];
  return await workOnDoors(targets, context, {
    async prepare() {
      payloads = await collectFor(targets, context);
      dropUnneeded(targets, ports);
    },
    visit({ target, resolved }, index) {
      const events = narrate({ target, resolved }, out, { clock: ports.clock, isOnly });
      return openDoor({ target, resolved, payloads: payloads[index] ?? [] }, ports, { events });
    },
  });
}
