/** What is noticed about a server, a plan and the way to it, before anything is changed. */
import type { Plan } from "../plan/plan.ts";
import type { Concern } from "./concern.ts";
import { assessFamilies } from "./concerns/families.ts";
import { assessFirewalls } from "./concerns/firewalls.ts";
import { assessPorts } from "./concerns/ports.ts";
import { assessRoute } from "./concerns/route.ts";
import { assessState } from "./concerns/state.ts";
import type { Look } from "./look.ts";

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

/** Returns everything that is noticed, what stops first; nothing where all is as it has to be. */
export function assessServer(look: Look, assessment: Assessment): Concern[] {
  const concerns = [assessState, assessRoute, assessFirewalls, assessPorts, assessFamilies]
    .flatMap((assess) => assess(look, assessment));
  return (["stop", "warning", "note"] as const)
    .flatMap((severity) => concerns.filter((concern) => concern.severity === severity));
}
