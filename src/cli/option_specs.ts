/** Options that several commands share. */
import { joinWithin } from "../core/text.ts";
import { listProbeExamples } from "../probe/kinds.ts";
import { listSecretOptions } from "../secret/kinds.ts";
import type { OptionSpec } from "./options.ts";

/** Which address family, and from which local address. */
export const FAMILY_OPTIONS = [
  { name: "ipv4", short: "4", help: "use IPv4 only" },
  { name: "ipv6", short: "6", help: "use IPv6 only" },
  { name: "source", short: "s", value: "ADDRESS", help: "send from this address or interface" },
] as const satisfies readonly OptionSpec[];

/** What to probe, and for how long. */
export const PROBE_OPTIONS = [
  { name: "timeout", value: "DURATION", help: "time limit for the probes of one try" },
  {
    name: "probe",
    value: "PROBE",
    many: true,
    help: `probe: ${joinWithin(listProbeExamples(), 41)}`,
  },
] as const satisfies readonly OptionSpec[];

/** Which of the saved targets. */
const TAG_OPTION = {
  name: "tag",
  value: "TAG",
  many: true,
  help: "every target with this tag, or one of: a,b",
} as const satisfies OptionSpec;

/** Which targets. */
export const SELECTION_OPTIONS = [
  { name: "all", help: "every target" },
  TAG_OPTION,
] as const satisfies readonly OptionSpec[];

/** How many targets at a time. */
export const JOBS_OPTION = {
  name: "jobs",
  value: "N",
  help: "targets at a time (default: as many as wait)",
} as const satisfies OptionSpec;

/** Where passphrases come from instead of the configured sources. */
const SECRETS_OPTION = {
  name: "secrets-from",
  value: "FILE|-",
  help: "passphrases, one line a secret knock, in order",
} as const satisfies OptionSpec;

/** What says that a passphrase is empty on purpose. */
export const ALLOW_EMPTY_OPTION = {
  name: "allow-empty",
  help: "take an empty passphrase",
} as const satisfies OptionSpec;

/** Everything about passphrases. */
export const SECRET_OPTIONS = [
  SECRETS_OPTION,
  ALLOW_EMPTY_OPTION,
] as const satisfies readonly OptionSpec[];

/** What the help says about lists of ports. */
export const LIST_DETAILS =
  "A port is tcp unless it says udp itself: 7000,8000/udp is 7000/tcp and\n" +
  "8000/udp; both are udp as 7000/udp,8000/udp, or with -u as 7000,8000.";

/** A port without a protocol. */
export const UDP_OPTION = {
  name: "udp",
  short: "u",
  help: "a port without a protocol is udp: -u 7000,8000",
} as const satisfies OptionSpec;

/** Show instead of send. */
export const DRY_RUN_OPTION = {
  name: "dry-run",
  short: "n",
  help: "show what would be sent, and send nothing",
} as const satisfies OptionSpec;

const DELAY_OPTION = {
  name: "delay",
  short: "d",
  value: "DURATION|auto",
  help: "time between two knocks",
} as const satisfies OptionSpec;

const TRIES_OPTION = {
  name: "tries",
  value: "N",
  help: "knock again until the probes pass",
} as const satisfies OptionSpec;

const HANDSHAKE_OPTION = {
  name: "handshake",
  value: "DURATION",
  help: "let a tcp knock's handshake end, at most so long",
} as const satisfies OptionSpec;

/** The pace of the knocks. */
export const PACE_OPTIONS = [
  DELAY_OPTION,
  HANDSHAKE_OPTION,
  TRIES_OPTION,
] as const satisfies readonly OptionSpec[];

/** Everything that changes how a sequence is sent and probed. */
export const KNOCK_OPTIONS = [
  { ...DELAY_OPTION, help: `${DELAY_OPTION.help} (default: the target's, or auto)` },
  HANDSHAKE_OPTION,
  { ...TRIES_OPTION, help: `${TRIES_OPTION.help} (default: the target's, or 3)` },
  ...FAMILY_OPTIONS,
  ...PROBE_OPTIONS,
  { name: "no-probe", help: "do not probe whether the door is open" },
  ...SECRET_OPTIONS,
] as const satisfies readonly OptionSpec[];

const [IPV4_OPTION, IPV6_OPTION, SOURCE_OPTION] = FAMILY_OPTIONS;

/** Everything that `add` and `edit` save; "" takes away what is there. What is left out stays as it is. */
export const SAVE_OPTIONS = [
  { name: "description", value: "TEXT", mayBeEmpty: true, help: "what the target is" },
  {
    name: "tag",
    value: "TAG",
    many: true,
    mayBeEmpty: true,
    help: "tags, for knock --tag: family,work",
  },
  ...PACE_OPTIONS,
  UDP_OPTION,
  IPV4_OPTION,
  IPV6_OPTION,
  { ...SOURCE_OPTION, mayBeEmpty: true },
  ...PROBE_OPTIONS,
  {
    name: "secret",
    value: "SOURCE",
    help: `of udp knocks: ${joinWithin(listSecretOptions(), 33)}`,
  },
  {
    name: "opens",
    value: "PORTS",
    help: "what the door opens: 22/tcp,5000-5010/udp,icmp,all, or none",
  },
  {
    name: "admin",
    value: "[USER@]HOST",
    mayBeEmpty: true,
    help: "where ssh logs in to its firewall, for apply",
  },
  { name: "copies", value: "N|auto", help: "how often each packet is sent; 1 for knockd" },
  { name: "open-for", value: "DURATION", help: "how long the firewall keeps the door open" },
  {
    name: "stage-timeout",
    value: "DURATION",
    help: "how long the firewall waits for the next knock",
  },
] as const satisfies readonly OptionSpec[];
