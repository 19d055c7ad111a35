#!/bin/sh
# spknock rules for target "Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" (fw.example.com), iptables with recent
#
#   knock 1: 1/udp (regular)
#   knock 2: 65535/tcp (regular)
#   knock 3: 1/udp (regular)
#   opens:   22/tcp for 5m; a stage waits 5s
#   also:    a packet to any other port resets the sequence
#   covers:  IPv4, IPv6
#   also:    only on _@b-0.1
#
# The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker
# publishes) does not pass here, and one that it redirects passes as the port that it is redirected
# to: under its own number it stays open to everyone, unless --forward names it.
# To see whether there is one:  iptables -t nat -S; ip6tables -t nat -S
# Connections go on after the open time because they are tracked: with a notrack rule for a port above
# they end with it, and a forwarded port is not known.
#
# The rules are before your own rules in INPUT: they accept the open sources at the ports above, drop
# all others there, and leave all other packets to your rules.
# Beside ufw they need nothing else: they decide before its rules, and without them ufw's decide.
# Do not use them beside firewalld: its reload removes them. Use --for nftables there.
# If an nftables table drops the ports above, let them through there. They are then open to everyone
# while these rules are not loaded:
#   nftables:  iifname "_@b-0.1" tcp dport { 22 } accept
# Rules that see packets before these (iptables -t raw, nftables at priority filter or below) have to
# let the knocks through:
#   knocks:    tcp dport { 65535 } accept
#   knocks:    udp dport { 1 } accept
# More: docs/firewalls.md
#
# Apply, with an automatic undo after a minute (this file saved as spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh):
#   (trap '' HUP; sleep 60; sh spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh undo) & undo=$!
#   sh spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh
# When a new connection of yours works:
#   kill $undo
# Run it again after a change: connections and open sources stay. Another prefix, another open time and
# another variant close the doors for all sources.
# On a machine without IPv6 it warns, and loads the rules for IPv4 alone.
# Undo:     sh spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh undo
# Persist:  copy it to /etc/spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh (chmod 700) and run it at boot after your own rules, for example
#           with a line in /etc/cron.d/spknock: @reboot root sh /etc/spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.sh
# Show the open sources: cat /proc/net/xt_recent/spk.Q-_.fa34e85b.o300.4
# Show the open sources: cat /proc/net/xt_recent/spk.Q-_.fa34e85b.o300.6
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
  "$1" -w -t "$2" -S 2>/dev/null | sed -n 's/^-N \(spk\.Q-_\.fa34e85b\.[a-z0-9]*\)$/\1/p'
}

# Prints the sets of this rule set.
own_sets() {
  command -v ipset >/dev/null || return 0
  ipset list -n | sed -n 's/^\(spk\.Q-_\.fa34e85b\.[a-z0-9]*\.[46]\)$/\1/p'
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
:spk.Q-_.fa34e85b.in - [0:0]
:spk.Q-_.fa34e85b.net - [0:0]
:spk.Q-_.fa34e85b.knock - [0:0]
:spk.Q-_.fa34e85b.stage - [0:0]
:spk.Q-_.fa34e85b.s1 - [0:0]
:spk.Q-_.fa34e85b.s2 - [0:0]
:spk.Q-_.fa34e85b.s3 - [0:0]
:spk.Q-_.fa34e85b.tried - [0:0]
:spk.Q-_.fa34e85b.guard - [0:0]
:spk.Q-_.fa34e85b.reset - [0:0]
:spk.Q-_.fa34e85b.door - [0:0]
# Packets of other interfaces are left alone.
-A spk.Q-_.fa34e85b.in -i _@b-0.1 -g spk.Q-_.fa34e85b.net
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.Q-_.fa34e85b.net -i lo -j RETURN
-A spk.Q-_.fa34e85b.net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.Q-_.fa34e85b.net -p tcp -g spk.Q-_.fa34e85b.knock
-A spk.Q-_.fa34e85b.net -p udp -g spk.Q-_.fa34e85b.knock
# What a packet does to the lists of its source, in this order.
-A spk.Q-_.fa34e85b.knock -m pkttype ! --pkt-type unicast -g spk.Q-_.fa34e85b.door
-A spk.Q-_.fa34e85b.knock -j spk.Q-_.fa34e85b.stage
-A spk.Q-_.fa34e85b.knock -p tcp --dport 22 -g spk.Q-_.fa34e85b.door
-A spk.Q-_.fa34e85b.knock -p tcp --dport 65535 -g spk.Q-_.fa34e85b.tried
-A spk.Q-_.fa34e85b.knock -p udp --dport 1 -g spk.Q-_.fa34e85b.tried
-A spk.Q-_.fa34e85b.knock -j spk.Q-_.fa34e85b.reset
-A spk.Q-_.fa34e85b.knock -g spk.Q-_.fa34e85b.door
# The knocks of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9, the last one first.
-A spk.Q-_.fa34e85b.stage -p udp --dport 1 -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s2.4 --rsource -g spk.Q-_.fa34e85b.s3
-A spk.Q-_.fa34e85b.stage -p tcp --dport 65535 --tcp-flags FIN,SYN,RST,ACK SYN -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s1.4 --rsource -g spk.Q-_.fa34e85b.s2
-A spk.Q-_.fa34e85b.stage -p udp --dport 1 -g spk.Q-_.fa34e85b.s1
# Knock 1 of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is in stage 1.
-A spk.Q-_.fa34e85b.s1 -m recent --set --name spk.Q-_.fa34e85b.s1.4 --rsource
# Knock 2 of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is in stage 2.
-A spk.Q-_.fa34e85b.s2 -m recent --set --name spk.Q-_.fa34e85b.s2.4 --rsource
# The last knock of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is open.
-A spk.Q-_.fa34e85b.s3 -m recent --set --name spk.Q-_.fa34e85b.o300.4 --rsource
# A packet to a knock port: each guard looks at it.
-A spk.Q-_.fa34e85b.tried -j spk.Q-_.fa34e85b.guard
-A spk.Q-_.fa34e85b.tried -g spk.Q-_.fa34e85b.door
# The guard of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: a knock that counts, or of another target, resets nothing.
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -m recent --rcheck --seconds 300 --name spk.Q-_.fa34e85b.o300.4 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p tcp --dport 65535 --tcp-flags FIN,SYN,RST,ACK SYN -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s2.4 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s1.4 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p tcp --dport 65535 -g spk.Q-_.fa34e85b.reset
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -g spk.Q-_.fa34e85b.reset
# A mistake: the sequence of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9 begins anew.
-A spk.Q-_.fa34e85b.reset -m recent --remove --name spk.Q-_.fa34e85b.s1.4 --rsource
-A spk.Q-_.fa34e85b.reset -m recent --remove --name spk.Q-_.fa34e85b.s2.4 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.Q-_.fa34e85b.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.Q-_.fa34e85b.o300.4 --rsource -j ACCEPT
-A spk.Q-_.fa34e85b.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

prepare_iptables() {
  iptables -w -S INPUT >/dev/null &&
    rules_iptables | iptables-restore -w -n --test
}

load_iptables() {
  rules_iptables | iptables-restore -w -n
  iptables -w -t filter -C INPUT -j spk.Q-_.fa34e85b.in 2>/dev/null || iptables -w -t filter -I INPUT -j spk.Q-_.fa34e85b.in
  remove_chains iptables filter "$(own_chains iptables filter | grep -vxF -e spk.Q-_.fa34e85b.in -e spk.Q-_.fa34e85b.net -e spk.Q-_.fa34e85b.knock -e spk.Q-_.fa34e85b.stage -e spk.Q-_.fa34e85b.s1 -e spk.Q-_.fa34e85b.s2 -e spk.Q-_.fa34e85b.s3 -e spk.Q-_.fa34e85b.tried -e spk.Q-_.fa34e85b.guard -e spk.Q-_.fa34e85b.reset -e spk.Q-_.fa34e85b.door)"
  unload iptables mangle FORWARD spk.Q-_.fa34e85b.forward
  echo / > /proc/net/xt_recent/spk.Q-_.fa34e85b.s1.4
  echo / > /proc/net/xt_recent/spk.Q-_.fa34e85b.s2.4
}

rules_ip6tables() {
  cat <<'RULES'
*filter
:spk.Q-_.fa34e85b.in - [0:0]
:spk.Q-_.fa34e85b.net - [0:0]
:spk.Q-_.fa34e85b.knock - [0:0]
:spk.Q-_.fa34e85b.stage - [0:0]
:spk.Q-_.fa34e85b.s1 - [0:0]
:spk.Q-_.fa34e85b.s2 - [0:0]
:spk.Q-_.fa34e85b.s3 - [0:0]
:spk.Q-_.fa34e85b.tried - [0:0]
:spk.Q-_.fa34e85b.guard - [0:0]
:spk.Q-_.fa34e85b.reset - [0:0]
:spk.Q-_.fa34e85b.door - [0:0]
# Packets of other interfaces are left alone.
-A spk.Q-_.fa34e85b.in -i _@b-0.1 -g spk.Q-_.fa34e85b.net
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.Q-_.fa34e85b.net -i lo -j RETURN
-A spk.Q-_.fa34e85b.net -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.Q-_.fa34e85b.net -p tcp -g spk.Q-_.fa34e85b.knock
-A spk.Q-_.fa34e85b.net -p udp -g spk.Q-_.fa34e85b.knock
# What a packet does to the lists of its source, in this order.
-A spk.Q-_.fa34e85b.knock -m pkttype ! --pkt-type unicast -g spk.Q-_.fa34e85b.door
-A spk.Q-_.fa34e85b.knock -j spk.Q-_.fa34e85b.stage
-A spk.Q-_.fa34e85b.knock -p tcp --dport 22 -g spk.Q-_.fa34e85b.door
-A spk.Q-_.fa34e85b.knock -p tcp --dport 65535 -g spk.Q-_.fa34e85b.tried
-A spk.Q-_.fa34e85b.knock -p udp --dport 1 -g spk.Q-_.fa34e85b.tried
-A spk.Q-_.fa34e85b.knock -j spk.Q-_.fa34e85b.reset
-A spk.Q-_.fa34e85b.knock -g spk.Q-_.fa34e85b.door
# The knocks of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9, the last one first.
-A spk.Q-_.fa34e85b.stage -p udp --dport 1 -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s2.6 --rsource -g spk.Q-_.fa34e85b.s3
-A spk.Q-_.fa34e85b.stage -p tcp --dport 65535 --tcp-flags FIN,SYN,RST,ACK SYN -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s1.6 --rsource -g spk.Q-_.fa34e85b.s2
-A spk.Q-_.fa34e85b.stage -p udp --dport 1 -g spk.Q-_.fa34e85b.s1
# Knock 1 of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is in stage 1.
-A spk.Q-_.fa34e85b.s1 -m recent --set --name spk.Q-_.fa34e85b.s1.6 --rsource
# Knock 2 of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is in stage 2.
-A spk.Q-_.fa34e85b.s2 -m recent --set --name spk.Q-_.fa34e85b.s2.6 --rsource
# The last knock of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: its source is open.
-A spk.Q-_.fa34e85b.s3 -m recent --set --name spk.Q-_.fa34e85b.o300.6 --rsource
# A packet to a knock port: each guard looks at it.
-A spk.Q-_.fa34e85b.tried -j spk.Q-_.fa34e85b.guard
-A spk.Q-_.fa34e85b.tried -g spk.Q-_.fa34e85b.door
# The guard of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9: a knock that counts, or of another target, resets nothing.
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -m recent --rcheck --seconds 300 --name spk.Q-_.fa34e85b.o300.6 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p tcp --dport 65535 --tcp-flags FIN,SYN,RST,ACK SYN -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s2.6 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -m recent --rcheck --seconds 5 --name spk.Q-_.fa34e85b.s1.6 --rsource -j RETURN
-A spk.Q-_.fa34e85b.guard -p tcp --dport 65535 -g spk.Q-_.fa34e85b.reset
-A spk.Q-_.fa34e85b.guard -p udp --dport 1 -g spk.Q-_.fa34e85b.reset
# A mistake: the sequence of Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9 begins anew.
-A spk.Q-_.fa34e85b.reset -m recent --remove --name spk.Q-_.fa34e85b.s1.6 --rsource
-A spk.Q-_.fa34e85b.reset -m recent --remove --name spk.Q-_.fa34e85b.s2.6 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.Q-_.fa34e85b.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.Q-_.fa34e85b.o300.6 --rsource -j ACCEPT
-A spk.Q-_.fa34e85b.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

prepare_ip6tables() {
  ip6tables -w -S INPUT >/dev/null &&
    rules_ip6tables | ip6tables-restore -w -n --test
}

load_ip6tables() {
  rules_ip6tables | ip6tables-restore -w -n
  ip6tables -w -t filter -C INPUT -j spk.Q-_.fa34e85b.in 2>/dev/null || ip6tables -w -t filter -I INPUT -j spk.Q-_.fa34e85b.in
  remove_chains ip6tables filter "$(own_chains ip6tables filter | grep -vxF -e spk.Q-_.fa34e85b.in -e spk.Q-_.fa34e85b.net -e spk.Q-_.fa34e85b.knock -e spk.Q-_.fa34e85b.stage -e spk.Q-_.fa34e85b.s1 -e spk.Q-_.fa34e85b.s2 -e spk.Q-_.fa34e85b.s3 -e spk.Q-_.fa34e85b.tried -e spk.Q-_.fa34e85b.guard -e spk.Q-_.fa34e85b.reset -e spk.Q-_.fa34e85b.door)"
  unload ip6tables mangle FORWARD spk.Q-_.fa34e85b.forward
  echo / > /proc/net/xt_recent/spk.Q-_.fa34e85b.s1.6
  echo / > /proc/net/xt_recent/spk.Q-_.fa34e85b.s2.6
}

if [ "${1-load}" = undo ]; then
  unload iptables filter INPUT spk.Q-_.fa34e85b.in
  unload iptables mangle FORWARD spk.Q-_.fa34e85b.forward
  unload ip6tables filter INPUT spk.Q-_.fa34e85b.in
  unload ip6tables mangle FORWARD spk.Q-_.fa34e85b.forward
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
