/** What a probe is: a question that tells whether the door is open. */
import type { Clock } from "../core/clock.ts";
import type { ProbeOf, ProbeSpec } from "../core/target.ts";
import type { TcpConnection } from "../net/connection.ts";
import type { UdpQuestion } from "../net/udp.ts";
import type { RoundTrip } from "../net/wait_for_port.ts";

/** The answer of a probe. */
export interface ProbeResult {
  /** The probe for people: `tcp 22`. */
  label: string;
  /** `closed` is silence, `refused` a refusal, `error` anything that a knock cannot mend. */
  status: "open" | "closed" | "refused" | "error";
  /** Milliseconds from the question to the answer. */
  ms: number;
  /** What was seen, from outside: to be escaped before it is shown. */
  detail: string;
  /** Whether no packet gets there; silence does not say so. */
  isUnreachable?: boolean | undefined;
  /** Of a ping: the address that reported so, or `THIS_MACHINE`. */
  reportedBy?: string | undefined;
}

/** A program's end. */
export interface ProgramResult {
  /** Exit code; undefined when it was killed at the deadline. */
  code: number | undefined;
  /** The last MiB of it. */
  stdout: string;
  /** What `stdout` was, byte for byte; with `asBytes`. */
  bytes?: Uint8Array | undefined;
  stderr: string;
  /** Whether it was killed because it printed more than a MiB (`isShort`). */
  isTooLong?: boolean;
}

/** Runs a program to its end; rejects with a system error when it cannot be started. */
export type RunProgram = (
  command: readonly string[],
  options: {
    env?: Record<string, string>;
    /** Its standard input; in pieces where it is long. */
    stdin?: Iterable<string>;
    timeoutMs: number;
    signal?: AbortSignal | undefined;
    /** The program may ask the user: stderr is ours, and stdin where it is a terminal. */
    interactive?: boolean;
    /** Its output is short: it is killed when it prints more than a MiB. */
    isShort?: boolean;
    asBytes?: boolean;
  },
) => Promise<ProgramResult>;

/** What a probe asks about, and with. */
export interface ProbeContext {
  target: string;
  host: string;
  /** The pinned address. */
  address: string;
  family: "ipv4" | "ipv6";
  source?: string | undefined;
  /** 1-based try. */
  attempt: number;
  /** Milliseconds for the whole probe. */
  timeoutMs: number;
  /** Milliseconds of silence that are waited for; at most `timeoutMs`. */
  silenceTimeoutMs: number;
  signal: AbortSignal;
  clock: Clock;
  /** What the answers of the address have told; kept from one try to the next. */
  roundTrip?: RoundTrip | undefined;
  openTcp(
    place: { address: string; port: number; source?: string | undefined },
    signal?: AbortSignal,
  ): Promise<TcpConnection>;
  askUdp(question: UdpQuestion): Promise<Uint8Array | undefined>;
  runProgram: RunProgram;
  os: string;
}

/** What a probe found; the label is made from the table. */
export type ProbeAnswer = Omit<ProbeResult, "label">;

/**
 * Asks one question. What it throws becomes a result with status `error`, unless the context's signal
 * was aborted.
 */
export type Probe<T extends ProbeSpec["type"] = ProbeSpec["type"]> = (
  spec: ProbeOf<T>,
  context: ProbeContext,
) => Promise<ProbeAnswer>;
