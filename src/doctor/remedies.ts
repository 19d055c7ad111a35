/** The commands that the doctor proposes: each can be pasted into a shell. */
import { quoteShell } from "../core/text.ts";
import type { Invocation } from "./evidence.ts";

/** Milliseconds of the handshakes that are tried when nothing else helps, and proposed when they do. */
export const TRIED_HANDSHAKE_MS = 250;

/** Lists what filters packets on a Linux firewall; programs that are not there fail without harm. */
export const LIST_FIREWALLS = "nft list ruleset; ufw status verbose; firewall-cmd --list-all";

/** Returns a command of spknock, with the options that every command takes, such as `-c FILE`. */
export function renderCommand(
  words: readonly (string | number)[],
  { globals }: Invocation,
): string {
  return [...words.map((word) => `${word}`), ...globals].reduce(
    (line, word) => `${line} ${word}`,
    "spknock",
  );
}

/** Returns the command that examines the target again, as it was called, with one option more. */
export function renderAgain(target: string, option: string, invocation: Invocation): string {
  const words = ["doctor", target, ...invocation.options, ...(option === "" ? [] : [option])];
  return renderCommand(words, invocation);
}

/** Returns the command that shows a target's knocks as the header of the rules does. */
export function renderCompare(target: string, invocation: Invocation): string {
  return renderCommand(["show", target, "--fingerprint", ...invocation.secretOptions], invocation);
}

/** Returns the command that shows the way of packets to an address. */
export function renderShowRoute(address: string, { os }: Invocation): string {
  const [bare = "", zone] = address.split("%");
  if (os === "windows") return `tracert -d ${quoteShell(address)}`;
  if (os !== "linux") {
    return `route -n get ${bare.includes(":") ? "-inet6 " : ""}${quoteShell(address)}`;
  }
  return `ip route get ${quoteShell(bare)}${zone === undefined ? "" : ` oif ${quoteShell(zone)}`}`;
}

/** Returns the command that asks an address and shows each router on the way. */
export function renderTrace(address: string, { os }: Invocation): string {
  if (os === "windows") return `tracert -d ${quoteShell(address)}`;
  return `${os === "linux" ? "tracepath" : "traceroute"} -n ${quoteShell(address)}`;
}

/** Returns the command that shows the neighbours whose hardware addresses are known. */
export function renderShowNeighbour(address: string, { os }: Invocation): string {
  const [bare = ""] = address.split("%");
  if (os === "linux") return `ip neigh show to ${quoteShell(bare)}`;
  return bare.includes(":")
    ? (os === "windows" ? "netsh int ipv6 show neighbors" : "ndp -an")
    : "arp -an";
}

/** Returns the command that resolves a name as spknock does. */
export function renderLookUp(host: string, { os }: Invocation): string {
  return `${os === "linux" ? "getent ahosts" : "nslookup"} ${quoteShell(host)}`;
}

/** Returns the command that lists the interfaces of this machine and their addresses. */
export function renderShowInterfaces({ os }: Invocation): string {
  if (os === "windows") return "ipconfig /all";
  return os === "linux" ? "ip -br address" : "ifconfig -a";
}

/** Returns the command that sets the clock by the network. */
export function renderSetClock({ os }: Invocation): string {
  if (os === "windows") return "w32tm /resync";
  return os === "linux" ? "sudo timedatectl set-ntp true" : "sudo sntp -sS time.apple.com";
}

/** Shows the clock of a server, and whether the network sets it. */
export const SHOW_SERVER_CLOCK = "date -u; timedatectl";

/** Shows what knockd was told, and what it heard. */
export const SHOW_KNOCKD =
  "grep -v '^#' /etc/knockd.conf; cat /etc/default/knockd; journalctl -u knockd -n 20";

/** Shows what fwknopd has opened, what it was told (without its keys), and why it refused a packet. */
export const SHOW_FWKNOPD =
  "fwknopd --fw-list; grep -v -e '^#' -e KEY /etc/fwknop/access.conf; journalctl -u fwknop-server -n 20";

/** Returns the command that shows the clock of this machine, and whether the network sets it. */
export function renderShowClock({ os }: Invocation): string {
  if (os === "windows") return "w32tm /query /status";
  return os === "linux" ? "timedatectl" : "sntp time.apple.com";
}

/** Returns the command that lists the rules of this machine's own firewall. */
export function renderShowOwnFirewall({ os }: Invocation): string {
  if (os === "windows") return "netsh advfirewall show allprofiles";
  return os === "linux" ? "sudo nft list ruleset" : "sudo pfctl -s rules";
}
