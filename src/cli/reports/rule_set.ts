/** A rule set as output: the rules, what is weak about them, and their plan as JSON. */
import { renderPortSpec } from "../../core/knock.ts";
import { type Door, isSecret, type Plan, type Stage } from "../../plan/plan.ts";
import { renderForward, renderService } from "../../core/service.ts";
import { isSameHost, type Target } from "../../core/target.ts";
import { sanitize } from "../../output/sanitize.ts";
import { type Backend, renderRules, type Weakness } from "../../rules/mod.ts";
import { saveNew } from "../../use_cases/save_file.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit_codes.ts";

/** A checked plan, and for what firewall its rules are. */
export interface RuleSet {
  host: string;
  plan: Plan;
  weak: readonly Weakness[];
  backend: Backend;
  variant: string | undefined;
}

/** Returns the hosts of targets, each once: doors of one machine can have several names. */
export function nameHosts(targets: readonly Pick<Target, "host">[]): string {
  const hosts = targets.map(({ host }) => host);
  const distinct = hosts.filter((host, index) =>
    hosts.findIndex((other) => isSameHost(other, host)) === index
  );
  return distinct.join(", ");
}

/** Prints that targets of several hosts are in one rule set: these can be names of one machine. */
export function noteHosts(targets: readonly Target[], { out }: Pick<Context, "out">): void {
  const hosts = nameHosts(targets);
  if (!hosts.includes(", ")) return;
  out.note(
    `note: the targets have different hosts (${sanitize(hosts)}): one rule set is for one machine`,
  );
}

/** Writes the rules to a file, or to standard output where it is undefined or `-`. */
export async function writeRuleSet(
  { host, plan, weak, backend, variant }: RuleSet,
  { out, ports }: Context,
  { output, force }: { output: string | undefined; force: boolean },
): Promise<number> {
  const file = output === "-" ? undefined : output;
  const rules = renderRules(backend, plan, { host, variant, file });
  if (file === undefined) {
    out.print(rules);
  } else {
    const warning = await saveNew(file, rules, { fs: ports.fs, force });
    if (warning !== undefined) out.note(`warning: ${sanitize(file)}: ${warning}`);
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
    rules: file === undefined ? rules : null,
  });
  return EXIT.done;
}

/** Returns a plan as the JSON contract has it. */
function toPlanValue(plan: Plan): unknown {
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

function toStageValue(stage: Stage): unknown {
  return { knock: renderPortSpec(stage), secret: isSecret(stage) };
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
