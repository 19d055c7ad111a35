/** What a SYN gives, in words: an answer, a refusal, an ICMP message with its code, or silence. */
import { detectFamily } from "../core/address/syntax.ts";
import type { Clock } from "../core/clock.ts";
import { findErrno } from "../net/socket_errors.ts";
import { type PortResult, waitForPort } from "../net/wait_for_port.ts";
import type { TcpConnection } from "../net/connection.ts";
import type { SynEvidence } from "./evidence.ts";

/** How to ask. */
interface SynOptions {
  address: string;
  open(signal: AbortSignal): Promise<TcpConnection>;
  clock: Clock;
  timeoutMs: number;
  /** One SYN only, where several would be no good. */
  isSingle?: boolean;
  signal: AbortSignal;
}

/** Asks. */
export async function askSyn({ address, ...options }: SynOptions): Promise<SynEvidence> {
  const race = await waitForPort(options);
  if (race.status === "open") {
    try {
      race.connection.close();
    } catch {
      // The other side was faster.
    }
  }
  return describe(race, detectFamily(address));
}

/**
 * ICMP codes that become each errno, of a destination unreachable message (Linux,
 * `icmp_err_convert` in net/ipv4/icmp.c and `tab_unreach` in net/ipv6/icmp.c).
 */
const ICMP: Readonly<Record<"ipv4" | "ipv6", Readonly<Record<string, string>>>> = {
  ipv4: {
    ENETUNREACH: "network unreachable or prohibited (code 0, 6, 9 or 11)",
    EHOSTUNREACH: "host unreachable or prohibited (code 1, 10, 12 or 13)",
    ENOPROTOOPT: "protocol unreachable (code 2)",
    EHOSTDOWN: "host unknown (code 7)",
  },
  ipv6: {
    ENETUNREACH: "no route (code 0)",
    EACCES: "prohibited (code 1, 5 or 6)",
    EHOSTUNREACH: "address unreachable (code 2 or 3)",
  },
};

/** A race as evidence. */
function describe(race: PortResult, family: "ipv4" | "ipv6"): SynEvidence {
  const { ms } = race;
  if (race.status === "open") return { answer: "answered", ms, detail: "" };
  if (race.status === "closed") return { answer: "silent", ms, detail: "" };
  if (race.status === "refused") {
    return { answer: "refused", ms, detail: "RST, or ICMP port unreachable (code 3 or 4)" };
  }
  const icmp = ICMP[family][findErrno(race.cause) ?? ""];
  if (icmp !== undefined) return { answer: "unreachable", ms, detail: icmp };
  const detail = race.cause instanceof Error ? race.cause.message : String(race.cause);
  return { answer: "failed", ms, detail };
}
