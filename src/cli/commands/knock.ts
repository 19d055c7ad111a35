/** `knock`: collect every secret, knock, probe, report. */
import { UsageError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { loadProbes } from "../../probe/mod.ts";
import type { Context } from "../context.ts";
import { type DoorReport, factsOf, openDoor } from "../door.ts";
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
    return showPlan(targets, context);
  }
  return args.rest === undefined
    ? await knockOn(targets, context)
    : await knockAndRun(targets, args.rest, { context });
}

/** Knocks on a target, and runs the command if the door is open; the exit code is the command's. */
async function knockAndRun(
  targets: readonly Target[],
  command: readonly string[],
  { context }: { context: Context },
): Promise<number> {
  const { leaveStdout, runCommand } = await import("../command.ts");
  if (targets.length > 1) {
    throw new UsageError(`${targets.length} targets, but one command`, {
      hint: "name one target before the --",
    });
  }
  let report: DoorReport | undefined;
  const quiet = leaveStdout(context);
  const code = await knockOn(targets, quiet, {
    command,
    onReports: (reports) => report = reports[0],
  });
  if (report?.resolved === undefined || !report.knocks?.isOpen) return code;
  const { target, resolved, knocks } = report;
  return await runCommand(command, factsOf({ target, resolved, attempt: knocks.tries }), quiet);
}

/** Knocks on targets and reports; the menu does the same. */
export async function knockOn(
  targets: readonly Target[],
  context: Context,
  { command, onReports }: {
    /** What runs afterwards. */
    command?: readonly string[];
    onReports?: (reports: readonly DoorReport[]) => void;
  } = {},
): Promise<number> {
  const { ports, out } = context;
  const isOnly = targets.length === 1;
  let payloads: Uint8Array[][] = [];
  return await workOnDoors(targets, context, {
    async prepare() {
      payloads = await collectFor(targets, context);
      await loadProbes(targets.flatMap(({ probes }) => probes));
      dropUnneeded(targets, ports, { command });
    },
    visit({ target, resolved }, index) {
      const events = narrate({ target, resolved }, out, { clock: ports.clock, isOnly });
      return openDoor({ target, resolved, payloads: payloads[index] ?? [] }, ports, { events });
    },
    ...(onReports ? { onReports } : {}),
  });
}
