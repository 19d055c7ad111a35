# ---- KIND iptables: the chains and sets whose names start with TABLE ("spk.home."), and with one-time codes
# ---- the keys and the script in /etc/spknock/NAME. The rules are a script: without an argument it loads.

# Where the rules of each table start.
TABLES='filter INPUT in
mangle FORWARD forward'

check_iptables() {
  command -v iptables-restore >/dev/null || { echo "iptables is not installed"; return 1; }
  iptables -w -S INPUT >/dev/null 2>"$lock/err" || { first_line "$lock/err"; return 1; }
}

# What follows the name of a rule set has no dot: the names of one rule set never match another's.
set_pattern() {
  pattern="$(echo "$table" | sed 's/[.]/\\./g')[a-z0-9]*"
}

# Runs a function for each program and table: each_table FUNCTION; with PROGRAM TABLE HOOK ENTRY
each_table() {
  each_status=0
  set_pattern
  for each_program in iptables ip6tables; do
    command -v "$each_program-restore" >/dev/null || continue
    while read -r each_name each_hook each_entry; do
      "$1" "$each_program" "$each_name" "$each_hook" "$table$each_entry" </dev/null || each_status=1
    done <<TABLES
$TABLES
TABLES
  done
  return "$each_status"
}

# Prints the chains and rules as iptables-restore reads them: print_chains PROGRAM TABLE
print_chains() {
  "$1-save" -t "$2" 2>/dev/null |
    sed -n -e "s/^\(:$pattern [^ ]*\) .*/\1 [0:0]/p" -e "/^-A $pattern /p"
}

print_sets() {
  command -v ipset >/dev/null || return 0
  ipset list -n 2>/dev/null | grep -x "$pattern\.[46]"
}

count_jumps() { # PROGRAM TABLE HOOK ENTRY
  "$1" -w -t "$2" -S "$3" 2>/dev/null | grep -cxF -e "-A $3 -j $4"
}

is_loaded_iptables() {
  set_pattern
  { iptables -w -S; ip6tables -w -S; } 2>/dev/null | grep -q "^-N $pattern\$"
}

# The rules but those of codes, which change each minute.
print_iptables() {
  each_table print_lasting
}

print_lasting() {
  print_chains "$1" "$2" | grep -v -e --datestart -e "^:${table}[a-z0-9]*k[0-9]" -e "^-A ${table}[a-z0-9]*k[0-9]"
  count_jumps "$@"
}

snapshot_iptables() {
  set_codes
  if [ -d "$codes" ]; then
    cp -pR "$codes" "$lock/codes" || { echo "no room in $base"; return 1; }
  fi
  each_table save_table || { echo "no room in $base, or they cannot be put back"; return 1; }
  print_sets >"$lock/sets"
  while read -r set_name; do
    ipset save "$set_name" >"$lock/set.$set_name" || { echo "$set_name: ipset cannot save it"; return 1; }
  done <"$lock/sets"
}

# Saves the chains of a table, and whether they can be put back.
save_table() {
  print_chains "$1" "$2" >"$lock/old.$1.$2" && count_jumps "$@" >"$lock/jumps.$1.$2"
  [ -s "$lock/jumps.$1.$2" ] || return 1
  [ ! -s "$lock/old.$1.$2" ] || restore_table --test "$@" 2>/dev/null
}

# Prints one transaction that gives a table its former chains, and takes out those that are newer.
print_back() { # PROGRAM TABLE HOOK ENTRY
  echo "*$2"
  grep '^:' "$lock/old.$1.$2"
  back_new=$("$1" -w -t "$2" -S 2>/dev/null | sed -n "s/^-N \($pattern\)\$/\1/p" | while read -r back_chain; do
    grep -q "^:$back_chain " "$lock/old.$1.$2" || echo "$back_chain"
  done)
  for back_chain in $back_new; do echo ":$back_chain - [0:0]"; done
  back_count=$(count_jumps "$@")
  read -r back_wanted <"$lock/jumps.$1.$2"
  while [ "$back_count" -gt "$back_wanted" ]; do
    echo "-D $3 -j $4"
    back_count=$((back_count - 1))
  done
  [ "$back_count" -gt 0 ] || [ "$back_wanted" -eq 0 ] || echo "-I $3 1 -j $4"
  grep '^-A' "$lock/old.$1.$2"
  for back_chain in $back_new; do echo "-X $back_chain"; done
  echo COMMIT
}

put_back() {
  [ -s "$lock/old.$1.$2" ] || [ "$(print_chains "$1" "$2" | wc -l)" -ne 0 ] || return 0
  restore_table -n "$@"
}

# The text is complete before iptables-restore starts: that holds the lock that print_back needs, too.
restore_table() { # -n|--test PROGRAM TABLE HOOK ENTRY
  restore_option=$1
  shift
  restore_text=$(print_back "$@")
  printf '%s\n' "$restore_text" | "$1-restore" -w -n "$restore_option"
}

# The script checks all of it before it changes anything, and replaces each family in one transaction.
try_iptables() {
  sh -n "$lock/rules" 2>"$lock/err" || { first_line "$lock/err" | sed 's|^/[^ ]*/rules: ||'; return 1; }
}

load_iptables() {
  sh "$lock/rules" >/dev/null 2>"$lock/err" && return 0
  sed -n '/^error: /{p;q;}' "$lock/err" | grep . || first_line "$lock/err"
  return 1
}

# Sets that are still there keep their open sources and the time of each; those that are gone come back.
restore_iptables() {
  restore_codes
  while read -r set_name; do
    ipset list -n "$set_name" >/dev/null 2>&1 || ipset restore <"$lock/set.$set_name" || return 1
  done <"$lock/sets"
  each_table put_back || return 1
  print_sets | grep -vxF -f "$lock/sets" | sed 's/^/destroy /' | { ! command -v ipset >/dev/null || ipset restore; }
  [ ! -e "$lock/codes/codes.sh" ] || sh "$codes/codes.sh" || :
}

remove_iptables() {
  each_table forget_table && each_table put_back || return 1
  print_sets | sed 's/^/destroy /' | { ! command -v ipset >/dev/null || ipset restore; }
}

forget_table() {
  printf '' >"$lock/old.$1.$2" && echo 0 >"$lock/jumps.$1.$2"
}

# ---- One-time codes: the keys and the script that runs each minute.

set_codes() {
  codes=/etc/spknock/$name
}

# What was revoked stays revoked.
restore_codes() {
  set_codes
  [ -d "$codes" ] || return 0
  for code_file in "$codes"/*.key "$codes/codes.sh"; do
    [ -e "$lock/codes/${code_file##*/}" ] || rm -f "$code_file"
  done
  for code_file in "$lock"/codes/*.key "$lock/codes/codes.sh"; do
    [ ! -e "$code_file" ] || { cp -p "$code_file" "$codes/.new" && mv -f "$codes/.new" "$codes/${code_file##*/}"; }
  done
  rm -f "$codes/.new"
  rmdir "$codes" 2>/dev/null || :
}

has_codes() {
  set_codes
  [ -e "$codes/codes.sh" ]
}
