#!/bin/sh
# spknock rules for target "home" (fw.example.com), iptables with ipset
#
#   knock 1: 7003/tcp (regular)
#   knock 2: 62201/udp (one-time code, 4 slots each 10m)
#   opens:   22/tcp for 5m; a stage waits 5s
#   codes:   for home, 1 key (home), from 2026-11-27T00:00:00Z until 2026-11-28T00:00:00Z
#   covers:  IPv4, IPv6
#   also:    for the whole IPv6 /64 of who knocks
#
# The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker
# publishes) does not pass here, and one that it redirects passes as the port that it is redirected
# to: under its own number it stays open to everyone, unless --forward names it.
# To see whether there is one:  iptables -t nat -S; ip6tables -t nat -S
# Connections go on after the open time because they are tracked: with a notrack rule for a port above
# they end with it, and a forwarded port is not known.
#
# This file contains the secret payloads: keep it private (chmod 600).
#
# The rules are before your own rules in INPUT: they accept the open sources at the ports above, drop
# all others there, and leave all other packets to your rules.
# Beside ufw they need nothing else: they decide before its rules, and without them ufw's decide.
# Do not use them beside firewalld: its reload removes them. Use --for nftables there.
# If an nftables table drops the ports above, let them through there. They are then open to everyone
# while these rules are not loaded:
#   nftables:  tcp dport { 22 } accept
# Rules that see packets before these (iptables -t raw, nftables at priority filter or below) have to
# let the knocks through:
#   knocks:    tcp dport { 7003 } accept
#   knocks:    udp dport { 62201 } accept
# More: docs/firewalls.md
#
# Apply, with an automatic undo after a minute (this file saved as spknock_home.sh):
#   (trap '' HUP; sleep 60; sh spknock_home.sh undo) & undo=$!
#   sh spknock_home.sh
# When a new connection of yours works:
#   kill $undo
# Run it again after a change: connections stay, and open sources as long as they were opened for.
# Another prefix and another variant close the doors for all sources.
#
# One-time codes: this machine makes them itself, because iptables has no sets of payloads. A script
# replaces their rules and has to run each minute: /etc/spknock/home/codes.sh. Its timer (systemd, else cron):
#   sh spknock_home.sh timer
# When it does not run, codes are taken for one more window at most. It never opens longer:
# each rule has the time of its code. The codes have no end: --until has no effect here.
# Weaker than with nftables:
# - The keys are in /etc/spknock/home, readable for root only: who reads one can make all codes.
# - A restart of this machine forgets which codes are used: a code that was recorded can be used once more
#   until its window is over. Another port and another prefix forget it too.
# - A code that two packets carry at the same moment, one over IPv4 and one over IPv6, may open for none.
# The clock decides. A machine that starts without one takes the codes of the time that it shows, recorded
# ones too, until the clock is set; within a minute after that it takes those of the right time.
# Who opened, as packets since loading: iptables -w -nvxL | grep spknock:; ip6tables -w -nvxL | grep spknock:
# Take out the key of home: sh /etc/spknock/home/codes.sh revoke home.home
# Sources that are open stay open until their time is over. Then write this file again without the key.
#
# On a machine without IPv6 it warns, and loads the rules for IPv4 alone.
# Undo:     sh spknock_home.sh undo
# Persist:  copy it to /etc/spknock_home.sh (chmod 700) and run it at boot after your own rules, for example
#           with a line in /etc/cron.d/spknock: @reboot root sh /etc/spknock_home.sh
# Show the open sources: ipset list spk.home.o.4
# Show the open sources: ipset list spk.home.on64.6
set -eu
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"

case ${1-} in
  "" | load | timer | undo) ;;
  *) echo "error: unknown argument $1: use timer or undo, or none" >&2; exit 2 ;;
esac

# Prints the chains of this rule set: own_chains iptables|ip6tables TABLE
own_chains() {
  "$1" -w -t "$2" -S 2>/dev/null | sed -n 's/^-N \(spk\.home\.[a-z0-9]*\)$/\1/p'
}

# Prints the sets of this rule set.
own_sets() {
  command -v ipset >/dev/null || return 0
  ipset list -n | sed -n 's/^\(spk\.home\.[a-z0-9]*\.[46]\)$/\1/p'
}

# Destroys sets: destroy_sets SETS
destroy_sets() {
  [ -n "$1" ] || return 0
  for set in $1; do echo "destroy $set"; done | ipset restore
}

# Removes chains, all or none: remove_chains iptables|ip6tables TABLE CHAINS
remove_chains() {
  [ -n "$3" ] || return 0
  {
    echo "*$2"
    for chain in $3; do echo "-F $chain"; done
    for chain in $3; do echo "-X $chain"; done
    echo COMMIT
  } | "$1-restore" -w -n
}

# Removes the rules of a table: unload iptables|ip6tables TABLE CHAIN ENTRY
unload() {
  while "$1" -w -t "$2" -C "$3" -j "$4" 2>/dev/null; do "$1" -w -t "$2" -D "$3" -j "$4"; done
  remove_chains "$1" "$2" "$(own_chains "$1" "$2")"
}

folder="${SPKNOCK_DIR-/etc/spknock}"/home

# Puts a key in its file, unless it is revoked: install_key DOOR.NAME KEY
install_key() {
  printf '%s\n' "$2" > "$folder/.new"
  if [ -f "$folder/revoked" ] && grep -qxF -e "$(sha512sum < "$folder/.new")" "$folder/revoked"; then
    echo "warning: the key \"$1\" is revoked: its codes stay out" >&2
    rm -f "$folder/.new" "$folder/$1.key"
  else
    mv "$folder/.new" "$folder/$1.key"
  fi
}

# Puts the keys and the script for each minute where only root can read them.
install_codes() {
  umask 077
  mkdir -p "$folder"
  chmod 700 "$folder"
  for file in "$folder"/*.key; do
    case ${file##*/} in
      home.home.key) ;;
      *) rm -f "$file" ;;
    esac
  done
  install_key home.home AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
  cat > "$folder/.new" <<'CODES'
#!/bin/sh
# One-time codes of the spknock rules "home", to run each minute: it replaces the rules of the codes, all
# or none; which codes are used and which sources are open stays. With `revoke DOOR.NAME` it takes a key out.
set -eu
umask 077
export LC_ALL=C TZ=UTC
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
case $0 in */*) cd -- "${0%/*}" ;; esac
base=spk.home

# Calls a function for each key, with DOOR.NAME ENTRY CHAIN PORT WINDOW SKEW SLOTS TAG
keys() {
  "$1" home.home spk.home.codes spk.home.k1 62201 600 60 '0 1 2 3' ayb
}

# Prints a line for each code of a key in the windows before, now and after; `bad` where it is none.
list_codes() {
  [ -f "./$1.key" ] || return 0
  key=
  IFS= read -r key < "./$1.key" || :
  case $key in
    '' | *[!A-Za-z0-9+/=]*)
      echo "error: $PWD/$1.key is not a key" >&2
      echo "bad $1"
      return 0 ;;
  esac
  keep=$((2 * $5))
  [ "$keep" -gt 86400 ] || keep=86400
  for number in $((now / $5 - 1)) $((now / $5)) $((now / $5 + 1)); do
    start=$(date -u -d "@$((number * $5 - $6))" +%Y-%m-%dT%H:%M:%S) || exit 1
    stop=$(date -u -d "@$((number * $5 + $5 + $6 - 1))" +%Y-%m-%dT%H:%M:%S) || exit 1
    for slot in $7; do
      hash=$(printf '%s:%s:%s' "$key" "$number" "$((0x$slot))" | sha512sum) || exit 1
      rest=${hash#????????????????????????????????}
      code=${hash%"$rest"}
      name=${rest%"${rest#????????}"}
      case $code$name in *[!0-9a-f]*) exit 1 ;; esac
      [ "${#code}${#name}" = 328 ] || exit 1
      echo "$code $name$8 $2 $3$slot$((number % 3)) $3 $4 $keep $start $stop"
    done
  done
}

# Prints the ends of the names of the sets that are needed.
list_names() {
  echo "$codes" | while read -r code name rest; do
    [ "$code" = bad ] || printf ' %s' "$name"
  done
  echo ' '
}

sets_iptables() {
  echo "$codes" | while read -r code name entry chain next port keep start stop; do
    [ -n "$stop" ] || continue
    echo "create $base.k$name.4 hash:ip family inet hashsize 64 maxelem 1 timeout $keep -exist"
    echo "create $base.w$name.4 bitmap:port range $port-$port timeout $keep -exist"
    echo "create $base.w$name.6 bitmap:port range $port-$port timeout $keep -exist"
  done
}

sets_ip6tables() {
  echo "$codes" | while read -r code name entry chain next port keep start stop; do
    [ -n "$stop" ] || continue
    echo "create $base.k$name.6 hash:ip family inet6 hashsize 64 netmask 64 maxelem 1 timeout $keep -exist"
    echo "create $base.w$name.4 bitmap:port range $port-$port timeout $keep -exist"
    echo "create $base.w$name.6 bitmap:port range $port-$port timeout $keep -exist"
  done
}

# Destroys the empty sets of windows that are over.
destroy_old() {
  old=$(ipset list -t | {
    name=
    while read -r word value _ count _; do
      case $word in
        Name:) name=$value ;;
        Number)
          case $name in "$base".[kw]???????????.[46]) ;; *) continue ;; esac
          end=${name#"$base".?}
          case $needed in *" ${end%.?} "*) continue ;; esac
          [ "$count" != 0 ] || echo "destroy $name" ;;
      esac
    done
  })
  [ -z "$old" ] || echo "$old" | ipset restore || :
}

# Prints the names of the chains of a key.
declare_chains() {
  for slot in $7; do for window in 0 1 2; do echo ":$3$slot$window - [0:0]"; done; done
}

rules_iptables() {
  echo '*filter'
  echo ':spk.home.codes - [0:0]'
  keys declare_chains
  echo "$codes" | while read -r code name entry chain next port keep start stop; do
    [ -n "$stop" ] || continue
    echo "-A $entry -m time --datestart $start --datestop $stop -m string --algo kmp --from 28 --string $code -g $chain"
    echo "-A $chain -m set ! --match-set $base.w$name.6 dst -j SET --add-set $base.w$name.4 dst"
    echo "-A $chain -m set ! --match-set $base.w$name.6 dst -j SET --add-set $base.k$name.4 src"
    echo "-A $chain -m set --match-set $base.k$name.4 src -g $next"
  done
  echo COMMIT
}

rules_ip6tables() {
  echo '*filter'
  echo ':spk.home.codes - [0:0]'
  keys declare_chains
  echo "$codes" | while read -r code name entry chain next port keep start stop; do
    [ -n "$stop" ] || continue
    echo "-A $entry -m time --datestart $start --datestop $stop -m string --algo kmp --from 48 --string $code -g $chain"
    echo "-A $chain -m set ! --match-set $base.w$name.4 dst -j SET --add-set $base.w$name.6 dst"
    echo "-A $chain -m set ! --match-set $base.w$name.4 dst -j SET --add-set $base.k$name.6 src"
    echo "-A $chain -m set --match-set $base.k$name.6 src -g $next"
  done
  echo COMMIT
}

# Takes a key out, and keeps it out: its digest stays.
revoke() {
  if [ ! -f "./$1.key" ]; then
    echo "error: no key \"$1\" in $PWD" >&2
    exit 2
  fi
  sha512sum < "./$1.key" >> revoked
  rm -f "./$1.key"
}

programs='iptables ip6tables'
case ${1-} in
  revoke) revoke "${2-}" ;;
  iptables | ip6tables) programs=$1 ;;
  ?*) echo "error: unknown argument $1: use revoke DOOR.NAME" >&2; exit 2 ;;
esac
now=$(date +%s)
codes=$(keys list_codes)
needed=$(list_names)
loaded=
for program in $programs; do
  if "$program" -w -S spk.home.codes >/dev/null 2>&1; then loaded="$loaded $program"; fi
done
if [ -z "$loaded" ]; then
  echo 'error: the rules "home" are not loaded' >&2
  exit 1
fi
for program in $loaded; do "sets_$program" | ipset restore; done
for program in $loaded; do "rules_$program" | "$program-restore" -w -n; done
destroy_old
case $codes in *"bad "*) exit 1 ;; esac
CODES
  mv "$folder/.new" "$folder/codes.sh"
}

# Of what was revoked the digests stay.
remove_codes() {
  rm -f "$folder"/*.key "$folder/codes.sh" "$folder/.new"
  rmdir "$folder" 2>/dev/null || :
}

require_sha512() {
  case $(printf 'k:0:0' | sha512sum) in 27984651fb19fd015c2d6d2255ee9443*) return ;; esac
  echo 'error: one-time codes need sha512sum: nothing was changed' >&2
  exit 1
}

# Has the script run each minute.
install_timer() {
  if [ -d /run/systemd/system ]; then
    printf '%s\n' '[Unit]' 'Description=one-time codes of spknock' '[Service]' 'Type=oneshot' \
      'ExecStart=/bin/sh /etc/spknock/home/codes.sh' > /etc/systemd/system/spknock-codes-home.service
    printf '%s\n' '[Unit]' 'Description=one-time codes of spknock' '[Timer]' 'OnCalendar=minutely' \
      'AccuracySec=5s' '[Install]' 'WantedBy=timers.target' > /etc/systemd/system/spknock-codes-home.timer
    systemctl daemon-reload
    systemctl enable --now spknock-codes-home.timer
  else
    echo '* * * * * root [ ! -e /etc/spknock/home/codes.sh ] || sh /etc/spknock/home/codes.sh' > /etc/cron.d/spknock-codes-home
  fi
}

has_timer() {
  [ -e /etc/systemd/system/spknock-codes-home.timer ] || [ -e /etc/cron.d/spknock-codes-home ]
}

warn_timer() {
  if ! has_timer; then
    echo 'warning: nothing runs the script of the codes each minute: they are taken for one more window at most' >&2
    echo 'hint: run this file with the argument timer' >&2
  fi
}

remove_timer() {
  if [ -e /etc/systemd/system/spknock-codes-home.timer ]; then
    systemctl disable --now spknock-codes-home.timer || :
    rm -f /etc/systemd/system/spknock-codes-home.timer /etc/systemd/system/spknock-codes-home.service
  fi
  rm -f /etc/cron.d/spknock-codes-home
}

# Destroys the sets that are new, and chains that are empty.
take_back() {
  iptables -w -X spk.home.codes 2>/dev/null || :
  ip6tables -w -X spk.home.codes 2>/dev/null || :
  destroy_sets "$(own_sets | grep -vxF -e "$had")"
}

rules_iptables() {
  cat <<'RULES'
*filter
:spk.home.in - [0:0]
:spk.home.knock - [0:0]
:spk.home.stage - [0:0]
:spk.home.s1 - [0:0]
:spk.home.k1 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -p udp --dport 62201 -g spk.home.knock
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 62201 -m length --length 60 -m set --match-set spk.home.s1.4 src -g spk.home.codes
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -j SET --add-set spk.home.s1.4 src --exist --timeout 5
# A code of home: its source is open.
-A spk.home.k1 -m comment --comment spknock:home.home -j SET --add-set spk.home.o.4 src --exist --timeout 300
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.door -p tcp --dport 22 -m set --match-set spk.home.o.4 src -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

sets_iptables() {
  cat <<'RULES'
create spk.home.o.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.s1.4 hash:ip family inet timeout 300 maxelem 65535 -exist
RULES
}

flush_iptables() {
  cat <<'RULES'
flush spk.home.s1.4
RULES
}

prepare_iptables() {
  iptables -w -S INPUT >/dev/null &&
    sets_iptables | ipset restore &&
    { iptables -w -N spk.home.codes 2>/dev/null || :; } &&
    printf '%s\n' '*filter' '-A spk.home.codes -m time --datestart 2026-01-01T00:00:00 --datestop 2026-01-01T23:59:59 -m string --algo kmp --string 0 -j RETURN' COMMIT | iptables-restore -w -n --test &&
    rules_iptables | iptables-restore -w -n --test
}

load_iptables() {
  rules_iptables | iptables-restore -w -n
  sh "$folder/codes.sh" iptables
  iptables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || iptables -w -t filter -I INPUT -j spk.home.in
  remove_chains iptables filter "$(own_chains iptables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.k1 -e spk.home.door -e spk.home.codes -e spk.home.k100 -e spk.home.k101 -e spk.home.k102 -e spk.home.k110 -e spk.home.k111 -e spk.home.k112 -e spk.home.k120 -e spk.home.k121 -e spk.home.k122 -e spk.home.k130 -e spk.home.k131 -e spk.home.k132)"
  unload iptables mangle FORWARD spk.home.forward
  flush_iptables | ipset restore
}

rules_ip6tables() {
  cat <<'RULES'
*filter
:spk.home.in - [0:0]
:spk.home.knock - [0:0]
:spk.home.stage - [0:0]
:spk.home.s1 - [0:0]
:spk.home.k1 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -p udp --dport 62201 -g spk.home.knock
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 62201 -m length --length 80 -m set --match-set spk.home.s1n64.6 src -g spk.home.codes
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -j SET --add-set spk.home.s1n64.6 src --exist --timeout 5
# A code of home: its source is open.
-A spk.home.k1 -m comment --comment spknock:home.home -j SET --add-set spk.home.on64.6 src --exist --timeout 300
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.door -p tcp --dport 22 -m set --match-set spk.home.on64.6 src -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

sets_ip6tables() {
  cat <<'RULES'
create spk.home.on64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.s1n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
RULES
}

flush_ip6tables() {
  cat <<'RULES'
flush spk.home.s1n64.6
RULES
}

prepare_ip6tables() {
  ip6tables -w -S INPUT >/dev/null &&
    sets_ip6tables | ipset restore &&
    { ip6tables -w -N spk.home.codes 2>/dev/null || :; } &&
    printf '%s\n' '*filter' '-A spk.home.codes -m time --datestart 2026-01-01T00:00:00 --datestop 2026-01-01T23:59:59 -m string --algo kmp --string 0 -j RETURN' COMMIT | ip6tables-restore -w -n --test &&
    rules_ip6tables | ip6tables-restore -w -n --test
}

load_ip6tables() {
  rules_ip6tables | ip6tables-restore -w -n
  sh "$folder/codes.sh" ip6tables
  ip6tables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || ip6tables -w -t filter -I INPUT -j spk.home.in
  remove_chains ip6tables filter "$(own_chains ip6tables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.k1 -e spk.home.door -e spk.home.codes -e spk.home.k100 -e spk.home.k101 -e spk.home.k102 -e spk.home.k110 -e spk.home.k111 -e spk.home.k112 -e spk.home.k120 -e spk.home.k121 -e spk.home.k122 -e spk.home.k130 -e spk.home.k131 -e spk.home.k132)"
  unload ip6tables mangle FORWARD spk.home.forward
  flush_ip6tables | ipset restore
}

if [ "${1-load}" = timer ]; then
  install_timer
  exit
fi

if [ "${1-load}" = undo ]; then
  unload iptables filter INPUT spk.home.in
  unload iptables mangle FORWARD spk.home.forward
  unload ip6tables filter INPUT spk.home.in
  unload ip6tables mangle FORWARD spk.home.forward
  destroy_sets "$(own_sets)"
  remove_timer
  remove_codes
  exit
fi

require_sha512
had=$(own_sets)
trap take_back EXIT
if prepare_ip6tables; then
  ipv6=yes
elif grep -q . /proc/net/if_inet6 2>/dev/null; then
  echo 'error: the rules for IPv6 cannot be loaded, and this machine has IPv6 addresses: nothing was changed' >&2
  echo 'hint: repair ip6tables, or write the rules with --ipv4, which leave IPv6 open' >&2
  exit 1
else
  ipv6=no
  take_back
  echo 'warning: the rules for IPv6 cannot be loaded: only those for IPv4 are (no IPv6 address exists here)' >&2
fi
prepare_iptables
trap - EXIT
install_codes

load_iptables
if [ "$ipv6" = yes ]; then load_ip6tables; fi
destroy_sets "$(own_sets | grep -vxF -e spk.home.o.4 -e spk.home.s1.4 -e spk.home.on64.6 -e spk.home.s1n64.6 | grep -vx 'spk\.home\.[kw][0-9a-z]\{11\}\.[46]')"
warn_timer
if { nft list table inet firewalld || iptables -w -S INPUT_direct; } >/dev/null 2>&1; then
  echo 'warning: firewalld is active, and its reload removes these rules' >&2
  echo 'hint: undo them, and write the rules with --for nftables' >&2
fi
