/** The causes that only doors of a daemon have, in its own words: knockd's sequence, fwknopd's packet. */
import { renderDuration } from "../core/duration.ts";
import { chooseCommands } from "../core/system/commands.ts";
import { describeClock } from "./causes_of_codes.ts";
import type { AddressEvidence, DoorEvidence, Evidence } from "./evidence.ts";
import type { Finding } from "./finding.ts";
import {
  LIST_FIREWALLS,
  renderCommand,
  SHOW_FWKNOPD,
  SHOW_KNOCKD,
  SHOW_SERVER_CLOCK,
} from "./remedies.ts";

type Case = DoorEvidence & Pick<Evidence, "invocation" | "clocks">;

/** fwknopd takes no packet whose time differs more from its own clock (MAX_SPA_PACKET_AGE). */
const FWKNOPD_MAX_AGE_MS = 120_000;
/** Milliseconds between two knocks that reach a knockd in order over most networks. */
const PATIENT_GAP_MS = 200;

/** Returns that fwknopd's clock is further from ours than it takes packets. */
export function describeFwknopdClock(door: Case): Finding | undefined {
  if (door.daemon !== "fwknopd") return undefined;
  return describeClock(door, {
    limitMs: FWKNOPD_MAX_AGE_MS,
    rule: "fwknopd takes a packet only while the clocks differ by less than " +
      `${renderDuration(FWKNOPD_MAX_AGE_MS)} (MAX_SPA_PACKET_AGE)`,
  });
}

/** Returns why a daemon opened nothing; undefined where there is none, or no knock was sent. */
export function describeDaemonSilence(
  door: Case,
  { isThere }: { isThere: (taken: AddressEvidence) => boolean },
): Finding | undefined {
  const { daemon, addresses: [taken] } = door;
  if (daemon === undefined || taken?.after === undefined) return undefined;
  const start = isThere(taken)
    ? "The host answers, but the port stays closed: "
    : `No answer at all from ${taken.address}: the host is down or the address is wrong, or ` +
      "the port stays closed: ";
  return daemon === "knockd" ? blameKnockd(door, start) : blameFwknopd(door, start);
}

function blameKnockd({ target, timing, invocation }: Case, start: string): Finding {
  const { longestGapMs, stageTimeoutMs } = timing;
  return {
    kind: "closed",
    cause: `${start}knockd does not run or listens on another interface (Interface, -i), the ` +
      "port list differs from Sequence in knockd.conf (each port, its protocol, the order), " +
      `packets overtake each other (knock -d, here ${renderDuration(longestGapMs)}), ` +
      `Seq_Timeout is shorter than the whole sequence takes (here ` +
      `${renderDuration(stageTimeoutMs)} is assumed), TCPFlags wants others than a SYN, its ` +
      "command fails, or the knocks arrive from another address than the connection (NAT).",
    fix: renderCommand(
      ["edit", target, "--delay", renderDuration(Math.max(longestGapMs * 2, PATIENT_GAP_MS))],
      invocation,
    ),
    remote: SHOW_KNOCKD,
  };
}

function blameFwknopd({ port, clocks, invocation }: Case, start: string): Finding {
  const isUnset = clocks?.isSynchronized === false;
  const age = renderDuration(FWKNOPD_MAX_AGE_MS);
  return {
    kind: "closed",
    cause: start +
      (isUnset ? "the network does not set the clock of this machine, which may be wrong; " : "") +
      "fwknopd does not run or listens elsewhere (PCAP_INTF, PCAP_FILTER, the port), a key " +
      "differs from KEY_BASE64 or HMAC_KEY_BASE64 of its access.conf, " +
      `${isUnset ? "" : "a clock here or there is wrong "}(a packet is taken within ${age}), ` +
      `its stanza does not allow this source or tcp/${port} (SOURCE, OPEN_PORTS), it refuses ` +
      "a packet without an address (REQUIRE_SOURCE_ADDRESS: allow_ip has to be an address or " +
      '"resolve"), or the packet arrives from another address than the connection (NAT). ' +
      "The replay cache (digest.cache) is not it: each try sends a packet of its own.",
    fix: isUnset ? chooseCommands(invocation.os).setClock : chooseCommands(invocation.os).showClock,
    remote: `${SHOW_FWKNOPD}; ${SHOW_SERVER_CLOCK}; ${LIST_FIREWALLS}`,
  };
}

/** Returns that the doctor spends no one-time sequence. */
export function describeOneTime(
  { target, port, sequences, addresses: [taken], invocation }: Case,
): Finding | undefined {
  if (sequences === undefined || taken === undefined) return undefined;
  if (taken.before.answer === "answered" || taken.before.answer === "failed") return undefined;
  const { file, left, error = left === 0 ? `"${file}" has no sequence left` : undefined } =
    sequences;
  if (error !== undefined) {
    return {
      kind: "secret",
      cause: `${error.charAt(0).toUpperCase()}${error.slice(1)}, so no knock can be sent.`,
      fix: renderCommand(["one-time", "generate", "--output", "NEW-FILE"], invocation),
    };
  }
  return {
    kind: "fine",
    cause: `Port ${port} is closed without a knock (${taken.before.answer}). No knock was sent: ` +
      `doctor spends no one-time sequence; ${file} has ${left} left. ` +
      "If the door stays closed after a knock, this file may be ahead of the daemon's: the first " +
      "line without # has to be the same in both. A line that knockd never took gets its first " +
      "character back here.",
    fix: renderCommand(["knock", target], invocation),
    remote: SHOW_KNOCKD,
  };
}
