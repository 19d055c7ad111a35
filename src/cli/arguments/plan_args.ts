/** What the options of `rules` say about a plan. */
import { parseDuration } from "../../core/duration.ts";
import { UsageError, ValueError } from "../../core/errors.ts";
import type { Target } from "../../core/target.ts";
import { listOpenPorts } from "../../probe/mod.ts";
import {
  type Backend,
  parseInterfaces,
  parsePorts,
  parseTrusted,
  type PlanOptions,
} from "../../rules/mod.ts";
import type { OptionNames, OptionSpec, ParsedArgs } from "../options.ts";

/** The options that shape a plan. */
export const PLAN_OPTIONS = [
  { name: "open", value: "PORTS", help: "what opens: 22/tcp,443/tcp (default: the target's)" },
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

/**
 * Reads the options of a plan; the ports to open are the target's where no option names them.
 *
 * @throws {UsageError} where there is nothing to open.
 */
export function readPlanOptions(
  args: ParsedArgs<OptionNames<typeof PLAN_OPTIONS>>,
  target: Target,
  { backend }: { backend?: Backend | undefined } = {},
): PlanOptions {
  const open = args.read("open", parsePorts) ?? listOpenPorts(target);
  if (open.length === 0) {
    throw new UsageError(
      `missing option --open: what should the knocks on "${target.name}" open?`,
      {
        hint:
          `name it, such as --open 22/tcp, or save it: spknock edit ${target.name} --opens 22/tcp`,
      },
    );
  }
  if (args.has("guard") && args.has("no-guard")) {
    throw new UsageError("choose one: --guard or --no-guard");
  }
  return {
    protectedPorts: open,
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
    families: args.has("ipv4") ? ["ipv4"] : args.has("ipv6") ? ["ipv6"] : undefined,
    interfaces: args.read("interface", parseInterfaces),
    trusted: args.read("trust", parseTrusted),
    publicPorts: args.read("public", parsePorts),
  };
}

function parsePrefix(text: string, least: number, most: number): number {
  const prefix = /^\/?(\d{2,3})$/.exec(text)?.[1];
  if (prefix !== undefined && Number(prefix) >= least && Number(prefix) <= most) {
    return Number(prefix);
  }
  throw new ValueError(text, `is not a prefix length: use a whole number from ${least} to ${most}`);
}
