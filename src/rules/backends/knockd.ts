/**
 * knockd 0.8: a section for knockd.conf. It watches for regular knocks and runs commands; it compares
 * no payload, keeps no port closed, and has one timeout for the whole sequence.
 *
 * Rules:
 * - the guard is not supported: knockd ignores a packet to another port (measured). It blocks no source
 *   either, so that there is nothing to ban, to trust or to keep public;
 * - the sequence's timeout is the stage timeout for every gap: the same time in all, but not for each
 *   stage;
 * - forwarded ports are not supported: what knockd's commands accept depends on the order of the chains of
 *   Docker and of the user in FORWARD, which this file does not know;
 * - an empty `start_command_6` does nothing over IPv6; without it, IPv4's would run.
 */
import { quoteShell } from "../../core/text.ts";
import type { Door, Plan } from "../../plan/plan.ts";
import { isPorts, listDistinctServices, type Service } from "../../core/service.ts";
import { type Backend, NEEDED_ICMPV6, refuse, renderRange, renderTimedUndo } from "../backend.ts";
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
  showNat: "iptables -t nat -S; ip6tables -t nat -S",
  variants: [],
  supports: {
    secretKnocks: false,
    codes: false,
    guard: false,
    ranges: true,
    icmp: true,
    all: true,
    translated: false,
    routed: false,
    doors: true,
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
    maxKeys: Infinity,
    minPayload: 1,
    maxPayload: Infinity,
    printablePayload: false,
    wholeSeconds: true,
  },
  render({ plan }) {
    return [
      "",
      ...plan.interfaces.flatMap((name) => [
        "[options]",
        "    UseSyslog",
        renderEntry("Interface", name),
        "",
      ]),
      ...plan.doors.flatMap((door, index) => [
        ...(index === 0 ? [] : [""]),
        ...renderSection(door, plan),
        ...(door.closing.length === 0 ? [] : ["", ...renderClosingSection(door, plan)]),
      ]),
    ];
  },
  renderAdvice: ({ plan }) => [
    "knockd has one timeout for the whole sequence, ignores packets to other ports in between, and",
    "counts a duplicated packet as two: set copies = 1 for the target, so that each is sent once.",
    ...(plan.doors.some(({ closing }) => closing.length > 0)
      ? [
        "The end of an opening comes even if the closing knocks were before it: a door that was opened again",
        "in between closes then (measured). Knock once more.",
      ]
      : []),
    "",
    ...renderBesideKnockd(plan),
    ...renderSteps(plan),
  ],
};

const TABLES = { ipv4: "iptables", ipv6: "ip6tables" } as const;

function renderSteps({ doors, families }: Plan): string[] {
  const tables = families.map((family) => TABLES[family]);
  const flush = tables.map((table) => `${table} -F INPUT`).join("; ");
  const names = doors.map(({ name }) => name);
  return [
    "knockd does not close the ports. If nothing else drops them, run this first, with an automatic",
    "undo after a minute:",
    `  ${renderTimedUndo(flush)}  # only if INPUT was empty`,
    ...families.flatMap((family) => renderClosed(doors, family)),
    "When a new connection of yours works:",
    "  kill $undo",
    "",
    "Apply:    append this file to /etc/knockd.conf (which can have only one [options] section), and",
    "          run: systemctl restart knockd",
    `Undo:     remove the section${
      doors.length === 1 ? "" : "s"
    }, restart knockd, and delete the rules above with -D instead of -A`,
    "Persist:  systemctl enable knockd (Debian: START_KNOCKD=1 in /etc/default/knockd)",
    `Show the open sources: iptables -S INPUT | grep ${
      names.length === 1 ? `spknock:${names[0]}` : `-E 'spknock:(${names.join("|")})'`
    }`,
  ];
}

/** What the network itself needs where everything is closed: neighbour discovery and multicast listeners, DHCP. */
const NEEDED = {
  ipv4: ["-i lo", "-p igmp", "-p udp --sport 67 --dport 68"],
  ipv6: [
    "-i lo",
    ...NEEDED_ICMPV6.map((type) => `-p icmpv6 --icmpv6-type ${type}`),
    "-s fe80::/10 -p udp --sport 547 --dport 546",
  ],
} as const;

/** The commands that close the services to all. */
function renderClosed(doors: readonly Door[], family: keyof typeof TABLES): string[] {
  const services = listDistinctServices(doors.flatMap(({ opens }) => opens));
  const isWhole = services.some(({ protocol }) => protocol === "all");
  const rules = [
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ...(isWhole
      ? [...NEEDED[family].map((match) => `${match} -j ACCEPT`), "-j DROP"]
      : services.map((service) => `${renderMatch(service, family)}-j DROP`)),
  ];
  return rules.map((rule) => `  ${TABLES[family]} -A INPUT ${rule}`);
}

function renderSection(door: Door, { families }: Plan): string[] {
  const isDual = families.includes("ipv6");
  return [
    `[spknock_${door.name}]`,
    ...renderSequence(door.stages, door),
    renderEntry("Start_Command", renderCommand(door, "ipv4", "-I")),
    renderEntry("Start_Command_6", isDual ? renderCommand(door, "ipv6", "-I") : ""),
    renderEntry("Cmd_Timeout", String(door.openForMs / 1_000)),
    renderEntry("Stop_Command", renderCommand(door, "ipv4", "-D")),
    renderEntry("Stop_Command_6", isDual ? renderCommand(door, "ipv6", "-D") : ""),
  ];
}

/** Each opening added a rule: all of them go. The later `Stop_Command` of an opening finds none, or that of a new one. */
function renderClosingSection(door: Door, { families }: Plan): string[] {
  const isDual = families.includes("ipv6");
  return [
    `[spknock_${door.name}.close]`,
    ...renderSequence(door.closing, door),
    renderEntry("Command", renderRemoval(door, "ipv4")),
    renderEntry("Command_6", isDual ? renderRemoval(door, "ipv6") : ""),
  ];
}

function renderSequence(stages: Door["stages"], { stageTimeoutMs }: Door): string[] {
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

function renderRemoval(door: Door, family: keyof typeof TABLES): string {
  return listRules(door, family, "-D").map((rule) => `while ${rule} 2>/dev/null; do :; done`)
    .join("; ");
}

function renderCommand(door: Door, family: keyof typeof TABLES, verb: "-I" | "-D"): string {
  return listRules(door, family, verb).join("; ");
}

function listRules(
  { name, opens }: Door,
  family: keyof typeof TABLES,
  verb: "-I" | "-D",
): string[] {
  const comment = quoteShell(`spknock:${name}`);
  return listDistinctServices(opens).map((service) =>
    `${TABLES[family]} -w ${verb} INPUT -s %IP% ${renderMatch(service, family)}` +
    `-m comment --comment ${comment} -j ACCEPT`
  );
}

const ECHO = { ipv4: "-p icmp --icmp-type 8", ipv6: "-p icmpv6 --icmpv6-type 128" } as const;

/** The matchers of a service, with a space at their end; of "all" there is none. */
function renderMatch(service: Service, family: keyof typeof TABLES): string {
  if (isPorts(service)) {
    return `-p ${service.protocol} --dport ${renderRange(service, ":")} `;
  }
  return service.protocol === "all" ? "" : `${ECHO[family]} `;
}

function renderEntry(key: string, value: string): string {
  if (value.length > MAX_VALUE) {
    throw refuse(knockd.name, "so many ports to open", "open fewer ports");
  }
  return `    ${key.padEnd(15)} = ${quoteKnockd(value)}`.trimEnd();
}
