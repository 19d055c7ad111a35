/** A rule set as output: the rules, what is weak about them, and their plan as JSON. */
import { renderPortSpec } from "../../../core/knock.ts";
import { countCodes, type Door, isSecret, type Plan, type Stage } from "../../../plan/plan.ts";
import { renderForward, renderService } from "../../../core/service.ts";
import { nameHosts, type Target } from "../../../core/target.ts";
import { sanitize } from "../../../output/sanitize.ts";
import { type Backend, streamCodesOnly, streamRules, type Weakness } from "../../../rules/mod.ts";
import type { Context } from "../../command.ts";
import { EXIT } from "../../exit_codes.ts";
import { writePieces } from "./pieces.ts";

/** A checked plan, and for what firewall its rules are. */
export interface RuleSet {
  host: string;
  plan: Plan;
  weak: readonly Weakness[];
  backend: Backend;
  variant: string | undefined;
}

/** Prints that targets of several hosts are in one rule set: these can be names of one machine. */
export function noteHosts(targets: readonly Target[], { out }: Pick<Context, "out">): void {
  const hosts = nameHosts(targets);
  if (!hosts.includes(", ")) return;
  out.note(
    `note: the targets have different hosts (${sanitize(hosts)}): one rule set is for one machine`,
  );
}

/** Where a rule set goes. */
interface Destination {
  output: string | undefined;
  force: boolean;
}

/** Writes the rules to a file, or to standard output where it is undefined or `-`. */
export async function writeRuleSet(
  { host, plan, weak, backend, variant }: RuleSet,
  context: Context,
  { output, force }: Destination,
): Promise<number> {
  const { out } = context;
  const file = output === "-" ? undefined : output;
  const pieces = streamRules(backend, plan, { host, variant, file });
  const rules = await writePieces(pieces, context, { file, force });
  if (file !== undefined) {
    const saved = `saved the rules for ${plan.name} in ${sanitize(file)}`;
    out.say(out.wrap(`${saved}; the file's header says how to apply them`) + "\n");
  }
  out.value({
    target: plan.name,
    backend: backend.name,
    variant: variant ?? backend.variants[0] ?? null,
    file: file ?? null,
    plan: toPlanValue(plan),
    weaknesses: weak,
    rules,
  });
  return EXIT.done;
}

/** Writes only the one-time codes, as the rules are written. */
export async function writeCodes(
  { host, plan, backend, variant }: Omit<RuleSet, "weak">,
  context: Context,
  { output, force }: Destination,
): Promise<number> {
  const { out } = context;
  const file = output === "-" ? undefined : output;
  const pieces = streamCodesOnly(backend, plan, { host, variant, file });
  const codes = await writePieces(pieces, context, { file, force });
  if (file !== undefined) out.say(`saved the one-time codes in ${sanitize(file)}\n`);
  out.value({
    target: plan.name,
    backend: backend.name,
    file: file ?? null,
    doors: plan.doors.map(({ name, stages }) => ({
      target: name,
      stages: stages.map(toStageValue),
    })),
    count: countCodes(plan),
    codes,
  });
  return EXIT.done;
}

/** Returns a plan as the JSON contract has it. */
export function toPlanValue(plan: Plan): unknown {
  return {
    name: plan.name,
    doors: plan.doors.map(toDoorValue),
    ban: plan.ban,
    ban_prefix6: plan.ban ? plan.banPrefix6 : null,
    prefix4: plan.prefixes.ipv4,
    prefix6: plan.prefixes.ipv6,
    families: plan.families,
    // The notation of the option.
    interface: plan.interfaces.length === 0 ? null : plan.interfaces.join(","),
    trusted: plan.trusted,
    public: plan.publicServices.map(renderService),
  };
}

function toDoorValue(door: Door): unknown {
  return {
    target: door.name,
    stages: door.stages.map(toStageValue),
    closing: door.closing.map(toStageValue),
    open: door.opens.map(renderService),
    forward: door.forwards.map(renderForward),
    open_for_ms: door.openForMs,
    stage_timeout_ms: door.stageTimeoutMs,
    guard: door.guard,
  };
}

/** Neither keys nor codes: only whose they are, and for which time. */
function toStageValue(stage: Stage): unknown {
  const { codes } = stage;
  const toDate = (at: number) => Number.isFinite(at) ? new Date(at).toISOString() : null;
  return {
    knock: renderPortSpec(stage),
    secret: isSecret(stage),
    one_time: codes !== undefined,
    ...(codes === undefined ? {} : {
      window_ms: codes.windowMs,
      slots: codes.slots,
      keys: codes.keys.map(({ name }) => name),
      from: toDate(codes.from),
      until: toDate(codes.until),
    }),
  };
}

/** Prints what is weak on stderr, so that the rules can be piped. */
export function printWeaknesses(weak: readonly Weakness[], { out }: Context): void {
  const { bad, warn, faint } = out.noteStyle;
  const paint = { danger: bad, warning: warn, info: faint };
  for (const { severity, reason, remedy } of weak) {
    out.note(`${paint[severity](`${severity}:`)} ${reason}`);
    out.note(`  ${faint("remedy:")} ${remedy}`);
  }
}
