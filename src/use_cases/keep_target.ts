/**
 * Holds a door open: the first knock, the renewals, and the closing sequence at the end.
 *
 * Rules:
 * - each packet of a renewal is sent twice, and none at the bold pace: that one was lost or overtaken would
 *   only show when the door is closed;
 * - with `copies = 1` and a closing sequence (knockd: `iptables -A` at each knock, `-D` at the closing
 *   sequence) the closing sequence is sent before each renewal: rules would pile up, and the closing
 *   sequence at the end would remove only one of them. A sequence that has begun is sent to its end even if the
 *   hold ends then: half of one is a mistake in the closing sequence that follows (measured). Established connections stay, as far as the
 *   firewall keeps them; new ones wait for the length of the knocks. A knockd with `cmd_timeout` alone
 *   needs that not: each of its rules has its own end, and its target no closing sequence.
 */
import { SpknockError } from "../core/errors.ts";
import { findFirstPace } from "../core/sequence.ts";
import type { Target } from "../core/target.ts";
import { type KeepEvent, keepOpen } from "../knock/keep.ts";
import { closeTarget } from "./close_target.ts";
import type { Learned, Payloads } from "../knock/until_open.ts";
import { knockTarget, type ReadyTarget } from "./knock_target.ts";
import type { Resolved } from "../net/resolve.ts";
import { hasSequences, requireSequence } from "./one_time/take_sequence.ts";
import type { Ports } from "./ports.ts";
import { probeTarget } from "./probe_target.ts";
import { resolveTarget } from "./resolve_targets.ts";
import type { TargetReport } from "./target_report.ts";

/** An open door is answered at once: milliseconds for a check. */
const CHECK_TIMEOUT_MS = 3_000;

/** A door that is held open, with everything that its knocks need. */
export interface KeptTarget extends ReadyTarget {
  /** The closing sequence; undefined where the target has none. */
  closing: { target: Target; payloads: Payloads } | undefined;
  /** Kept from one renewal to the next. */
  learned: Learned;
  /** Called before each renewal; what it throws is why there is none. */
  checkHorizon?: (() => void) | undefined;
}

/**
 * What happens to a door that is held open, its end included. Without a probe nothing tells whether it is
 * open: the first knock is `knocked`, not `opened`, and the closing sequence `closing_sent`, not `closed`.
 */
export type KeptEvent =
  | KeepEvent
  | { kind: "knocked"; renewInMs: number }
  | { kind: "moved"; address: string; former: string }
  | { kind: "sequence_taken"; file: string; left: number }
  | { kind: "closed" | "still_open" | "closing_sent" | "stopped" };

/** Milliseconds that a daemon has to remove its rule before the knocks that add it again. */
const SETTLE_MS = 250;

/**
 * Renews the knock until the signal aborts; see the rules above. The host is resolved anew after a failed
 * knock and after a sleep of the machine; `kept` has the address that is in use.
 *
 * @throws the signal's reason.
 */
export async function holdOpen(
  kept: KeptTarget,
  ports: Ports,
  { onEvent }: { onEvent: (event: KeptEvent) => void },
): Promise<never> {
  const { target, closing, learned } = kept;
  const isCounted = target.copies === 1 && closing !== undefined;
  // The probes find an open door, whatever became of the knocks.
  learned.pace = Math.max(learned.pace, findFirstPace({ probes: [], tries: 1 }));
  let isStale = false;
  const copies = target.copies === "auto" ? 2 : target.copies;
  const renewed = { ...target, after: [], copies };
  const checked = { ...target, timeoutMs: Math.min(target.timeoutMs, CHECK_TIMEOUT_MS) };
  return await keepOpen({
    openForMs: target.openForMs,
    onEvent(event) {
      if (event.kind === "slept" || event.kind === "failed") isStale = true;
      const isUnchecked = event.kind === "opened" && target.probes.length === 0;
      onEvent(isUnchecked ? { ...event, kind: "knocked" } : event);
    },
    async knock() {
      try {
        kept.checkHorizon?.();
        if (isStale) await renewAddress();
        isStale = false;
        const { resolved } = kept;
        if (hasSequences(renewed)) await requireSequence(renewed, ports);
        if (isCounted) await takeBack({ ...closing, resolved, isWhole: true }, ports);
        const report = await knockTarget(
          { ...kept, target: renewed, resolved },
          ports,
        );
        reportTaken(report);
        if (report.knocks?.isOpen) return useAddress(report.resolved);
        return report.knocks?.unreachable ?? "no probe passed";
      } catch (error) {
        // The closing knocks follow: the rule that the last knocks add has to be there to be removed.
        if (ports.signal.aborted && isCounted) await settle({ clock: ports.clock });
        if (ports.signal.aborted || !(error instanceof SpknockError)) throw error;
        return error.message;
      }
    },
    ...(target.probes.length === 0 ? {} : {
      look: async () => {
        const { resolved } = kept;
        const { status } = await probeTarget({ target: checked, resolved }, ports);
        return status === "open";
      },
    }),
  }, ports);

  function reportTaken({ oneTime }: TargetReport): void {
    if (oneTime !== undefined) onEvent({ kind: "sequence_taken", ...oneTime });
  }

  /** An address that is still one of the host's stays in use. */
  async function renewAddress(): Promise<void> {
    const { resolved } = await resolveTarget(target, ports);
    const same = resolved.all.find(({ address }) => address === kept.resolved.address);
    const used = same ?? resolved;
    const rest = resolved.all.filter(({ address }) => address !== used.address);
    const { address, family } = used;
    useAddress({ address, family, all: [{ address, family }, ...rest] });
  }

  function useAddress(resolved: Resolved | undefined): undefined {
    if (resolved === undefined) return;
    const { address: former } = kept.resolved;
    kept.resolved = resolved;
    if (resolved.address === former) return;
    onEvent({ kind: "moved", address: resolved.address, former });
  }
}

/** Sends the closing sequence once, and does not wait until the door is closed. */
async function takeBack(closing: ReadyTarget, ports: Ports): Promise<void> {
  await closeTarget({ ...closing, target: { ...closing.target, probes: [] } }, ports);
  await settle(ports);
}

async function settle(
  { clock, signal }: Pick<Ports, "clock"> & { signal?: AbortSignal },
): Promise<void> {
  await clock.sleepUntil(clock.now() + SETTLE_MS, signal);
}

/** Sends the closing sequence, also after Ctrl-C; returns false where the door stays open. */
export async function endHold(
  { closing, resolved }: KeptTarget,
  ports: Ports,
  { onEvent }: { onEvent: (event: KeptEvent) => void },
): Promise<boolean> {
  if (closing === undefined) {
    onEvent({ kind: "stopped" });
    return true;
  }
  const { signal } = new AbortController();
  const { knocks, status } = await closeTarget({ ...closing, resolved }, { ...ports, signal });
  const isClosed = knocks?.isOpen === true;
  onEvent({ kind: !isClosed ? "still_open" : status === "sent" ? "closing_sent" : "closed" });
  return isClosed;
}
