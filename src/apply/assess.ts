/** What is noticed about a server, a plan and the way to it, before anything is changed. */
import type { Assessment } from "./assessment.ts";
import type { Concern } from "./concern.ts";
import { assessFamilies } from "./concerns/families.ts";
import { assessFirewalls } from "./concerns/firewalls.ts";
import { assessPorts } from "./concerns/ports.ts";
import { assessRoute } from "./concerns/route.ts";
import { assessState } from "./concerns/state.ts";
import type { Look } from "./look.ts";

/** Returns everything that is noticed, what stops first; nothing where all is as it has to be. */
export function assessServer(look: Look, assessment: Assessment): Concern[] {
  const concerns = [assessState, assessRoute, assessFirewalls, assessPorts, assessFamilies]
    .flatMap((assess) => assess(look, assessment));
  return (["stop", "warning", "note"] as const)
    .flatMap((severity) => concerns.filter((concern) => concern.severity === severity));
}
