/** Holds a door open: the first knock, the renewals, and the closing sequence at the end. */
import { SpknockError } from "../core/errors.ts";
import type { Target } from "../core/target.ts";
import { type KeepEvent, keepOpen } from "../knock/keep.ts";
import { closeTarget } from "./close_target.ts";
import { knockTarget, type ReadyTarget } from "./knock_target.ts";
import type { Ports } from "./ports.ts";
import { probeTarget } from "./probe_target.ts";

/** An open door is answered at once: milliseconds for a check. */
const CHECK_TIMEOUT_MS = 3_000;

/** A door that is held open, with everything that its knocks need. */
export interface KeptTarget extends ReadyTarget {
  /** The closing sequence; undefined where the target has none. */
  closing: { target: Target; payloads: readonly Uint8Array[] } | undefined;
}

/**
 * What happens to a door that is held open, its end included. Without a probe nothing tells whether it is
 * open: the first knock is `knocked`, not `opened`, and the closing sequence `closing_sent`, not `closed`.
 */
export type KeptEvent =
  | KeepEvent
  | { kind: "knocked"; renewInMs: number }
  | { kind: "closed" | "still_open" | "closing_sent" | "stopped" };

/**
 * Renews the knock until the signal aborts. Each packet of a renewal is sent twice: that one was lost
 * would only show when the door is closed.
 *
 * @throws the signal's reason.
 */
export async function holdOpen(
  { target, resolved, payloads }: KeptTarget,
  ports: Ports,
  { onEvent }: { onEvent: (event: KeptEvent) => void },
): Promise<never> {
  const copies = target.copies === "auto" ? 2 : target.copies;
  const renewed = { ...target, after: [], copies };
  const checked = { ...target, timeoutMs: Math.min(target.timeoutMs, CHECK_TIMEOUT_MS) };
  return await keepOpen({
    openForMs: target.openForMs,
    onEvent: (event) => {
      const isUnchecked = event.kind === "opened" && target.probes.length === 0;
      onEvent(isUnchecked ? { ...event, kind: "knocked" } : event);
    },
    async knock() {
      try {
        const { knocks } = await knockTarget({ target: renewed, resolved, payloads }, ports);
        return knocks?.isOpen ? undefined : "no probe passed";
      } catch (error) {
        if (ports.signal.aborted || !(error instanceof SpknockError)) throw error;
        return error.message;
      }
    },
    ...(target.probes.length === 0 ? {} : {
      look: async () => {
        const { status } = await probeTarget({ target: checked, resolved }, ports);
        return status === "open";
      },
    }),
  }, ports);
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
