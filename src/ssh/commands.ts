/**
 * The command lines of ssh.
 *
 * Ours come after the user's own words, which may be a program around ssh. Of `-S`, `-T` and `-F` the last one
 * counts, of `-o` the first: what the words say by `-o` is the user's decision.
 */
import type { Destination } from "./destination.ts";

/** Seconds for the connection itself, and for the beats by which ssh notices that the server is gone. */
const CONNECT_TIMEOUT_S = 15;
const BEAT_S = 5;
const BEATS = 3;

/** Settings of newer versions that are wrong for a command; named only where this ssh knows them. */
const NEEDED: Readonly<Record<string, string>> = {
  sessiontype: "default",
  stdinnull: "no",
  forkafterauthentication: "no",
};

/** Returns the command line of a new connection that shares nothing. */
export function listFreshWords(destination: Destination, command: string): string[] {
  return [
    ...destination.ssh,
    ...listOptions(destination),
    "-S",
    "none",
    ...end(destination, command),
  ];
}

/** Returns the command line of the login whose connection others share over the socket `control`. */
export function listMasterWords(
  destination: Destination,
  { control, command }: { control: string; command: string },
): string[] {
  const master = ["-o", "ControlMaster=yes", "-o", "ControlPersist=no", "-S", control];
  return [...destination.ssh, ...listOptions(destination), ...master, ...end(destination, command)];
}

/**
 * Returns the command line that shares the login's connection. Without one it must not make its own: the
 * ProxyCommand fails. The user's files are not read, for a `Match exec` in them can knock.
 */
export function listSharedWords(
  destination: Destination,
  { control, command }: { control: string; command: string },
): string[] {
  const alone = ["-F", "none", "-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-S", control];
  return [...destination.ssh, ...alone, ...QUIET, ...end(destination, command)];
}

/** No terminal there, nothing forwarded, no command but ours, and no banner. */
const QUIET = ["-T", "-a", "-x", "-o", "LogLevel=ERROR"];

function listOptions({ settings, proxy }: Destination): string[] {
  const options = [
    "RemoteCommand=none",
    "PermitLocalCommand=no",
    "ClearAllForwardings=yes",
    `ServerAliveInterval=${BEAT_S}`,
    `ServerAliveCountMax=${BEATS}`,
    // A proxy may knock, and ask, before it connects.
    ...(settings.get("connecttimeout") === "none" && proxy.kind === "none"
      ? [`ConnectTimeout=${CONNECT_TIMEOUT_S}`]
      : []),
    ...Object.entries(NEEDED).flatMap(([key, value]) => {
      const found = settings.get(key);
      return found === undefined || found === value ? [] : [`${key}=${value}`];
    }),
  ];
  return [...QUIET, ...options.flatMap((option) => ["-o", option])];
}

function end({ place }: Destination, command: string): string[] {
  return ["--", place, command];
}
