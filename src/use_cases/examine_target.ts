/** Examines one target for the doctor: asks its ports, knocks, asks again. */
import { type SecretError, SpknockError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import type {
  AddressEvidence,
  DoorEvidence,
  KnockPortEvidence,
  SynEvidence,
} from "../doctor/evidence.ts";
import { askSyn } from "../doctor/syn.ts";
import { knockUntilOpen } from "../knock/until_open.ts";
import type { Address } from "../net/resolve.ts";
import { runProbe } from "../probe/mod.ts";
import type { Ports } from "./ports.ts";
import type { ResolvedTarget } from "./resolve_targets.ts";

/** How a target is examined. */
interface ExamineOptions {
  /** The port that the door is about. */
  port: number;
  /** Milliseconds that one question may take. */
  timeoutMs: number;
  /** One a knock; undefined where no knock is sent. */
  payloads: readonly Uint8Array[] | undefined;
  noSecret: SecretError | undefined;
}

/** The most addresses of a host that are examined. */
const MAX_ADDRESSES = 6;
/** Milliseconds between the SYNs to two knock ports: enough to keep their order. */
const STAGGER_MS = 20;

/** Examines every address of a target, one after the other. */
export async function examineTarget(
  { target, resolved }: ResolvedTarget,
  ports: Ports,
  options: ExamineOptions,
): Promise<DoorEvidence> {
  const addresses: AddressEvidence[] = [];
  for (const address of resolved.all.slice(0, MAX_ADDRESSES)) {
    addresses.push(await examineAddress({ target, address }, ports, options));
  }
  const gaps = target.knocks.slice(0, -1).map(({ delayMs }) => delayMs ?? target.delayMs);
  return {
    target: target.name,
    port: options.port,
    timing: { longestGapMs: Math.max(0, ...gaps), stageTimeoutMs: target.stageTimeoutMs },
    addresses,
    noSecret: options.noSecret,
  };
}

async function examineAddress(
  { target, address: { address, family } }: { target: Target; address: Address },
  ports: Ports,
  { port, timeoutMs, payloads }: ExamineOptions,
): Promise<AddressEvidence> {
  const { clock, signal, net } = ports;
  const { source } = target;
  const ask = (asked: number, isSingle: boolean) =>
    askSyn({
      address,
      open: (stop) => net.openTcp({ address, port: asked, source }, stop),
      clock,
      timeoutMs,
      isSingle,
      signal,
    });
  const askKnockPorts = async (): Promise<{ port: number; syn: SynEvidence }[]> => {
    const order = harmlessOrder(target);
    const start = clock.now();
    return await Promise.all(order.map(async (asked, index) => {
      await clock.sleepUntil(start + index * STAGGER_MS, signal);
      return { port: asked, syn: await ask(asked, true) };
    }));
  };
  const ping = await canPing({ target, address, family }, ports, { timeoutMs });
  const before = await ask(port, false);
  const knockPortsBefore = await askKnockPorts();
  const evidence = { address, family, ping, before };
  const knocked = payloads === undefined
    ? undefined
    : await knock({ target, address, payloads, ask: () => ask(port, false) }, ports);
  const knockPortsAfter = knocked?.after === undefined ? [] : await askKnockPorts();
  const knockPorts = knockPortsBefore.map(({ port, syn }): KnockPortEvidence => ({
    port,
    before: syn,
    after: knockPortsAfter.find((other) => other.port === port)?.syn,
  }));
  return {
    ...evidence,
    after: knocked?.after,
    tries: knocked?.tries ?? 0,
    knockPorts,
    failure: knocked?.failure,
  };
}

/** Knocks until the port answers; an early try that fails is repeated, as `knock` would. */
async function knock(
  { target, address, payloads, ask }: {
    target: Target;
    address: string;
    payloads: readonly Uint8Array[];
    ask: () => Promise<SynEvidence>;
  },
  ports: Ports,
): Promise<{ after?: SynEvidence; tries: number; failure?: SpknockError }> {
  let after: SynEvidence | undefined;
  try {
    const { tries } = await knockUntilOpen({
      ...target,
      sequence: target,
      payloads,
      address,
      probes: [async () => {
        after = await ask();
        const status = after.answer === "answered" ? "open" : "closed";
        return { label: "", status, ms: after.ms, detail: after.detail };
      }],
    }, ports);
    return { ...(after ? { after } : {}), tries };
  } catch (error) {
    if (!(error instanceof SpknockError) || ports.signal.aborted) throw error;
    return { tries: 0, failure: error };
  }
}

/**
 * Returns the knock ports in an order that is not a sequence: a SYN to a TCP knock port is a knock.
 * Where there is no such order, as with a single port, none is asked.
 */
function harmlessOrder({ knocks }: Target): number[] {
  const order = [...new Set(knocks.map(({ port }) => port))].reverse();
  const isTcpOnly = knocks.every(({ protocol }) => protocol === "tcp");
  return isTcpOnly && order.length < 2 ? [] : order;
}

async function canPing(
  { target, address, family }: { target: Target; address: string; family: "ipv4" | "ipv6" },
  ports: Ports,
  { timeoutMs }: { timeoutMs: number },
): Promise<boolean | undefined> {
  const { status } = await runProbe({ type: "ping" }, {
    ...ports,
    target: target.name,
    host: target.host,
    address,
    family,
    source: target.source,
    attempt: 0,
    timeoutMs,
    silenceTimeoutMs: timeoutMs,
    openTcp: ports.net.openTcp,
    askUdp: ports.net.askUdp,
  });
  return status === "error" ? undefined : status === "open";
}
