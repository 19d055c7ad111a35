# spknock rules for target "home" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   knock 1: 1234/udp (secret, 64 bytes, fingerprint d99bda9d)
#   knock 2: 9876/udp (secret, 64 bytes, fingerprint 4116fc56)
#   knock 3: 5555/udp (secret, 64 bytes, fingerprint 5566a270)
#   opens:   22/tcp, 443/tcp, 51820/udp for 5m; a stage waits 5s
#   also:    a packet to any other port resets the sequence
#   covers:  IPv4, IPv6
#   also:    only on eth0.2
#   also:    never locked out: 10.0.0.0/8, 192.0.2.7, 2001:db8::/32
#
# The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker
# publishes) does not pass here, and one that it redirects passes as the port that it is redirected
# to: under its own number it stays open to everyone, unless --forward names it.
# To see whether there is one:  /ip firewall nat print
# Connections go on after the open time because they are tracked: with a notrack rule for a port above
# they end with it, and a forwarded port is not known.
#
# This file contains the secret payloads: keep it private (chmod 600).
#
# By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.9 on. For
# RouterOS 6 and 7.0 to 7.8 there are only MikroTik's documents.
# Not run on a device by us; its rules were played on Linux netfilter.
# RouterOS 6 needs its package ipv6, or rules for IPv4 only (spknock rules -4).
# It is not verified that packet-size counts the whole packet for IPv6: test a knock over IPv6.
# RouterOS cannot remove a source from a list. Instead, after a packet to any other port the knocks
# of its source do not count for 5s, and its sequence has expired by then. A stray packet makes
# a legitimate user wait for this time.
#
# Upload this file as spknock_home.rsc. Check it first (RouterOS 7.16 or newer; changes nothing):
#   /import spknock_home.rsc verbose=yes dry-run
# Apply, with an automatic undo:
#   press Ctrl+X for Safe Mode: all changes are undone if the session ends
#   /import spknock_home.rsc
#   press Ctrl+X again when a new connection of yours works
# Import it again after a change: open sources stay. During the import, only your own drop rule
# protects the ports.
# The jump is put before the first drop rule of the input chain, or at its end: a rule above it that
# accepts packets (of a LAN, of ICMP, of a port that should be closed) still does, without a knock.
# An interface list is written list:NAME (--interface list:WAN); for the ports of a bridge, name the
# bridge. The import stops before its first change if there is none of that name.
# Undo (and before a family, the last forwarded port or the last one-time code is left out):
#   /ip firewall filter remove [find comment~"^spknock:home:"]
#   /ip firewall address-list remove [find list~"^spknock:home:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:home:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:home:"]
# Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.
# Show the open sources: /ip firewall address-list print where list="spknock:home:home:open"

:if ([:len [/interface find name="eth0.2"]] = 0) do={ :error "spknock: there is no interface \"eth0.2\": nothing was changed; an interface list is written list:eth0.2" }

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall address-list add list="spknock:home:trusted" address=10.0.0.0/8 comment="spknock:home:trusted"
/ip firewall address-list add list="spknock:home:trusted" address=192.0.2.7 comment="spknock:home:trusted"
/ip firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:penalty" comment="spknock:home:01 penalty: knocks do not count"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:03 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:05 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:06 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:07 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:open" comment="spknock:home:08 knock 3, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:2" comment="spknock:home:09 knock 2, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" src-address-list="spknock:home:home:1" comment="spknock:home:10 knock 1, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234,5555,9876 src-address-list="spknock:home:home:penalty" comment="spknock:home:11 penalty: no new penalty"
/ip firewall filter add chain="spknock:home:home:guard" action=add-src-to-address-list address-list="spknock:home:home:penalty" address-list-timeout=5s comment="spknock:home:12 a mistake: knocks do not count for a while"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:13 home: knocks"
/ip firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:14 connections make no mistakes"
/ip firewall filter add chain="spknock:home:knock" action=return protocol=tcp dst-port=22,443 comment="spknock:home:15 not a mistake"
/ip firewall filter add chain="spknock:home:knock" action=return protocol=udp dst-port=51820 comment="spknock:home:16 not a mistake"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:guard" comment="spknock:home:17 home: guard"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22,443 comment="spknock:home:18 open sources"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=51820 comment="spknock:home:19 open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,5555,9876 connection-state=established,related comment="spknock:home:20 secrets in connections"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:21 connections continue"
/ip firewall filter add chain="spknock:home" action=accept protocol=tcp dst-port=22,443 src-address-list="spknock:home:trusted" comment="spknock:home:22 trusted"
/ip firewall filter add chain="spknock:home" action=accept protocol=udp dst-port=51820 src-address-list="spknock:home:trusted" comment="spknock:home:23 trusted"
/ip firewall filter add chain="spknock:home" action=return src-address-list="spknock:home:trusted" comment="spknock:home:24 trusted"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:25 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:26 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:27 home: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22,443 comment="spknock:home:28 all other sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=51820 comment="spknock:home:29 all other sources"
:do {
  :local rules [/ip firewall filter find chain=input action=drop dynamic=no]
  :if ([:len $rules] > 0) do={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" in-interface="eth0.2" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" in-interface="eth0.2" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }

# IPv6
/ipv6 firewall filter remove [find comment~"^spknock:home:"]
/ipv6 firewall address-list remove [find comment~"^spknock:home:"]
:do { /ipv6 firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ipv6 firewall address-list add list="spknock:home:trusted" address=2001:db8::/32 comment="spknock:home:trusted"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:penalty" comment="spknock:home:01 penalty: knocks do not count"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:03 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:05 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:06 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:07 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:open" comment="spknock:home:08 knock 3, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:2" comment="spknock:home:09 knock 2, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" src-address-list="spknock:home:home:1" comment="spknock:home:10 knock 1, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234,5555,9876 src-address-list="spknock:home:home:penalty" comment="spknock:home:11 penalty: no new penalty"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=add-src-to-address-list address-list="spknock:home:home:penalty" address-list-timeout=5s comment="spknock:home:12 a mistake: knocks do not count for a while"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:13 home: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:14 connections make no mistakes"
/ipv6 firewall filter add chain="spknock:home:knock" action=return protocol=tcp dst-port=22,443 comment="spknock:home:15 not a mistake"
/ipv6 firewall filter add chain="spknock:home:knock" action=return protocol=udp dst-port=51820 comment="spknock:home:16 not a mistake"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:guard" comment="spknock:home:17 home: guard"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22,443 comment="spknock:home:18 open sources"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=51820 comment="spknock:home:19 open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,5555,9876 connection-state=established,related comment="spknock:home:20 secrets in connections"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:21 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=accept protocol=tcp dst-port=22,443 src-address-list="spknock:home:trusted" comment="spknock:home:22 trusted"
/ipv6 firewall filter add chain="spknock:home" action=accept protocol=udp dst-port=51820 src-address-list="spknock:home:trusted" comment="spknock:home:23 trusted"
/ipv6 firewall filter add chain="spknock:home" action=return src-address-list="spknock:home:trusted" comment="spknock:home:24 trusted"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:25 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:26 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:27 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22,443 comment="spknock:home:28 all other sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=51820 comment="spknock:home:29 all other sources"
:do {
  :local rules [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $rules] > 0) do={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" in-interface="eth0.2" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" in-interface="eth0.2" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
