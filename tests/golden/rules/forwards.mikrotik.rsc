# spknock rules for target "home" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   knock 1: 1234/udp (secret, 64 bytes, fingerprint d99bda9d)
#   knock 2: 9876/udp (secret, 64 bytes, fingerprint 4116fc56)
#   knock 3: 5555/udp (secret, 64 bytes, fingerprint 5566a270)
#   closing knock 1: 4321/udp (secret, 64 bytes, fingerprint d99bda9d)
#   opens:   forwarded 8080/tcp, forwarded 9000-9010/udp, forwarded 192.0.2.7:22/tcp, forwarded [2001:db8::7]:22/tcp for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
#   also:    never locked out: 192.0.2.0/24
#
# The rules guard services of this machine, and the forwarded ports above. Any other port that it
# forwards (DNAT, a port that Docker publishes) stays open to everyone.
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
# The closing knocks put their source on a list that outranks the open list: it can open the door
# again 5m after it closed it.
# A stranger's packet to a forwarded port is not translated: it comes to the router itself, and is
# dropped there. Dynamic rules above the jump in the dstnat chain, such as those of a hotspot or of
# UPnP, come before it: if one forwards the same port, the port is open. For open sources your own
# rules decide, as they did before.
# RouterOS 6 has no NAT for IPv6: write rules for IPv4 only there (spknock rules -4).
# The jump in the forward chain is before your own rules: what is open to a source passes them by.
#
# Upload this file as spknock_home.rsc. Check it first (RouterOS 7.16 or newer; changes nothing):
#   /import spknock_home.rsc verbose=yes dry-run
# Apply, with an automatic undo:
#   press Ctrl+X for Safe Mode: all changes are undone if the session ends
#   /import spknock_home.rsc
#   press Ctrl+X again when a new connection of yours works
# Import it again after a change: open sources stay. During the import, only your own drop rule
# protects the ports, and forwarded ones are open.
# The jump is put before the first drop rule of the input chain, or at its end: a rule above it that
# accepts packets (of a LAN, of ICMP, of a port that should be closed) still does, without a knock.
# Undo (and before a family, the last forwarded port or the last one-time code is left out):
#   /ip firewall filter remove [find comment~"^spknock:home:"]
#   /ip firewall nat remove [find comment~"^spknock:home:"]
#   /ip firewall address-list remove [find list~"^spknock:home:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:home:"]
#   /ipv6 firewall nat remove [find comment~"^spknock:home:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:home:"]
# Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.
# Show the open sources: /ip firewall address-list print where list="spknock:home:home:open"

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall address-list add list="spknock:home:trusted" address=192.0.2.0/24 comment="spknock:home:trusted"
/ip firewall filter add chain="spknock:home:home:closing" action=add-src-to-address-list address-list="spknock:home:home:closed" address-list-timeout=5m protocol=udp dst-port=4321 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:01 closing knock 1 of 1, 4321/udp"
/ip firewall filter add chain="spknock:home:home:closing" action=return protocol=udp dst-port=4321 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:02 closing knock 1 of 1, 4321/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:03 closed: knocks do not count"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:04 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:05 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:06 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:07 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:08 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:09 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:closing" comment="spknock:home:10 home: closing knocks"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:11 home: knocks"
/ip firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:12 connections make no mistakes"
/ip firewall filter add chain="spknock:home:home:opened" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:13 closed by their knocks"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=8080 comment="spknock:home:14 open sources"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=9000-9010 comment="spknock:home:15 open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,4321,5555,9876 connection-state=established,related comment="spknock:home:16 secrets in connections"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:17 connections continue"
/ip firewall filter add chain="spknock:home" action=accept protocol=tcp dst-port=8080 src-address-list="spknock:home:trusted" comment="spknock:home:18 trusted"
/ip firewall filter add chain="spknock:home" action=accept protocol=udp dst-port=9000-9010 src-address-list="spknock:home:trusted" comment="spknock:home:19 trusted"
/ip firewall filter add chain="spknock:home" action=return src-address-list="spknock:home:trusted" comment="spknock:home:20 trusted"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:21 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:22 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:23 home: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=8080 comment="spknock:home:24 all other sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=9000-9010 comment="spknock:home:25 all other sources"
/ip firewall filter add chain="spknock:home:home:behind" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:26 closed by their knocks"
/ip firewall filter add chain="spknock:home:home:behind" action=accept dst-address=192.0.2.7 protocol=tcp dst-port=22 comment="spknock:home:27 open sources"
/ip firewall filter add chain="spknock:home:forward" action=return connection-state=established,related comment="spknock:home:28 connections continue"
/ip firewall filter add chain="spknock:home:forward" action=accept dst-address=192.0.2.7 protocol=tcp dst-port=22 src-address-list="spknock:home:trusted" comment="spknock:home:29 trusted"
/ip firewall filter add chain="spknock:home:forward" action=return src-address-list="spknock:home:trusted" comment="spknock:home:30 trusted"
/ip firewall filter add chain="spknock:home:forward" action=jump jump-target="spknock:home:home:behind" src-address-list="spknock:home:home:open" comment="spknock:home:31 home: open sources"
/ip firewall filter add chain="spknock:home:forward" action=drop dst-address=192.0.2.7 protocol=tcp dst-port=22 comment="spknock:home:32 all other sources"
/ip firewall nat add chain="spknock:home:dstnat" action=return src-address-list="spknock:home:trusted" comment="spknock:home:01 trusted"
/ip firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 src-address-list="spknock:home:home:closed" comment="spknock:home:02 home: closed, not translated"
/ip firewall nat add chain="spknock:home:dstnat" action=return protocol=tcp dst-port=8080 src-address-list="spknock:home:home:open" comment="spknock:home:03 home: open sources"
/ip firewall nat add chain="spknock:home:dstnat" action=accept protocol=udp dst-port=9000-9010 src-address-list="spknock:home:home:closed" comment="spknock:home:04 home: closed, not translated"
/ip firewall nat add chain="spknock:home:dstnat" action=return protocol=udp dst-port=9000-9010 src-address-list="spknock:home:home:open" comment="spknock:home:05 home: open sources"
/ip firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 comment="spknock:home:06 all other sources: not translated"
/ip firewall nat add chain="spknock:home:dstnat" action=accept protocol=udp dst-port=9000-9010 comment="spknock:home:07 all other sources: not translated"
:do {
  :local rules [/ip firewall filter find chain=input action=drop dynamic=no]
  :if ([:len $rules] > 0) do={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
:do {
  :local rules [/ip firewall filter find chain=forward dynamic=no]
  :if ([:len $rules] > 0) do={
    /ip firewall filter add chain=forward action=jump jump-target="spknock:home:forward" comment="spknock:home:00 jump, forward" \
      place-before=[:pick $rules 0]
  } else={
    /ip firewall filter add chain=forward action=jump jump-target="spknock:home:forward" comment="spknock:home:00 jump, forward"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
:do {
  :local rules [/ip firewall nat find chain=dstnat dynamic=no]
  :if ([:len $rules] > 0) do={
    /ip firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat" \
      place-before=[:pick $rules 0]
  } else={
    /ip firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }

# IPv6
/ipv6 firewall filter remove [find comment~"^spknock:home:"]
/ipv6 firewall nat remove [find comment~"^spknock:home:"]
/ipv6 firewall address-list remove [find comment~"^spknock:home:"]
:do { /ipv6 firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ipv6 firewall filter add chain="spknock:home:home:closing" action=add-src-to-address-list address-list="spknock:home:home:closed" address-list-timeout=5m protocol=udp dst-port=4321 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:01 closing knock 1 of 1, 4321/udp"
/ipv6 firewall filter add chain="spknock:home:home:closing" action=return protocol=udp dst-port=4321 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:02 closing knock 1 of 1, 4321/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:03 closed: knocks do not count"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:04 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:home:2" comment="spknock:home:05 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:06 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:home:1" comment="spknock:home:07 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:08 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:09 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:closing" comment="spknock:home:10 home: closing knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:11 home: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:12 connections make no mistakes"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:13 closed by their knocks"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=8080 comment="spknock:home:14 open sources"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=9000-9010 comment="spknock:home:15 open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,4321,5555,9876 connection-state=established,related comment="spknock:home:16 secrets in connections"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:17 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:18 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:19 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:20 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=8080 comment="spknock:home:21 all other sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=9000-9010 comment="spknock:home:22 all other sources"
/ipv6 firewall filter add chain="spknock:home:home:behind" action=return src-address-list="spknock:home:home:closed" comment="spknock:home:23 closed by their knocks"
/ipv6 firewall filter add chain="spknock:home:home:behind" action=accept dst-address=2001:db8::7 protocol=tcp dst-port=22 comment="spknock:home:24 open sources"
/ipv6 firewall filter add chain="spknock:home:forward" action=return connection-state=established,related comment="spknock:home:25 connections continue"
/ipv6 firewall filter add chain="spknock:home:forward" action=jump jump-target="spknock:home:home:behind" src-address-list="spknock:home:home:open" comment="spknock:home:26 home: open sources"
/ipv6 firewall filter add chain="spknock:home:forward" action=drop dst-address=2001:db8::7 protocol=tcp dst-port=22 comment="spknock:home:27 all other sources"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 src-address-list="spknock:home:home:closed" comment="spknock:home:01 home: closed, not translated"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=return protocol=tcp dst-port=8080 src-address-list="spknock:home:home:open" comment="spknock:home:02 home: open sources"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=accept protocol=udp dst-port=9000-9010 src-address-list="spknock:home:home:closed" comment="spknock:home:03 home: closed, not translated"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=return protocol=udp dst-port=9000-9010 src-address-list="spknock:home:home:open" comment="spknock:home:04 home: open sources"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 comment="spknock:home:05 all other sources: not translated"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=accept protocol=udp dst-port=9000-9010 comment="spknock:home:06 all other sources: not translated"
:do {
  :local rules [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $rules] > 0) do={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
:do {
  :local rules [/ipv6 firewall filter find chain=forward]
  :if ([:len $rules] > 0) do={
    :do { /ipv6 firewall filter add chain=forward action=jump jump-target="spknock:home:forward" comment="spknock:home:00 jump, forward" place-before=[:pick $rules 0] } \
      on-error={ /ipv6 firewall filter add chain=forward action=jump jump-target="spknock:home:forward" comment="spknock:home:00 jump, forward" place-before=[:pick $rules 1] }
  } else={
    /ipv6 firewall filter add chain=forward action=jump jump-target="spknock:home:forward" comment="spknock:home:00 jump, forward"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
:do {
  :local rules [/ipv6 firewall nat find chain=dstnat]
  :if ([:len $rules] > 0) do={
    :do { /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat" place-before=[:pick $rules 0] } \
      on-error={ /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat" place-before=[:pick $rules 1] }
  } else={
    /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
