/** What a back end is, and what all of them share. */
import { renderDuration } from "../core/duration.ts";
import { UsageError } from "../core/errors.ts";
import { renderPortSpec } from "../core/knock.ts";
import type { Plan, PortSpec, Stage } from "../core/plan.ts";

/** What a rule set says about itself beside the plan. */
export interface RenderContext {
  /** The host of the target, for the header. */
  host: string;
  /** The file that the rules are saved in, for the commands in the header. */
  file?: string | undefined;
  /** One of the back end's variants; its first where undefined. */
  variant?: string | undefined;
}

/** Renders a plan in one firewall's language. */
export interface Backend {
  /** As in `--for NAME`. */
  name: string;
  /** One line for people. */
  summary: string;
  /** Of a file that holds its output, without the dot. */
  extension: string;
  /** Whether it can express the guard; where not, it is off unless it is asked for. */
  canGuard: boolean;
  /** The values of `--variant`, the default first; empty where there is nothing to choose. */
  variants: readonly string[];
  /**
   * The complete rule set: text that ends in a newline, the same for the same plan. It holds payload
   * hashes, never a passphrase.
   *
   * @throws {UsageError} with code `unsupported`, naming a part of the plan that cannot be expressed.
   */
  render(plan: Plan, context: RenderContext): string;
}

/** The error for a part of a plan that a back end cannot express. */
export function unsupported(backend: string, part: string, hint?: string): UsageError {
  return new UsageError(`${backend} cannot express ${part}`, { code: "unsupported", hint });
}

/** The file of a rule set as the commands in its header name it; names that need quotes are not taken. */
export function fileOf({ file }: RenderContext, fallback: string): string {
  return file !== undefined && /^[\w./+-]+$/.test(file) && !file.startsWith("-") ? file : fallback;
}

/** The last part of a path. */
export function lastPartOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

/** The chosen variant. @throws {UsageError} if the back end has none of this name. */
export function variantOf(
  backend: Pick<Backend, "name" | "variants">,
  context: RenderContext,
): string | undefined {
  const { variant } = context;
  if (variant === undefined) return backend.variants[0];
  if (backend.variants.includes(variant)) return variant;
  throw new UsageError(
    backend.variants.length === 0
      ? `${backend.name} has no variants: leave "${variant}" out`
      : `"${variant}" is no variant of ${backend.name}: use ${backend.variants.join(" or ")}`,
  );
}

/** Whole seconds. @throws {UsageError} if `ms` is not. */
export function secondsOf(backend: string, what: string, ms: number): number {
  if (ms % 1_000 !== 0) {
    throw unsupported(
      backend,
      `the ${what} ${renderDuration(ms)}`,
      "use whole seconds",
    );
  }
  return ms / 1_000;
}

/** Lines as comments, with `#`; what could end a line is taken out. */
export function commentLines(lines: readonly string[]): string[] {
  // deno-lint-ignore no-control-regex
  return lines.map((line) => `# ${line.replaceAll(/[\x00-\x1f\x7f\u2028\u2029]/g, " ")}`.trimEnd());
}

/** The first lines of every header: what this is, for which target, and what it does. */
export function headline(backend: string, plan: Plan, context: RenderContext): string[] {
  const extras = [
    plan.guard ? "a packet to any other port loses the progress" : undefined,
    plan.ban ? "many mistakes shut a source out for a while" : undefined,
    plan.interface === undefined ? undefined : `on ${plan.interface} only`,
    plan.trusted.length > 0 ? `never locked out: ${plan.trusted.join(", ")}` : undefined,
    plan.public.length > 0 ? `public: ${portList(plan.public)}` : undefined,
  ].filter((extra) => extra !== undefined);
  return [
    `spknock rules for target "${plan.name}" (${context.host}), ${backend}`,
    "",
    ...plan.stages.map((stage, index) => `  knock ${index + 1}: ${describeStage(stage)}`),
    `  opens:   ${portList(plan.open)} for ${renderDuration(plan.openForMs)}; a stage waits ` +
    renderDuration(plan.stageTimeoutMs),
    `  covers:  ${plan.families.map((family) => family === "ipv4" ? "IPv4" : "IPv6").join(", ")}`,
    ...extras.map((extra) => `  also:    ${extra}`),
    "",
    ...(plan.stages.some((stage) => stage.payload !== undefined)
      ? ["Who can read this file can knock: keep it to yourself (chmod 600).", ""]
      : []),
  ];
}

/**
 * A shell line that undoes in a minute what comes next, unless it is stopped by `kill $undo`. It
 * outlives the terminal: whoever is locked out closes that first, and a shell then ends its jobs.
 */
export function wayBack(undo: string): string {
  return `(trap '' HUP; sleep 60; ${undo}) & undo=$!`;
}

/** `22/tcp, 443/tcp`. */
export function portList(specs: readonly PortSpec[]): string {
  return specs.map(renderPortSpec).join(", ");
}

/** What a knock is, without its payload. */
export function describeStage(stage: Stage): string {
  const payload = stage.payload === undefined ? "regular" : `secret, ${stage.payload.length} bytes`;
  return `${renderPortSpec(stage)} (${payload})`;
}

/** The ports of one transport, ascending, each once. */
export function portsOf(specs: readonly PortSpec[], protocol: PortSpec["protocol"]): number[] {
  const ports = specs.filter((spec) => spec.protocol === protocol).map((spec) => spec.port);
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Each port and protocol once, in order. */
export function distinctPorts(specs: readonly PortSpec[]): PortSpec[] {
  const seen = new Map(specs.map((spec) => [renderPortSpec(spec), spec]));
  return [...seen.values()].map(({ port, protocol }) => ({ port, protocol }));
}
