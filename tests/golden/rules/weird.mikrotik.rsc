# spknock rules for target "Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" (fw.example.com), MikroTik RouterOS 7 and 6
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
# To see whether there is one:
# nft list ruleset | grep -E 'dnat|redirect'; iptables -t nat -S; RouterOS: /ip firewall nat print
#
# By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.9 on. For
# RouterOS 6 and 7.0 to 7.8 there are only MikroTik's documents.
# Not run on a device by us; its rules were played on Linux netfilter.
# RouterOS 6 needs its package ipv6, or rules for IPv4 only (spknock rules -4).
# RouterOS cannot remove a source from a list. Instead, after a packet to any other port the knocks
# of its source do not count for 5s, and its sequence has expired by then. A stray packet makes
# a legitimate user wait for this time.
#
# Upload this file as spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.rsc. Check it first (RouterOS 7.16 or newer; changes nothing):
#   /import spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.rsc verbose=yes dry-run
# Apply, with an automatic undo:
#   press Ctrl+X for Safe Mode: all changes are undone if the session ends
#   /import spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.rsc
#   press Ctrl+X again when a new connection of yours works
# Import it again after a change: open sources stay. During the import, only your own drop rule
# protects the ports.
# The jump is put before the first drop rule of the input chain, or at its end: rules above it that
# accept everything from an interface, such as a LAN, still do.
# An interface list is written list:NAME (--interface list:WAN); for the ports of a bridge, name the
# bridge. The import stops before its first change if there is none of that name.
# Undo (and before a family is left out):
#   /ip firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ip firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
# Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.
# Show the open sources: /ip firewall address-list print where list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open"

:if ([:len [/interface find name="_@b-0.1"]] = 0) do={ :error "spknock: there is no interface \"_@b-0.1\": nothing was changed; an interface list is written list:_@b-0.1" }

# IPv4
/ip firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
/ip firewall address-list remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
:do { /ip firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:(closing[0-9]|[0-9])"] } on-error={}
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:01 penalty: knocks do not count"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" address-list-timeout=5m protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:02 knock 3 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:03 knock 3 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:04 knock 2 of 3, 65535/tcp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:05 knock 2 of 3, 65535/tcp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" address-list-timeout=5s protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:06 knock 1 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:07 knock 1 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:08 the knocks"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:09 knock 3, accepted or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:10 knock 2, accepted or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:11 knock 1, accepted or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:12 not a mistake"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:13 penalty: no new penalty"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:14 penalty: no new penalty"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" address-list-timeout=5s comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:15 a mistake: knocks do not count for a while"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept connection-state=established,related comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:16 connections continue"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=tcp dst-address-type=local comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:17 to this router"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=udp dst-address-type=local comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:18 to this router"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept protocol=tcp dst-port=22 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:19 open sources"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=drop protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:20 all other sources"
:do {
  :local drops [/ip firewall filter find chain=input action=drop dynamic=no]
  :if ([:len $drops] > 0) do={
    /ip firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump" \
      place-before=[:pick $drops 0]
  } else={
    /ip firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }

# IPv6
/ipv6 firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
/ipv6 firewall address-list remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
:do { /ipv6 firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:(closing[0-9]|[0-9])"] } on-error={}
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:01 penalty: knocks do not count"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" address-list-timeout=5m protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:02 knock 3 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:03 knock 3 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:04 knock 2 of 3, 65535/tcp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:05 knock 2 of 3, 65535/tcp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" address-list-timeout=5s protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:06 knock 1 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:07 knock 1 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:08 the knocks"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:09 knock 3, accepted or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:10 knock 2, accepted or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:11 knock 1, accepted or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:12 not a mistake"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:13 penalty: no new penalty"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:14 penalty: no new penalty"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" address-list-timeout=5s comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:15 a mistake: knocks do not count for a while"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept connection-state=established,related comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:16 connections continue"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:17 not multicast"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:18 not multicast"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept protocol=tcp dst-port=22 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:19 open sources"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=drop protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:20 all other sources"
:do {
  :local drops [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $drops] > 0) do={
    /ipv6 firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump" \
      place-before=[:pick $drops 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
