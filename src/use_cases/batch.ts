/** Many targets: a bounded number at a time, and a target that fails does not stop the others. */
import { type Elastic, mapPool } from "../core/pool.ts";
import type { Target } from "../core/target.ts";
import { startsProgram } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve_targets.ts";
import { type TargetReport, toFailedReport } from "./target_report.ts";

/** Targets at a time: a number, or what the network and the limits of the system bear. */
export type Jobs = number | "auto";

/** Targets at a time in the beginning, and of those that start programs. */
const FIRST_JOBS = 32;
/** Names at a time: each takes a thread, and a small resolver (dnsmasq) drops what is over 150. */
const MOST_NAMES = 128;
/** Targets at a time: a door that stays shut takes a socket and a timer. */
const MOST_TARGETS = 1_024;

function choosePool(
  jobs: Jobs,
  { most, ports: { clock, net } }: { most: number; ports: Ports },
): number | Elastic {
  if (jobs !== "auto") return jobs;
  return { first: Math.min(FIRST_JOBS, most), most, clock, watch: net.watchRoom };
}

function usesPrograms({ target }: Resolution): boolean {
  const { probes, after, knocks } = target;
  return after.length > 0 || probes.some(startsProgram) ||
    knocks.some(({ protocol }) => protocol === "icmp");
}

/** A target with its address, or the report of why it has none. */
export type Resolution = ResolvedTarget | TargetReport;

/**
 * Resolves every target, `jobs` at a time; results in the order of the targets. What `check` throws of one, as an
 * expected failure, is that target's report.
 */
export function resolveTargets(
  targets: readonly Target[],
  ports: Ports,
  { jobs, check }: { jobs: Jobs; check?: (target: Target) => void },
): Promise<Resolution[]> {
  return mapPool(targets, choosePool(jobs, { most: MOST_NAMES, ports }), {
    work: async (target) => {
      try {
        check?.(target);
        return await resolveTarget(target, ports);
      } catch (error) {
        return toFailedReport({ target }, error);
      }
    },
  });
}

/** Whether a target has an address. */
export function isResolved(resolution: Resolution): resolution is ResolvedTarget {
  return !("status" in resolution);
}

/** How to run through many targets. */
interface BatchOptions {
  jobs: Jobs;
  /** The use case for one target; `index` is its place among the targets. */
  work(target: ResolvedTarget, index: number): Promise<TargetReport>;
  /** Called as soon as a target is finished. */
  onDone?(): void;
}

/**
 * Runs a use case on every target that resolved; reports in the order of the targets.
 *
 * @throws the signal's reason when it aborts.
 */
export function forEachTarget(
  resolutions: readonly Resolution[],
  ports: Ports,
  { jobs, work, onDone }: BatchOptions,
): Promise<TargetReport[]> {
  const most = resolutions.some(usesPrograms) ? FIRST_JOBS : MOST_TARGETS;
  return mapPool(resolutions, choosePool(jobs, { most, ports }), {
    work: async (resolution, index) => {
      const report = isResolved(resolution) ? await runOne(resolution, index) : resolution;
      onDone?.();
      return report;
    },
  });

  async function runOne(target: ResolvedTarget, index: number): Promise<TargetReport> {
    try {
      return await work(target, index);
    } catch (error) {
      ports.signal.throwIfAborted();
      return toFailedReport(target, error);
    }
  }
}
