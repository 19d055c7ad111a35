# spknock rules for targets "home", "office", "whole" (fw.example.com), MikroTik RouterOS 7 and 6
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
# Show the open sources: /ip firewall address-list print where list~"^spknock:home:[^:]*:open"

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:01 knock 2 of 2, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:02 knock 2 of 2, 9012/udp"
/ip firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:03 knock 1 of 2, 7003/tcp"
/ip firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:04 knock 1 of 2, 7003/tcp"
/ip firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:open" address-list-timeout=5m protocol=udp dst-port=9113 src-address-list="spknock:home:office:1" comment="spknock:home:05 knock 2 of 2, 9113/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=9113 src-address-list="spknock:home:office:1" comment="spknock:home:06 knock 2 of 2, 9113/udp"
/ip firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7104 comment="spknock:home:07 knock 1 of 2, 7104/tcp"
/ip firewall filter add chain="spknock:home:office:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7104 comment="spknock:home:08 knock 1 of 2, 7104/tcp"
/ip firewall filter add chain="spknock:home:whole:stages" action=add-src-to-address-list address-list="spknock:home:whole:open" address-list-timeout=5m protocol=udp dst-port=9214 src-address-list="spknock:home:whole:1" comment="spknock:home:09 knock 2 of 2, 9214/udp"
/ip firewall filter add chain="spknock:home:whole:stages" action=return protocol=udp dst-port=9214 src-address-list="spknock:home:whole:1" comment="spknock:home:10 knock 2 of 2, 9214/udp"
/ip firewall filter add chain="spknock:home:whole:stages" action=add-src-to-address-list address-list="spknock:home:whole:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7205 comment="spknock:home:11 knock 1 of 2, 7205/tcp"
/ip firewall filter add chain="spknock:home:whole:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7205 comment="spknock:home:12 knock 1 of 2, 7205/tcp"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:13 home: knocks"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:office:stages" comment="spknock:home:14 office: knocks"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:whole:stages" comment="spknock:home:15 whole: knocks"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:16 open sources"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=60000-60010 comment="spknock:home:17 open sources"
/ip firewall filter add chain="spknock:home:office:opened" action=accept protocol=icmp icmp-options=8:0-255 comment="spknock:home:18 open sources"
/ip firewall filter add chain="spknock:home:whole:opened" action=accept comment="spknock:home:19 open sources"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:20 connections continue"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:21 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:22 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:23 home: open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:office:opened" src-address-list="spknock:home:office:open" comment="spknock:home:24 office: open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:whole:opened" src-address-list="spknock:home:whole:open" comment="spknock:home:25 whole: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:26 all other sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=60000-60010 comment="spknock:home:27 all other sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=icmp icmp-options=8:0-255 comment="spknock:home:28 all other sources"
/ip firewall filter add chain="spknock:home" action=return src-address-type=local comment="spknock:home:29 from this router"
/ip firewall filter add chain="spknock:home" action=return protocol=igmp comment="spknock:home:30 multicast groups"
/ip firewall filter add chain="spknock:home" action=return protocol=udp src-port=67 dst-port=68 comment="spknock:home:31 DHCP answers"
/ip firewall filter add chain="spknock:home" action=drop comment="spknock:home:32 everything else"
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
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:01 knock 2 of 2, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=udp dst-port=9012 src-address-list="spknock:home:home:1" comment="spknock:home:02 knock 2 of 2, 9012/udp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=add-src-to-address-list address-list="spknock:home:home:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:03 knock 1 of 2, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7003 comment="spknock:home:04 knock 1 of 2, 7003/tcp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:open" address-list-timeout=5m protocol=udp dst-port=9113 src-address-list="spknock:home:office:1" comment="spknock:home:05 knock 2 of 2, 9113/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=return protocol=udp dst-port=9113 src-address-list="spknock:home:office:1" comment="spknock:home:06 knock 2 of 2, 9113/udp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=add-src-to-address-list address-list="spknock:home:office:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7104 comment="spknock:home:07 knock 1 of 2, 7104/tcp"
/ipv6 firewall filter add chain="spknock:home:office:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7104 comment="spknock:home:08 knock 1 of 2, 7104/tcp"
/ipv6 firewall filter add chain="spknock:home:whole:stages" action=add-src-to-address-list address-list="spknock:home:whole:open" address-list-timeout=5m protocol=udp dst-port=9214 src-address-list="spknock:home:whole:1" comment="spknock:home:09 knock 2 of 2, 9214/udp"
/ipv6 firewall filter add chain="spknock:home:whole:stages" action=return protocol=udp dst-port=9214 src-address-list="spknock:home:whole:1" comment="spknock:home:10 knock 2 of 2, 9214/udp"
/ipv6 firewall filter add chain="spknock:home:whole:stages" action=add-src-to-address-list address-list="spknock:home:whole:1" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7205 comment="spknock:home:11 knock 1 of 2, 7205/tcp"
/ipv6 firewall filter add chain="spknock:home:whole:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=7205 comment="spknock:home:12 knock 1 of 2, 7205/tcp"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:13 home: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:office:stages" comment="spknock:home:14 office: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:whole:stages" comment="spknock:home:15 whole: knocks"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:16 open sources"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=udp dst-port=60000-60010 comment="spknock:home:17 open sources"
/ipv6 firewall filter add chain="spknock:home:office:opened" action=accept protocol=icmpv6 icmp-options=128:0-255 comment="spknock:home:18 open sources"
/ipv6 firewall filter add chain="spknock:home:whole:opened" action=accept comment="spknock:home:19 open sources"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:20 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:21 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:22 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:23 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:office:opened" src-address-list="spknock:home:office:open" comment="spknock:home:24 office: open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:whole:opened" src-address-list="spknock:home:whole:open" comment="spknock:home:25 whole: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:26 all other sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=udp dst-port=60000-60010 comment="spknock:home:27 all other sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=icmpv6 icmp-options=128:0-255 comment="spknock:home:28 all other sources"
/ipv6 firewall filter add chain="spknock:home" action=return dst-address=::1/128 comment="spknock:home:29 from this router"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=130:0-255 comment="spknock:home:30 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=131:0-255 comment="spknock:home:31 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=132:0-255 comment="spknock:home:32 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=133:0-255 comment="spknock:home:33 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=134:0-255 comment="spknock:home:34 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=135:0-255 comment="spknock:home:35 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=136:0-255 comment="spknock:home:36 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=137:0-255 comment="spknock:home:37 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=icmpv6 icmp-options=143:0-255 comment="spknock:home:38 neighbours and multicast groups"
/ipv6 firewall filter add chain="spknock:home" action=return protocol=udp src-address=fe80::/10 src-port=547 dst-port=546 comment="spknock:home:39 DHCP answers"
/ipv6 firewall filter add chain="spknock:home" action=drop comment="spknock:home:40 everything else"
:do {
  :local rules [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $rules] > 0) do={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
