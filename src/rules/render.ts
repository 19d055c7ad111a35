/** From a plan to a complete rule set: the part that is the same for all back ends. */
import { renderFamily } from "../core/address_syntax.ts";
import { renderDuration } from "../core/duration.ts";
import { fingerprintPayload } from "../core/fingerprint.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec, Stage } from "../core/plan.ts";
import { type Backend, refuse, type RenderRequest } from "./backend.ts";
import { findRefusal } from "./features.ts";

/** What a rule set needs besides the plan. */
interface RenderContext {
  /** The host of the target, for the header. */
  host: string;
  /** The file in which the rules are saved, for the commands in the header. */
  file?: string | undefined;
  /** One of the back end's variants; its first where undefined. */
  variant?: string | undefined;
}

/**
 * Returns the complete rule set of a plan: text that ends in a newline.
 *
 * @throws {UsageError} if the back end has no such variant, or, with the code `unsupported`, if it does
 * not support a part of the plan.
 */
export function renderRules(backend: Backend, plan: Plan, context: RenderContext): string {
  const variant = chooseVariant(backend, context.variant);
  const refusal = findRefusal(backend, plan);
  if (refusal !== undefined) throw refuse(backend.name, refusal.part, refusal.hint);
  const file = chooseFile(backend, plan, context.file);
  const request: RenderRequest = { plan, variant, file };
  const title = variant === undefined ? backend.title : `${backend.title} with ${variant}`;
  return [
    ...(backend.interpreter === undefined ? [] : [backend.interpreter]),
    ...renderComments([
      `spknock rules for target "${plan.name}" (${context.host}), ${title}`,
      ...describePlan(plan),
      ...backend.renderAdvice(request),
    ]),
    ...backend.render(request),
    "",
  ].join("\n");
}

function chooseVariant(
  { name, variants }: Backend,
  variant: string | undefined,
): string | undefined {
  if (variant === undefined) return variants[0];
  if (variants.includes(variant)) return variant;
  throw new UsageError(
    variants.length === 0
      ? `${name} has no variants: leave out --variant`
      : `unknown variant of ${name}: use ${variants.join(" or ")}`,
  );
}

/** A name that needs quotes is not used in the commands of the header. */
function chooseFile({ extension }: Backend, plan: Plan, file: string | undefined): string {
  return file !== undefined && /^[\w./+-]+$/.test(file) && !file.startsWith("-")
    ? file
    : `spknock_${plan.name}.${extension}`;
}

/** All rule files take `#`; what could end a line is replaced. */
function renderComments(lines: readonly string[]): string[] {
  // deno-lint-ignore no-control-regex
  return lines.map((line) => `# ${line.replaceAll(/[\x00-\x1f\x7f\u2028\u2029]/g, " ")}`.trimEnd());
}

function describePlan(plan: Plan): string[] {
  const extras = [
    plan.guard ? "a packet to any other port resets the sequence" : undefined,
    plan.ban ? "many mistakes block a source for a while" : undefined,
    plan.interfaces.length > 0 ? `only on ${plan.interfaces.join(", ")}` : undefined,
    plan.trusted.length > 0 ? `never locked out: ${plan.trusted.join(", ")}` : undefined,
    plan.publicPorts.length > 0 ? `public: ${renderPortList(plan.publicPorts)}` : undefined,
  ].filter((extra) => extra !== undefined);
  const families = plan.families.map(renderFamily).join(", ");
  return [
    "",
    ...plan.stages.map((stage, index) => `  knock ${index + 1}: ${describeStage(stage)}`),
    ...plan.closing.map((stage, index) => `  closing knock ${index + 1}: ${describeStage(stage)}`),
    `  opens:   ${renderPortList(plan.protectedPorts)} for ${renderDuration(plan.openForMs)}; ` +
    `a stage waits ${renderDuration(plan.stageTimeoutMs)}`,
    `  covers:  ${families}`,
    ...extras.map((extra) => `  also:    ${extra}`),
    "",
    "The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker",
    "publishes) does not pass here, and one that it redirects passes as the port that it is redirected",
    "to: under its own number it stays open to everyone. To see whether there is one:",
    "nft list ruleset | grep -E 'dnat|redirect'; iptables -t nat -S; RouterOS: /ip firewall nat print",
    "",
    ...([...plan.stages, ...plan.closing].some((stage) => stage.payload !== undefined)
      ? ["This file contains the secret payloads: keep it private (chmod 600).", ""]
      : []),
  ];
}

function renderPortList(specs: readonly PortSpec[]): string {
  return specs.map(renderPortSpec).join(", ");
}

function describeStage(stage: Stage): string {
  const payload = stage.payload === undefined
    ? "regular"
    : `secret, ${stage.payload.length} bytes, fingerprint ${fingerprintPayload(stage.payload)}`;
  return `${renderPortSpec(stage)} (${payload})`;
}
