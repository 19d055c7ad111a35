/** `rules --output-dir`: a file for each machine, for engines that bring them there. */
import { ConfigError, UsageError } from "../../../core/errors.ts";
import { findTwins, toFileName } from "../../../core/system/file_names.ts";
import { nameHosts, type Target } from "../../../core/target.ts";
import { describeSystemError } from "../../../core/system_errors.ts";
import { plural } from "../../../core/text.ts";
import { sanitize } from "../../../output/sanitize.ts";
import type { Plan } from "../../../plan/plan.ts";
import type { PlanOptions } from "../../../rules/mod.ts";
import { groupTargets } from "../../../use_cases/apply/group_targets.ts";
import { buildPlan, type DoorRequest, draftPlan } from "../../../use_cases/build_plan.ts";
import type { CollectSecretsOptions } from "../../../use_cases/collect_secrets.ts";
import { checkNew } from "../../../use_cases/save_file.ts";
import type { Context } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";
import { writePieces } from "../../reports/documents/pieces.ts";
import { printWeaknesses, type RuleSet } from "../../reports/documents/rule_set.ts";
import { saveHorizon } from "../../reports/saved_horizon.ts";

/** A machine, and the file of its rules. */
interface RuleFile {
  place: string | undefined;
  host: string;
  doors: readonly DoorRequest[];
  path: string;
}

/** What is written. */
interface RuleFolder extends Pick<RuleSet, "backend" | "variant"> {
  folder: string;
  force: boolean;
  /** Whether the horizons of one-time codes are saved. */
  saves: boolean;
  doors: readonly DoorRequest[];
  planOptions: PlanOptions;
  secrets: CollectSecretsOptions;
  makeCheck(rules: Pick<RuleSet, "host" | "backend" | "variant">): (plan: Plan) => void;
}

/**
 * Writes a rule set for each machine; what can be refused is refused before a secret is typed.
 *
 * @throws {UsageError}, {ConfigError} where a file cannot be written; {SecretError}.
 */
export async function writeRuleFolder(
  targets: readonly Target[],
  context: Context,
  { folder, force, saves, doors, planOptions, secrets, makeCheck, ...choice }: RuleFolder,
): Promise<number> {
  const { ports, out } = context;
  const { backend, variant } = choice;
  const files = groupTargets(targets).map((group): RuleFile => ({
    place: group.place,
    host: nameHosts(group.targets),
    doors: doors.filter(({ target }) => group.targets.includes(target)),
    path: `${folder.replace(/(?<=.)\/+$/, "")}/${
      toFileName(group.targets[0]?.name ?? "")
    }.${backend.extension}`,
  }));
  refuseTwins(files);
  if (files.length > 1 && secrets.secretsFrom !== undefined) {
    throw new UsageError("--secrets-from is for one machine", {
      hint: "for many, name the source of each secret in the configuration",
    });
  }
  for (const { path } of files) await checkNew(path, { fs: ports.fs, force });
  for (const { host, doors } of files) {
    makeCheck({ host, ...choice })(draftPlan(doors, planOptions));
  }
  await makeFolder(folder, context);
  const sets: (RuleFile & RuleSet)[] = [];
  for (const file of files) {
    const built = await out.status.during(
      "making the rules",
      () => buildPlan(file.doors, planOptions, { ports, ...secrets }),
    );
    sets.push({ ...file, ...choice, ...built });
  }
  for (const set of sets) {
    const { host, plan, weak, path } = set;
    printWeaknesses(weak, context);
    const { streamRules } = await import("../../../rules/mod.ts");
    const pieces = streamRules(backend, plan, { host, variant, file: path });
    await writePieces(pieces, context, { file: path, force });
    out.say(`${plan.name}: saved the rules for ${sanitize(host)} in ${sanitize(path)}\n`);
    if (saves) await saveHorizon(plan, context);
  }
  out.say(out.wrap(`${plural(sets.length, "file")}; each header says how to apply it`) + "\n");
  out.value({
    backend: backend.name,
    variant: variant ?? backend.variants[0] ?? null,
    files: sets.map(({ plan, weak, place, host, path }) => ({
      name: plan.name,
      targets: plan.doors.map(({ name }) => name),
      host,
      admin: place ?? null,
      file: path,
      weaknesses: weak,
    })),
  });
  return EXIT.done;
}

function refuseTwins(files: readonly RuleFile[]): void {
  const twins = findTwins(files.map(({ path }) => path));
  if (twins === undefined) return;
  throw new UsageError(`"${twins[0]}" and "${twins[1]}" differ by case only`, {
    hint: "rename one of the targets: spknock rename A B",
  });
}

async function makeFolder(folder: string, { ports: { fs } }: Context): Promise<void> {
  try {
    await fs.makeFolder(folder);
  } catch (cause) {
    const message = `cannot be made a folder: ${describeSystemError(cause)}`;
    throw new ConfigError([{ file: folder, message }], { cause });
  }
}
