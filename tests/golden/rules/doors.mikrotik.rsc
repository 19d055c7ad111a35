# spknock rules for targets "home", "office" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   target home:
#   knock 1: 7003/tcp (regular)
#   knock 2: 9012/udp (regular)
#   knock 3: 8044/tcp (regular)
#   opens:   22/tcp for 5m; a stage waits 5s
#   also:    a packet to any other port resets the sequence
#   target office:
#   knock 1: 1234/udp (secret, 64 bytes, fingerprint d99bda9d)
#   knock 2: 9876/udp (secret, 64 bytes, fingerprint 4116fc56)
#   knock 3: 5555/udp (secret, 64 bytes, fingerprint 5566a270)
#   opens:   443/tcp, forwarded 8080/tcp for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
#   also:    public: 80/tcp
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
# RouterOS cannot remove a source from a list. Instead, after a packet to any other port the knocks
# of its source do not count for 5s, and its sequence has expired by then. A stray packet makes
# a legitimate user wait for this time.
# A stranger's packet to a forwarded port is not translated: it comes to the router itself, and is
# dropped there. Dynamic rules above the jump in the dstnat chain, such as those of a hotspot or of
# UPnP, come before it: if one forwards the same port, the port is open. For open sources your own
# rules decide, as they did before.
# RouterOS 6 has no NAT for IPv6: write rules for IPv4 only there (spknock rules -4).
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
# Show the open sources: /ip firewall address-list print where list~"^spknock:home:[^:]*:open"

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:penalty" comment="spknock:home:01 penalty: knocks do not count"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 8044/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:03 knock 3 of 3, 8044/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:05 knock 2 of 3, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:06 knock 1 of 3, 7003/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:07 knock 1 of 3, 7003/tcp"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:open" comment="spknock:home:08 knock 3, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:2" comment="spknock:home:09 knock 2, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 src-address-list="spknock:home:home:1" comment="spknock:home:10 knock 1, accepted or late"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234,5555,9876 comment="spknock:home:11 knock ports of other doors"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp dst-port=7003,8044 src-address-list="spknock:home:home:penalty" comment="spknock:home:12 penalty: no new penalty"
/ip firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:penalty" comment="spknock:home:13 penalty: no new penalty"
/ip firewall filter add chain="spknock:home:home:guard" action=add-src-to-address-list address-list="spknock:home:home:penalty" address-list-timeout=5s comment="spknock:home:14 a mistake: knocks do not count for a while"
/ip firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:office:2" comment="spknock:home:15 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=5555 packet-size=92 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:office:2" comment="spknock:home:16 knock 3 of 3, 5555/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:office:1" comment="spknock:home:17 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=9876 packet-size=92 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:office:1" comment="spknock:home:18 knock 2 of 3, 9876/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:19 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=1234 packet-size=92 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:20 knock 1 of 3, 1234/udp"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:21 home: knocks"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:office:stages" comment="spknock:home:22 office: knocks"
/ip firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:23 connections make no mistakes"
/ip firewall filter add chain="spknock:home:knock" action=return protocol=tcp dst-port=22,80,443,8080 comment="spknock:home:24 not a mistake"
/ip firewall filter add chain="spknock:home:knock" action=return connection-nat-state=dstnat comment="spknock:home:25 redirected, not a mistake"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:guard" comment="spknock:home:26 home: guard"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:27 open sources"
/ip firewall filter add chain="spknock:home:office:opened" action=accept protocol=tcp dst-port=443,8080 comment="spknock:home:28 open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,5555,9876 connection-state=established,related comment="spknock:home:29 secrets in connections"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:30 connections continue"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:31 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:32 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:33 home: open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:office:opened" src-address-list="spknock:home:office:open" comment="spknock:home:34 office: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22,443,8080 comment="spknock:home:35 all other sources"
/ip firewall nat add chain="spknock:home:dstnat" action=return protocol=tcp dst-port=8080 src-address-list="spknock:home:office:open" comment="spknock:home:01 office: open sources"
/ip firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 comment="spknock:home:02 all other sources: not translated"
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
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return src-address-list="spknock:home:home:penalty" comment="spknock:home:01 penalty: knocks do not count"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 8044/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:03 knock 3 of 3, 8044/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:05 knock 2 of 3, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:06 knock 1 of 3, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:07 knock 1 of 3, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:open" comment="spknock:home:08 knock 3, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:2" comment="spknock:home:09 knock 2, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 src-address-list="spknock:home:home:1" comment="spknock:home:10 knock 1, accepted or late"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=1234,5555,9876 comment="spknock:home:11 knock ports of other doors"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=tcp dst-port=7003,8044 src-address-list="spknock:home:home:penalty" comment="spknock:home:12 penalty: no new penalty"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:penalty" comment="spknock:home:13 penalty: no new penalty"
/ipv6 firewall filter add chain="spknock:home:home:guard" action=add-src-to-address-list address-list="spknock:home:home:penalty" address-list-timeout=5s comment="spknock:home:14 a mistake: knocks do not count for a while"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:open" address-list-timeout=5m protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:office:2" comment="spknock:home:15 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=5555 packet-size=112 content="705db0603fd5431451dab1171b964b4bd575e2230f40f4c300d70df6e65f5f1c" src-address-list="spknock:home:office:2" comment="spknock:home:16 knock 3 of 3, 5555/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:2" address-list-timeout=5s protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:office:1" comment="spknock:home:17 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=9876 packet-size=112 content="fa51fd49abf67705d6a35d18218c115ff5633aec1f9ebfdc9d5d4956416f57f6" src-address-list="spknock:home:office:1" comment="spknock:home:18 knock 2 of 3, 9876/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:1" address-list-timeout=5s protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:19 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=1234 packet-size=112 content="862b6133b45f398cf96d13429629edfc02dbc102d8108441436ced70651c7aad" comment="spknock:home:20 knock 1 of 3, 1234/udp"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:21 home: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:office:stages" comment="spknock:home:22 office: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:23 connections make no mistakes"
/ipv6 firewall filter add chain="spknock:home:knock" action=return protocol=tcp dst-port=22,80,443,8080 comment="spknock:home:24 not a mistake"
/ipv6 firewall filter add chain="spknock:home:knock" action=return connection-nat-state=dstnat comment="spknock:home:25 redirected, not a mistake"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:guard" comment="spknock:home:26 home: guard"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:27 open sources"
/ipv6 firewall filter add chain="spknock:home:office:opened" action=accept protocol=tcp dst-port=443,8080 comment="spknock:home:28 open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=1234,5555,9876 connection-state=established,related comment="spknock:home:29 secrets in connections"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:30 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:31 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:32 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:33 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:office:opened" src-address-list="spknock:home:office:open" comment="spknock:home:34 office: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22,443,8080 comment="spknock:home:35 all other sources"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=return protocol=tcp dst-port=8080 src-address-list="spknock:home:office:open" comment="spknock:home:01 office: open sources"
/ipv6 firewall nat add chain="spknock:home:dstnat" action=accept protocol=tcp dst-port=8080 comment="spknock:home:02 all other sources: not translated"
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
  :local rules [/ipv6 firewall nat find chain=dstnat]
  :if ([:len $rules] > 0) do={
    :do { /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat" place-before=[:pick $rules 0] } \
      on-error={ /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat" place-before=[:pick $rules 1] }
  } else={
    /ipv6 firewall nat add chain=dstnat action=jump jump-target="spknock:home:dstnat" comment="spknock:home:00 jump, dstnat"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
