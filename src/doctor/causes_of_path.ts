/** The causes of an address that cannot be reached, by who reports it: this machine, a router, the host. */
import { chooseCommands } from "../core/system/commands.ts";
import type { AddressEvidence, DoorEvidence, Invocation } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import { findReporter } from "./path.ts";
import { LIST_FIREWALLS, renderAgain, renderCompare } from "./remedies.ts";

type Case = Pick<DoorEvidence, "target" | "addresses"> & { invocation: Invocation };

/** Returns the finding of this code about the address that is taken; undefined where it has another. */
export function describeUnreachable(
  { target, addresses: [taken], invocation }: Case,
  code: "no_route" | "no_neighbour" | "unreachable",
): Finding | undefined {
  if (taken === undefined) return undefined;
  if (code === "no_route") return describeNoRoute(taken, invocation);
  if (code === "no_neighbour") return describeNoNeighbour(taken, invocation);
  return describeReport(taken, { target, invocation });
}

/** What macOS and the BSDs say of a neighbour that does not answer. */
const HOST_IS_DOWN = /host is down/i;
/** What a router says of a host. It may also say something about echoes only. */
const IS_GONE = /host unreachable|net(?:work)? unreachable|no route|address unreachable|exceeded/i;

/** Whether the address answered a SYN: then it can be reached, whatever the echo gave. */
function hasAnswered({ before, after }: AddressEvidence): boolean {
  return [before, after].some((syn) => syn?.answer === "answered" || syn?.answer === "refused");
}

function describeNoRoute(taken: AddressEvidence, invocation: Invocation): Finding | undefined {
  const { address, path: { noRoute, refusal, missing } } = taken;
  if (hasAnswered(taken) || missing !== undefined || findReporter(taken) !== "machine") return;
  const reason = noRoute ?? refusal;
  if (reason === undefined || HOST_IS_DOWN.test(reason)) return undefined;
  return {
    kind: "network",
    cause: `This machine has no route to ${address} and says so itself (${reason}): no packet ` +
      "was sent. Check the network, and the VPN if there is one.",
    fix: chooseCommands(invocation.os).showRoute(address),
  };
}

function describeNoNeighbour(taken: AddressEvidence, invocation: Invocation): Finding | undefined {
  const { address, path: { missing, route, report, refusal } } = taken;
  if (hasAnswered(taken) || findReporter(taken) !== "machine") return undefined;
  const isAbout = report !== undefined || HOST_IS_DOWN.test(refusal ?? "");
  const hop = missing ?? (isAbout ? route?.gateway ?? address : undefined);
  if (hop === undefined) return undefined;
  const where = route === undefined ? "the local network" : `the network of ${route.device}`;
  const cause = hop === address.split("%")[0]
    ? `No host on ${where} has the address ${address}: this machine asked for it and got no ` +
      "answer, so the host is off, or the address is wrong."
    : `The gateway ${hop} on ${where} does not answer this machine, so no packet left for ` +
      `${address}.`;
  return { kind: "network", cause, fix: chooseCommands(invocation.os).showNeighbour(hop) };
}

function describeReport(
  taken: AddressEvidence,
  { target, invocation }: { target: string; invocation: Invocation },
): Finding | undefined {
  const { address, before, after, handshake, path: { report } } = taken;
  // Hosts send few such messages in a second: one of several questions may see silence.
  const seen = [after, handshake, before].find((syn) => syn?.answer === "unreachable");
  const reporter = findReporter(taken);
  const isGone = reporter === "router" && IS_GONE.test(report?.text ?? "");
  if (hasAnswered(taken) || (seen === undefined && !isGone)) return undefined;
  if (reporter === "router") {
    return {
      kind: "closed",
      cause: `A router on the way, ${report?.by}, reports that ${address} cannot be reached ` +
        `(${report?.text}): the host is down, the address is wrong, or that router filters.`,
      fix: chooseCommands(invocation.os).trace(address),
    };
  }
  if (reporter === "host") {
    // Without a knock this is a closed door.
    if (after === undefined) return undefined;
    return {
      kind: "closed",
      cause: `${address} is there, and a firewall answers the connection with ICMP: ` +
        `${seen?.detail}. The rules of spknock are silent: another rule (another table, ufw, ` +
        "firewalld) rejects the packets before, or other rules guard the port and the knocks are " +
        "wrong: compare with the header of the rules.",
      fix: renderCompare(target, invocation),
      remote: LIST_FIREWALLS,
    };
  }
  return {
    kind: "closed",
    cause: `${address} cannot be reached: ${seen?.detail}. A router, a firewall or this machine ` +
      "reports it; which one, the ping of this system did not show.",
    fix: after === undefined
      ? chooseCommands(invocation.os).trace(address)
      : renderAgain(target, "--ports", invocation),
  };
}
