# ---- KIND openwrt: a file that fw4 includes in its own table.

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

snapshot_openwrt() {
  set_include
  [ ! -e "$include" ] || cat "$include" >"$lock/old" || { echo "no room in $base"; return 1; }
}

# fw4 checks the files that are there: the new one is put there, and goes again when it is bad.
try_openwrt() {
  set_include
  write_file "$lock/armed" "$kind" || { echo "no room in $base"; return 1; }
  put_include "$lock/rules" || { echo "$include: cannot be written"; return 1; }
  fw4 check >"$lock/err" 2>&1 && return 0
  first_line "$lock/err"
  put_back_include
  return 1
}

# fw4 includes each name that ends in .nft: the half-written file has another one.
put_include() { # FILE
  if cat "$1" >"/etc/nftables.d/.spknock_$name.new" && mv -f "/etc/nftables.d/.spknock_$name.new" "$include"; then
    return 0
  fi
  rm -f "/etc/nftables.d/.spknock_$name.new"
  return 1
}

put_back_include() {
  if [ -e "$lock/old" ]; then put_include "$lock/old"; else rm -f "$include"; fi
}

load_openwrt() {
  fw4 reload >"$lock/err" 2>&1 || { first_line "$lock/err"; return 1; }
}

restore_openwrt() {
  set_include
  put_back_include && fw4 reload
}

remove_openwrt() {
  set_include
  rm -f "$include" "/etc/nftables.d/spknock_${name}_codes.nft" && fw4 reload
}

# fw4 loads the file at boot.
persist_openwrt() {
  set_include
  report file "$include"
  report persist done
}

keep_openwrt() {
  set_include
  report file "$include"
}
