# ---- KIND nftables: the table inet TABLE.

check_nftables() {
  command -v nft >/dev/null || { echo "nft is not installed"; return 1; }
  list_nftables >/dev/null 2>"$lock/err" || { first_line "$lock/err"; return 1; }
}

# All rules without elements (-t): a list of one-time codes takes nft half a minute to read, "nft list tables" included.
list_nftables() {
  nft -s -t list ruleset
}

is_loaded_nftables() {
  list_nftables 2>/dev/null | grep -qxF "table inet $table {"
}

# The rules without their sets' elements and counters.
print_nftables() {
  list_nftables | sed -n "/^table inet $table {\$/,/^}\$/p"
}

# Prints the lines that take the table out, whether it is there or not.
print_drop() {
  printf 'add table inet %s\ndelete table inet %s\n' "$table" "$table"
}

# The way back is one transaction, and is checked before it is needed. It has each element's remaining time.
snapshot_nftables() {
  write_file "$lock/saved-at" "$(now)" || { echo "no room in $base"; return 1; }
  print_drop >"$lock/back" || { echo "no room in $base"; return 1; }
  if is_loaded_nftables; then
    nft list table inet "$table" >"$lock/old" 2>"$lock/err" && cat "$lock/old" >>"$lock/back" ||
      { first_line "$lock/err"; return 1; }
  fi
  nft -c -f "$lock/back" 2>"$lock/err" || { first_line "$lock/err"; return 1; }
}

# Prints commands that add the elements of sets that loading again keeps: open sources, bans, used codes.
print_elements() {
  awk -v table="$table" '
    $1 == "set" && $3 == "{" { set_name = $2; next }
    $1 == "map" || $1 == "chain" { set_name = "" }
    $1 == "elements" { inside = 1; sub(/.*= *[{]/, ""); if (is_kept()) printf "add element inet %s %s {", table, set_name }
    inside { line = $0; last = sub(/[}].*/, "", line); if (is_kept()) print line; if (last) { if (is_kept()) print "}"; inside = 0 } }
    function is_kept() { return set_name != "" && set_name !~ /[.](stage[0-9]+[.]|codes[.]|closing)/ }
  ' "$lock/old"
}

# Sets that an older spknock declared in another way cannot be declared again: then the whole table is
# replaced, in the same transaction, and the open sources are added to the new one.
try_nftables() {
  nft -c -f "$lock/rules" 2>"$lock/err" && return 0
  if [ -e "$lock/old" ]; then
    { print_drop && cat "$lock/rules" && print_elements; } >"$lock/replace" 2>/dev/null &&
      nft -c -f "$lock/replace" 2>/dev/null && return 0
    { print_drop && cat "$lock/rules"; } >"$lock/replace" 2>/dev/null &&
      nft -c -f "$lock/replace" 2>/dev/null && : >"$lock/forgets" && return 0
    rm -f "$lock/replace"
  fi
  # The message names the file, which is none of the reader's.
  first_line "$lock/err" | sed 's|^/[^ ]*/rules:|line |'
  return 1
}

load_nftables() {
  load_file=$lock/rules
  [ ! -e "$lock/replace" ] || load_file=$lock/replace
  nft -f "$load_file" 2>"$lock/err" || { first_line "$lock/err"; return 1; }
}

# A door that was open before must not be open for longer than it would have been. Half a text is never loaded:
# where the clocks cannot be set, a word that nft refuses ends it, and the saved ones are taken.
restore_nftables() {
  { age_elements || echo refuse; } 2>/dev/null | nft -f - || nft -f "$lock/back"
}

# Prints the way back with the time taken off that has gone by since it was saved.
age_elements() {
  read -r saved_at <"$lock/saved-at" && awk -v gone="$((($(now) - saved_at) * 10))" '
    function age(text, left, unit) {
      while (match(text, /^[0-9]+(ms|[dhms])/)) {
        unit = substr(text, 1, RLENGTH)
        text = substr(text, RLENGTH + 1)
        left += unit * (unit ~ /ms/ ? 1 : unit ~ /s/ ? 1000 : unit ~ /m/ ? 60000 : unit ~ /h/ ? 3600000 : 86400000)
      }
      left -= gone
      return int((left > 0 ? left : 0) / 1000) "s" (left > 0 ? left % 1000 : 1) "ms"
    }
    $1 == "elements" { inside = 1 }
    inside {
      done = ""
      while (match($0, / expires [0-9dhms]+/)) {
        start = RSTART + 9
        rest = substr($0, RSTART + RLENGTH)
        done = done substr($0, 1, start - 1) age(substr($0, start, RLENGTH - 9))
        $0 = rest
      }
      $0 = done $0
      if (/[}]/) inside = 0
    }
    { print }
  ' "$lock/back"
}

remove_nftables() {
  print_drop | nft -f -
}
