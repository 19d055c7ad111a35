#!/bin/sh
# spknock rules for target "home" (fw.example.com), iptables with ipset
#
#   knock 1: 7003/tcp (regular)
#   knock 2: 9012/udp (regular)
#   knock 3: 8044/tcp (regular)
#   closing knock 1: 9100/tcp (regular)
#   closing knock 2: 7003/tcp (regular)
#   opens:   22/tcp for 5m; a stage waits 5s
#   also:    a packet to any other port resets the sequence
#   covers:  IPv4, IPv6
#   also:    many mistakes block a source for a while (over IPv6 its whole /64)
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
# Rules that see packets before these (iptables -t raw, nftables at priority filter or below) have to
# let the knocks through:
#   knocks:    tcp dport { 7003, 8044, 9100 } accept
#   knocks:    udp dport { 9012 } accept
# More: docs/firewalls.md
#
# Apply, with an automatic undo after a minute (this file saved as spknock_home.sh):
#   (trap '' HUP; sleep 60; sh spknock_home.sh undo) & undo=$!
#   sh spknock_home.sh
# When a new connection of yours works:
#   kill $undo
# Run it again after a change: connections stay, and open sources as long as they were opened for.
# Another prefix and another variant close the doors for all sources.
# On a machine without IPv6 it warns, and loads the rules for IPv4 alone.
# Undo:     sh spknock_home.sh undo
# Persist:  copy it to /etc/spknock_home.sh (chmod 700) and run it at boot after your own rules, for example
#           with a line in /etc/cron.d/spknock: @reboot root sh /etc/spknock_home.sh
# Show the open sources: ipset list spk.home.o.4
# Show the open sources: ipset list spk.home.o.6
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

# Destroys the sets that are new.
take_back() {
  destroy_sets "$(own_sets | grep -vxF -e "$had")"
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
:spk.home.tried - [0:0]
:spk.home.guard - [0:0]
:spk.home.reset - [0:0]
:spk.home.m1 - [0:0]
:spk.home.m2 - [0:0]
:spk.home.m3 - [0:0]
:spk.home.m4 - [0:0]
:spk.home.m5 - [0:0]
:spk.home.ban - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -m set --match-set spk.home.b.4 src -g spk.home.door
-A spk.home.knock -j spk.home.close
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -p tcp --dport 22 -g spk.home.door
-A spk.home.knock -p tcp -m multiport --dports 7003,8044,9100 -g spk.home.tried
-A spk.home.knock -p udp --dport 9012 -g spk.home.tried
-A spk.home.knock -j spk.home.reset
-A spk.home.knock -m set --match-set spk.home.m1.4 src -m set --match-set spk.home.m5.4 src -g spk.home.ban
-A spk.home.knock -m set --match-set spk.home.m1.4 src -m set --match-set spk.home.m4.4 src -g spk.home.m5
-A spk.home.knock -m set --match-set spk.home.m1.4 src -m set --match-set spk.home.m3.4 src -g spk.home.m4
-A spk.home.knock -m set --match-set spk.home.m1.4 src -m set --match-set spk.home.m2.4 src -g spk.home.m3
-A spk.home.knock -m set --match-set spk.home.m1.4 src -g spk.home.m2
-A spk.home.knock -g spk.home.m1
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p tcp --dport 8044 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.s2.4 src -g spk.home.s3
-A spk.home.stage -p udp --dport 9012 -m set --match-set spk.home.s1.4 src -g spk.home.s2
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -j SET --add-set spk.home.s1.4 src --exist --timeout 5
# Knock 2 of home: its source is in stage 2.
-A spk.home.s2 -j SET --add-set spk.home.s2.4 src --exist --timeout 5
# The last knock of home: its source is open.
-A spk.home.s3 -j SET --add-set spk.home.o.4 src --exist --timeout 300
# The closing knocks of home, the last one first.
-A spk.home.close -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.c1.4 src -g spk.home.c2
-A spk.home.close -p tcp --dport 9100 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.c1
# Closing knock 1 of home.
-A spk.home.c1 -j SET --add-set spk.home.c1.4 src --exist --timeout 5
# The last closing knock of home: it is shut for its source.
-A spk.home.c2 -j SET --del-set spk.home.s1.4 src
-A spk.home.c2 -j SET --del-set spk.home.s2.4 src
-A spk.home.c2 -j SET --del-set spk.home.o.4 src
# A packet to a knock port: each guard looks at it.
-A spk.home.tried -j spk.home.guard
-A spk.home.tried -g spk.home.door
# The guard of home: a knock that counts, or of another target, resets nothing.
-A spk.home.guard -p tcp --dport 8044 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.o.4 src -j RETURN
-A spk.home.guard -p udp --dport 9012 -m set --match-set spk.home.s2.4 src -j RETURN
-A spk.home.guard -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.s1.4 src -j RETURN
-A spk.home.guard -p tcp -m multiport --dports 7003,8044,9100 -g spk.home.reset
-A spk.home.guard -p udp --dport 9012 -g spk.home.reset
# A mistake: the sequence of home begins anew.
-A spk.home.reset -j SET --del-set spk.home.s1.4 src
-A spk.home.reset -j SET --del-set spk.home.s2.4 src
# Mistake 1 of 5.
-A spk.home.m1 -j SET --add-set spk.home.m1.4 src --exist --timeout 60
-A spk.home.m1 -g spk.home.door
# Mistake 2 of 5.
-A spk.home.m2 -j SET --add-set spk.home.m2.4 src --exist --timeout 60
-A spk.home.m2 -g spk.home.door
# Mistake 3 of 5.
-A spk.home.m3 -j SET --add-set spk.home.m3.4 src --exist --timeout 60
-A spk.home.m3 -g spk.home.door
# Mistake 4 of 5.
-A spk.home.m4 -j SET --add-set spk.home.m4.4 src --exist --timeout 60
-A spk.home.m4 -g spk.home.door
# Mistake 5 of 5.
-A spk.home.m5 -j SET --add-set spk.home.m5.4 src --exist --timeout 60
-A spk.home.m5 -g spk.home.door
# One mistake too many.
-A spk.home.ban -j SET --add-set spk.home.b.4 src --exist --timeout 600
-A spk.home.ban -g spk.home.door
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -p tcp --dport 22 -m set --match-set spk.home.o.4 src -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

sets_iptables() {
  cat <<'RULES'
create spk.home.o.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.b.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.s1.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.s2.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.c1.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.m1.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.m2.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.m3.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.m4.4 hash:ip family inet timeout 300 maxelem 65535 -exist
create spk.home.m5.4 hash:ip family inet timeout 300 maxelem 65535 -exist
RULES
}

flush_iptables() {
  cat <<'RULES'
flush spk.home.s1.4
flush spk.home.s2.4
flush spk.home.c1.4
flush spk.home.m1.4
flush spk.home.m2.4
flush spk.home.m3.4
flush spk.home.m4.4
flush spk.home.m5.4
RULES
}

prepare_iptables() {
  iptables -w -S INPUT >/dev/null &&
    sets_iptables | ipset restore &&
    rules_iptables | iptables-restore -w -n --test
}

load_iptables() {
  rules_iptables | iptables-restore -w -n
  iptables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || iptables -w -t filter -I INPUT -j spk.home.in
  remove_chains iptables filter "$(own_chains iptables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.s3 -e spk.home.close -e spk.home.c1 -e spk.home.c2 -e spk.home.tried -e spk.home.guard -e spk.home.reset -e spk.home.m1 -e spk.home.m2 -e spk.home.m3 -e spk.home.m4 -e spk.home.m5 -e spk.home.ban -e spk.home.door)"
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
:spk.home.s2 - [0:0]
:spk.home.s3 - [0:0]
:spk.home.close - [0:0]
:spk.home.c1 - [0:0]
:spk.home.c2 - [0:0]
:spk.home.tried - [0:0]
:spk.home.guard - [0:0]
:spk.home.reset - [0:0]
:spk.home.m1 - [0:0]
:spk.home.m2 - [0:0]
:spk.home.m3 - [0:0]
:spk.home.m4 - [0:0]
:spk.home.m5 - [0:0]
:spk.home.ban - [0:0]
:spk.home.door - [0:0]
# Every packet to this machine: what is not for these rules returns to yours.
-A spk.home.in -i lo -j RETURN
-A spk.home.in -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A spk.home.in -p tcp -g spk.home.knock
-A spk.home.in -p udp -g spk.home.knock
# What a packet does to the lists of its source, in this order.
-A spk.home.knock -m pkttype ! --pkt-type unicast -g spk.home.door
-A spk.home.knock -m set --match-set spk.home.bn64.6 src -g spk.home.door
-A spk.home.knock -j spk.home.close
-A spk.home.knock -j spk.home.stage
-A spk.home.knock -p tcp --dport 22 -g spk.home.door
-A spk.home.knock -p tcp -m multiport --dports 7003,8044,9100 -g spk.home.tried
-A spk.home.knock -p udp --dport 9012 -g spk.home.tried
-A spk.home.knock -j spk.home.reset
-A spk.home.knock -m set --match-set spk.home.m1n64.6 src -m set --match-set spk.home.m5n64.6 src -g spk.home.ban
-A spk.home.knock -m set --match-set spk.home.m1n64.6 src -m set --match-set spk.home.m4n64.6 src -g spk.home.m5
-A spk.home.knock -m set --match-set spk.home.m1n64.6 src -m set --match-set spk.home.m3n64.6 src -g spk.home.m4
-A spk.home.knock -m set --match-set spk.home.m1n64.6 src -m set --match-set spk.home.m2n64.6 src -g spk.home.m3
-A spk.home.knock -m set --match-set spk.home.m1n64.6 src -g spk.home.m2
-A spk.home.knock -g spk.home.m1
-A spk.home.knock -g spk.home.door
# The knocks of home, the last one first.
-A spk.home.stage -p tcp --dport 8044 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.s2.6 src -g spk.home.s3
-A spk.home.stage -p udp --dport 9012 -m set --match-set spk.home.s1.6 src -g spk.home.s2
-A spk.home.stage -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.s1
# Knock 1 of home: its source is in stage 1.
-A spk.home.s1 -j SET --add-set spk.home.s1.6 src --exist --timeout 5
# Knock 2 of home: its source is in stage 2.
-A spk.home.s2 -j SET --add-set spk.home.s2.6 src --exist --timeout 5
# The last knock of home: its source is open.
-A spk.home.s3 -j SET --add-set spk.home.o.6 src --exist --timeout 300
# The closing knocks of home, the last one first.
-A spk.home.close -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.c1.6 src -g spk.home.c2
-A spk.home.close -p tcp --dport 9100 --tcp-flags FIN,SYN,RST,ACK SYN -g spk.home.c1
# Closing knock 1 of home.
-A spk.home.c1 -j SET --add-set spk.home.c1.6 src --exist --timeout 5
# The last closing knock of home: it is shut for its source.
-A spk.home.c2 -j SET --del-set spk.home.s1.6 src
-A spk.home.c2 -j SET --del-set spk.home.s2.6 src
-A spk.home.c2 -j SET --del-set spk.home.o.6 src
# A packet to a knock port: each guard looks at it.
-A spk.home.tried -j spk.home.guard
-A spk.home.tried -g spk.home.door
# The guard of home: a knock that counts, or of another target, resets nothing.
-A spk.home.guard -p tcp --dport 8044 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.o.6 src -j RETURN
-A spk.home.guard -p udp --dport 9012 -m set --match-set spk.home.s2.6 src -j RETURN
-A spk.home.guard -p tcp --dport 7003 --tcp-flags FIN,SYN,RST,ACK SYN -m set --match-set spk.home.s1.6 src -j RETURN
-A spk.home.guard -p tcp -m multiport --dports 7003,8044,9100 -g spk.home.reset
-A spk.home.guard -p udp --dport 9012 -g spk.home.reset
# A mistake: the sequence of home begins anew.
-A spk.home.reset -j SET --del-set spk.home.s1.6 src
-A spk.home.reset -j SET --del-set spk.home.s2.6 src
# Mistake 1 of 5.
-A spk.home.m1 -j SET --add-set spk.home.m1n64.6 src --exist --timeout 60
-A spk.home.m1 -g spk.home.door
# Mistake 2 of 5.
-A spk.home.m2 -j SET --add-set spk.home.m2n64.6 src --exist --timeout 60
-A spk.home.m2 -g spk.home.door
# Mistake 3 of 5.
-A spk.home.m3 -j SET --add-set spk.home.m3n64.6 src --exist --timeout 60
-A spk.home.m3 -g spk.home.door
# Mistake 4 of 5.
-A spk.home.m4 -j SET --add-set spk.home.m4n64.6 src --exist --timeout 60
-A spk.home.m4 -g spk.home.door
# Mistake 5 of 5.
-A spk.home.m5 -j SET --add-set spk.home.m5n64.6 src --exist --timeout 60
-A spk.home.m5 -g spk.home.door
# One mistake too many.
-A spk.home.ban -j SET --add-set spk.home.bn64.6 src --exist --timeout 600
-A spk.home.ban -g spk.home.door
# The door: open sources pass, then what is closed is dropped; the rest returns to your rules.
-A spk.home.door -p tcp --dport 22 -m set --match-set spk.home.o.6 src -j ACCEPT
-A spk.home.door -p tcp --dport 22 -j DROP
COMMIT
RULES
}

sets_ip6tables() {
  cat <<'RULES'
create spk.home.o.6 hash:ip family inet6 timeout 300 maxelem 65535 -exist
create spk.home.bn64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.s1.6 hash:ip family inet6 timeout 300 maxelem 65535 -exist
create spk.home.s2.6 hash:ip family inet6 timeout 300 maxelem 65535 -exist
create spk.home.c1.6 hash:ip family inet6 timeout 300 maxelem 65535 -exist
create spk.home.m1n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.m2n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.m3n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.m4n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
create spk.home.m5n64.6 hash:ip family inet6 netmask 64 timeout 300 maxelem 65535 -exist
RULES
}

flush_ip6tables() {
  cat <<'RULES'
flush spk.home.s1.6
flush spk.home.s2.6
flush spk.home.c1.6
flush spk.home.m1n64.6
flush spk.home.m2n64.6
flush spk.home.m3n64.6
flush spk.home.m4n64.6
flush spk.home.m5n64.6
RULES
}

prepare_ip6tables() {
  ip6tables -w -S INPUT >/dev/null &&
    sets_ip6tables | ipset restore &&
    rules_ip6tables | ip6tables-restore -w -n --test
}

load_ip6tables() {
  rules_ip6tables | ip6tables-restore -w -n
  ip6tables -w -t filter -C INPUT -j spk.home.in 2>/dev/null || ip6tables -w -t filter -I INPUT -j spk.home.in
  remove_chains ip6tables filter "$(own_chains ip6tables filter | grep -vxF -e spk.home.in -e spk.home.knock -e spk.home.stage -e spk.home.s1 -e spk.home.s2 -e spk.home.s3 -e spk.home.close -e spk.home.c1 -e spk.home.c2 -e spk.home.tried -e spk.home.guard -e spk.home.reset -e spk.home.m1 -e spk.home.m2 -e spk.home.m3 -e spk.home.m4 -e spk.home.m5 -e spk.home.ban -e spk.home.door)"
  unload ip6tables mangle FORWARD spk.home.forward
  flush_ip6tables | ipset restore
}

if [ "${1-load}" = undo ]; then
  unload iptables filter INPUT spk.home.in
  unload iptables mangle FORWARD spk.home.forward
  unload ip6tables filter INPUT spk.home.in
  unload ip6tables mangle FORWARD spk.home.forward
  destroy_sets "$(own_sets)"
  exit
fi

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

load_iptables
if [ "$ipv6" = yes ]; then load_ip6tables; fi
destroy_sets "$(own_sets | grep -vxF -e spk.home.o.4 -e spk.home.b.4 -e spk.home.s1.4 -e spk.home.s2.4 -e spk.home.c1.4 -e spk.home.m1.4 -e spk.home.m2.4 -e spk.home.m3.4 -e spk.home.m4.4 -e spk.home.m5.4 -e spk.home.o.6 -e spk.home.bn64.6 -e spk.home.s1.6 -e spk.home.s2.6 -e spk.home.c1.6 -e spk.home.m1n64.6 -e spk.home.m2n64.6 -e spk.home.m3n64.6 -e spk.home.m4n64.6 -e spk.home.m5n64.6)"
if { nft list table inet firewalld || iptables -w -S INPUT_direct; } >/dev/null 2>&1; then
  echo 'warning: firewalld is active, and its reload removes these rules' >&2
  echo 'hint: undo them, and write the rules with --for nftables' >&2
fi
