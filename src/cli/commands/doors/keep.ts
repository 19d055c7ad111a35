/** `keep`: knock, hold the door open until Ctrl-C or the command's end, and close it again. */
import { parseDuration } from "../../../core/duration.ts";
import { ClosedError } from "../../../core/errors.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { loadProbes } from "../../../probe/mod.ts";
import { toClosingTarget } from "../../../use_cases/close_target.ts";
import { toPayloads } from "../../../use_cases/rolling/rolling_codes.ts";
import { collectSequences } from "../../../use_cases/collect_secrets.ts";
import { endHold, holdOpen, type KeptTarget } from "../../../use_cases/keep_target.ts";
import { knockTarget, listFacts } from "../../../use_cases/knock_target.ts";
import { dropUnusedPermissions, dropUnusedWrite } from "../../../use_cases/permissions.ts";
import type { Ports } from "../../../use_cases/ports.ts";
import { renderGivenUp } from "../../../knock/given_up.ts";
import { resolveTarget } from "../../../use_cases/resolve_targets.ts";
import type { TargetReport } from "../../../use_cases/target_report.ts";
import { readKnockChanges } from "../../arguments/target_args.ts";
import { runChildCommand, withStderrOutput } from "../../child_command.ts";
import { type Context, defineCommand, requirePositionals } from "../../command.ts";
import { findTarget, loadTargets, makeSecretOptions, readSecretChoice } from "../../context.ts";
import { listFileOptions, makeDoctorHint, renderDoctorCommand } from "../../doctor_hint.ts";
import { EXIT } from "../../exit_codes.ts";
import { makeHorizonCheck } from "../../reports/horizon_check.ts";
import { KNOCK_OPTIONS } from "../../option_specs.ts";
import type { OptionNames } from "../../options.ts";
import { reportError } from "../../report_error.ts";
import { createKeepProgress } from "../../reports/keep_progress.ts";

const OPEN_FOR_OPTION = {
  name: "open-for",
  value: "DURATION",
  help: "how long the firewall keeps the door open",
} as const;

type KeepContext = Context<OptionNames<typeof KNOCK_OPTIONS> | "open-for">;

/** The command `keep`. */
export const command = defineCommand({
  usage: ["keep TARGET [OPTIONS]", "keep TARGET [OPTIONS] -- COMMAND [ARG...]"],
  details: "Knocks again at 80 % of the target's open_for (2 seconds before its end at the\n" +
    "latest), and when a probe finds the door closed. At the end it sends the knocks\n" +
    "of the target's close table; with copies = 1, as at a knockd, before each\n" +
    "renewal too, or its rules pile up. With --json one line an event.",
  options: [OPEN_FOR_OPTION, ...KNOCK_OPTIONS],
  takesCommand: true,
  examples: [
    "keep home",
    "keep home -- rsync -a photos/ home:photos/",
  ],
  async run(given) {
    const command = given.args.passthrough;
    const context = command === undefined ? given : withStderrOutput(given);
    const { ports, out } = context;
    const kept = await prepare(context);
    const { target, resolved } = kept;
    await ports.endOnHangup();
    const { closing } = kept;
    dropUnusedPermissions([target, ...(closing ? [closing.target] : [])], ports, { command });
    const progress = createKeepProgress(
      { name: target.name, findAddress: () => kept.resolved.address },
      out,
      ports,
    );

    const first = await out.status.during("knocking", () => knockFirst(kept, ports));
    if (first.oneTime !== undefined) progress.report({ kind: "sequence_taken", ...first.oneTime });
    if (!first.knocks?.isOpen) {
      const tries = plural(first.knocks?.tries ?? 0, "try", "tries");
      const lost = first.knocks?.unreachable;
      const said = lost === undefined ? "" : `: ${renderGivenUp(first.givenUp ?? [])}`;
      const message = `"${target.name}" (${resolved.address}) did not open after ${tries}${said}`;
      const examine = renderDoctorCommand(target, context, readSecretChoice(context.args));
      const hint = makeDoctorHint(examine, { ...target, isReachable: lost === undefined });
      return reportError(new ClosedError(message, { hint }), out);
    }
    kept.resolved = first.resolved ?? resolved;
    const end = new AbortController();
    const facts = listFacts({ target, resolved }, { attempt: first.knocks.tries });
    // On a terminal Ctrl-C is the command's: the command may go on, and the door stays open.
    const signal = command === undefined ? ports.signal : end.signal;
    const running = command === undefined ? undefined : runChildCommand(command, facts, context)
      .finally(() => end.abort(new Error("the command ended")));
    const ticking = command === undefined ? progress.tick(signal) : undefined;
    // Whatever fails, a line that cannot be written included, the door does not stay open.
    const held = await holdOpen(kept, { ...ports, signal }, { onEvent: progress.report })
      .catch((cause) => ({ failure: signal.aborted ? undefined : cause }));
    if (held.failure === undefined) await ticking?.catch(() => {});
    else await running;
    progress.announceEnd(kept);
    const isClosed = await endHold(kept, ports, { onEvent: progress.report });
    if (held.failure !== undefined) throw held.failure;
    const ended = isClosed ? EXIT.done : reportOpen(target.name, context);
    return await running ?? ended;
  },
});

/** Says, also with `--quiet`, that the door did not shut; returns the exit code. */
function reportOpen(name: string, context: KeepContext): number {
  const words = ["spknock close", name, ...listFileOptions(context)];
  return reportError(
    new ClosedError(`"${name}" did not shut`, { hint: `close it: ${words.join(" ")}` }),
    context.out,
  );
}

/** The first knock; one that is cancelled may have opened the door, which is closed again then. */
async function knockFirst(kept: KeptTarget, ports: Ports): Promise<TargetReport> {
  try {
    return await knockTarget(kept, ports);
  } catch (cause) {
    if (ports.signal.aborted && kept.closing !== undefined) {
      await endHold(kept, ports, { onEvent: () => {} });
    }
    throw cause;
  }
}

/** Everything before the first packet: names, and every secret that will be needed. */
async function prepare(context: KeepContext): Promise<KeptTarget> {
  const { ports, args } = context;
  const [name = ""] = requirePositionals(context, { min: 1, usage: "spknock keep TARGET" });
  const saved = findTarget(await loadTargets(context), name);
  const openForMs = args.read("open-for", parseDuration) ?? saved.openForMs;
  const target = { ...saved, ...await readKnockChanges(args), openForMs };
  dropUnusedWrite([target], ports);
  const checkHorizon = makeHorizonCheck(target, context);
  checkHorizon();
  const { resolved } = await context.out.status.during(
    `looking up ${sanitize(target.host)}`,
    () => resolveTarget(target, ports),
  );
  const closing = toClosingTarget(target);
  const options = makeSecretOptions(context, readSecretChoice(args));
  const payloads = await context.out.status.during(
    "collecting secrets",
    () => collectSequences(target, ports, options),
  );
  await loadProbes(target.probes);
  return {
    target,
    resolved,
    payloads: toPayloads(target, payloads.opening, ports),
    closing: closing && { target: closing, payloads: payloads.closing },
    checkHorizon,
    // Half of a sequence would be a mistake in the closing one (knockd).
    isWhole: closing !== undefined && target.copies === 1,
    learned: { pace: 0 },
  };
}
