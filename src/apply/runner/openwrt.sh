# ---- KIND openwrt: a file that fw4 includes in its own table.
# Each reload of fw4 reads the file, and a router is switched off and on when it locks its owner out. So until they are
# kept the new rules are only mounted over the file: a boot finds the former ones, or an empty file.

EMPTY_LINE='# spknock apply: no rules were kept'

set_include() {
  include=/etc/nftables.d/spknock_$name.nft
}

check_openwrt() {
  command -v fw4 >/dev/null || { echo "fw4 is not installed"; return 1; }
  [ -d /etc/nftables.d ] || { echo "/etc/nftables.d: no such folder"; return 1; }
}

is_loaded_openwrt() {
  nft -t list table inet fw4 2>/dev/null | grep -q "[ 	]spknock\.$name\."
}

print_openwrt() {
  nft -s -t list table inet fw4 | grep -F "spknock.$name."
}

count_mounts() {
  grep -cF " $include " /proc/self/mounts
}

snapshot_openwrt() {
  set_include
  write_file "$lock/mounts" "$(count_mounts)" || { echo "no room in $base"; return 1; }
}

# fw4 checks the files that are there: the new one is put there, and goes again when it is bad.
try_openwrt() {
  set_include
  write_file "$lock/armed" "$kind" || { echo "no room in $base"; return 1; }
  if { [ -e "$include" ] || write_file "$include" "$EMPTY_LINE"; } && mount -o bind "$lock/rules" "$include" 2>"$lock/err"; then
    fw4 check >"$lock/err" 2>&1 && return 0
    first_line "$lock/err"
  else
    echo "$include: cannot be written, or nothing can be mounted over it: $(first_line "$lock/err")"
  fi
  put_back_include
  return 1
}

put_back_include() {
  read -r back_wanted <"$lock/mounts" || return 1
  while [ "$(count_mounts)" -gt "$back_wanted" ]; do umount "$include" || return 1; done
  drop_empty
}

drop_empty() {
  [ "$(cat "$include" 2>/dev/null)" != "$EMPTY_LINE" ] || rm -f "$include"
}

load_openwrt() {
  fw4 reload >"$lock/err" 2>&1 || { first_line "$lock/err"; return 1; }
}

restore_openwrt() {
  set_include
  put_back_include && fw4 reload && drop_stale
}

# A reload empties the table only of its rules: the chains and sets that no file has any more go here.
drop_stale() {
  for stale_kind in chain set; do
    nft -t list table inet fw4 | sed -n "s/^[[:space:]]*$stale_kind \(spknock\.$name\.[^ ]*\) {.*/\1/p" |
      while read -r stale_name; do
        cat "$include" 2>/dev/null | grep -qF "$stale_kind $stale_name {" || echo "delete $stale_kind inet fw4 $stale_name"
      done | nft -f -
  done
  return 0
}

uncover_include() {
  while [ "$(count_mounts)" -gt 0 ]; do umount "$include" || return 1; done
}

remove_openwrt() {
  set_include
  uncover_include && rm -f "$include" "/etc/nftables.d/spknock_${name}_codes.nft" && fw4 reload && drop_stale
}

# fw4 loads the file at boot. fw4 includes each name that ends in .nft: the half-written file has another one. Where
# the file cannot be written the mount stays: a reload finds the rules, until the next boot.
persist_openwrt() {
  set_include
  install_rules "/etc/nftables.d/.spknock_$name.kept" 600 || return 0
  if uncover_include && mv -f "/etc/nftables.d/.spknock_$name.kept" "$include"; then
    report file "$include"
    report persist done
  else
    rm -f "/etc/nftables.d/.spknock_$name.kept"
    report persist "failed $include: cannot be replaced"
  fi
}

is_persisted_openwrt() {
  set_include
  [ "$(count_mounts)" = 0 ] && [ -e "$include" ] && [ "$(cat "$include")" != "$EMPTY_LINE" ]
}

# The mount stays until the next boot.
keep_openwrt() {
  :
}
