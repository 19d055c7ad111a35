/** What the rules of a plan in RouterOS' language have in common: names, lists, services. */
import { renderDuration } from "../../../core/duration.ts";
import type { Door, Plan } from "../../../plan/plan.ts";
import { mergePorts, type Service } from "../../../core/service.ts";
import { renderRange, splitRanges, TRANSPORTS } from "../../backend.ts";
import { quoteRouterOs } from "../quote/routeros.ts";

/** The menus of a family begin with it. */
export const PATHS = { ipv4: "/ip firewall", ipv6: "/ipv6 firewall" } as const;

/** A rule of a chain, without `add`, `chain` and `comment`. */
export interface Rule {
  chain: string;
  text: string;
  note: string;
}

/** A plan in one family, and the names of its chains and lists. */
export interface Names {
  plan: Plan;
  family: Plan["families"][number];
  /** `spknock:SET`: the chain that packets to this machine enter. */
  base: string;
  /** Returns `spknock:SET:TEXT`, of the rule set. */
  own(text: string): string;
  /** Returns `spknock:SET:DOOR:TEXT`, of one door: neither of the names has a colon. */
  door(door: Door, text: string): string;
  /** Returns the list of a stage; the open list for the last. */
  stage(door: Door, stage: number): string;
}

/** Returns the names of a plan in one family. */
export function createNames(plan: Plan, family: Names["family"]): Names {
  const base = `spknock:${plan.name}`;
  const own = (text: string) => `${base}:${text}`;
  const door = ({ name }: Door, text: string) => own(`${name}:${text}`);
  return {
    plan,
    family,
    base,
    own,
    door,
    stage: (each, stage) => door(each, stage === each.stages.length ? "open" : String(stage)),
  };
}

/** Returns the matcher of the sources on a list. */
export function fromList(list: string): string {
  return `src-address-list=${quoteRouterOs(list)}`;
}

/** Returns the action that continues in a chain. */
export function jumpTo(chain: string): string {
  return `action=jump jump-target=${quoteRouterOs(chain)}`;
}

/** Returns the action that puts the source, or the destination, on a list. */
export function addTo(list: string, timeoutMs: number, side: "src" | "dst" = "src"): string {
  return `action=add-${side}-to-address-list address-list=${quoteRouterOs(list)} ` +
    `address-list-timeout=${renderDuration(timeoutMs)}`;
}

/** Returns the milliseconds after which all that a source had before it closed a door has expired. */
export function findClosedMs({ openForMs, stageTimeoutMs }: Door): number {
  return Math.max(openForMs, stageTimeoutMs);
}

const ECHO = {
  // Any code: Linux answers each.
  ipv4: "protocol=icmp icmp-options=8:0-255",
  ipv6: "protocol=icmpv6 icmp-options=128:0-255",
} as const;

/** Returns the matchers of the named services: for "all" there is none. */
export function matchServices(services: readonly Service[], family: Names["family"]): string[] {
  const hasEcho = services.some(({ protocol }) => protocol === "icmp");
  return [...matchPorts(services), ...(hasEcho ? [ECHO[family]] : [])];
}

/** Returns the matchers of ports, as few as they fit in. */
export function matchPorts(services: readonly Service[]): string[] {
  return TRANSPORTS.flatMap((protocol) =>
    splitRanges(mergePorts(services, protocol)).map((ranges) =>
      `protocol=${protocol} dst-port=${ranges.map((range) => renderRange(range)).join(",")}`
    )
  );
}
