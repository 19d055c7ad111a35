/**
 * Proves from here that the rules on a server do what they should, by new connections only: each guarded port is
 * shut without a knock, the knock opens it, and the closing knocks shut it again. The first failure ends it.
 *
 * What cannot be proven is said and skipped: a port that nothing listens on, one that no packet from here gets to,
 * an address that is never locked out.
 */
import { createNetworkMatcher, parseAddress } from "../../core/address/address.ts";
import { renderFamily } from "../../core/address/syntax.ts";
import type { ProbeSpec, Target } from "../../core/target.ts";
import { diagnose } from "../../doctor/causes.ts";
import type { Payloads } from "../../knock/until_open.ts";
import type { Plan } from "../../plan/plan.ts";
import { closeTarget, toClosingTarget } from "../close_target.ts";
import { examineTarget } from "../doctor/examine_target.ts";
import { knockTarget } from "../knock_target.ts";
import type { Ports } from "../ports.ts";
import type { TargetReport } from "../target_report.ts";
import type { ApplyStep } from "./job.ts";
import { lookAtPorts, type LookedPort } from "./look_at_ports.ts";

/** What is proven, and with what. */
export interface Proof {
  plan: Plan;
  /** The guarded ports as they answered before the load. */
  before: readonly LookedPort[];
  /**
   * This machine's address as the server sees it and, for the other family, those that its interfaces have; empty
   * where they are not known.
   */
  clients: readonly string[];
  /** The port that ssh answers at: asked for its banner. */
  sshPort: number;
  /** The payloads of a target's knocks. */
  payloads(target: Target): { opening: Payloads; closing: Payloads };
  onStep(step: Pick<ApplyStep, "name" | "status" | "detail">): void;
}

/** Why a proof failed. */
export interface ProofFailure {
  text: string;
  hint?: string | undefined;
}

/** The proof of a door tries at least so often: one lost packet must not undo good rules. */
const MIN_TRIES = 4;
/** Milliseconds for one try. */
const TRY_TIMEOUT_MS = 5_000;
/** Milliseconds for one question of the doctor. */
const EXAMINE_MS = 1_000;

/**
 * Returns undefined where everything is as it should be.
 *
 * @throws the signal's reason when it aborts.
 */
export async function proveDoors(proof: Proof, ports: Ports): Promise<ProofFailure | undefined> {
  const { before, onStep } = proof;
  if (before.length === 0) {
    onStep({ name: "shut", status: "skipped", detail: "no guarded port is of tcp" });
  }
  const asked = before.filter((port) => explainMissed(port, proof) === undefined);
  for (const missed of before.filter((each) => !asked.includes(each))) {
    const detail = `${renderPort(missed)}: ${explainMissed(missed, proof)}`;
    onStep({ name: "shut", status: "skipped", detail });
  }
  if (asked.length === 0) return undefined;
  return await proveShut(asked, proof, ports) ?? await proveKnocks(asked, proof, ports);
}

/** Why a port cannot show anything; undefined where it can. */
function explainMissed(
  { answer, family }: LookedPort,
  { plan: { trusted }, clients }: Proof,
): string | undefined {
  const isTrusted = createNetworkMatcher(trusted);
  const own = clients.map(parseAddress).filter((address) => address.family === family);
  const found = own.find(isTrusted);
  if (found !== undefined) return `your address ${found.text} is never locked out`;
  if (answer === "refused") return "nothing listens there";
  return answer === "unreachable" ? "it cannot be reached from here" : undefined;
}

function renderPort({ port, address, family }: LookedPort): string {
  return `port ${port} over ${renderFamily(family)} (${address})`;
}

const COUNTED = "connections without a knock are mistakes there, and many are a ban";

async function proveShut(
  asked: readonly LookedPort[],
  { onStep }: Proof,
  ports: Ports,
): Promise<ProofFailure | undefined> {
  for (const counted of asked.filter(({ isCounted }) => isCounted)) {
    const detail = `${renderPort(counted)}: ${COUNTED}`;
    onStep({ name: "shut", status: "skipped", detail });
  }
  const provable = asked.filter(({ isCounted }) => !isCounted);
  if (provable.length === 0) return undefined;
  onStep({ name: "shut", status: "running", detail: "new connections without a knock" });
  const found = await lookAtPorts(provable, ports, { isShut: true });
  const open = found.find(({ answer }) => answer === "open");
  if (open !== undefined) {
    const text = `${renderPort(open)} still answers without a knock`;
    onStep({ name: "shut", status: "failed", detail: text });
    return {
      text,
      hint:
        "does the port lead to another machine, or is it forwarded (--forward)? Do the packets come in " +
        "where the rules do not look (--interface), or is a door that opens it open for your address?",
    };
  }
  const detail = `${found.map(renderPort).join(", ")}: no answer without a knock`;
  onStep({ name: "shut", status: "ok", detail });
  return undefined;
}

async function proveKnocks(
  asked: readonly LookedPort[],
  proof: Proof,
  ports: Ports,
): Promise<ProofFailure | undefined> {
  // Of each door and family one after the other: a knock may not count as a stranger's packet of another door.
  for (const way of groupByWay(asked)) {
    const failure = await proveWay(way, proof, ports);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** The ports of one door over one family. */
function groupByWay(asked: readonly LookedPort[]): LookedPort[][] {
  const groups = Map.groupBy(asked, ({ target, family }) => `${target.name} ${family}`);
  return [...groups.values()];
}

async function proveWay(
  way: readonly LookedPort[],
  proof: Proof,
  ports: Ports,
): Promise<ProofFailure | undefined> {
  const [first] = way;
  if (first === undefined) return undefined;
  const { onStep } = proof;
  const target = narrow(first, way, proof);
  const { address, family } = first;
  const resolved = { address, family, all: [{ address, family }] };
  const { opening, closing } = proof.payloads(first.target);
  const where = `${first.target.name} over ${renderFamily(family)}`;
  const knock = async (): Promise<ProofFailure | undefined> => {
    onStep({ name: "knock", status: "running", detail: where });
    const report = await knockTarget({ target, resolved, payloads: opening }, ports);
    if (report.status === "open") {
      onStep({ name: "knock", status: "ok", detail: `${where}: ${describe(report)}` });
      return undefined;
    }
    const text = `the knock did not open ${renderPort(first)}`;
    onStep({ name: "knock", status: "failed", detail: text });
    return { text, hint: await askDoctor({ target, resolved, payloads: opening }, ports) };
  };
  const failure = await knock();
  if (failure !== undefined) return failure;
  const shutting = toClosingTarget(target);
  if (shutting === undefined) return undefined;
  if (way.some(({ isCounted }) => isCounted)) {
    onStep({ name: "close", status: "skipped", detail: `${where}: ${COUNTED}` });
    return undefined;
  }
  onStep({ name: "close", status: "running", detail: where });
  const closed = await closeTarget({ target: shutting, resolved, payloads: closing }, ports);
  if (closed.status !== "shut") {
    const text = `the closing knocks did not shut ${renderPort(first)}`;
    onStep({ name: "close", status: "failed", detail: text });
    return { text };
  }
  onStep({ name: "close", status: "ok", detail: `${where}: the closing knocks shut it` });
  return await knock();
}

/** The target, as it is knocked on for a proof: one family, and the ports that answered before. */
function narrow(
  { target, family }: LookedPort,
  way: readonly LookedPort[],
  { sshPort }: Proof,
): Target {
  const probes = way.map(({ port }): ProbeSpec =>
    port === sshPort ? { type: "ssh", port } : { type: "tcp", port }
  );
  return {
    ...target,
    family,
    probes,
    after: [],
    tries: Math.max(target.tries, MIN_TRIES),
    timeoutMs: Math.min(target.timeoutMs, TRY_TIMEOUT_MS),
  };
}

function describe({ knocks }: TargetReport): string {
  return knocks?.probes.map(({ label, detail }) =>
    `${label} open${detail === "" ? "" : ` (${detail})`}`
  )
    .join(", ") ?? "";
}

/** What the doctor says of a door that a knock does not open. */
async function askDoctor(
  { target, resolved, payloads }: Parameters<typeof knockTarget>[0],
  ports: Ports,
): Promise<string | undefined> {
  const [probe] = target.probes;
  if (probe === undefined || !("port" in probe) || probe.port === undefined) return undefined;
  const door = await examineTarget({ target, resolved }, { ...ports, dropPermissions: () => {} }, {
    port: probe.port,
    timeoutMs: EXAMINE_MS,
    collect: () => Promise.resolve({ payloads, noSecret: undefined }),
    looksAtPorts: false,
    waits: false,
  });
  const invocation = { os: ports.os, globals: [], options: [], secretOptions: [] };
  const time = new Date().toISOString();
  const { cause, kind } = diagnose({ invocation, files: [], time, names: [], door });
  return kind === "fine" ? "it opens now: packets get lost on the way" : cause;
}
