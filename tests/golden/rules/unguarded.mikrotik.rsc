# spknock rules for target "home" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   knock 1: 7003/tcp (regular)
#   knock 2: 9012/udp (regular)
#   knock 3: 8044/tcp (regular)
#   opens:   22/tcp for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
#
# The rules guard services of this machine. A port that it forwards (DNAT, a port that Docker
# publishes) does not pass here, and one that it redirects passes as the port that it is redirected
# to: under its own number it stays open to everyone, unless --forward names it.
# To see whether there is one:  /ip firewall nat print
# Connections go on after the open time because they are tracked: with a notrack rule for a port above
# they end with it, and a forwarded port is not known.
#
# By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.9 on. For
# RouterOS 6 and 7.0 to 7.8 there are only MikroTik's documents.
# Not run on a device by us; its rules were played on Linux netfilter.
# RouterOS 6 needs its package ipv6, or rules for IPv4 only (spknock rules -4).
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
# Undo (and before a family, the last forwarded port or the last one-time code is left out):
#   /ip firewall filter remove [find comment~"^spknock:home:"]
#   /ip firewall address-list remove [find list~"^spknock:home:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:home:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:home:"]
# Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.
# Show the open sources: /ip firewall address-list print where list="spknock:home:home:open"

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:01 knock 3 of 3, 8044/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 8044/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:03 knock 2 of 3, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:05 knock 1 of 3, 7003/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:06 knock 1 of 3, 7003/tcp"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:07 home: knocks"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:08 open sources"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:09 connections continue"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:10 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:11 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:12 home: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:13 all other sources"
:do {
  :local rules [/ip firewall filter find chain=input action=drop dynamic=no]
  :if ([:len $rules] > 0) do={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ip firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }

# IPv6
/ipv6 firewall filter remove [find comment~"^spknock:home:"]
/ipv6 firewall address-list remove [find comment~"^spknock:home:"]
:do { /ipv6 firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:01 knock 3 of 3, 8044/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=8044 src-address-list="spknock:home:home:2" comment="spknock:home:02 knock 3 of 3, 8044/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:2" address-list-timeout=5s protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:03 knock 2 of 3, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:04 knock 2 of 3, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:05 knock 1 of 3, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:06 knock 1 of 3, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:07 home: knocks"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:08 open sources"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:09 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:10 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:11 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:12 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:13 all other sources"
:do {
  :local rules [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $rules] > 0) do={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
