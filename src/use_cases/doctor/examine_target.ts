/**
 * Examines one target for the doctor: looks at its port, knocks, looks again.
 *
 * Rules: it does no harm. Knock ports are looked at only when that is asked for, before the knocks, in an
 * order that completes no sequence, and the stages of the firewall end before the knocks. No knock is sent to a
 * door that is open already, nor to an address that cannot be reached. A second address gets knocks
 * only where the first one did not open; with the family `both` that holds for each family.
 */
import { type SecretError, SpknockError } from "../../core/errors.ts";
import { isEcho } from "../../core/knock.ts";
import { listGaps } from "../../core/sequence.ts";
import type { Target } from "../../core/target.ts";
import { findDaemon } from "../../core/knockd/daemon.ts";
import { buildDecoyOrder } from "../../doctor/decoy_order.ts";
import type {
  AddressEvidence,
  DoorEvidence,
  KnockPortEvidence,
  SynEvidence,
} from "../../doctor/evidence.ts";
import { groupByDoor } from "../../doctor/families.ts";
import { findReporter } from "../../doctor/path.ts";
import { TRIED_HANDSHAKE_MS } from "../../doctor/remedies.ts";
import { askSyn } from "../../doctor/syn.ts";
import { knockUntilOpen, type Payloads } from "../../knock/until_open.ts";
import type { Address } from "../../net/resolve.ts";
import { askEcho, lookAtRoute } from "./look_at_path.ts";
import { lookAtSequences } from "../one_time/take_sequence.ts";
import type { Ports } from "../ports.ts";
import type { ResolvedTarget } from "../resolve_targets.ts";

/** The payloads of a target, or why there are none. */
export interface CollectedPayloads {
  /** Undefined where no knock is sent. */
  payloads: Payloads | undefined;
  noSecret: SecretError | undefined;
}

/** How a target is examined. */
export interface ExamineOptions {
  /** The port that the door is about. */
  port: number;
  /** Milliseconds that one question may take. */
  timeoutMs: number;
  /** Collects the payloads. */
  collect(): Promise<CollectedPayloads>;
  /** Whether to look at the knock ports too. */
  looksAtPorts: boolean;
  /** Whether to wait until an open door has to be closed again. */
  waits: boolean;
  /** Whether a program runs afterwards. */
  keepsRun?: boolean;
  /** Called before a wait of as many milliseconds. */
  onWait?: ((ms: number, reason: "open" | "stages") => void) | undefined;
}

/** The most addresses of a host that are examined. */
const MAX_ADDRESSES = 6;
/** Milliseconds between the SYNs to two knock ports: enough to keep their order. */
const STAGGER_MS = 20;
/** A SYN that waits for a second is sent again (RFC 6298), and would change the order. */
const MAX_SINGLE_MS = 800;
/** Milliseconds that a firewall may be late when it closes a door. */
const CLOSING_MS = 1_000;

/** Examines the addresses of a target. */
export async function examineTarget(
  { target, resolved }: ResolvedTarget,
  ports: Ports,
  options: ExamineOptions,
): Promise<DoorEvidence> {
  const { port, waits, onWait } = options;
  const all = limitAddresses(resolved.all);
  let looks = sortByReach(
    await Promise.all(all.map((address) => look({ target, address }, ports, options))),
  );
  const sequences = await lookAtSequences(target, ports);
  const canKnock = sequences === undefined &&
    listTaken(looks, target).some((taken) => canReach(taken) && (waits || !isOpen(taken)));
  const { payloads, noSecret } = canKnock
    ? await options.collect()
    : { payloads: undefined, noSecret: undefined };
  // From here on only packets are sent; those of icmp knocks by the system's ping.
  const needsRun = options.keepsRun || (payloads !== undefined && target.knocks.some(isEcho));
  if (!needsRun) ports.dropPermissions(["run"]);
  const hasWaited = waits && listTaken(looks, target).some(isOpen);
  if (hasWaited) {
    onWait?.(target.openForMs + CLOSING_MS, "open");
    await sleep(target.openForMs + CLOSING_MS, ports);
    looks = await Promise.all(looks.map(async (each) => ({
      ...each,
      before: await ask({ target, address: each.address, port, isSingle: false }, ports, options),
    })));
  }
  const isKnocked = payloads !== undefined &&
    listTaken(looks, target).some((taken) => !isOpen(taken));
  return {
    target: target.name,
    port,
    timing: measurePace(target),
    family: target.family,
    addresses: isKnocked
      ? await knockAtDoors({ target, payloads, addresses: looks }, ports, options)
      : looks,
    noSecret,
    daemon: findDaemon(target),
    sequences,
    openForMs: target.openForMs,
    hasWaited,
  };
}

/** The first addresses, with one of each family that the host has. */
function limitAddresses(all: readonly Address[]): Address[] {
  const first = all.slice(0, MAX_ADDRESSES);
  const other = all.find((each) => first.every(({ family }) => family !== each.family));
  return other === undefined ? first : [...first.slice(0, -1), other];
}

/** The addresses that have to open. */
function listTaken(looks: readonly AddressEvidence[], { family }: Target): AddressEvidence[] {
  return groupByDoor(looks, family).flatMap(([taken]) => taken ?? []);
}

function measurePace(target: Target): DoorEvidence["timing"] {
  const knocks = target.knocks.slice(0, -1);
  const longestGapMs = Math.max(0, ...listGaps({ ...target, knocks }));
  const isOwnDelay = knocks.some(({ delayMs }) => delayMs === longestGapMs);
  return { longestGapMs, isOwnDelay, stageTimeoutMs: target.stageTimeoutMs };
}

function isOpen({ before }: AddressEvidence): boolean {
  return before.answer === "answered";
}

/** Whether packets can get there, as far as this machine and the routers know. */
function canReach(evidence: AddressEvidence): boolean {
  const { answer } = evidence.before;
  if (answer === "answered" || answer === "refused") return true;
  return findReporter(evidence) !== "machine";
}

/** The codes of ICMP are not what happened where this machine itself reports that it cannot send. */
function nameMachine(evidence: AddressEvidence): AddressEvidence {
  const { before } = evidence;
  if (before.answer !== "unreachable") return evidence;
  return { ...evidence, before: { ...before, detail: "this machine reports it" } };
}

/** Puts the addresses last that cannot be reached; spknock gives those up as well. */
function sortByReach(looks: readonly AddressEvidence[]): AddressEvidence[] {
  const isGone = (look: AddressEvidence) =>
    !canReach(look) || (look.before.answer === "unreachable" && findReporter(look) === "router");
  return [...looks.filter((look) => !isGone(look)), ...looks.filter(isGone)];
}

/** Looks at one address without a knock. */
async function look(
  { target, address }: { target: Target; address: Address },
  ports: Ports,
  options: ExamineOptions,
): Promise<AddressEvidence> {
  const { source } = target;
  const from = { ...address, source };
  const question = { target, address: address.address, port: options.port, isSingle: false };
  const [{ ping, report, refusal }, before] = await Promise.all([
    askEcho(from, ports, options),
    ask(question, ports, options),
  ]);
  const told = report && { by: report.by, text: report.text };
  const path = { ...await lookAtRoute(from, ports), report: told, refusal };
  const { address: literal, family } = address;
  const nothing = { after: undefined, handshake: undefined, tries: 0, failure: undefined };
  const found = { address: literal, family, ping, path, before, ...nothing, knockPorts: [] };
  const evidence = findReporter(found) === "machine" ? nameMachine(found) : found;
  // An earlier knock may have come far in a sequence that a look would complete.
  if (!options.looksAtPorts || isOpen(evidence) || !canReach(evidence)) return evidence;
  return { ...evidence, knockPorts: await lookAtKnockPorts(target, literal, { ports, options }) };
}

async function lookAtKnockPorts(
  target: Target,
  address: string,
  { ports, options }: { ports: Ports; options: ExamineOptions },
): Promise<KnockPortEvidence[]> {
  const start = ports.clock.now();
  return await Promise.all(
    buildDecoyOrder(target).map(async (port, index) => {
      await ports.clock.sleepUntil(start + index * STAGGER_MS, ports.signal);
      const before = await ask({ target, address, port, isSingle: true }, ports, options);
      const isTcpKnock = target.knocks.some((each) => each.port === port && isTcp(each));
      return { port, protocol: isTcpKnock ? "tcp" as const : "udp" as const, before };
    }),
  );
}

/** What is knocked on. */
interface KnockRequest {
  target: Target;
  payloads: Payloads;
  addresses: readonly AddressEvidence[];
}

/** Knocks at each door; the addresses stay in their order. */
async function knockAtDoors(
  { target, payloads, addresses }: KnockRequest,
  ports: Ports,
  options: ExamineOptions,
): Promise<AddressEvidence[]> {
  const canCount = [...target.knocks, ...target.close ?? []].some(isTcp);
  if (canCount && addresses.some(({ knockPorts }) => knockPorts.length > 0)) {
    options.onWait?.(target.stageTimeoutMs, "stages");
    await sleep(target.stageTimeoutMs, ports);
  }
  const knocked = new Map<string, AddressEvidence>();
  for (const group of groupByDoor(addresses, target.family)) {
    const ended = await knockInTurn({ target, payloads, addresses: group }, ports, options);
    for (const each of ended) knocked.set(each.address, each);
  }
  return addresses.map((each) => knocked.get(each.address) ?? each);
}

/** Knocks at one address after the other until one opens. */
async function knockInTurn(
  { target, payloads, addresses }: KnockRequest,
  ports: Ports,
  options: ExamineOptions,
): Promise<AddressEvidence[]> {
  if (addresses[0] !== undefined && isOpen(addresses[0])) return [...addresses];
  const knocked: AddressEvidence[] = [];
  for (const each of addresses) {
    const isDone = knocked.some(({ after }) => after?.answer === "answered");
    knocked.push(
      isDone || !canReach(each) || isOpen(each)
        ? each
        : await knock({ target, payloads, before: each }, ports, options),
    );
  }
  const [taken] = knocked;
  const isHopeless = knocked.some(({ after }) => after?.answer === "answered") ||
    taken?.after === undefined || isWithoutService(taken);
  if (taken === undefined || isHopeless || !canTryHandshakes(target)) return knocked;
  // The same as what the remedy saves: a knock's own handshake stays.
  const patient = { ...target, handshakeMs: TRIED_HANDSHAKE_MS, tries: 1 };
  const { after } = await knock({ target: patient, payloads, before: taken }, ports, options);
  return [{ ...taken, handshake: after }, ...knocked.slice(1)];
}

function isTcp({ protocol }: { protocol: string }): boolean {
  return protocol === "tcp";
}

/** Whether the handshakes of some knocks end earlier than those that are tried. */
function canTryHandshakes({ knocks, handshakeMs = 0 }: Target): boolean {
  return handshakeMs < TRIED_HANDSHAKE_MS &&
    knocks.some((knock) => isTcp(knock) && knock.handshakeMs === undefined);
}

/** Whether the firewall opened, and only the service is missing. */
function isWithoutService({ before, after }: AddressEvidence): boolean {
  return after?.answer === "refused" && before.answer !== "refused";
}

/** Knocks until the port answers; an early try that fails is repeated, as `knock` would. */
async function knock(
  { target, payloads, before }: {
    target: Target;
    payloads: Payloads;
    before: AddressEvidence;
  },
  ports: Ports,
  options: ExamineOptions,
): Promise<AddressEvidence> {
  const { address } = before;
  let after: SynEvidence | undefined;
  try {
    const { tries } = await knockUntilOpen({
      ...target,
      sequence: target,
      payloads,
      address,
      probes: [async () => {
        after = await ask({ target, address, port: options.port, isSingle: false }, ports, options);
        const status = after.answer === "answered" ? "open" : "closed";
        return { label: "", status, ms: after.ms, detail: after.detail };
      }],
    }, ports);
    return { ...before, after, tries };
  } catch (error) {
    if (!(error instanceof SpknockError) || ports.signal.aborted) throw error;
    return { ...before, failure: error };
  }
}

function ask(
  { target: { source }, address, port, isSingle }: {
    target: Target;
    address: string;
    port: number;
    isSingle: boolean;
  },
  { clock, signal, net }: Ports,
  { timeoutMs }: ExamineOptions,
): Promise<SynEvidence> {
  return askSyn({
    address,
    open: (stop) => net.openTcp({ address, port, source }, stop),
    clock,
    timeoutMs: isSingle ? Math.min(timeoutMs, MAX_SINGLE_MS) : timeoutMs,
    isSingle,
    signal,
  });
}

async function sleep(ms: number, { clock, signal }: Ports): Promise<void> {
  await clock.sleepUntil(clock.now() + ms, signal);
}
