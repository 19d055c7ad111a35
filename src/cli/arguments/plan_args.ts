/** What the options of `rules` say about a plan. */
import { parseDuration } from "../../core/duration.ts";
import { UsageError, ValueError } from "../../core/errors.ts";
import {
  type Forward,
  listDistinctForwards,
  listDistinctServices,
  parseServices,
  renderForward,
  renderService,
} from "../../core/service.ts";
import { parseTargetName, type Target } from "../../core/target.ts";
import { listOpenServices } from "../../probe/mod.ts";
import {
  type Backend,
  parseForwards,
  parseInterfaces,
  parseTrusted,
  type PlanOptions,
} from "../../rules/mod.ts";
import type { DoorRequest } from "../../use_cases/build_plan.ts";
import { asUsageError, type OptionNames, type OptionSpec, type ParsedArgs } from "../options.ts";

/** The options that shape a plan. */
export const PLAN_OPTIONS = [
  {
    name: "open",
    value: "PORTS",
    many: true,
    help: "what opens: 22/tcp,5000-5010/udp,icmp,all (default: opens)",
  },
  {
    name: "forward",
    value: "PORTS",
    many: true,
    help: "forwarded ports: 8080/tcp (DNAT, Docker), HOST:22/tcp (behind)",
  },
  { name: "open-for", value: "DURATION", help: "how long it is open (default: open_for, 5m)" },
  {
    name: "stage",
    value: "DURATION",
    help: "time to the next knock (default: stage_timeout, 5s)",
  },
  {
    name: "interface",
    value: "NAMES",
    help: "only packets arriving there: eth0,ppp* (default: all)",
  },
  { name: "trust", value: "NETWORKS", help: "never locked out: 192.168.0.0/24,2001:db8::/32" },
  { name: "public", value: "PORTS", help: "services that stay open to everyone" },
  { name: "ipv4", short: "4", help: "IPv4 only" },
  { name: "ipv6", short: "6", help: "IPv6 only" },
  { name: "guard", help: "reset the sequence on a packet to any other port" },
  { name: "no-guard", help: "no guard (default with secret knocks)" },
  { name: "ban", help: "block sources that send many wrong packets (10 min)" },
  { name: "ban-prefix", value: "N", help: "IPv6: count mistakes by /N, 48 to 128 (default: 64)" },
  { name: "prefix4", value: "N", help: "let the whole IPv4 /N of a source in, 16 to 32" },
  { name: "prefix6", value: "N", help: "let the whole IPv6 /N of a source in, 48 to 128" },
] as const satisfies readonly OptionSpec[];

type PlanArgs = ParsedArgs<OptionNames<typeof PLAN_OPTIONS>>;

/**
 * Reads what each target opens: its own `opens`, unless `--open` or `--forward` name it. With several targets
 * the options are written `TARGET=PORTS`.
 *
 * @throws {UsageError} where there is nothing to open.
 */
export function readDoors(args: PlanArgs, targets: readonly Target[]): DoorRequest[] {
  const names = targets.map(({ name }) => name);
  const opens = readByTarget(args, "open", { names, parse: parseServices });
  const forwards = readByTarget(args, "forward", { names, parse: parseForwards });
  return targets.map((target) => {
    const forwarded = listDistinctForwards(forwards.get(target.name) ?? []);
    refuseOwnHost(target, forwarded);
    // The port that it probes can be the forwarded one: only what it says that it opens counts then.
    const own = forwarded.length > 0 ? target.opens : listOpenServices(target);
    const services = listDistinctServices(opens.get(target.name) ?? own);
    if (services.length + forwarded.length === 0) throw refuseEmpty(target.name);
    return { target, opens: services, forwards: forwarded };
  });
}

/** Packets to the target itself are not forwarded: the port would stay open to everyone. */
function refuseOwnHost({ name, host }: Target, forwards: readonly Forward[]): void {
  const found = forwards.find((forward) => forward.host === host);
  if (found === undefined) return;
  const ports = renderService(found.service);
  throw new UsageError(
    `--forward: ${renderForward(found)} is "${name}" itself, not a host behind it`,
    { hint: `use --open ${ports}, or --forward ${ports} if the machine forwards this port` },
  );
}

function refuseEmpty(name: string): UsageError {
  return new UsageError(`missing option --open: what should the knocks on "${name}" open?`, {
    hint: `name it, such as --open 22/tcp, or save it: spknock edit ${name} --opens 22/tcp`,
  });
}

/** Returns the items of an option by the target that each value names, or the only one. */
function readByTarget<T>(
  args: PlanArgs,
  option: "open" | "forward",
  { names, parse }: { names: readonly string[]; parse: (text: string) => T[] },
): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const text of args.values(option)) {
    const [, named, ports = ""] = /^(?:([A-Za-z][\w-]*)=)?(.*)$/s.exec(text) ?? [];
    const name = named ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined || !names.includes(name)) {
      throw new UsageError(
        named === undefined
          ? `--${option} with several targets needs the target: write ${names[0]}=22/tcp`
          : `--${option} names "${named}", which is none of the targets ${names.join(", ")}`,
      );
    }
    const items = asUsageError(() => parse(ports), `--${option}: `);
    found.set(name, [...found.get(name) ?? [], ...items]);
  }
  return found;
}

/**
 * Reads the options of a plan that are not a door's.
 *
 * @throws {UsageError} where one has no effect.
 */
export function readPlanOptions(
  args: PlanArgs,
  { backend }: { backend?: Backend | undefined } = {},
): PlanOptions {
  if (args.has("guard") && args.has("no-guard")) {
    throw new UsageError("choose one: --guard or --no-guard");
  }
  if (args.has("ban-prefix") && !args.has("ban")) {
    throw new UsageError("--ban-prefix has no effect without --ban");
  }
  return {
    openForMs: args.read("open-for", parseDuration),
    stageTimeoutMs: args.read("stage", parseDuration),
    guard: args.has("guard")
      ? true
      : args.has("no-guard") || backend?.supports.guard === false
      ? false
      : undefined,
    ban: args.has("ban"),
    banPrefix6: args.read("ban-prefix", (text) => parsePrefix(text, 48, 128)),
    prefix4: args.read("prefix4", (text) => parsePrefix(text, 16, 32)),
    prefix6: args.read("prefix6", (text) => parsePrefix(text, 48, 128)),
    families: readFamilies(args),
    interfaces: args.read("interface", parseInterfaces),
    trusted: args.read("trust", parseTrusted),
    publicServices: args.read("public", parseServices),
  };
}

function readFamilies(args: PlanArgs): PlanOptions["families"] {
  if (args.has("ipv4") === args.has("ipv6")) return args.has("ipv4") ? ["ipv4", "ipv6"] : undefined;
  return args.has("ipv4") ? ["ipv4"] : ["ipv6"];
}

function parsePrefix(text: string, least: number, most: number): number {
  const prefix = /^\/?(\d{2,3})$/.exec(text)?.[1];
  if (prefix !== undefined && Number(prefix) >= least && Number(prefix) <= most) {
    return Number(prefix);
  }
  throw new ValueError(text, `is not a prefix length: use a whole number from ${least} to ${most}`);
}

/**
 * Returns the name of a rule set: the rules that target names have, since it becomes part of the names of tables
 * and files.
 *
 * @throws {RangeError} with what is allowed.
 */
export function parseRuleSetName(text: string): string {
  try {
    return parseTargetName(text);
  } catch (cause) {
    if (!(cause instanceof ValueError)) throw cause;
    throw new ValueError(text, cause.problem.replace("name a target", "name a rule set"));
  }
}
