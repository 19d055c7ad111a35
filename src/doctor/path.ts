/** The way to an address: what `ip` prints, as facts, and where an error comes from. */
import type { AddressEvidence, PathEvidence } from "./evidence.ts";

/** What a program printed. */
interface Printed {
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** Who reports that an address cannot be reached. */
type Reporter = "machine" | "router" | "host";

/** Returns the facts of `ip route get`: the device, the gateway and the local address, or why not. */
export function readRoute(
  { code, stdout, stderr }: Printed,
): Pick<PathEvidence, "route" | "noRoute"> {
  const answer = /RTNETLINK answers: (.+)/.exec(stderr)?.[1];
  if (code !== 0) return answer === undefined ? {} : { noRoute: answer };
  const find = (word: string) => new RegExp(`\\b${word} (\\S+)`).exec(stdout)?.[1];
  const [device, gateway, source] = ["dev", "via", "src"].map(find);
  if (device === undefined) return {};
  return { route: { device, gateway, source } };
}

/** Returns the state of a neighbour in the output of `ip neigh show`; undefined without an entry. */
export function readNeighbour(
  { code, stdout }: Printed,
): "missing" | "asking" | "there" | undefined {
  if (code !== 0 || stdout.trim() === "") return undefined;
  if (/\bFAILED\b/.test(stdout)) return "missing";
  return /\bINCOMPLETE\b/.test(stdout) ? "asking" : "there";
}

/**
 * Returns who reports that the address cannot be reached. Without a report about the echo, a host that
 * answers echoes is there, and what rejects the connection is its firewall, or one in front of it.
 */
export function findReporter(
  { address, ping, path: { route, noRoute, missing, report, refusal } }: Pick<
    AddressEvidence,
    "address" | "ping" | "path"
  >,
): Reporter | undefined {
  if (noRoute !== undefined || missing !== undefined) return "machine";
  if (refusal !== undefined && !isForbidden(refusal)) return "machine";
  if (report === undefined) return ping ? "host" : undefined;
  const by = report.by.split("%")[0];
  if (by === route?.source) return "machine";
  return by === address.split("%")[0] ? "host" : "router";
}

/** Whether an own firewall refused the echo, which tells nothing about other packets. */
function isForbidden(refusal: string): boolean {
  return /not permitted|permission denied/i.test(refusal);
}
