/** Which targets a command line means, and what its options change about them. */
import { isIpv4, isIpv6 } from "../core/address_syntax.ts";
import { UsageError } from "../core/errors.ts";
import { parseDuration } from "../core/duration.ts";
import { parsePortSpec } from "../core/knock.ts";
import { DEFAULT_SETTINGS, type Family, parseHost, type Target } from "../core/target.ts";
import { type Context, findTarget, loadTargets } from "./context.ts";
import { asUsage, type ParsedArgs } from "./options.ts";

/**
 * The targets that are named, all, or those with a tag; in the order named or saved, none twice.
 *
 * @throws {UsageError} where a name is unknown, or nothing is meant.
 */
export async function selectTargets(context: Context): Promise<Target[]> {
  const { args } = context;
  const tags = args.texts("tag");
  const config = await loadTargets(context);
  const chosen = new Set(args.words.map((name) => findTarget(config, name)));
  if (args.has("all") || tags.length > 0) {
    if (args.words.length > 0) {
      throw new UsageError("names and --all or --tag exclude each other");
    }
    for (const target of config.targets.values()) {
      if (args.has("all") || target.tags.some((tag) => tags.includes(tag))) chosen.add(target);
    }
    if (chosen.size === 0) {
      throw new UsageError(
        args.has("all")
          ? "there are no targets yet"
          : `no target has the tag "${tags.join('", "')}"`,
        { hint: args.has("all") ? "spknock add" : "see the tags with: spknock list" },
      );
    }
  }
  if (chosen.size === 0) {
    throw new UsageError("a target is wanted", {
      hint: "name one, or use --all or --tag; see them with: spknock list",
    });
  }
  const changes = await readChanges(args);
  return Array.from(chosen, (target) => ({ ...target, ...changes }));
}

/**
 * Whether the words are an ad hoc sequence: a host and ports. The name of a target has no `.` or `:`
 * and starts with a letter, so a host that cannot be one, or a port among the rest, tells.
 */
export function isAdHoc(words: readonly string[]): boolean {
  const [first = "", ...rest] = words;
  return /[.:]/.test(first) || rest.some((word) => /^\d/.test(word));
}

/**
 * `HOST PORT[/PROTO]...` as a target without a name of its own. Its udp knocks carry nothing, or
 * secrets when `--secrets-from` brings them.
 *
 * @throws {UsageError}
 */
export async function adHocTarget(args: ParsedArgs): Promise<Target> {
  const [hostText = "", ...ports] = args.words;
  const isSecret = args.has("secrets-from");
  try {
    const host = parseHost(hostText);
    if (ports.length === 0) {
      throw new UsageError(`"${hostText}" is no saved target, and as a host it needs ports`, {
        hint: `spknock knock ${host} PORT[/PROTO]..., or see the targets with: spknock list`,
      });
    }
    const knocks = ports.map((text) => {
      const spec = parsePortSpec(text, args.has("udp") ? "udp" : "tcp");
      return {
        ...spec,
        payload: isSecret && spec.protocol === "udp"
          ? { kind: "secret", source: { kind: "prompt" } } as const
          : { kind: "none" } as const,
      };
    });
    return { ...DEFAULT_SETTINGS, name: host, host, knocks, ...await readChanges(args) };
  } catch (cause) {
    throw asUsage(cause);
  }
}

/** What the command line says instead of what the targets say. */
export async function readChanges(args: ParsedArgs): Promise<Partial<Target>> {
  const settings = readSettings(args);
  if (args.has("no-probe")) return { ...settings, probes: [] };
  if (!args.has("probe")) return settings;
  const { readProbe } = await import("./probe_option.ts");
  return { ...settings, probes: args.texts("probe").map(readProbe) };
}

/** The settings that options of `knock`, `add` and `edit` share; only those that were given. */
export function readSettings(args: ParsedArgs): Partial<Target> {
  return onlyGiven({
    delayMs: args.read("delay", parseDuration),
    family: readFamily(args),
    source: args.read("source", parseAddress),
    tries: args.read("tries", (text) => parseCount(text, { max: 100 })),
    timeoutMs: args.read("timeout", parseDuration),
  });
}

/** `values` without those that are undefined. */
export function onlyGiven<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A whole number from 1 to `max`. */
export function parseCount(text: string, { max }: { max: number }): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= 1 && count <= max) return count;
  throw new RangeError(`"${text}" is not a whole number from 1 to ${max}`);
}

function readFamily(args: ParsedArgs): Family | undefined {
  if (args.has("ipv4") && args.has("ipv6")) {
    throw new UsageError("-4 and -6 exclude each other", { hint: "leave both out to take either" });
  }
  return args.has("ipv4") ? "ipv4" : args.has("ipv6") ? "ipv6" : undefined;
}

function parseAddress(text: string): string {
  if (isIpv4(text) || isIpv6(text)) return text;
  throw new RangeError(`"${text}" is not an address: use an IPv4 or IPv6 address of this machine`);
}
