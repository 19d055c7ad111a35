/** The commands as data: the help, the parser and the completions are made from this table. */
import { listImportFormats } from "../config/import_formats.ts";
import { joinWithin } from "../core/text.ts";
import { listProbeExamples } from "../probe/kinds.ts";
import { listSecretOptions } from "../secret/kinds.ts";
import type { Context } from "./context.ts";
import type { OptionSpec } from "./options.ts";

/** A command's file. */
export interface CommandModule {
  /** @returns the exit code. */
  run(context: Context): Promise<number>;
}

/** One command. */
export interface CommandSpec {
  name: string;
  /** One line. */
  summary: string;
  /** What follows `spknock`, one form a line. */
  usage: readonly string[];
  /** What the help says below the usage. */
  details?: string;
  options: readonly OptionSpec[];
  /** Whether `-- COMMAND [ARG...]` may follow. */
  takesCommand?: boolean;
  load(): Promise<CommandModule>;
}

const FAMILY: readonly OptionSpec[] = [
  { name: "ipv4", short: "4", help: "use IPv4 only" },
  { name: "ipv6", short: "6", help: "use IPv6 only" },
  { name: "source", short: "s", value: "ADDRESS", help: "send from this local address" },
];

const PROBES: readonly OptionSpec[] = [
  { name: "timeout", value: "DURATION", help: "how long one try's probes may take" },
  {
    name: "probe",
    value: "SPEC",
    many: true,
    help: `ask this: ${joinWithin(listProbeExamples(), 38)}`,
  },
];

const SECRETS: OptionSpec = {
  name: "secrets-from",
  value: "FILE|-",
  help: "passphrases, one line a secret knock, in order",
};

const MANY: readonly OptionSpec[] = [
  { name: "all", help: "every target" },
  { name: "tag", value: "TAG", many: true, help: "every target with this tag" },
  { name: "jobs", value: "N", help: "targets at a time (32)" },
];

const KNOCK: readonly OptionSpec[] = [
  { name: "delay", short: "d", value: "DURATION", help: "time between two knocks (50ms)" },
  { name: "udp", short: "u", help: "a port without a protocol is udp" },
  ...FAMILY,
  { name: "tries", value: "N", help: "knock again until the probes pass (3)" },
  ...PROBES,
  { name: "no-probe", help: "do not ask whether the door is open" },
  SECRETS,
  { name: "dry-run", short: "n", help: "show what would be sent, and send nothing" },
];

const SAVE: readonly OptionSpec[] = [
  { name: "description", value: "TEXT", mayBeEmpty: true, help: "what the target is" },
  { name: "tag", value: "TAG", many: true, help: "a tag, for knock --tag" },
  { name: "delay", short: "d", value: "DURATION", help: "time between two knocks" },
  { name: "udp", short: "u", help: "a port without a protocol is udp" },
  ...FAMILY,
  { name: "tries", value: "N", help: "knock again until the probes pass" },
  ...PROBES,
  { name: "secret", value: "SPEC", help: `of udp knocks: ${joinWithin(listSecretOptions(), 33)}` },
  { name: "copies", value: "N|auto", help: "how often each packet is sent; 1 for knockd" },
  { name: "open-for", value: "DURATION", help: "how long the firewall keeps the door open" },
  { name: "stage-timeout", value: "DURATION", help: "how long it waits for the next knock" },
];

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "knock",
    summary: "knock on targets, then check that the door is open",
    usage: [
      "knock TARGET...",
      "knock HOST PORT[/PROTO]...",
      "knock TARGET [OPTIONS] -- COMMAND [ARG...]",
    ],
    details: "A port is tcp unless it says udp (7000/udp or 7000:udp). Saved udp knocks carry\n" +
      "a secret unless they say otherwise; ad hoc ones carry nothing, or the lines of\n" +
      "--secrets-from.\n" +
      "With -- COMMAND the command runs when the door is open, with the terminal and\n" +
      "with SPKNOCK_ADDRESS and its kin in its environment, and its exit code is ours.",
    options: [...KNOCK, ...MANY],
    takesCommand: true,
    load: () => import("./commands/knock.ts"),
  },
  {
    name: "probe",
    summary: "only ask whether the door is open",
    usage: ["probe TARGET..."],
    details: "Waits 3 seconds for an answer, or --timeout.",
    options: [...FAMILY, ...PROBES, ...MANY],
    load: () => import("./commands/probe.ts"),
  },
  {
    name: "connect",
    summary: "knock, then carry stdin and stdout: for ssh's ProxyCommand",
    usage: ["connect TARGET [HOST] PORT"],
    details: "TARGET is a target's name or its host. An open port is not knocked on. HOST is\n" +
      "where the connection leads: the host of the target's connect table, or the\n" +
      "target's own. The connection is the probe: others are asked only with --probe.",
    options: [
      {
        name: "grace",
        value: "DURATION",
        help: "how long an open port may take to answer (150ms)",
      },
      ...KNOCK,
    ],
    load: () => import("./commands/connect.ts"),
  },
  {
    name: "ssh-config",
    summary: "print the Host block that makes ssh knock by itself",
    usage: ["ssh-config TARGET..."],
    options: [...MANY.filter(({ name }) => name !== "jobs")],
    load: () => import("./commands/ssh_config.ts"),
  },
  {
    name: "keep",
    summary: "knock, and hold the door open until Ctrl-C or the command's end",
    usage: ["keep TARGET [OPTIONS]", "keep TARGET [OPTIONS] -- COMMAND [ARG...]"],
    details: "Knocks again at 80 % of the target's open_for, and when a probe finds the door\n" +
      "shut. At the end come the knocks of the target's close table. With --json one\n" +
      "line an event.",
    options: [
      { name: "open-for", value: "DURATION", help: "how long the firewall keeps the door open" },
      ...KNOCK.filter(({ name }) => name !== "udp" && name !== "dry-run"),
    ],
    takesCommand: true,
    load: () => import("./commands/keep.ts"),
  },
  {
    name: "close",
    summary: "shut the door: the knocks of a target's close table",
    usage: ["close TARGET..."],
    options: [...KNOCK.filter(({ name }) => name !== "udp"), ...MANY],
    load: () => import("./commands/close.ts"),
  },
  {
    name: "list",
    summary: "show the saved targets",
    usage: ["list"],
    options: [{ name: "tag", value: "TAG", many: true, help: "only targets with this tag" }],
    load: () => import("./commands/list.ts"),
  },
  {
    name: "show",
    summary: "show one target with all its settings",
    usage: ["show TARGET"],
    options: [],
    load: () => import("./commands/show.ts"),
  },
  {
    name: "add",
    summary: "save a target; without arguments it asks",
    usage: ["add", "add NAME HOST PORT[/PROTO]..."],
    options: SAVE,
    load: () => import("./commands/add.ts"),
  },
  {
    name: "edit",
    summary: "change a target; without options it asks",
    usage: ["edit TARGET [OPTIONS]"],
    options: [
      { name: "host", value: "HOST", help: "a new host" },
      { name: "knock", value: "PORT[/PROTO]", many: true, help: "a new sequence, one knock each" },
      ...SAVE,
    ],
    load: () => import("./commands/edit.ts"),
  },
  {
    name: "rename",
    summary: "give a target another name",
    usage: ["rename TARGET NEW-NAME"],
    options: [],
    load: () => import("./commands/rename.ts"),
  },
  {
    name: "remove",
    summary: "remove targets",
    usage: ["remove TARGET..."],
    options: [{ name: "yes", short: "y", help: "do not ask" }],
    load: () => import("./commands/remove.ts"),
  },
  {
    name: "import",
    summary: "take targets over from another tool's file",
    usage: ["import FILE [--from FORMAT]"],
    details: "Every bad line is named and nothing is taken over, unless --keep-going takes\n" +
      "the good ones.",
    options: [
      { name: "from", value: "FORMAT", help: joinWithin(listImportFormats(), 55) },
      { name: "keep-going", short: "k", help: "take the good lines" },
      { name: "dry-run", short: "n", help: "show what would be saved" },
    ],
    load: () => import("./commands/import.ts"),
  },
  {
    name: "hash",
    summary: "passphrase in, SHA-256 hex out",
    usage: ["hash"],
    details: "Asks twice on a terminal, reads one line of standard input otherwise.",
    options: [],
    load: () => import("./commands/hash.ts"),
  },
  {
    name: "rules",
    summary: "write the complete firewall rules for a target",
    usage: ["rules", "rules TARGET --for BACKEND [OPTIONS]", "rules TARGET --prove"],
    details: "Without --for it asks, step by step. BACKEND is nftables, nftables-openwrt,\n" +
      "iptables, mikrotik or knockd. Typed passphrases are asked twice; only hashes\n" +
      "enter the rules.",
    options: [
      { name: "for", value: "BACKEND", help: "the firewall to write for" },
      { name: "variant", value: "NAME", help: "iptables: ipset (default) or recent" },
      {
        name: "open",
        value: "PORTS",
        help: "what opens: tcp/22,tcp/443 (the probed port)",
      },
      { name: "open-for", value: "DURATION", help: "how long (the target's open_for, 5m)" },
      { name: "stage", value: "DURATION", help: "time to the next knock (stage_timeout, 5s)" },
      { name: "interface", value: "NAME", help: "only packets that come in here (every one)" },
      { name: "trust", value: "NETWORKS", help: "never locked out: 192.168.0.0/24,2001:db8::/32" },
      { name: "public", value: "PORTS", help: "services that stay open to everyone" },
      { name: "ipv4", short: "4", help: "IPv4 only" },
      { name: "ipv6", short: "6", help: "IPv6 only" },
      { name: "guard", help: "a wrong port loses progress (on without secrets)" },
      { name: "no-guard", help: "no guard" },
      { name: "ban", help: "shut out for a while who makes many mistakes" },
      { name: "output", short: "o", value: "FILE", help: "save here, mode 0600 (standard output)" },
      { name: "force", short: "f", help: "write over the file" },
      { name: "prove", help: "attack the rules' model, and print what opens" },
      { name: "seed", value: "N", help: "of the random attacks (1)" },
      SECRETS,
    ],
    load: () => import("./commands/rules.ts"),
  },
  {
    name: "simulate",
    summary: "a door on loopback that behaves as the firewall would",
    usage: ["simulate TARGET"],
    details: "Listens on 127.0.0.1 at the target's knock ports until Ctrl-C, and opens a TCP\n" +
      "port there when the right sequence has come.",
    options: [
      { name: "open", value: "PORT", help: "the port to open (the probed one; below 1024: 2222)" },
      SECRETS,
    ],
    load: () => import("./commands/simulate.ts"),
  },
  {
    name: "demo",
    summary: "closed, knock, open: on loopback, with no configuration",
    usage: ["demo"],
    options: [],
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "doctor",
    summary: "what is wrong: files, names, routes, and what the door says",
    usage: ["doctor", "doctor TARGET"],
    details: "With a target: asks its ports before and after a knock, and ends in the most\n" +
      "likely cause.",
    options: [
      ...FAMILY,
      { name: "timeout", value: "DURATION", help: "how long one question may take (1s)" },
      SECRETS,
      { name: "no-knock", help: "only look" },
    ],
    load: () => import("./commands/doctor.ts"),
  },
];
