/** From a plan to a complete rule set: the part that is the same for all back ends. */
import { createHash } from "node:crypto";
import { ADDRESS_BITS, renderFamily } from "../core/address/syntax.ts";
import { renderDuration, renderMoment } from "../core/duration.ts";
import { fingerprintPayload } from "../core/fingerprint.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import {
  type Door,
  isSecret,
  listCodedDoors,
  listKnocks,
  type Plan,
  type Stage,
} from "../plan/plan.ts";
import { renderForward, renderService, renderServices } from "../core/service.ts";
import { plural } from "../core/text.ts";
import { type Backend, refuse, type RenderRequest, renderTopUp } from "./backend.ts";
import { findRefusal, narrowTo } from "./features.ts";

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
  return [...streamRules(backend, plan, context)].join("");
}

/** Returns the same in pieces: the one-time codes of years do not fit in memory. */
export function* streamRules(
  backend: Backend,
  plan: Plan,
  context: RenderContext,
): Iterable<string> {
  yield renderBody(backend, plan, context);
  yield* streamCodes(backend, makeRequest(backend, plan, context));
}

/**
 * Returns a digest of what the rules do, 64 hex digits: the same for the same plan, whenever it is rendered. Of
 * one-time codes it has the keys and the end, not the codes themselves, nor their beginning.
 *
 * @throws {UsageError} as {@linkcode renderRules}.
 */
export function digestRules(backend: Backend, plan: Plan, context: RenderContext): string {
  const request = makeRequest(backend, withoutBeginning(plan), context);
  const hash = createHash("sha256").update(`${backend.name} ${request.variant ?? ""}\n`);
  for (const line of backend.render(request)) {
    if (!/^\s*#/.test(line)) hash.update(`${line}\n`);
  }
  for (const { codes: { from: _, ...codes } } of listCodedDoors(request.plan)) {
    hash.update(`${JSON.stringify(codes)}\n`);
  }
  return hash.digest("hex");
}

/** The same plan, whose one-time codes begin a fixed time before their end. */
function withoutBeginning(plan: Plan): Plan {
  const withoutFrom = (stage: Stage): Stage => {
    if (stage.codes === undefined) return stage;
    const { until, windowMs } = stage.codes;
    return { ...stage, codes: { ...stage.codes, from: Math.max(0, until - windowMs) } };
  };
  const doors = plan.doors.map((door) => ({ ...door, stages: door.stages.map(withoutFrom) }));
  return { ...plan, doors };
}

/**
 * Renders everything but the one-time codes, of which there can be millions.
 *
 * @throws {UsageError} as {@linkcode renderRules}.
 */
export function checkRules(backend: Backend, plan: Plan, context: RenderContext): void {
  renderBody(backend, plan, context);
}

/**
 * Returns only what gives a running firewall more one-time codes, in pieces.
 *
 * @throws {UsageError} as {@linkcode renderRules}.
 */
export function* streamCodesOnly(
  backend: Backend,
  plan: Plan,
  context: RenderContext,
): Iterable<string> {
  const request = makeRequest(backend, plan, context);
  const load = backend.rolling?.loadCodes;
  yield [
    ...(backend.interpreter === undefined ? [] : [backend.interpreter]),
    ...renderComments([
      `spknock one-time codes for ${nameTargets(plan)} (${context.host}), ${
        nameBackend(backend, request)
      }`,
      "",
      ...plan.doors.flatMap(describeCodes),
      "",
      "They are added to the running rules of these targets; no open door is closed.",
      ...(load === undefined ? [] : [
        "To add more on the first of each month, in the crontab of the machine that has the key:",
        renderTopUp(plan, { backend: backend.name, load }),
      ]),
      "This file contains secrets: keep it private (chmod 600).",
    ]),
    "",
  ].join("\n");
  yield* streamCodes(backend, request);
}

function* streamCodes({ rolling }: Backend, request: RenderRequest): Iterable<string> {
  for (const line of rolling?.streamCodes?.(request) ?? []) yield `${line}\n`;
}

function renderBody(backend: Backend, plan: Plan, context: RenderContext): string {
  const request = makeRequest(backend, plan, context);
  return [
    ...(backend.interpreter === undefined ? [] : [backend.interpreter]),
    ...renderComments([
      `spknock rules for ${nameTargets(plan)} (${context.host}), ${nameBackend(backend, request)}`,
      ...describePlan(plan, backend),
      ...backend.renderAdvice(request),
    ]),
    ...backend.render(request),
    "",
  ].join("\n");
}

function makeRequest(backend: Backend, plan: Plan, context: RenderContext): RenderRequest {
  const variant = chooseVariant(backend, context.variant);
  refuseUnsupported(backend, plan, variant);
  return { plan, variant, file: chooseFile(backend, plan, context.file) };
}

function nameBackend({ title }: Backend, { variant }: RenderRequest): string {
  return variant === undefined ? title : `${title} with ${variant}`;
}

function refuseUnsupported(backend: Backend, plan: Plan, variant: string | undefined): void {
  const refusal = findRefusal(backend, plan);
  if (refusal !== undefined) throw refuse(backend.name, refusal.part, refusal.hint);
  const missing = findRefusal(narrowTo(backend, variant), plan);
  if (missing === undefined) return;
  throw refuse(`${backend.name} with ${variant}`, missing.part, `leave out --variant ${variant}`);
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

function nameTargets({ doors }: Plan): string {
  return `target${doors.length === 1 ? "" : "s"} ${
    doors.map(({ name }) => `"${name}"`).join(", ")
  }`;
}

/** All rule files take `#`; what could end a line is replaced. */
function renderComments(lines: readonly string[]): string[] {
  // deno-lint-ignore no-control-regex
  return lines.map((line) => `# ${line.replaceAll(/[\x00-\x1f\x7f\u2028\u2029]/g, " ")}`.trimEnd());
}

function describePlan(plan: Plan, backend: Backend): string[] {
  const { families, prefixes, ban, banPrefix6, interfaces, trusted, publicServices } = plan;
  const wide = families.filter((family) => prefixes[family] < ADDRESS_BITS[family]);
  const counted = families.includes("ipv6") ? ` (over IPv6 its whole /${banPrefix6})` : "";
  const extras = [
    ban ? `many mistakes block a source for a while${counted}` : undefined,
    wide.length > 0
      ? `for the whole ${
        wide.map((family) => `${renderFamily(family)} /${prefixes[family]}`).join(" and ")
      } of who knocks`
      : undefined,
    interfaces.length > 0 ? `only on ${interfaces.join(", ")}` : undefined,
    trusted.length > 0 ? `never locked out: ${trusted.join(", ")}` : undefined,
    publicServices.length > 0 ? `public: ${renderServices(publicServices)}` : undefined,
  ].filter((extra) => extra !== undefined);
  return [
    "",
    ...plan.doors.flatMap((door) => describeDoor(door, { isAlone: plan.doors.length === 1 })),
    `  covers:  ${families.map(renderFamily).join(", ")}`,
    ...extras.map((extra) => `  also:    ${extra}`),
    "",
    ...describeReach(plan, backend),
    ...(listKnocks(plan).some(isSecret)
      ? ["This file contains the secret payloads: keep it private (chmod 600).", ""]
      : []),
  ];
}

function describeDoor(door: Door, { isAlone }: { isAlone: boolean }): string[] {
  const { stages, closing, opens, forwards, openForMs, stageTimeoutMs, guard } = door;
  const opened = [
    ...opens.map(renderService),
    ...forwards.map((forward) => `forwarded ${renderForward(forward)}`),
  ];
  return [
    ...(isAlone ? [] : [`  target ${door.name}:`]),
    ...stages.map((stage, index) => `  knock ${index + 1}: ${describeStage(stage)}`),
    ...closing.map((stage, index) => `  closing knock ${index + 1}: ${describeStage(stage)}`),
    `  opens:   ${opened.join(", ")} for ${renderDuration(openForMs)}; ` +
    `a stage waits ${renderDuration(stageTimeoutMs)}`,
    ...describeCodes(door),
    ...(guard ? ["  also:    a packet to any other port resets the sequence"] : []),
  ];
}

/** Whose one-time codes are taken, and until when; a back end that makes them itself has no end. */
function describeCodes(only: Door): string[] {
  return listCodedDoors({ doors: [only] }).map(({ door: { name }, codes }) => {
    const { keys, from, until } = codes;
    const names = keys.map((key) => key.name).join(", ");
    const time = Number.isFinite(until)
      ? `, from ${renderMoment(from)} until ${renderMoment(until)}`
      : "";
    return `  codes:   for ${name}, ${plural(keys.length, "key")} (${names})${time}`;
  });
}

/** What the rules guard, and what passes elsewhere. */
function describeReach({ doors }: Plan, { showNat }: Backend): string[] {
  const forwards = doors.flatMap((door) => door.forwards);
  return [
    ...(forwards.length === 0
      ? [
        "The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker",
        "publishes) does not pass here, and one that it redirects passes as the port that it is redirected",
        "to: under its own number it stays open to everyone, unless --forward names it.",
      ]
      : [
        "The rules guard services of this machine, and the forwarded ports above. Any other port that it",
        "forwards (DNAT, a port that Docker publishes) stays open to everyone.",
      ]),
    `To see whether there is one:  ${showNat}`,
    "Connections go on after the open time because they are tracked: with a notrack rule for a port above",
    "they end with it, and a forwarded port is not known.",
    "",
  ];
}

function describeStage(stage: Stage): string {
  const payload = stage.codes !== undefined
    ? `one-time code, ${plural(stage.codes.slots, "slot")} each ${
      renderDuration(stage.codes.windowMs)
    }`
    : stage.payload === undefined
    ? "regular"
    : `secret, ${stage.payload.length} bytes, fingerprint ${fingerprintPayload(stage.payload)}`;
  return `${renderPortSpec(stage)} (${payload})`;
}
