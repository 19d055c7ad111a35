/**
 * What the program needs of the world. `main.ts` builds the real one; tests bring fakes.
 */
import type { Clock } from "../core/clock.ts";
import type { FileSystem } from "../config/mod.ts";
import type { KnockNet } from "../knock/send.ts";
import type { Lookup } from "../net/resolve.ts";
import type { NearEnd } from "../net/relay.ts";
import type { TcpConnection, TcpPlace } from "../net/tcp.ts";
import type { Sink } from "../output/output.ts";
import type { UdpQuestion } from "../net/udp.ts";
import type { RunProgram } from "../probe/mod.ts";
import type { Terminal } from "../prompt/mod.ts";
import type { HandOver } from "../system/hand_over.ts";

/** Sockets and names. */
export interface NetPorts extends KnockNet {
  /** The system's resolver; the default of `resolveHost` where undefined. */
  lookup?: Lookup;
  openTcp(place: TcpPlace, signal?: AbortSignal): Promise<TcpConnection>;
  askUdp(question: UdpQuestion): Promise<Uint8Array | undefined>;
}

/** The world. */
export interface Ports {
  stdout: Sink;
  stderr: Sink;
  stdin: {
    isTerminal(): boolean;
    readAll(): Promise<Uint8Array>;
  };
  /** Standard input and output as bytes, for a relay. */
  data: NearEnd;
  /** The terminal to ask on, even when stdin and stdout carry data; undefined where there is none. */
  openTerminal(): Promise<Terminal | undefined>;
  env(name: string): string | undefined;
  /** Takes a variable out of the environment that programs are started with; `env` still has it. */
  hideEnv(name: string): void;
  os: string;
  cwd(): string;
  clock: Clock;
  net: NetPorts;
  fs: FileSystem;
  /** Permission bits of a file; undefined on Windows. */
  fileMode(path: string): Promise<number | undefined>;
  runProgram: RunProgram;
  /** Runs a program with our terminal until it ends. */
  handOver: HandOver;
  /** Gives permissions up for the rest of the run. */
  dropPermissions(names: readonly ("run" | "write")[]): void;
  /** Aborts with a CancelledError on Ctrl-C. */
  signal: AbortSignal;
}
