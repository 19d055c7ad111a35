/**
 * The script that rewrites the rules of one-time codes: for dash, bash and busybox, with date, sha512sum, ipset and
 * iptables-restore.
 *
 * - All rules of a family are replaced in one transaction of iptables-restore; when anything fails before, the
 *   old ones stay.
 * - Each rule has its own time: a script that runs late opens no longer, and codes of the next window are
 *   there before it begins.
 * - What is used is in sets, which rewriting does not touch. They are destroyed when their windows are over and their
 *   entries have timed out: a day later, so that a clock that goes back revives no used code.
 * - A key never is an argument of a program: `printf` is built in.
 * - Two runs at once: one may destroy a new and empty set of the other, which fails then, and the next run repairs.
 */
import type { Plan } from "../../../plan/plan.ts";
import { quoteShell } from "../../../core/text.ts";
import { computeCode } from "../../../plan/codes.ts";
import { type PlacedKey, renderFolder, renderKeyArguments, renderNetmask } from "./codes.ts";
import { createBaseName, findHeaders } from "./syntax.ts";

const FAMILIES = {
  ipv4: { program: "iptables", digit: 4, type: "inet" },
  ipv6: { program: "ip6tables", digit: 6, type: "inet6" },
} as const;

/** Returns the script that fills the chains of the codes of these keys. */
function renderUpdater(plan: Plan, keys: readonly PlacedKey[]): string[] {
  const [first] = keys;
  const entries = [...new Set(keys.map(({ entry }) => entry))];
  return [
    "#!/bin/sh",
    `# One-time codes of the spknock rules "${plan.name}", to run each minute: it replaces the rules of the codes, all`,
    "# or none; which codes are used and which sources are open stays. With `revoke DOOR.NAME` it takes a key out.",
    "set -eu",
    "umask 077",
    "export LC_ALL=C TZ=UTC",
    'PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"',
    'case $0 in */*) cd -- "${0%/*}" ;; esac',
    `base=${quoteShell(createBaseName(plan.name))}`,
    "",
    "# Calls a function for each key, with DOOR.NAME ENTRY CHAIN PORT WINDOW SKEW SLOTS TAG",
    "keys() {",
    ...keys.map((key) => `  "$1" ${renderKeyArguments(key)}`),
    "}",
    "",
    ...RENDER_CODES,
    ...renderSets(plan),
    ...renderRules(plan, entries),
    ...RENDER_REVOKE,
    `programs='${plan.families.map((family) => FAMILIES[family].program).join(" ")}'`,
    "case ${1-} in",
    '  revoke) revoke "${2-}" ;;',
    "  iptables | ip6tables) programs=$1 ;;",
    '  ?*) echo "error: unknown argument $1: use revoke DOOR.NAME" >&2; exit 2 ;;',
    "esac",
    "now=$(date +%s)",
    "codes=$(keys list_codes)",
    "needed=$(list_names)",
    "loaded=",
    "for program in $programs; do",
    `  if "$program" -w -S ${
      quoteShell(first?.entry ?? "")
    } >/dev/null 2>&1; then loaded="$loaded $program"; fi`,
    "done",
    'if [ -z "$loaded" ]; then',
    `  echo 'error: the rules "${plan.name}" are not loaded' >&2`,
    "  exit 1",
    "fi",
    'for program in $loaded; do "sets_$program" | ipset restore; done',
    'for program in $loaded; do "rules_$program" | "$program-restore" -w -n; done',
    "destroy_old",
    'case $codes in *"bad "*) exit 1 ;; esac',
  ];
}

const CODE_PATTERN = "?".repeat(32);

/** Lines of CODE SET ENTRY CHAIN NEXT PORT KEEP START STOP. */
const RENDER_CODES = [
  "# Prints a line for each code of a key in the windows before, now and after; `bad` where it is none.",
  "list_codes() {",
  '  [ -f "./$1.key" ] || return 0',
  "  key=",
  '  IFS= read -r key < "./$1.key" || :',
  "  case $key in",
  "    '' | *[!A-Za-z0-9+/=]*)",
  '      echo "error: $PWD/$1.key is not a key" >&2',
  '      echo "bad $1"',
  "      return 0 ;;",
  "  esac",
  "  keep=$((2 * $5))",
  '  [ "$keep" -gt 86400 ] || keep=86400',
  "  for number in $((now / $5 - 1)) $((now / $5)) $((now / $5 + 1)); do",
  '    start=$(date -u -d "@$((number * $5 - $6))" +%Y-%m-%dT%H:%M:%S) || exit 1',
  '    stop=$(date -u -d "@$((number * $5 + $5 + $6 - 1))" +%Y-%m-%dT%H:%M:%S) || exit 1',
  "    for slot in $7; do",
  `      hash=$(printf '%s:%s:%s' "$key" "$number" "$((0x$slot))" | sha512sum) || exit 1`,
  `      rest=\${hash#${CODE_PATTERN}}`,
  '      code=${hash%"$rest"}',
  '      name=${rest%"${rest#????????}"}',
  "      case $code$name in *[!0-9a-f]*) exit 1 ;; esac",
  '      [ "${#code}${#name}" = 328 ] || exit 1',
  '      echo "$code $name$8 $2 $3$slot$((number % 3)) $3 $4 $keep $start $stop"',
  "    done",
  "  done",
  "}",
  "",
  "# Prints the ends of the names of the sets that are needed.",
  "list_names() {",
  '  echo "$codes" | while read -r code name rest; do',
  '    [ "$code" = bad ] || printf \' %s\' "$name"',
  "  done",
  "  echo ' '",
  "}",
  "",
];

/** A flag says that a code is used by the family; it is needed where there is another one. */
function renderSets(plan: Plan): string[] {
  return [
    ...plan.families.flatMap((family) => {
      const { program, digit, type } = FAMILIES[family];
      const mask = renderNetmask(plan, family);
      return [
        `sets_${program}() {`,
        ...renderLoop([
          `echo "create $base.k$name.${digit} hash:ip family ${type} hashsize 64 ${mask}maxelem 1 timeout $keep -exist"`,
          ...(plan.families.length === 1
            ? []
            : [4, 6].map((each) =>
              `echo "create $base.w$name.${each} bitmap:port range $port-$port timeout $keep -exist"`
            )),
        ]),
        "}",
        "",
      ];
    }),
    "# Destroys the empty sets of windows that are over.",
    "destroy_old() {",
    "  old=$(ipset list -t | {",
    "    name=",
    "    while read -r word value _ count _; do",
    "      case $word in",
    "        Name:) name=$value ;;",
    "        Number)",
    '          case $name in "$base".[kw]???????????.[46]) ;; *) continue ;; esac',
    '          end=${name#"$base".?}',
    '          case $needed in *" ${end%.?} "*) continue ;; esac',
    '          [ "$count" != 0 ] || echo "destroy $name" ;;',
    "      esac",
    "    done",
    "  })",
    '  [ -z "$old" ] || echo "$old" | ipset restore || :',
    "}",
    "",
  ];
}

function renderRules(plan: Plan, entries: readonly string[]): string[] {
  return [
    "# Prints the names of the chains of a key.",
    "declare_chains() {",
    '  for slot in $7; do for window in 0 1 2; do echo ":$3$slot$window - [0:0]"; done; done',
    "}",
    "",
    ...plan.families.flatMap((family) => {
      const { program, digit } = FAMILIES[family];
      const set = "-j SET --add-set $base";
      const isShared = plan.families.length > 1;
      const free = isShared ? `-m set ! --match-set $base.w$name.${10 - digit} dst ` : "";
      return [
        `rules_${program}() {`,
        "  echo '*filter'",
        ...entries.map((entry) => `  echo ${quoteShell(`:${entry} - [0:0]`)}`),
        "  keys declare_chains",
        ...renderLoop([
          'echo "-A $entry -m time --datestart $start --datestop $stop ' +
          `-m string --algo kmp --from ${findHeaders(family)} --string $code -g $chain"`,
          ...(isShared ? [`echo "-A $chain ${free}${set}.w$name.${digit} dst"`] : []),
          `echo "-A $chain ${free}${set}.k$name.${digit} src"`,
          `echo "-A $chain -m set --match-set $base.k$name.${digit} src -g $next"`,
        ]),
        "  echo COMMIT",
        "}",
        "",
      ];
    }),
  ];
}

function renderLoop(lines: readonly string[]): string[] {
  return [
    '  echo "$codes" | while read -r code name entry chain next port keep start stop; do',
    '    [ -n "$stop" ] || continue',
    ...lines.map((line) => `    ${line}`),
    "  done",
  ];
}

const RENDER_REVOKE = [
  "# Takes a key out, and keeps it out: its digest stays.",
  "revoke() {",
  '  if [ ! -f "./$1.key" ]; then',
  '    echo "error: no key \\"$1\\" in $PWD" >&2',
  "    exit 2",
  "  fi",
  '  sha512sum < "./$1.key" >> revoked',
  '  rm -f "./$1.key"',
  "}",
  "",
];

/** Returns the functions of the rules' script that put keys and updater in place, and take them away. */
export function renderInstall(plan: Plan, keys: readonly PlacedKey[]): string[] {
  return [
    `folder=${renderFolder(plan)}`,
    "",
    "# Puts a key in its file, unless it is revoked: install_key DOOR.NAME KEY",
    "install_key() {",
    `  printf '%s\\n' "$2" > "$folder/.new"`,
    '  if [ -f "$folder/revoked" ] && grep -qxF -e "$(sha512sum < "$folder/.new")" "$folder/revoked"; then',
    '    echo "warning: the key \\"$1\\" is revoked: its codes stay out" >&2',
    '    rm -f "$folder/.new" "$folder/$1.key"',
    "  else",
    '    mv "$folder/.new" "$folder/$1.key"',
    "  fi",
    "}",
    "",
    "# Puts the keys and the script for each minute where only root can read them.",
    "install_codes() {",
    "  umask 077",
    '  mkdir -p "$folder"',
    '  chmod 700 "$folder"',
    '  for file in "$folder"/*.key; do',
    "    case ${file##*/} in",
    `      ${keys.map(({ label }) => quoteShell(`${label}.key`)).join(" | ")}) ;;`,
    '      *) rm -f "$file" ;;',
    "    esac",
    "  done",
    ...keys.map(({ label, key }) => `  install_key ${quoteShell(label)} ${quoteShell(key.key)}`),
    `  cat > "$folder/.new" <<'CODES'`,
    ...renderUpdater(plan, keys),
    "CODES",
    '  mv "$folder/.new" "$folder/codes.sh"',
    "}",
    "",
    "# Of what was revoked the digests stay.",
    "remove_codes() {",
    '  rm -f "$folder"/*.key "$folder/codes.sh" "$folder/.new"',
    '  rmdir "$folder" 2>/dev/null || :',
    "}",
    "",
    "require_sha512() {",
    `  case $(printf 'k:0:0' | sha512sum) in ${computeCode("k", 0, 0)}*) return ;; esac`,
    "  echo 'error: one-time codes need sha512sum: nothing was changed' >&2",
    "  exit 1",
    "}",
    "",
    ...renderTimer(plan),
  ];
}

/** Of systemd where it runs, else of cron. */
function renderTimer({ name }: Plan): string[] {
  const unit = `spknock-codes-${name}`;
  const command = `/etc/spknock/${name}/codes.sh`;
  return [
    "# Has the script run each minute.",
    "install_timer() {",
    "  if [ -d /run/systemd/system ]; then",
    `    printf '%s\\n' '[Unit]' 'Description=one-time codes of spknock' '[Service]' 'Type=oneshot' \\`,
    `      'ExecStart=/bin/sh ${command}' > /etc/systemd/system/${unit}.service`,
    `    printf '%s\\n' '[Unit]' 'Description=one-time codes of spknock' '[Timer]' 'OnCalendar=minutely' \\`,
    `      'AccuracySec=5s' '[Install]' 'WantedBy=timers.target' > /etc/systemd/system/${unit}.timer`,
    "    systemctl daemon-reload",
    `    systemctl enable --now ${unit}.timer`,
    "  else",
    `    echo '* * * * * root [ ! -e ${command} ] || sh ${command}' > /etc/cron.d/${unit}`,
    "  fi",
    "}",
    "",
    "has_timer() {",
    `  [ -e /etc/systemd/system/${unit}.timer ] || [ -e /etc/cron.d/${unit} ]`,
    "}",
    "",
    "warn_timer() {",
    "  if ! has_timer; then",
    "    echo 'warning: nothing runs the script of the codes each minute: they are taken for one more window at most' >&2",
    "    echo 'hint: run this file with the argument timer' >&2",
    "  fi",
    "}",
    "",
    "remove_timer() {",
    `  if [ -e /etc/systemd/system/${unit}.timer ]; then`,
    `    systemctl disable --now ${unit}.timer || :`,
    `    rm -f /etc/systemd/system/${unit}.timer /etc/systemd/system/${unit}.service`,
    "  fi",
    `  rm -f /etc/cron.d/${unit}`,
    "}",
    "",
  ];
}

/** Returns a command that prints a rule such as those of the codes, to see whether the kernel has the matches. */
export function renderTimeTest(entry: string): string {
  const day = "--datestart 2026-01-01T00:00:00 --datestop 2026-01-01T23:59:59";
  const rule = `-A ${entry} -m time ${day} -m string --algo kmp --string 0 -j RETURN`;
  return `printf '%s\\n' '*filter' ${quoteShell(rule)} COMMIT`;
}
