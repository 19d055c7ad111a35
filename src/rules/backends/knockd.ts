/**
 * knockd 0.8: a section for knockd.conf. It watches for regular knocks and runs commands; it compares
 * no payload, keeps no port closed, and has one timeout for the whole sequence.
 *
 * Rules:
 * - the guard is not supported: knockd ignores a packet to another port (measured). It blocks no source
 *   either, so that there is nothing to ban, to trust or to keep public;
 * - the sequence's timeout is the stage timeout for every gap: the same time in all, but not for each
 *   stage;
 * - an empty `start_command_6` does nothing over IPv6; without it, IPv4's would run.
 */
import { quoteShell } from "../../core/text.ts";
import { listDistinctPorts } from "../../core/plan.ts";
import { type Backend, type FlatPlan, flatten, refuse, renderTimedUndo } from "../backend.ts";
import { renderBesideKnockd } from "./other_firewalls.ts";
import { quoteKnockd } from "./quote/knockd.ts";

/** The longest line that knockd reads, in bytes (`PATH_MAX`), less the key. */
const MAX_VALUE = 4_000;

/** See the comment at the top. */
export const knockd: Backend = {
  name: "knockd",
  title: "knockd 0.8",
  summary: "knockd 0.8, a daemon: a section for knockd.conf, regular knocks only",
  extension: "conf",
  variants: [],
  supports: {
    secretKnocks: false,
    guard: false,
    ranges: false,
    icmp: false,
    all: false,
    translated: false,
    routed: false,
    doors: false,
    ban: false,
    banIpv6: false,
    prefix: false,
    trusted: false,
    publicServices: false,
    closing: true,
    ipv6: true,
    onlyIpv6: false,
    interface: true,
    interfaces: false,
    interfaceWildcard: false,
    interfaceList: false,
  },
  limits: {
    // `SEQ_MAX`
    maxKnocks: 32,
    minPayload: 1,
    maxPayload: Infinity,
    printablePayload: false,
    wholeSeconds: true,
  },
  render(request) {
    const plan = flatten(request.plan);
    return [
      "",
      ...plan.interfaces.flatMap((name) => [
        "[options]",
        "    UseSyslog",
        renderEntry("Interface", name),
        "",
      ]),
      ...renderSection(plan),
      ...(plan.closing.length === 0 ? [] : ["", ...renderClosingSection(plan)]),
    ];
  },
  renderAdvice(request) {
    const plan = flatten(request.plan);
    const tables = plan.families.map((family) => family === "ipv4" ? "iptables" : "ip6tables");
    const flush = tables.map((table) => `${table} -F INPUT`).join("; ");
    const close = tables.flatMap((table) => [
      `  ${table} -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
      ...listDistinctPorts(plan.protectedPorts).map(({ port, protocol }) =>
        `  ${table} -A INPUT -p ${protocol} --dport ${port} -j DROP`
      ),
    ]);
    return [
      "knockd has one timeout for the whole sequence, ignores packets to other ports in between, and",
      "counts a duplicated packet as two: set copies = 1 for the target, so that each is sent once.",
      "",
      ...renderBesideKnockd(request.plan),
      "knockd does not close the ports. If nothing else drops them, run this first, with an automatic",
      "undo after a minute:",
      `  ${renderTimedUndo(flush)}  # only if INPUT was empty`,
      ...close,
      "When a new connection of yours works:",
      "  kill $undo",
      "",
      "Apply:    append this file to /etc/knockd.conf (which can have only one [options] section), and",
      "          run: systemctl restart knockd",
      "Undo:     remove the section, restart knockd, and delete the rules above with -D instead of -A",
      "Persist:  systemctl enable knockd (Debian: START_KNOCKD=1 in /etc/default/knockd)",
      `Show the open sources: iptables -S INPUT | grep spknock:${plan.name}`,
    ];
  },
};

function renderSection(plan: FlatPlan): string[] {
  const isDual = plan.families.includes("ipv6");
  return [
    `[spknock_${plan.name}]`,
    ...renderSequence(plan.stages, plan),
    renderEntry("Start_Command", renderCommand(plan, "iptables", "-I")),
    renderEntry("Start_Command_6", isDual ? renderCommand(plan, "ip6tables", "-I") : ""),
    renderEntry("Cmd_Timeout", String(plan.openForMs / 1_000)),
    renderEntry("Stop_Command", renderCommand(plan, "iptables", "-D")),
    renderEntry("Stop_Command_6", isDual ? renderCommand(plan, "ip6tables", "-D") : ""),
  ];
}

/** Each opening added a rule: all of them go. The later `Stop_Command` of an opening finds none. */
function renderClosingSection(plan: FlatPlan): string[] {
  const isDual = plan.families.includes("ipv6");
  return [
    `[spknock_${plan.name}.close]`,
    ...renderSequence(plan.closing, plan),
    renderEntry("Command", renderRemoval(plan, "iptables")),
    renderEntry("Command_6", isDual ? renderRemoval(plan, "ip6tables") : ""),
  ];
}

function renderSequence(stages: FlatPlan["stages"], { stageTimeoutMs }: FlatPlan): string[] {
  const sequence = stages.map(({ port, protocol }) => `${port}:${protocol}`).join(",");
  const timeoutMs = stageTimeoutMs * Math.max(1, stages.length - 1);
  return [
    renderEntry("Sequence", sequence),
    renderEntry("Seq_Timeout", String(timeoutMs / 1_000)),
    ...(stages.some(({ protocol }) => protocol === "tcp")
      ? [renderEntry("TCPFlags", "syn,!ack")]
      : []),
  ];
}

function renderRemoval(plan: FlatPlan, table: string): string {
  return listRules(plan, table, "-D").map((rule) => `while ${rule} 2>/dev/null; do :; done`)
    .join("; ");
}

function renderCommand(plan: FlatPlan, table: string, verb: "-I" | "-D"): string {
  return listRules(plan, table, verb).join("; ");
}

function listRules(plan: FlatPlan, table: string, verb: "-I" | "-D"): string[] {
  const comment = quoteShell(`spknock:${plan.name}`);
  return listDistinctPorts(plan.protectedPorts).map(({ port, protocol }) =>
    `${table} -w ${verb} INPUT -s %IP% -p ${protocol} --dport ${port} ` +
    `-m comment --comment ${comment} -j ACCEPT`
  );
}

function renderEntry(key: string, value: string): string {
  if (value.length > MAX_VALUE) {
    throw refuse(knockd.name, "so many ports to open", "open fewer ports");
  }
  return `    ${key.padEnd(15)} = ${quoteKnockd(value)}`.trimEnd();
}
