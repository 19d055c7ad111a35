/** Many targets: a bounded number at a time, and a target that fails does not stop the others. */
import { mapPool } from "../core/pool.ts";
import type { Target } from "../core/target.ts";
import type { Ports } from "./ports.ts";
import { type ResolvedTarget, resolveTarget } from "./resolve_targets.ts";
import { type TargetReport, toFailedReport } from "./target_report.ts";

/** A target with its address, or the report of why it has none. */
export type Resolution = ResolvedTarget | TargetReport;

/**
 * Resolves every target, `jobs` at a time; results in the order of the targets. What `check` throws of one, as an
 * expected failure, is that target's report.
 */
export function resolveTargets(
  targets: readonly Target[],
  ports: Ports,
  { jobs, check }: { jobs: number; check?: (target: Target) => void },
): Promise<Resolution[]> {
  return mapPool(targets, jobs, {
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
  /** Targets at a time. */
  jobs: number;
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
  { signal }: Ports,
  { jobs, work, onDone }: BatchOptions,
): Promise<TargetReport[]> {
  return mapPool(resolutions, jobs, {
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
      signal.throwIfAborted();
      return toFailedReport(target, error);
    }
  }
}
