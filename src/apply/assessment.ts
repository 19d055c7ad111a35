/** What is known besides a look, before anything is changed. */
import type { Plan } from "../plan/plan.ts";

/** What is known on this side; `Destination` of src/ssh has what `ssh` needs. */
export interface ClientSide {
  ssh: {
    host: string;
    port: number;
    /** What carries the connection; `own` is a `spknock connect`. */
    proxy: { kind: "none" | "jump" | "own" | "proxy" };
    /** Whether the user's own configuration shares connections. */
    isShared: boolean;
  };
  /** The host that is knocked on. */
  host: string;
  /** What it resolves to, of both families. */
  addresses: readonly string[];
  /** Our own addresses for packets to these; empty where they are not known. */
  sources: readonly string[];
  /** Milliseconds since 1970 here, in the middle of the look. */
  now: number;
}

/** What is assessed. */
export interface Assessment {
  plan: Plan;
  /** The name of the back end that was chosen. */
  backend: string;
  client: ClientSide;
  /** Whether the rules have to stay after a reboot. */
  persists: boolean;
}
