/**
 * What runs on the server: POSIX shell (dash, bash, busybox). The login shell, which may be csh or fish, sees one
 * fixed line only; the script comes first on standard input, so that no list of processes shows it.
 */
import { quoteShell } from "../core/text.ts";

/** What the server prints before a command's own output; rc files may have printed before. */
const BEGIN = "spknock: begin";

/** Seconds between the beats of the server, and how many of them without one of ours end the login. */
const BEAT_S = 2;
const SILENT_BEATS = 30;

/** Milliseconds between two of our beats; far below what the server waits for. */
export const BEAT_MS = 10_000;

/** A command for the server: the words for its login shell, and what comes first on standard input. */
export interface RemoteCommand {
  words: string;
  script: string;
}

/** Messages of programs there are read, and shown: in one language. */
const LANGUAGE = "LC_ALL=C; export LC_ALL";
/** Prints the marker, with nothing before it on its line. */
const SAY_BEGIN = `printf '\\n%s\\n' '${BEGIN}'`;

/** Returns the command for a line of shell; what follows on standard input is the line's. */
export function makeCommand(line: string): RemoteCommand {
  return wrap(`${LANGUAGE}\n${SAY_BEGIN}\n${line}`);
}

/**
 * Returns the command that runs a line as root by sudo.
 *
 * @param options.hasPassword the next line on standard input is the password. The line that is run has an empty
 * standard input: a password that sudo did not read must not be read by others.
 */
export function makeSudoCommand(
  line: string,
  { hasPassword }: { hasPassword: boolean },
): RemoteCommand {
  const empty = hasPassword ? "exec </dev/null\n" : "";
  const inner = quoteShell(`${LANGUAGE}\n${SAY_BEGIN}\n${empty}${line}`);
  return wrap(`${LANGUAGE}\nsudo ${hasPassword ? "-S -p ''" : "-n"} -- sh -c ${inner}`);
}

/** Returns what a command printed after the marker; undefined where it was never started. */
export function cutOutput(stdout: string): string | undefined {
  const at = stdout.indexOf(`\n${BEGIN}\n`);
  return at < 0 ? undefined : stdout.slice(at + BEGIN.length + 2);
}

/**
 * The command of the login: it makes the folder, says how root is reached, answers each line, and removes the
 * folder when its input ends, the connection breaks, or nothing has come for a minute (a network that was cut
 * tells the server nothing). Its own beats keep the connection known to a connection tracking that begins late.
 * A command that is under way may write into the folder while it is removed: so it is tried again.
 */
export const KEEPER: RemoteCommand = wrap(`${LANGUAGE}
umask 077
dir=
for base in /tmp /var/tmp "$HOME"; do
  dir=$(mktemp -d "$base/spknock.XXXXXX" 2>/dev/null) && break
done
if [ -z "$dir" ]; then
  printf '\\nspknock: failed %s\\n' "$(mktemp -d /tmp/spknock.XXXXXX 2>&1)"
  exit 1
fi
remove() {
  tries=0
  until rm -rf "$dir" 2>/dev/null || [ "$tries" -ge 20 ]; do
    tries=$((tries + 1))
    sleep 1
  done
}
end() {
  trap '' HUP INT TERM PIPE
  kill "$watcher" 2>/dev/null
  remove
  exit
}
watch() {
  trap 'kill "$nap" 2>/dev/null; exit' TERM
  trap '' HUP INT PIPE
  silent=0
  while :; do
    sleep ${BEAT_S} </dev/null >/dev/null 2>&1 &
    nap=$!
    wait "$nap"
    echo 'spknock: beat' 2>/dev/null || break
    if rm "$dir/.beat" 2>/dev/null; then silent=0; else silent=$((silent + 1)); fi
    [ "$silent" -lt ${SILENT_BEATS} ] || break
  done
  kill -TERM $$ 2>/dev/null
  remove
}
watcher=
trap end HUP INT TERM PIPE
watch &
watcher=$!
if [ "$(id -u)" = 0 ]; then way=root
elif ! command -v sudo >/dev/null 2>&1; then way=none
elif sudo -n -- sh -c : </dev/null >/dev/null 2>&1; then way=sudo
else way=sudo-password
fi
printf '\\nspknock: root %s\\nspknock: dir %s\\n' "$way" "$dir"
while read -r line; do
  : >"$dir/.beat"
  echo "spknock: alive $line"
done
end`);

/** A script that was cut off is not a whole `{ ... }`: the shell runs nothing of it. */
function wrap(text: string): RemoteCommand {
  const script = `{\n${text}\n}`;
  const { length } = new TextEncoder().encode(script);
  return { words: `sh -c 'eval "$(dd bs=1 count=${length} 2>/dev/null)"'`, script };
}
