/**
 * What the kernel says when a packet cannot be sent or a connection does not come about, in words, and
 * who says it.
 *
 * Measured on Linux 6.18 in network namespaces, without raw sockets: a datagram's error is always this
 * machine's own (an unconnected socket is told of no ICMP message, udp(7)). Of a TCP connection the error
 * number does not say who reports: our route (`unreachable`), a router, and our own kernel after three
 * seconds without an answer to ARP or NDP all give EHOSTUNREACH, and a router that gets no answer behind
 * it does so after the same three seconds. Only the system's `ping` names who reported: "From 192.0.2.254".
 */
import { detectFamily } from "../core/address/syntax.ts";
import { NetworkError } from "../core/errors.ts";
import { findErrno } from "../core/system_errors.ts";
import { errorMessage } from "../core/text.ts";

export { findErrno };

/** Who reported that a packet did not arrive. */
type Reporter = "this machine" | "router" | "host" | "unknown";

/** What is known about a report. */
interface ReportFacts {
  /** Where the packet went. */
  address: string;
  /** The error of a connection, or of a datagram. */
  cause?: unknown;
  /** Whether `cause` is the error of a datagram: then only this machine can have reported. */
  isDatagram?: boolean;
  /** The sender that `ping` names for its own error (`ProbeResult.reportedBy`). */
  reportedBy?: string | undefined;
  /** The addresses of this machine; undefined where they are not known. */
  own?: readonly string[] | undefined;
}

/** Errors that no other machine can cause. */
const LOCAL = new Set(["EPERM", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL", "ENETDOWN", "ENOBUFS"]);

/** Returns who reported, as far as that can be told; see the measurements above. */
export function findReporter(facts: ReportFacts): Reporter {
  const { cause, address, isDatagram = false, reportedBy, own } = facts;
  const code = findErrno(cause) ?? "";
  if (isDatagram || LOCAL.has(code) || reportedBy === THIS_MACHINE) return "this machine";
  if (reportedBy !== undefined) {
    const isSame = (other: string) => stripZone(other) === stripZone(reportedBy);
    if (isSame(address)) return "host";
    return own === undefined ? "unknown" : own.some(isSame) ? "this machine" : "router";
  }
  return code === "ECONNREFUSED" || code === "ECONNRESET" ? "host" : "unknown";
}

/** The `reportedBy` of what the kernel said to `ping` itself, before a packet left. */
export const THIS_MACHINE = "this machine";

function stripZone(address: string): string {
  return address.split("%", 1)[0]?.toLowerCase() ?? "";
}

/**
 * Errors after which the next address of a host is tried: no packet gets there. Silence and a refusal are
 * not among them.
 */
const UNREACHABLE = new Set([
  ...["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EACCES", "EPERM", "EADDRNOTAVAIL"],
  ...["EAFNOSUPPORT", "EINVAL"],
]);

/** Whether an error, or what caused it, says that no packet gets to the address. */
export function isUnreachable(cause: unknown): boolean {
  const code = findErrno(cause);
  if (code !== undefined && UNREACHABLE.has(code)) return true;
  const { cause: deeper } = (cause ?? {}) as { cause?: unknown };
  return deeper !== undefined && isUnreachable(deeper);
}

/** Returns the reason of a failed connection or datagram in words. */
export function describeReason(cause: unknown): string {
  return REASONS[findErrno(cause) ?? ""]?.what ?? errorMessage(cause);
}

const REASONS: Record<string, { what: string; hint?: string }> = {
  ENETUNREACH: { what: "there is no route to it", hint: "is the network (and its IPv6) up?" },
  EHOSTUNREACH: { what: "the host is unreachable" },
  EHOSTDOWN: { what: "the host is down" },
  ENETDOWN: { what: "the network interface is down" },
  EADDRNOTAVAIL: { what: "this machine has no address of that family" },
  EAFNOSUPPORT: { what: "this machine does not have that family" },
  EPERM: { what: "this machine's own firewall forbids it" },
  EACCES: { what: "it is prohibited", hint: "a broadcast address cannot be knocked on" },
  EINVAL: { what: "the address cannot be used" },
  ENOBUFS: { what: "the kernel has no buffers left", hint: "try a longer --delay" },
  EMSGSIZE: { what: "the payload is larger than the path allows" },
  EMFILE: { what: "too many open files", hint: "use fewer --jobs, or raise ulimit -n" },
};

/** A send or bind that failed, as an error for the user. */
export function explainSendError(
  cause: unknown,
  { address, port, source }: { address: string; port?: number; source?: string | undefined },
): NetworkError {
  const code = findErrno(cause) ?? "";
  if (source !== undefined && detectFamily(source) !== detectFamily(address)) {
    return new NetworkError(
      `cannot send from "${source}" to ${address}: one is IPv4, the other IPv6`,
      { hint: "use a source of the host's family, or choose the family with -4 or -6", cause },
    );
  }
  // node:net says EINVAL for what the kernel calls EADDRNOTAVAIL, but names the call.
  const isBind = code === "EADDRNOTAVAIL" ||
    /^bind /.test((cause as Error | undefined)?.message ?? "");
  if (source !== undefined && isBind) {
    return new NetworkError(`cannot send from "${source}": it is not an address of this machine`, {
      hint: "use one of its addresses, or the name of an interface",
      cause,
    });
  }
  if (source !== undefined && code === "EINVAL") {
    return new NetworkError(`cannot send from "${source}" to ${address}: no route leads there`, {
      hint: "use an address of the interface that faces the host",
      cause,
    });
  }
  const reason = REASONS[code];
  const to = port === undefined ? address : `${address} port ${port}`;
  return new NetworkError(`cannot send to ${to}: ${describeReason(cause)}`, {
    hint: reason?.hint,
    cause,
  });
}
