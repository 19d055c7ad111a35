#!/bin/sh
# spknock rules for targets "home", "office", "whole" (fw.example.com), iptables with recent
#
#   target home:
#   knock 1: 7003/tcp (regular)
#   knock 2: 9012/udp (regular)
#   opens:   22/tcp, 60000-60010/udp for 5m; a stage waits 5s
#   target office:
#   knock 1: 7104/tcp (regular)
#   knock 2: 9113/udp (regular)
#   opens:   icmp for 5m; a stage waits 5s
#   target whole:
#   knock 1: 7205/tcp (regular)
#   knock 2: 9214/udp (regular)
#   opens:   all for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
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
#   nftables:  tcp dport { 22 } accept
#   nftables:  udp dport { 60000-60010 } accept
#   nftables:  icmp type echo-request accept
#   nftables:  icmpv6 type echo-request accept
# "all" opens only what the other firewalls let through from everyone.
# Rules that see packets before these (iptables -t raw, nftables at priority filter or below) have to
# let the knocks through:
#   knocks:    tcp dport { 7003, 7104, 7205 } accept
#   knocks:    udp dport { 9012, 9113, 9214 } accept
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
# Show the open sources of home: cat /proc/net/xt_recent/spk.home.o300.4
# Show the open sources of home: cat /proc/net/xt_recent/spk.home.o300.6
# Show the open sources of office: cat /proc/net/xt_recent/spk.home.xbnghdo300.4
# Show the open sources of office: cat /proc/net/xt_recent/spk.home.xbnghdo300.6
# Show the open sources of whole: cat /proc/net/xt_recent/spk.home.xmzo8ko300.4
# Show the open sources of whole: cat /proc/net/xt_recent/spk.home.xmzo8ko300.6
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
:spk.home.xbnghdstage - [0:0]
:spk.home.xbnghds1 - [0:0]
:spk.home.xbnghds2 - [0:0]
:spk.home.xmzo8kstage - [0:0]
:spk.home.xmzo8ks1 - [0:0]
:spk.home.xmzo8ks2 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
-A spk.home.in -g spk.home.door
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -j spk.home.xbnghdstage
-A spk.home.knock -j spk.home.xmzo8kstage
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 9012 -m recent --rcheck --seconds 5 --name spk.home.s1.4 --rsource -g spk.home.s2
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -m recent --set --name spk.home.s1.4 --rsource
# The last knock of home: its source is open.
-A spk.home.s2 -m recent --set --name spk.home.o300.4 --rsource
# The knocks of office, the last one first.
-A spk.home.xbnghdstage -p udp --dport 9113 -m recent --rcheck --seconds 5 --name spk.home.xbnghds1.4 --rsource -g spk.home.xbnghds2
-A spk.home.xbnghdstage -p tcp --dport 7104 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.xbnghds1
# Knock 1 of office: its source is in stage 1.
-A spk.home.xbnghds1 -m recent --set --name spk.home.xbnghds1.4 --rsource
# The last knock of office: its source is open.
-A spk.home.xbnghds2 -m recent --set --name spk.home.xbnghdo300.4 --rsource
# The knocks of whole, the last one first.
-A spk.home.xmzo8kstage -p udp --dport 9214 -m recent --rcheck --seconds 5 --name spk.home.xmzo8ks1.4 --rsource -g spk.home.xmzo8ks2
-A spk.home.xmzo8kstage -p tcp --dport 7205 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.xmzo8ks1
# Knock 1 of whole: its source is in stage 1.
-A spk.home.xmzo8ks1 -m recent --set --name spk.home.xmzo8ks1.4 --rsource
# The last knock of whole: its source is open.
-A spk.home.xmzo8ks2 -m recent --set --name spk.home.xmzo8ko300.4 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.home.o300.4 --rsource -j ACCEPT
-A spk.home.door -p udp --dport 60000:60010 -m recent --rcheck --seconds 300 --name spk.home.o300.4 --rsource -j ACCEPT
-A spk.home.door -p icmp --icmp-type echo-request -m recent --rcheck --seconds 300 --name spk.home.xbnghdo300.4 --rsource -j ACCEPT
-A spk.home.door -m recent --rcheck --seconds 300 --name spk.home.xmzo8ko300.4 --rsource -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
-A spk.home.door -p udp --dport 60000:60010 -j DROP
-A spk.home.door -p icmp --icmp-type echo-request -j DROP
-A spk.home.door -p 2 -j RETURN
-A spk.home.door -p udp --sport 67 --dport 68 -j RETURN
-A spk.home.door -j DROP
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
  remove_chains iptables filter "$(own_chains iptables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.xbnghdstage -e spk.home.xbnghds1 -e spk.home.xbnghds2 -e spk.home.xmzo8kstage -e spk.home.xmzo8ks1 -e spk.home.xmzo8ks2 -e spk.home.door)"
  unload iptables mangle FORWARD spk.home.forward
  echo / > /proc/net/xt_recent/spk.home.s1.4
  echo / > /proc/net/xt_recent/spk.home.xbnghds1.4
  echo / > /proc/net/xt_recent/spk.home.xmzo8ks1.4
}

rules_ip6tables() {
  cat <<'RULES'
*filter
:spk.home.in - [0:0]
:spk.home.knock - [0:0]
:spk.home.stage - [0:0]
:spk.home.s1 - [0:0]
:spk.home.s2 - [0:0]
:spk.home.xbnghdstage - [0:0]
:spk.home.xbnghds1 - [0:0]
:spk.home.xbnghds2 - [0:0]
:spk.home.xmzo8kstage - [0:0]
:spk.home.xmzo8ks1 - [0:0]
:spk.home.xmzo8ks2 - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
-A spk.home.in -g spk.home.door
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -j spk.home.xbnghdstage
-A spk.home.knock -j spk.home.xmzo8kstage
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p udp --dport 9012 -m recent --rcheck --seconds 5 --name spk.home.s1.6 --rsource -g spk.home.s2
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -m recent --set --name spk.home.s1.6 --rsource
# The last knock of home: its source is open.
-A spk.home.s2 -m recent --set --name spk.home.o300.6 --rsource
# The knocks of office, the last one first.
-A spk.home.xbnghdstage -p udp --dport 9113 -m recent --rcheck --seconds 5 --name spk.home.xbnghds1.6 --rsource -g spk.home.xbnghds2
-A spk.home.xbnghdstage -p tcp --dport 7104 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.xbnghds1
# Knock 1 of office: its source is in stage 1.
-A spk.home.xbnghds1 -m recent --set --name spk.home.xbnghds1.6 --rsource
# The last knock of office: its source is open.
-A spk.home.xbnghds2 -m recent --set --name spk.home.xbnghdo300.6 --rsource
# The knocks of whole, the last one first.
-A spk.home.xmzo8kstage -p udp --dport 9214 -m recent --rcheck --seconds 5 --name spk.home.xmzo8ks1.6 --rsource -g spk.home.xmzo8ks2
-A spk.home.xmzo8kstage -p tcp --dport 7205 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.xmzo8ks1
# Knock 1 of whole: its source is in stage 1.
-A spk.home.xmzo8ks1 -m recent --set --name spk.home.xmzo8ks1.6 --rsource
# The last knock of whole: its source is open.
-A spk.home.xmzo8ks2 -m recent --set --name spk.home.xmzo8ko300.6 --rsource
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -p tcp --dport 22 -m recent --rcheck --seconds 300 --name spk.home.o300.6 --rsource -j ACCEPT
-A spk.home.door -p udp --dport 60000:60010 -m recent --rcheck --seconds 300 --name spk.home.o300.6 --rsource -j ACCEPT
-A spk.home.door -p ipv6-icmp --icmpv6-type echo-request -m recent --rcheck --seconds 300 --name spk.home.xbnghdo300.6 --rsource -j ACCEPT
-A spk.home.door -m recent --rcheck --seconds 300 --name spk.home.xmzo8ko300.6 --rsource -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
-A spk.home.door -p udp --dport 60000:60010 -j DROP
-A spk.home.door -p ipv6-icmp --icmpv6-type echo-request -j DROP
-A spk.home.door -p ipv6-icmp --icmpv6-type 130 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 131 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 132 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 133 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 134 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 135 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 136 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 137 -j RETURN
-A spk.home.door -p ipv6-icmp --icmpv6-type 143 -j RETURN
-A spk.home.door -s fe80::/10 -p udp --sport 547 --dport 546 -j RETURN
-A spk.home.door -j DROP
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
  remove_chains ip6tables filter "$(own_chains ip6tables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.xbnghdstage -e spk.home.xbnghds1 -e spk.home.xbnghds2 -e spk.home.xmzo8kstage -e spk.home.xmzo8ks1 -e spk.home.xmzo8ks2 -e spk.home.door)"
  unload ip6tables mangle FORWARD spk.home.forward
  echo / > /proc/net/xt_recent/spk.home.s1.6
  echo / > /proc/net/xt_recent/spk.home.xbnghds1.6
  echo / > /proc/net/xt_recent/spk.home.xmzo8ks1.6
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
