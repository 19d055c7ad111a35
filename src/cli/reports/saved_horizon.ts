/** `rules --save`: for which time the firewall has one-time codes, in the targets that have them. */
import { ConfigError } from "../../core/errors.ts";
import { renderMoment } from "../../core/duration.ts";
import { listCodedDoors, type Plan } from "../../plan/plan.ts";
import { sanitize } from "../../output/sanitize.ts";
import type { ApplyOutcome } from "../../use_cases/apply/job.ts";
import type { Context } from "../command.ts";
import { targetsPath, updateTargets } from "../context.ts";

/**
 * Saves what `apply` has loaded: nothing where no code is in a plan, or where the firewall makes them without an end.
 * The rules are in force: a file that cannot be written does not change how it ended.
 */
export async function saveAppliedHorizon(
  outcome: ApplyOutcome | undefined,
  context: Context,
): Promise<void> {
  const plan = outcome?.status === "applied" ? outcome.summary?.plan : undefined;
  if (plan === undefined) return;
  const coded = listCodedDoors(plan);
  if (!coded.some(({ codes }) => Number.isFinite(codes.until))) return;
  try {
    await saveHorizon(plan, context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    context.out.note(
      `warning: the end of the one-time codes is not saved: ${sanitize(error.message)}`,
    );
  }
}

/**
 * Saves the end of a plan's one-time codes, and their beginning, in its targets.
 *
 * @param options.isAdded whether the firewall keeps the codes that it has: then the time only grows, but
 *   for a new key, which has none of them.
 * @throws {ConfigError} where nothing was changed.
 */
export async function saveHorizon(
  plan: Plan,
  context: Context,
  { isAdded = false }: { isAdded?: boolean } = {},
): Promise<void> {
  const { changeTargets } = await import("../../config/changes.ts");
  const file = await targetsPath(context);
  const saved = listCodedDoors(plan).map(({ door: { name }, codes: { from, until } }) => ({
    name,
    from,
    until,
  }));
  const ends = new Map<string, number>();
  const edit = (text: string) =>
    changeTargets(text, (targets) =>
      saved.flatMap(({ name, from, until }) => {
        const rolling = targets.get(name)?.rolling;
        if (rolling === undefined) return [];
        const start = isAdded ? rolling.from ?? from : from;
        const keepsEnd = isAdded && rolling.formerKey === undefined;
        const end = keepsEnd ? Math.max(until, rolling.until ?? until) : until;
        ends.set(name, end);
        return [{ name, rolling: { ...rolling, from: start, until: end } }];
      }), { file });
  await updateTargets(file, edit, context);
  for (const { name, until } of saved) {
    const end = renderMoment(ends.get(name) ?? until);
    context.out.note(`saved in ${sanitize(file)}: ${name} has one-time codes until ${end}`);
  }
}
