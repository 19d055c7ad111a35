/** The parts of the script that `--as bash` writes. They are POSIX; what only bash has is run by bash. */

/** Ends the script with a message. */
export const FAIL = `fail() { # CODE MESSAGE
  printf 'error: %s\\n' "$2" >&2
  exit "$1"
}`;

/** Prints what other users must not see: not each shell has a \`printf\` of its own, and arguments can be seen. */
export const PUT = `
put() { # TEXT
  case $(command -v printf) in
    /*) LC_ALL=C tr -d '\\n' <<END ;;
$1
END
    *) printf %s "$1" ;;
  esac
}`;

/** Asks without showing what is typed; the terminal is as before, whatever happens. */
export const ASK = `
# A variable that the environment has is handed on to each program.
unset answer payload
return_key=$(printf '\\r')
terminal=
restore() {
  [ -z "$terminal" ] || stty "$terminal"
  terminal=
}
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

ask() { # QUESTION: the answer is in $answer
  if [ -t 0 ]; then
    terminal=$(stty -g)
    stty -echo
    printf '%s: ' "$1" >&2
  fi
  answer=
  IFS= read -r answer || [ -n "$answer" ] || fail 4 'there is no secret; nothing was sent'
  answer=\${answer%"$return_key"}
  if [ -n "$terminal" ]; then
    restore
    echo >&2
  fi
  [ -n "$answer" ] || fail 4 'the secret is empty; nothing was sent'
}`;

/** Makes the payload of a passphrase: SHA-256 of its bytes, without a line end, in hex digits. */
export const DIGEST = `
digest() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256
  else
    openssl dgst -sha256 -r
  fi
}

take_passphrase() {
  payload=$(put "$answer" | digest)
  answer=
  payload=\${payload%% *}
  [ "\${#payload}" -eq 64 ] || fail 4 'SHA-256 needs sha256sum, shasum or openssl; nothing was sent'
}`;

/** Takes a hash as it is. */
export const HASH = `
take_hash() {
  payload=$answer
  answer=
  case $payload in
    *[!0-9a-f]*) fail 4 'a hash has hex digits only, in small letters; nothing was sent' ;;
  esac
  [ "\${#payload}" -eq 64 ] || fail 4 'a hash has 64 hex digits; nothing was sent'
}`;

/** Waits for a program, for a limited time: TCP repeats a SYN after a second, which would be another knock. */
export const REAP = `
reap() { # PID TENTHS: waits so long, ends it, and returns its exit code
  tenths=$2
  while [ "$tenths" -gt 0 ] && kill -0 "$1" 2>/dev/null; do
    sleep 0.1 2>/dev/null || { sleep 1; tenths=$((tenths - 9)); }
    tenths=$((tenths - 1))
  done
  kill "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}`;

/** Not each \`sleep\` takes a fraction. */
export const PAUSE = `
pause() { # SECONDS
  sleep "$1" 2>/dev/null || sleep "$((\${1%%.*} + 1))"
}`;

/** How the knocks leave. */
export interface ScriptWay {
  /** Whether bash can do it: it cannot choose a source. */
  canUseBash: boolean;
  /** The database of getent; undefined where the host is an address. */
  lookUp: "ahosts" | "ahostsv4" | "ahostsv6" | undefined;
  /** The options of nc. */
  flags: readonly string[];
}

/** Returns what finds out how to knock here; `$way` is `bash` or `nc`. */
export function renderWay(
  { canUseBash, lookUp }: ScriptWay,
  { hasUdp }: { hasUdp: boolean },
): string[] {
  const isUdp = `  case $(nc -h 2>&1) in
    *-u*) ;;
    *) fail 2 'this nc cannot send udp; nothing was sent' ;;
  esac`;
  return [
    "",
    "way=nc",
    ...(canUseBash ? [BASH] : []),
    'if [ "$way" = nc ]; then',
    `  command -v nc >/dev/null 2>&1 || fail 2 '${
      canUseBash ? "bash or nc" : "nc"
    } is required; nothing was sent'`,
    ...(hasUdp ? [isUdp] : []),
    "fi",
    ...(canUseBash ? ["address=$host"] : []),
    ...(canUseBash && lookUp !== undefined ? [renderLookUp(lookUp)] : []),
  ];
}

const BASH =
  `if command -v bash >/dev/null 2>&1 && bash -c ': >/dev/udp/127.0.0.1/9' 2>/dev/null; then
  way=bash
fi`;

/** One look-up for all knocks: a name with several addresses would split the sequence. */
function renderLookUp(database: string): string {
  const only = database === "ahostsv6" ? " | grep -v '^::ffff:'" : "";
  const otherwise = database === "ahosts" ? "" : `elif [ "$way" = bash ]; then
  command -v nc >/dev/null 2>&1 || fail 2 'getent or nc is required; nothing was sent'
  way=nc
`;
  return `if [ "$way" = bash ] && command -v getent >/dev/null 2>&1; then
  address=$(getent ${database} "$host"${only} | sed -n '1s/ .*//p')
  [ -n "$address" ] || fail 3 "$host has no address; nothing was sent"
${otherwise}fi`;
}

const OPEN_SOCKET = `bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$address" "$1" >/dev/null 2>&1 &`;

/** Sends a SYN. */
export function renderKnockTcp({ canUseBash, flags }: ScriptWay): string {
  const nc = `nc ${[...flags, "-w", "1"].join(" ")} "$host" "$1" </dev/null >/dev/null 2>&1 &`;
  return `
knock_tcp() { # PORT
${canUseBash ? renderChoice(OPEN_SOCKET, nc) : `  ${nc}`}
  reap "$!" 3
}`;
}

/** Sends a datagram; nc waits for an answer, as it ends by time only. */
export function renderKnockUdp({ canUseBash, flags }: ScriptWay): string {
  const bash = `  if [ "$way" = bash ]; then
    bash -c 'exec cat >"/dev/udp/$0/$1"' "$address" "$1" && return
    fail 3 "the packet to port $1 could not be sent"
  fi
`;
  return `
knock_udp() { # PORT, with the payload on standard input
${canUseBash ? bash : ""}  exec 3<&0
  nc ${[...flags, "-u", "-w", "1"].join(" ")} "$host" "$1" <&3 >/dev/null 2>&1 &
  reap "$!" 20
  return 0
}`;
}

/** Says whether a tcp port can be reached; the script ends with 1 where not. */
export function renderCheck({ canUseBash, flags }: ScriptWay): string {
  const nc = `nc ${[...flags, "-z", "-w", "3"].join(" ")} "$host" "$1" >/dev/null 2>&1 &`;
  return `
check() { # PORT
${canUseBash ? renderChoice(OPEN_SOCKET, nc) : `  ${nc}`}
  if reap "$!" 30; then
    echo "$host: $1/tcp is open"
  else
    echo "$host: $1/tcp is closed" >&2
    exit 1
  fi
}`;
}

function renderChoice(bash: string, nc: string): string {
  return `  if [ "$way" = bash ]; then
    ${bash}
  else
    ${nc}
  fi`;
}
