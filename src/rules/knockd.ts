/**
 * knockd 0.8: a section for knockd.conf. It watches for regular knocks and runs commands; it matches
 * no payload, keeps no port closed, and has one timeout for the whole sequence.
 *
 * Rules:
 * - what it cannot express is refused by name: secret payloads, the guard (a wrong port in between is
 *   ignored, as measured), the ban, trusted sources and public services (it shuts nobody out), and
 *   IPv6 without IPv4;
 * - the sequence's timeout is the stage timeout for every gap: as patient as the plan in all, not in
 *   each stage;
 * - an empty `start_command_6` does nothing over IPv6; without it IPv4's would run.
 */
import type { Plan } from "../core/plan.ts";
import {
  type Backend,
  commentLines,
  distinctPorts,
  headline,
  secondsOf,
  unsupported,
  variantOf,
  wayBack,
} from "./backend.ts";
import { valueKnockd } from "./quote/knockd.ts";
import { quoteShell } from "../core/quote_shell.ts";

/** The longest line that knockd reads, in bytes (`PATH_MAX`), with room for its key. */
const MAX_VALUE = 4_000;
/** The most knocks that knockd 0.8 keeps (`SEQ_MAX`). */
const MAX_KNOCKS = 32;

/** See the header. */
export const knockd: Backend = {
  name: "knockd",
  summary: "knockd 0.8, a daemon: a section for knockd.conf, regular knocks only",
  extension: "conf",
  canGuard: false,
  variants: [],
  render(plan, context) {
    variantOf(knockd, context);
    refuse(plan);
    return [
      ...commentLines([...headline("knockd 0.8", plan, context), ...adviceOf(plan)]),
      "",
      ...(plan.interface === undefined
        ? []
        : ["[options]", "    UseSyslog", entry("Interface", plan.interface), ""]),
      ...sectionOf(plan),
      "",
    ].join("\n");
  },
};

function refuse(plan: Plan): void {
  const secret = plan.stages.findIndex((stage) => stage.payload !== undefined);
  if (secret !== -1) {
    throw unsupported("knockd", `the payload of knock ${secret + 1}`, "use regular knocks");
  }
  if (plan.guard) throw unsupported("knockd", "the guard", "leave it out with --no-guard");
  if (plan.ban) throw unsupported("knockd", "the rate ban", "leave --ban out");
  if (plan.trusted.length > 0) {
    throw unsupported("knockd", "trusted sources", "let them in by your own rules");
  }
  if (plan.public.length > 0) {
    throw unsupported("knockd", "public services", "let them be public by your own rules");
  }
  if (!plan.families.includes("ipv4")) throw unsupported("knockd", "IPv6 without IPv4");
  if (plan.interface?.includes("*")) {
    throw unsupported("knockd", `the interface "${plan.interface}"`, "name one interface");
  }
  if (plan.stages.length > MAX_KNOCKS) {
    throw unsupported("knockd", `more than ${MAX_KNOCKS} knocks`);
  }
}

function sectionOf(plan: Plan): string[] {
  const stageSeconds = secondsOf("knockd", "stage timeout", plan.stageTimeoutMs);
  const sequence = plan.stages.map(({ port, protocol }) => `${port}:${protocol}`).join(",");
  const isDual = plan.families.includes("ipv6");
  return [
    `[spknock_${plan.name}]`,
    entry("Sequence", sequence),
    entry("Seq_Timeout", String(stageSeconds * Math.max(1, plan.stages.length - 1))),
    ...(plan.stages.some(({ protocol }) => protocol === "tcp")
      ? [entry("TCPFlags", "syn,!ack")]
      : []),
    entry("Start_Command", commandOf(plan, "iptables", "-I")),
    entry("Start_Command_6", isDual ? commandOf(plan, "ip6tables", "-I") : ""),
    entry("Cmd_Timeout", String(secondsOf("knockd", "open time", plan.openForMs))),
    entry("Stop_Command", commandOf(plan, "iptables", "-D")),
    entry("Stop_Command_6", isDual ? commandOf(plan, "ip6tables", "-D") : ""),
  ];
}

function commandOf(plan: Plan, table: string, verb: "-I" | "-D"): string {
  const comment = quoteShell(`spknock:${plan.name}`);
  return distinctPorts(plan.open).map(({ port, protocol }) =>
    `${table} -w ${verb} INPUT -s %IP% -p ${protocol} --dport ${port} ` +
    `-m comment --comment ${comment} -j ACCEPT`
  ).join("; ");
}

function entry(key: string, value: string): string {
  if (value.length > MAX_VALUE) throw unsupported("knockd", `so many ports to open`);
  return `    ${key.padEnd(15)} = ${valueKnockd(value)}`.trimEnd();
}

function adviceOf(plan: Plan): string[] {
  const tables = plan.families.map((family) => family === "ipv4" ? "iptables" : "ip6tables");
  const flush = tables.map((table) => `${table} -F INPUT`).join("; ");
  const close = tables.flatMap((table) => [
    `  ${table} -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ...distinctPorts(plan.open).map(({ port, protocol }) =>
      `  ${table} -A INPUT -p ${protocol} --dport ${port} -j DROP`
    ),
  ]);
  return [
    "knockd has one timeout for the whole sequence, ignores wrong ports in between, and counts a packet",
    "that comes twice as two: have the target send each packet once (copies = 1).",
    "",
    "It keeps nothing closed by itself. With nothing else that drops the ports, first, with a way back:",
    `  ${wayBack(flush)}  # only where INPUT was empty`,
    ...close,
    "Then, when a new connection of yours gets through:",
    "  kill $undo",
    "",
    "Apply:    append this to /etc/knockd.conf (one [options] section in all), then",
    "          systemctl restart knockd",
    "Undo:     take it out again, restart, and take the rules above out with -D instead of -A",
    "Persist:  systemctl enable knockd (Debian: START_KNOCKD=1 in /etc/default/knockd)",
    `Who is in: iptables -S INPUT | grep spknock:${plan.name}`,
  ];
}
