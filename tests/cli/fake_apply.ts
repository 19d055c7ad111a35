/** A fake of `applyRules`: a server that is looked at, and loads, proves and keeps whatever it is given. */
import type { Look } from "../../src/apply/look.ts";
import { findBackend } from "../../src/rules/mod.ts";
import type { applyRules } from "../../src/use_cases/apply/apply_rules.ts";
import type { ApplyJob, ApplyOutcome } from "../../src/use_cases/apply/job.ts";
import { buildPlan } from "../../src/use_cases/build_plan.ts";

/** A Debian host with nft, a clock that is set, and ssh. */
export function makeLook(more: Partial<Look> = {}): Look {
  return {
    system: "Debian GNU/Linux 12 (bookworm)",
    kind: "linux",
    init: "systemd",
    nft: "1.0.6",
    iptables: { version: "1.8.9", kind: "nft", hasIpset: false },
    tables: [],
    droppers: [],
    active: [],
    allowed: undefined,
    listeners: [{ protocol: "tcp", address: "0.0.0.0", port: 22 }],
    forwards: [],
    connection: { client: "192.0.2.10", server: "192.0.2.1", port: 22 },
    clock: { at: Date.now(), isSynchronized: true },
    hasIpv6: true,
    canPersist: true,
    hasSha512sum: false,
    isBusy: false,
    ...more,
  } as Look;
}

/** What a server answers. */
interface FakeServer {
  look?: Partial<Look>;
  backend?: string;
  /** How a load ends, in order; `applied` where there is none left. An error is thrown. */
  ends?: (Partial<ApplyOutcome> | Error)[];
  /** How a look ends that does not end well. */
  lookEnd?: Partial<ApplyOutcome> | Error;
  files?: readonly string[];
}

/** Returns the fake, and what it was asked for. */
export function fakeApply(
  { look, backend: name = "nftables", ends = [], lookEnd, files = ["/etc/spknock/home.nft"] }:
    FakeServer = {},
): { apply: typeof applyRules; jobs: ApplyJob[] } {
  const jobs: ApplyJob[] = [];
  const apply: typeof applyRules = async (job, ports, hooks) => {
    jobs.push(job);
    const backend = await findBackend(job.backend ?? name);
    const { plan, weak } = await buildPlan(job.doors, job.planOptions, { ports, ...hooks });
    const summary = {
      place: job.place,
      look: makeLook(look),
      plan,
      weak,
      backend,
      concerns: [],
      isReplacing: false,
    };
    hooks.onSummary?.(summary);
    const isConfirmed = await hooks.confirm(summary);
    const end = job.isDry ? lookEnd : ends.shift();
    if (end instanceof Error) throw end;
    const good = { summary, steps: [], files: [], problem: undefined };
    if (job.isDry) return { status: "dry-run", ...good, ...end };
    if (!isConfirmed) return { status: "declined", ...good };
    return { status: "applied", ...good, files, ...end };
  };
  return { apply, jobs };
}
