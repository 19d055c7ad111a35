/** Which targets a command line means, and what its options change about them. */
import { parseDuration } from "../../core/duration.ts";
import { parseDelay } from "../../core/sequence.ts";
import { UsageError, ValueError } from "../../core/errors.ts";
import { checkHandshake, parsePortList, splitList } from "../../core/knock.ts";
import {
  DEFAULT_SETTINGS,
  type Family,
  parseHost,
  parseSource,
  type Target,
} from "../../core/target.ts";
import type { Jobs } from "../../use_cases/batch.ts";
import type { Context } from "../command.ts";
import { explainNoTargets, findNamesByHost, findTarget, loadTargets } from "../context.ts";
import type {
  FAMILY_OPTIONS,
  KNOCK_OPTIONS,
  PACE_OPTIONS,
  PROBE_OPTIONS,
  UDP_OPTION,
} from "../option_specs.ts";
import { asUsageError, type OptionNames, type ParsedArgs } from "../options.ts";

const MAX_JOBS = 10_000;

/** Reads `--jobs`. */
export function readJobs(args: ParsedArgs<"jobs">): Jobs {
  return args.read("jobs", (text) => parseCount(text, { max: MAX_JOBS })) ?? "auto";
}

/**
 * Returns the targets that are named, all, or those with a tag; in the order named or saved, each
 * once.
 *
 * @param options.all `--all`.
 * @throws {UsageError} where a name is unknown, or no target is selected.
 */
export async function selectTargets(
  context: Context<"tag">,
  { all = false }: { all?: boolean } = {},
): Promise<Target[]> {
  const { args } = context;
  const tags = readTagFilter(args);
  const config = await loadTargets(context);
  const chosen = new Set(args.positionals.map((name) => findTarget(config, name)));
  if (all || tags.length > 0) {
    if (args.positionals.length > 0) {
      throw new UsageError("choose one: names, or --all or --tag");
    }
    for (const target of config.targets.values()) {
      if (all || target.tags.some((tag) => tags.includes(tag))) chosen.add(target);
    }
    if (chosen.size === 0) {
      throw new UsageError(
        all ? "there are no targets" : `no target has the tag "${args.values("tag").join('", "')}"`,
        { hint: all ? explainNoTargets(config) : "see the tags with: spknock list" },
      );
    }
  }
  if (chosen.size === 0) {
    throw new UsageError("missing argument TARGET", {
      hint: "name one, or use --all or --tag; see them with: spknock list",
    });
  }
  return [...chosen];
}

/**
 * Reads `--tag` where it selects targets: those with any of the tags. A tag of a file that has a comma
 * itself is found by its whole text.
 */
export function readTagFilter(args: ParsedArgs<"tag">): string[] {
  return args.values("tag").flatMap((text) => [...new Set([text, ...readTagList(text)])]);
}

/** Returns the tags of `family,work`. */
export function readTagList(text: string): string[] {
  return asUsageError(() => splitList(text), "--tag: ");
}

/**
 * Whether the positionals are an ad hoc sequence: a host and ports. The name of a target has no `.`
 * or `:` and starts with a letter, so a host that cannot be one, or a port among the rest, tells.
 */
export function isAdHoc(positionals: readonly string[]): boolean {
  const [first = "", ...rest] = positionals;
  return /[.:]/.test(first) || rest.some(isPortLike);
}

/** Whether a word means a port; the name of a target starts with a letter and has no `/` or `:`. */
export function isPortLike(word: string): boolean {
  return /^\d|^[a-z]+[/:]\d/i.test(word);
}

/**
 * Returns `HOST PORT[/PROTO]...` as a target without a name of its own. Its udp knocks have no
 * payload, or are secret when `--secrets-from` has their passphrases.
 *
 * @param saved the saved targets: where there are no ports, those of the host are named.
 * @throws {UsageError}
 */
export function readAdHocTarget(
  args: ParsedArgs<OptionNames<readonly [typeof UDP_OPTION, ...typeof KNOCK_OPTIONS]>>,
  saved: ReadonlyMap<string, Target>,
): Target {
  const [hostText = "", ...ports] = args.positionals;
  const isSecret = args.has("secrets-from");
  return asUsageError(() => {
    const host = parseHost(hostText);
    if (ports.length === 0) {
      const names = findNamesByHost(saved, host);
      throw new UsageError(`"${hostText}" is not a saved target, and as a host it needs ports`, {
        hint: names.length > 0
          ? names.map((name) => `spknock knock ${name}`).join(", or ")
          : `spknock knock ${host} PORT[/PROTO]..., or see the targets with: spknock list`,
      });
    }
    const specs = ports.flatMap((text) => parsePortList(text, args.has("udp") ? "udp" : "tcp"));
    const knocks = specs.map((spec) => ({
      ...spec,
      payload: isSecret && spec.protocol === "udp"
        ? { kind: "secret", source: { kind: "prompt" } } as const
        : { kind: "none" } as const,
    }));
    return { ...DEFAULT_SETTINGS, name: host, host, knocks };
  });
}

/** Reads what `knock` and its kin change about a target; only the options that were given. */
export async function readKnockChanges(
  args: ParsedArgs<OptionNames<typeof KNOCK_OPTIONS>>,
): Promise<Partial<Target>> {
  if (args.has("probe") && args.has("no-probe")) {
    throw new UsageError("choose one: --probe or --no-probe");
  }
  const settings = { ...readPace(args), ...readFamily(args), ...await readProbes(args) };
  return args.has("no-probe") ? { ...settings, probes: [] } : settings;
}

/** Reads the pace; only the options that were given. */
export function readPace(args: ParsedArgs<OptionNames<typeof PACE_OPTIONS>>): Partial<Target> {
  return pickDefined({
    delayMs: args.read("delay", parseDelay),
    handshakeMs: args.read("handshake", (text) => checkHandshake(parseDuration(text))),
    tries: args.read("tries", (text) => parseCount(text, { max: 100 })),
  });
}

/** Reads the probes and their time limit; only the options that were given. */
export async function readProbes(
  args: ParsedArgs<OptionNames<typeof PROBE_OPTIONS>>,
): Promise<Partial<Target>> {
  const settings = pickDefined({ timeoutMs: args.read("timeout", parseDuration) });
  if (!args.has("probe")) return settings;
  const texts = args.values("probe");
  if (texts.includes("none")) {
    if (texts.length > 1) throw new UsageError("choose one: --probe none, or other probes");
    return { ...settings, probes: [] };
  }
  // Loaded when it is needed: it needs the reader of the whole configuration.
  const { parseProbeSpecs } = await import("../../config/mod.ts");
  const probes = texts.flatMap((text) => asUsageError(() => parseProbeSpecs(text), "--probe: "));
  return { ...settings, probes };
}

/** Reads the address family and the source address; only the options that were given. */
export function readFamily(
  args: ParsedArgs<OptionNames<typeof FAMILY_OPTIONS>>,
): Partial<Target> {
  if (args.has("ipv4") && args.has("ipv6")) {
    throw new UsageError("choose one: -4 or -6", { hint: "leave both out to allow either" });
  }
  const family: Family | undefined = args.has("ipv4")
    ? "ipv4"
    : args.has("ipv6")
    ? "ipv6"
    : undefined;
  // "" takes a source away, where the command allows it.
  const source = args.value("source") === "" ? undefined : args.read("source", parseSource);
  return pickDefined({ family, source });
}

/** Returns `values` without those that are undefined. */
export function pickDefined<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/**
 * Returns a whole number from 1 to `max`.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseCount(text: string, { max }: { max: number }): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= max) return count;
  throw new ValueError(text, `is not a whole number from 1 to ${max}`);
}
