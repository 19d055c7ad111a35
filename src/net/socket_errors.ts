/** What the kernel says when a packet cannot be sent, in words. */
import { NetworkError } from "../core/errors.ts";
import { findErrno } from "../core/system_errors.ts";
import { detectFamily } from "./resolve.ts";

export { findErrno };

const REASONS: Record<string, { what: string; hint?: string }> = {
  ENETUNREACH: { what: "there is no route to it", hint: "is the network (and its IPv6) up?" },
  EHOSTUNREACH: { what: "the host is unreachable" },
  EPERM: { what: "this machine's own firewall forbids it" },
  EACCES: { what: "this machine forbids it", hint: "a broadcast address cannot be knocked on" },
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
      hint: "see the machine's addresses with: ip addr",
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
  const detail = reason?.what ?? (cause instanceof Error ? cause.message : String(cause));
  return new NetworkError(`cannot send to ${to}: ${detail}`, { hint: reason?.hint, cause });
}
