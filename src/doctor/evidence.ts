/** The evidence of the doctor: facts about files, names, and what a door answers. */
import type { SpknockError } from "../core/errors.ts";
import type { HorizonState } from "../core/rolling.ts";
import type { Family } from "../core/target.ts";

/** What one SYN, or a race of them, gave. */
export interface SynEvidence {
  /** `unreachable` is an ICMP message, `failed` what this machine itself said. */
  answer: "answered" | "refused" | "unreachable" | "silent" | "failed";
  /** Milliseconds. */
  ms: number;
  /** The ICMP code, or the error, in words; "" where there is nothing to say. */
  detail: string;
}

/** What a SYN to a port of the sequence gave, before any knock. */
export interface KnockPortEvidence {
  port: number;
  /** Of its knocks; `tcp` where there are both. */
  protocol: "tcp" | "udp";
  before: SynEvidence;
}

/** The way to an address, as far as the programs of the system report it. */
export interface PathEvidence {
  route?: { device: string; gateway: string | undefined; source: string | undefined } | undefined;
  /** Why this machine has no route. */
  noRoute?: string | undefined;
  /** The next hop that does not answer when its hardware address is asked for. */
  missing?: string | undefined;
  /** An ICMP message about the echo. */
  report?: { by: string; text: string } | undefined;
  /** Why the kernel of this machine did not send the echo. */
  refusal?: string | undefined;
}

/** What one address of a host gave. */
export interface AddressEvidence {
  address: string;
  family: "ipv4" | "ipv6";
  /** Whether an echo came back; undefined where that could not be asked. */
  ping: boolean | undefined;
  path: PathEvidence;
  before: SynEvidence;
  /** Undefined where no knock was sent. */
  after: SynEvidence | undefined;
  /** After knocks whose TCP handshakes had time to end; undefined where that was not tried. */
  handshake: SynEvidence | undefined;
  /** Tries that were made; 0 where no knock was sent. */
  tries: number;
  /** Empty unless they are asked for. */
  knockPorts: readonly KnockPortEvidence[];
  /** Why the knocks could not be sent. */
  failure: SpknockError | undefined;
}

/** A file or another source of a secret, and what is wrong with it. */
export interface FileEvidence {
  /** What it is: `targets`, `folder`, `secret of home`. */
  role: string;
  /** Its path, or the name of the variable or the program. */
  path: string;
  /** What was found, for people. */
  found: string;
  /** Undefined where nothing is wrong. */
  problem?: { cause: string; fix: string; kind: "config" | "secret" } | undefined;
}

/** The pace of a target beside the firewall's patience; milliseconds. */
interface TimingEvidence {
  longestGapMs: number;
  /** Whether that is the delay of a knock of its own. */
  isOwnDelay?: boolean;
  stageTimeoutMs: number;
}

/** A name and its addresses. */
export interface NameEvidence {
  target: string;
  host: string;
  addresses: readonly string[];
  failure: SpknockError | undefined;
}

/** A file of one-time sequences. */
interface SequencesEvidence {
  file: string;
  /** How many are unspent; null where the file cannot be used. */
  left: number | null;
  /** Why not. */
  error?: string;
}

/** The evidence about one door. */
export interface DoorEvidence {
  target: string;
  /** The port that the door is about. */
  port: number;
  timing: TimingEvidence;
  /** Of the target; with `both` the first address of each family has to open. */
  family: Family;
  /**
   * In the resolver's order, but those that this machine or a router calls unreachable are last;
   * spknock takes the first.
   */
  addresses: readonly AddressEvidence[];
  /** Why no knock was sent; undefined where one was sent, or `--no-knock` was given. */
  noSecret: SpknockError | undefined;
  /** Milliseconds that the firewall keeps the door open. */
  openForMs: number;
  /** What opens the door, where its target shows that: knockd or fwknopd. */
  daemon?: "knockd" | "fwknopd" | undefined;
  /** knockd's one-time sequences, of which none is spent here. */
  sequences?: SequencesEvidence | undefined;
  /** Whether an open door was given the time to close, and then looked at again. */
  hasWaited: boolean;
}

/** What is known of a target's one-time codes, and until when the firewall has them. */
export interface CodesEvidence {
  target: string;
  windowMs: number;
  slots: number;
  state: HorizonState;
  /** How the horizon ends or ended, for people. */
  horizon: string;
}

/** A clock that was compared with that of this machine. */
interface OtherClock {
  /** Where the time comes from: `the Date of http://fw/`. */
  source: string;
  /** Milliseconds that it is ahead of the clock of this machine; less than 0 where it is behind. */
  aheadMs: number;
  /** Milliseconds by which that can be wrong. */
  errorMs: number;
}

/** What is known of the clocks on which one-time codes and the packets of fwknop depend. */
export interface ClockEvidence {
  /** Whether the network sets the clock of this machine; undefined where the system does not say. */
  isSynchronized: boolean | undefined;
  others: readonly OtherClock[];
  /** Why the clock of `--ssh` is not known. */
  failure?: string | undefined;
}

/** How the command was called: remedies repeat it. */
export interface Invocation {
  /** `linux`, `darwin`, `windows`. */
  os: string;
  /** Options of every command, such as `-c FILE`; quoted where necessary. */
  globals: readonly string[];
  /** Options of this command that remedies keep, such as `-6`. */
  options: readonly string[];
  /** Those of them that say where the secrets come from. */
  secretOptions: readonly string[];
}

/** All evidence. */
export interface Evidence {
  invocation: Invocation;
  files: readonly FileEvidence[];
  /** The system's clock, as ISO 8601. */
  time: string;
  names: readonly NameEvidence[];
  /** Of the targets with one-time codes. */
  codes?: readonly CodesEvidence[] | undefined;
  /** Undefined where nothing depends on them: neither one-time codes nor a door of fwknopd. */
  clocks?: ClockEvidence | undefined;
  /** Undefined where no target was named, or its name does not resolve. */
  door: DoorEvidence | undefined;
}
