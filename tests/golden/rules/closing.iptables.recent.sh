#!/bin/sh
# spknock rules for target "home" (fw.example.com), iptables with recent
#
#   knock 1: 1234/udp (secret, 64 bytes, fingerprint d99bda9d)
#   knock 2: 9876/udp (secret, 64 bytes, fingerprint 4116fc56)
#   knock 3: 5555/udp (secret, 64 bytes, fingerprint 5566a270)
#   closing knock 1: 4321/udp (secret, 64 bytes, fingerprint d99bda9d)
#   closing knock 2: 1234/udp (secret, 64 bytes, fingerprint d99bda9d)
#   opens:   22/tcp for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
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
#   knocks:    udp dport { 1234, 4321, 5555, 9876 } accept
# More: docs/firewalls.md
#
# Apply, with an automatic undo after a minute (this file saved as spknock_home.sh):
#   (trap '' HUP; sleep 60; sh spknock_home.sh undo) & undo=$!
#   sh spknock_home.sh
# When a new connection of yours works:
#   kill $undo
# Run it again after a change: connections and open sources stay. Another prefix, another open time and
# another variant close the doors for all sources.
# On a machine without IPv6 it warns, and loads the rules for IPv4 alone.
# Undo:     sh spknock_home.sh undo
# Persist:  copy it to /etc/spknock_home.sh (chmod 700) and run it at boot after your own rules, for example
#           with a line in /etc/cron.d/spknock: @reboot root sh /etc/spknock_home.sh
# Show the open sources: cat /proc/net/xt_recent/spk.home.o300.4
# Show the open sources: cat /proc/net/xt_recent/spk.home.o300.6
# A list of the recent match has room for 100 sources, unless xt_recent is loaded with ip_list_tot=N.
# A flood can push a legitimate source off a list, but never lets one in; a list of the ipset variant
# has room for 65535 sources.
set -eu
PATH="${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"

case ${1-} in
  "" | load | undo) ;;
  *) echo "error: unknown argument $1: use undo, or none" >&2; exit 2 ;;
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

rules_iptables() {
  cat <<'RULES'
*filter
:spk.home.in - [0:0]
:spk.home.knock - [0:0]
:spk.home.stage - [0:0]
:spk.home.s1 - [0:0]
:spk.home.s2 - [0:0]
:spk.home.s3 - [0:0]
:spk.home.close - [0:0]
:spk.home.c1 - [0:0]
:spk.home.c2 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -p udp -m multiport --dports 1234,4321,5555,9876 -g spk.home.knock
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.close
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 5555 -m length --length 92 -m string --algo kmp --from 28 --hex-string 705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c -m recent --rcheck --seconds 5 --name spk.home.s2.4 --rsource -g spk.home.s3
-A spk.home.stage -p udp --dport 9876 -m length --length 92 -m string --algo kmp --from 28 --hex-string fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6 -m recent --rcheck --seconds 5 --name spk.home.s1.4 --rsource -g spk.home.s2
-A spk.home.stage -p udp --dport 1234 -m length --length 92 -m string --algo kmp --from 28 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -m recent --set --name spk.home.s1.4 --rsource
# Knock 2 of home: its source is in stage 2.
-A spk.home.s2 -m recent --set --name spk.home.s2.4 --rsource
# The last knock of home: its source is open.
-A spk.home.s3 -m recent --set --name spk.home.o300.4 --rsource
# The closing knocks of home, the last one first.
-A spk.home.close -p udp --dport 1234 -m length --length 92 -m string --algo kmp --from 28 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -m recent --rcheck --seconds 5 --name spk.home.c1.4 --rsource -g spk.home.c2
-A spk.home.close -p udp --dport 4321 -m length --length 92 -m string --algo kmp --from 28 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -g spk.home.c1
# Closing knock 1 of home.
-A spk.home.c1 -m recent --set --name spk.home.c1.4 --rsource
# The last closing knock of home: it is shut for its source.
-A spk.home.c2 -m recent --remove --name spk.home.s1.4 --rsource
-A spk.home.c2 -m recent --remove --name spk.home.s2.4 --rsource
-A spk.home.c2 -m recent --remove --name spk.home.o300.4 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.home.o300.4 --rsource -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

prepare_iptables() {
  iptables -w -S INPUT >/dev/null &&
    rules_iptables | iptables-restore -w -n --test
}

load_iptables() {
  rules_iptables | iptables-restore -w -n
  iptables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || iptables -w -t filter -I INPUT -j spk.home.in
  remove_chains iptables filter "$(own_chains iptables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.s3 -e spk.home.close -e spk.home.c1 -e spk.home.c2 -e spk.home.door)"
  unload iptables mangle FORWARD spk.home.forward
  echo / > /proc/net/xt_recent/spk.home.s1.4
  echo / > /proc/net/xt_recent/spk.home.s2.4
  echo / > /proc/net/xt_recent/spk.home.c1.4
}

rules_ip6tables() {
  cat <<'RULES'
*filter
:spk.home.in - [0:0]
:spk.home.knock - [0:0]
:spk.home.stage - [0:0]
:spk.home.s1 - [0:0]
:spk.home.s2 - [0:0]
:spk.home.s3 - [0:0]
:spk.home.close - [0:0]
:spk.home.c1 - [0:0]
:spk.home.c2 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -p udp -m multiport --dports 1234,4321,5555,9876 -g spk.home.knock
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.close
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 5555 -m length --length 112 -m string --algo kmp --from 48 --hex-string 705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c -m recent --rcheck --seconds 5 --name spk.home.s2.6 --rsource -g spk.home.s3
-A spk.home.stage -p udp --dport 9876 -m length --length 112 -m string --algo kmp --from 48 --hex-string fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6 -m recent --rcheck --seconds 5 --name spk.home.s1.6 --rsource -g spk.home.s2
-A spk.home.stage -p udp --dport 1234 -m length --length 112 -m string --algo kmp --from 48 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -m recent --set --name spk.home.s1.6 --rsource
# Knock 2 of home: its source is in stage 2.
-A spk.home.s2 -m recent --set --name spk.home.s2.6 --rsource
# The last knock of home: its source is open.
-A spk.home.s3 -m recent --set --name spk.home.o300.6 --rsource
# The closing knocks of home, the last one first.
-A spk.home.close -p udp --dport 1234 -m length --length 112 -m string --algo kmp --from 48 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -m recent --rcheck --seconds 5 --name spk.home.c1.6 --rsource -g spk.home.c2
-A spk.home.close -p udp --dport 4321 -m length --length 112 -m string --algo kmp --from 48 --hex-string 862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad -g spk.home.c1
# Closing knock 1 of home.
-A spk.home.c1 -m recent --set --name spk.home.c1.6 --rsource
# The last closing knock of home: it is shut for its source.
-A spk.home.c2 -m recent --remove --name spk.home.s1.6 --rsource
-A spk.home.c2 -m recent --remove --name spk.home.s2.6 --rsource
-A spk.home.c2 -m recent --remove --name spk.home.o300.6 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.home.o300.6 --rsource -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

prepare_ip6tables() {
  ip6tables -w -S INPUT >/dev/null &&
    rules_ip6tables | ip6tables-restore -w -n --test
}

load_ip6tables() {
  rules_ip6tables | ip6tables-restore -w -n
  ip6tables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || ip6tables -w -t filter -I INPUT -j spk.home.in
  remove_chains ip6tables filter "$(own_chains ip6tables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.s3 -e spk.home.close -e spk.home.c1 -e spk.home.c2 -e spk.home.door)"
  unload ip6tables mangle FORWARD spk.home.forward
  echo / > /proc/net/xt_recent/spk.home.s1.6
  echo / > /proc/net/xt_recent/spk.home.s2.6
  echo / > /proc/net/xt_recent/spk.home.c1.6
}

if [ "${1-load}" = undo ]; then
  unload iptables filter INPUT spk.home.in
  unload iptables mangle FORWARD spk.home.forward
  unload ip6tables filter INPUT spk.home.in
  unload ip6tables mangle FORWARD spk.home.forward
  destroy_sets "$(own_sets)"
  exit
fi

if prepare_ip6tables; then
  ipv6=yes
elif grep -q . /proc/net/if_inet6 2>/dev/null; then
  echo 'error: the rules for IPv6 cannot be loaded, and this machine has IPv6 addresses: nothing was changed' >&2
  echo 'hint: repair ip6tables, or write the rules with --ipv4, which leave IPv6 open' >&2
  exit 1
else
  ipv6=no
  echo 'warning: the rules for IPv6 cannot be loaded: only those for IPv4 are (no IPv6 address exists here)' >&2
fi
prepare_iptables

load_iptables
if [ "$ipv6" = yes ]; then load_ip6tables; fi
destroy_sets "$(own_sets)"
if { nft list table inet firewalld || iptables -w -S INPUT_direct; } >/dev/null 2>&1; then
  echo 'warning: firewalld is active, and its reload removes these rules' >&2
  echo 'hint: undo them, and write the rules with --for nftables' >&2
fi
