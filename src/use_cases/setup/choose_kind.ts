/**
 * Which kind of knocks a new door has: one-time codes, which a recorded packet does not open, wherever the server
 * can check them; else a sequence of random passphrases.
 */
import type { Look } from "../../apply/look.ts";
import { renderElapsed } from "../../core/duration.ts";
import { UsageError } from "../../core/errors.ts";
import { DEFAULT_ROLLING, findSkew } from "../../core/rolling.ts";
import type { Backend } from "../../rules/mod.ts";
import type { DoorKind } from "./request.ts";

/** What the server is. */
export interface ServerFacts {
  look: Look;
  backend: Backend;
}

/**
 * Returns the kind, and why it is not codes.
 *
 * @param options.wanted what the user asked for.
 * @param options.now this machine's clock when the look ended, in Unix milliseconds.
 * @throws {UsageError} where the user asked for codes, and the firewall cannot check them.
 */
export function chooseKind(
  facts: ServerFacts,
  { wanted, now }: { wanted: DoorKind | undefined; now: number },
): { kind: DoorKind; reason: string | undefined } {
  if (wanted === "passphrases") return { kind: wanted, reason: undefined };
  const missing = findMissing(facts);
  if (wanted === "codes") {
    if (missing === undefined) return { kind: wanted, reason: undefined };
    throw new UsageError(`the server cannot check one-time codes: ${missing}`, {
      hint: "leave out --rolling: setup takes passphrases of 128 random bits",
    });
  }
  const reason = missing ?? findWrongClock(facts.look, now);
  return { kind: reason === undefined ? "codes" : "passphrases", reason };
}

function findMissing({ look, backend }: ServerFacts): string | undefined {
  if (!backend.supports.codes) return `${backend.name} does not support them`;
  if (backend.name !== "iptables") return undefined;
  if (look.iptables?.hasIpset !== true) return "it has no ipset";
  return look.hasSha512sum ? undefined : "it has no sha512sum";
}

/** Codes stop to open where a clock goes wrong; passphrases do not. */
function findWrongClock({ clock }: Look, now: number): string | undefined {
  const off = Math.abs(clock.at - now);
  if (off > findSkew(DEFAULT_ROLLING)) {
    return `the clocks of the server and of this machine differ by ${renderElapsed(off)}`;
  }
  return clock.isSynchronized === false
    ? "the network does not set the clock of the server"
    : undefined;
}
