/** Addresses that no packet gets to, in words. */
import { NetworkError } from "../core/errors.ts";
import { describeReason, findErrno } from "../net/socket_errors.ts";

/** An address that no packet gets to. */
export interface GivenUp {
  address: string;
  /** What it said, or what was said about it. */
  reason: string;
}

/** Returns what a failed send says, without where it went. */
export function explainSaid(error: NetworkError): string {
  return findErrno(error.cause) === undefined ? error.message : describeReason(error.cause);
}

/** Returns the error of a host where no address can be reached; a single one keeps its own. */
export function explainUnreachable(
  last: NetworkError,
  { host, givenUp }: { host: string; givenUp: readonly GivenUp[] },
): NetworkError {
  if (givenUp.length < 2) return last;
  const message = `cannot reach "${host}": ${renderGivenUp(givenUp)}`;
  return new NetworkError(message, { hint: last.hint, cause: last.cause });
}

/** Renders each address and what it said. */
export function renderGivenUp(givenUp: readonly GivenUp[]): string {
  return givenUp.map(({ address, reason }) => `${address}: ${reason}`).join("; ");
}
