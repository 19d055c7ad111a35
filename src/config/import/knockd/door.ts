/** One section of knockd.conf: the knocks, the times, and what its commands do. */
import { type Family, parseHost } from "../../../core/target.ts";
import { parseSequence, type SequencePort } from "../../../core/knockd/sequence.ts";
import { ValueError } from "../../../core/errors.ts";
import { readCommands, type RuleChange } from "./firewall_commands.ts";
import type { Entry, Section } from "./file.ts";

/** Seconds that knockd takes where the key is missing. */
const DEFAULT_SECONDS = { seq_timeout: 25, cmd_timeout: 10 } as const;
/** 24 days: the longest time that a target can have. */
const MAX_SECONDS = 2_147_483;

/** A door as knockd.conf has it. */
export interface Door {
  section: Section;
  /** Empty with `oneTime`. */
  knocks: readonly SequencePort[];
  /** The file of its one-time sequences. */
  oneTime: string | undefined;
  /** The address that its packets have to go to. */
  target: string | undefined;
  /** What the commands after the sequence do. */
  changes: readonly RuleChange[];
  /** Commands after the sequence that do something else. */
  others: number;
  /** Undefined where it can be either. */
  family: Family | undefined;
  /** For the whole sequence. */
  seqTimeoutMs: number;
  /** Undefined where nothing closes the door by itself. */
  openForMs: number | undefined;
}

/** Where problems and remarks go, with their line. */
export interface Report {
  fail(line: number, message: string): void;
  remark(line: number, message: string): void;
}

/** Reads a section; undefined where it is wrong. */
export function readDoor(section: Section, report: Report): Door | undefined {
  const { entries } = section;
  let isGood = true;
  const guard = {
    ...report,
    fail(line: number, message: string) {
      isGood = false;
      report.fail(line, message);
    },
  };
  const knocks = readSequence(section, guard);
  if (knocks.length === 0 || knocks.some(({ protocol }) => protocol === "tcp")) {
    checkFlags(entries.tcpflags, guard);
  }
  const seqTimeoutMs = readSeconds("seq_timeout", section, guard);
  const hasEnd = [entries.stop_command, entries.stop_command_6].some((entry) => entry?.value);
  const openForMs = hasEnd ? readSeconds("cmd_timeout", section, guard) : undefined;
  const target = readTarget(entries.target, guard);
  const [ipv4, ipv6] = [entries.start_command, entries.start_command_6].map((entry) =>
    readCommands(entry?.value ?? "")
  );
  if (!isGood || ipv4 === undefined || ipv6 === undefined) return undefined;
  return {
    section,
    knocks,
    oneTime: entries.one_time_sequences?.value,
    target,
    changes: [...ipv4.changes, ...ipv6.changes],
    others: ipv4.others + ipv6.others,
    family: findFamily(section, ipv4.changes),
    seqTimeoutMs,
    openForMs,
  };
}

function readSequence({ line, entries }: Section, { fail }: Report): SequencePort[] {
  const { sequence, one_time_sequences: oneTime } = entries;
  if (sequence !== undefined && oneTime !== undefined) {
    fail(oneTime.line, "the section has Sequence and One_Time_Sequences: use one of them");
  } else if (oneTime !== undefined) {
    if (oneTime.value === "") fail(oneTime.line, "One_Time_Sequences names no file");
  } else if (sequence === undefined) {
    fail(line, "the section has no Sequence: use Sequence = 7000,8000:udp");
  }
  if (sequence === undefined) return [];
  try {
    return parseSequence(sequence.value);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    fail(sequence.line, `the value ${error.problem}`);
    return [];
  }
}

const FLAGS: readonly string[] = ["fin", "syn", "rst", "psh", "ack", "urg"];

/** A knock is a bare SYN: of the flags it has SYN, and no other. */
function checkFlags(entry: Entry | undefined, { fail }: Report): void {
  if (entry === undefined) return;
  const flags = entry.value.toLowerCase().split(",");
  if (flags.some((flag) => !FLAGS.includes(flag.replace(/^!/, "")))) {
    fail(
      entry.line,
      `TCPFlags has an unknown flag: knockd knows ${FLAGS.join(", ")}, without blanks`,
    );
    return;
  }
  // Of a flag that is there twice the last one counts.
  const last = new Map(flags.map((flag) => [flag.replace(/^!/, ""), !flag.startsWith("!")]));
  const wrong = [...last].filter(([flag, isSet]) => isSet !== (flag === "syn"))
    .filter(([flag, isSet]) => flag === "syn" || isSet);
  if (wrong.length === 0) return;
  fail(
    entry.line,
    "TCPFlags needs packets that spknock does not send: its tcp knocks are bare SYNs (TCPFlags = syn)",
  );
}

function readSeconds(
  key: keyof typeof DEFAULT_SECONDS,
  { entries }: Section,
  { fail, remark }: Report,
): number {
  const entry = entries[key];
  if (entry === undefined) return DEFAULT_SECONDS[key] * 1_000;
  const digits = /^\+?(\d+)/.exec(entry.value);
  const seconds = Number(digits?.[1] ?? NaN);
  if (!(seconds >= 1 && seconds <= MAX_SECONDS)) {
    fail(entry.line, `${key} is not a time: use whole seconds, from 1 to ${MAX_SECONDS}`);
    return NaN;
  }
  if (digits?.[0] !== entry.value) {
    remark(entry.line, `${key} reads as ${seconds} seconds, as in knockd`);
  }
  return seconds * 1_000;
}

function readTarget(entry: Entry | undefined, { fail }: Report): string | undefined {
  if (entry === undefined) return undefined;
  try {
    return parseHost(entry.value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fail(entry.line, "Target is not an address");
    return undefined;
  }
}

/** Where the command of IPv4 runs for IPv6 as well, and is for IPv4 only, the door is. */
function findFamily(
  { entries: { start_command: ipv4, start_command_6: ipv6 } }: Section,
  changes: readonly RuleChange[],
): Family | undefined {
  if (ipv6?.value) return ipv4?.value ? undefined : "ipv6";
  if (ipv6 !== undefined) return ipv4?.value ? "ipv4" : undefined;
  const families = new Set(changes.map(({ family }) => family));
  const [only] = families;
  return families.size === 1 ? only : undefined;
}

/** Says what is left out of a door that became a target. */
export function makeRemarks(
  { section, target, changes, others, oneTime }: Door,
  { isPaired }: { isPaired: boolean },
  { remark }: Report,
): void {
  const { line, entries } = section;
  const command = entries.start_command ?? entries.start_command_6;
  const at = command?.line ?? line;
  const opening = changes.filter(({ isOpening }) => isOpening);
  if (command === undefined || command.value === "") {
    remark(at, "it has no command, so it opens nothing");
  } else if (changes.length === 0) {
    remark(at, "its command is none of a known firewall: opens and close are left out");
  } else if (opening.length === 0) {
    remark(at, "it deletes rules that no other section adds: it is a target of its own");
  } else {
    if (opening.some(({ services }) => services === undefined)) {
      remark(at, "not all that its command opens can be read: complete opens");
    }
    if (others > 0) remark(at, "its command does something else besides: that is left out");
  }
  if (target !== undefined) {
    remark(entries.target?.line ?? line, "its packets have to go to the address of Target");
  }
  if (oneTime !== undefined) {
    const file = entries.one_time_sequences?.line ?? line;
    remark(file, "one_time names the file of the server: copy it to this machine, with mode 0600");
  }
  const hasOnlyCommand = isPaired || opening.length === 0 || entries.stop_command?.value ||
    entries.stop_command_6?.value;
  if (!hasOnlyCommand) remark(at, "nothing closes it again: each knock adds a rule that stays");
}
