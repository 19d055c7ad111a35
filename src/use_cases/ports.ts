/** What the use cases need of the world. `main.ts` builds the real ports; tests bring fakes. */
import type { FileSystem } from "../config/mod.ts";
import type { Clock } from "../core/clock.ts";
import type { KnockNet } from "../knock/send.ts";
import type { Lookup } from "../net/resolve.ts";
import type { Endpoint, TcpConnection } from "../net/connection.ts";
import type { InterfaceAddress } from "../net/source.ts";
import type { UdpQuestion } from "../net/udp.ts";
import type { RunProgram } from "../probe/mod.ts";
import type { StartProgram } from "../ssh/ports.ts";

/** What the process can give up. */
export const PERMISSIONS = ["write", "run"] as const;

/** One of {@linkcode PERMISSIONS}. */
export type Permission = typeof PERMISSIONS[number];

/** Sockets and names. */
interface NetPorts extends KnockNet {
  /** The system's resolver; the default of `resolveHost` where undefined. */
  lookup?: Lookup;
  openTcp(place: Endpoint, signal?: AbortSignal): Promise<TcpConnection>;
  /** The addresses of this machine; undefined where sources are not checked beforehand. */
  listInterfaces?(): InterfaceAddress[];
  /** Returns what a URL answers with. */
  fetchText?(url: string, signal: AbortSignal): Promise<string>;
  askUdp(question: UdpQuestion): Promise<Uint8Array | undefined>;
  /** Calls back when the system had no room for a socket; returns what ends that. */
  watchRoom?(onScarce: () => void): () => void;
}

/** The ports of the use cases. */
export interface Ports {
  stdin: {
    isTerminal(): boolean;
    readAll(): Promise<Uint8Array>;
  };
  env(name: string): string | undefined;
  /** Takes a variable out of the environment that programs are started with; `env` still has it. */
  hideEnv(name: string): void;
  os: string;
  clock: Clock;
  net: NetPorts;
  fs: FileSystem;
  /** Permission bits of a file; undefined on Windows. */
  fileMode(path: string): Promise<number | undefined>;
  runProgram: RunProgram;
  startProgram: StartProgram;
  /** Gives permissions up for the rest of the run. */
  dropPermissions(names: readonly Permission[]): void;
  /** Aborts with a CancelledError on Ctrl-C. */
  signal: AbortSignal;
}
