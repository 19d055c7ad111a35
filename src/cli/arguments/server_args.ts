/** How a server is reached over ssh, and how rules are loaded there: options of `apply` and `setup`. */
import { parseDuration, renderDuration } from "../../core/duration.ts";
import { ValueError } from "../../core/errors.ts";
import { splitWords } from "../../secret/split_words.ts";
import type { ApplyJob } from "../../use_cases/apply/job.ts";
import type { OptionNames, OptionSpec, ParsedArgs } from "../options.ts";

/** Milliseconds until the way back fires, unless an option says it. */
const ROLLBACK_MS = 60_000;
/** The least that a knock with three tries and a login can do with; the most that is of use. */
const ROLLBACK_LIMITS = { min: 15_000, max: 3_600_000 };

/** How the server is reached, and how the rules stay there. */
export const SERVER_OPTIONS = [
  { name: "ssh", value: "COMMAND", help: "how to log in: 'ssh -p 2222 -F file' (default: ssh)" },
  { name: "for", value: "BACKEND", help: "the firewall to write for (default: what runs there)" },
  { name: "variant", value: "ipset|recent", help: "of iptables (default: ipset)" },
  {
    name: "rollback",
    value: "DURATION",
    help: "time until the server restores its former rules by itself (default: 60s)",
  },
  { name: "no-persist", help: "keep the rules only until the next reboot" },
  { name: "yes", short: "y", help: "do not ask" },
] as const satisfies readonly OptionSpec[];

/** Reads them. */
export function readServerArgs(
  args: ParsedArgs<OptionNames<typeof SERVER_OPTIONS>>,
): Pick<ApplyJob, "ssh" | "backend" | "variant" | "rollbackMs" | "persists"> {
  return {
    ssh: args.read("ssh", parseSsh) ?? ["ssh"],
    backend: args.value("for"),
    variant: args.value("variant"),
    rollbackMs: args.read("rollback", parseRollback) ?? ROLLBACK_MS,
    persists: !args.has("no-persist"),
  };
}

function parseSsh(text: string): string[] {
  const words = splitWords(text);
  if (words.length > 0) return words;
  throw new ValueError(text, "is not a command: use 'ssh -p 2222'");
}

function parseRollback(text: string): number {
  const ms = parseDuration(text);
  const { min, max } = ROLLBACK_LIMITS;
  if (ms >= min && ms <= max) return Math.ceil(ms / 1_000) * 1_000;
  throw new ValueError(text, `is not from ${renderDuration(min)} to ${renderDuration(max)}`);
}
