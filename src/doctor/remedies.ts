/** The commands that the doctor proposes: each can be pasted into a shell. */
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

/** Shows the clock of a server, and whether the network sets it. */
export const SHOW_SERVER_CLOCK = "date -u; timedatectl";

/** Shows what knockd was told, and what it heard. */
export const SHOW_KNOCKD =
  "grep -v '^#' /etc/knockd.conf; cat /etc/default/knockd; journalctl -u knockd -n 20";

/** Shows what fwknopd has opened, what it was told (without its keys), and why it refused a packet. */
export const SHOW_FWKNOPD =
  "fwknopd --fw-list; grep -v -e '^#' -e KEY /etc/fwknop/access.conf; journalctl -u fwknop-server -n 20";
