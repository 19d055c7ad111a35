/** The evidence of the doctor: facts about files, names, and what a door answers. */
import type { SpknockError } from "../core/errors.ts";

/** What one SYN, or a race of them, gave. */
export interface SynEvidence {
  /** `unreachable` is an ICMP message, `failed` what this machine itself said. */
  answer: "answered" | "refused" | "unreachable" | "silent" | "failed";
  /** Milliseconds. */
  ms: number;
  /** The ICMP code, or the error, in words; "" where there is nothing to say. */
  detail: string;
}

/** A port of the sequence. */
export interface KnockPortEvidence {
  port: number;
  before: SynEvidence;
  /** Undefined where no knock was sent. */
  after: SynEvidence | undefined;
}

/** What one address of a host gave. */
export interface AddressEvidence {
  address: string;
  family: "ipv4" | "ipv6";
  /** Whether an echo came back; undefined where that could not be asked. */
  ping: boolean | undefined;
  before: SynEvidence;
  /** Undefined where no knock was sent. */
  after: SynEvidence | undefined;
  /** Tries that were made; 0 where no knock was sent. */
  tries: number;
  knockPorts: readonly KnockPortEvidence[];
  /** Why the knocks could not be sent. */
  failure: SpknockError | undefined;
}

/** A file, and what is wrong with it. */
export interface FileEvidence {
  /** What it is: `targets`, `folder`, `secret of home`. */
  role: string;
  path: string;
  /** What was found, for people. */
  found: string;
  /** Undefined where nothing is wrong. */
  problem?: { cause: string; fix: string; kind: "config" | "secret" } | undefined;
}

/** The pace of a target beside the firewall's patience; milliseconds. */
interface TimingEvidence {
  longestGapMs: number;
  stageTimeoutMs: number;
}

/** A name and its addresses. */
export interface NameEvidence {
  host: string;
  addresses: readonly string[];
  failure: SpknockError | undefined;
}

/** The evidence about one door. */
export interface DoorEvidence {
  target: string;
  /** The port that the door is about. */
  port: number;
  timing: TimingEvidence;
  /** In the resolver's order; spknock takes the first. */
  addresses: readonly AddressEvidence[];
  /** Why no knock was sent; undefined where one was sent, or `--no-knock` was given. */
  noSecret: SpknockError | undefined;
}

/** All evidence. */
export interface Evidence {
  files: readonly FileEvidence[];
  /** The system's clock, as ISO 8601. */
  time: string;
  names: readonly NameEvidence[];
  /** Undefined where no target was named, or its name does not resolve. */
  door: DoorEvidence | undefined;
}
