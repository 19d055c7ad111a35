# spknock rules for target "Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   knock 1: 1/udp (regular)
#   knock 2: 65535/tcp (regular)
#   knock 3: 1/udp (regular)
#   opens:   22/tcp for 5m; a stage waits 5s
#   covers:  IPv4, IPv6
#   also:    a packet to any other port loses the progress
#   also:    on _@b-0.1 only
#
# Made from MikroTik's documents; not run on a device yet.
# RouterOS cannot take a source out of a list. Instead, after a packet to any other port knocks
# of its source do not count for 5s, and the progress is over by then. Weaker for users:
# a stray packet costs them this time.
#
# Apply, with a way back (this file uploaded as spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.rsc):
#   press Ctrl+X for Safe Mode: all is undone if the session dies
#   /import spknock_Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9.rsc
#   press Ctrl+X again when a new connection of yours gets through
# Import it again after a change; who is in stays. While it is imported, the ports are guarded by
# your own drop rule only.
# The jump goes before the first drop rule of the input chain, else to its end: rules above it that
# accept everything from an interface, as for a LAN, still do.
# Undo (and before a family is left out):
#   /ip firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ip firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
# Persist:  RouterOS keeps the rules over a reboot; who is in is forgotten.
# Who is in: /ip firewall address-list print where list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open"

# IPv4
/ip firewall filter remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
/ip firewall address-list remove [find comment~"^spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:"]
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:01 made a mistake"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" address-list-timeout=5m protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:02 knock 3 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:03 knock 3 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:04 knock 2 of 3, 65535/tcp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:05 knock 2 of 3, 65535/tcp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" address-list-timeout=5s protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:06 knock 1 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:07 knock 1 of 3, 1/udp"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:08 the knocks"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:09 knock 3, right or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:10 knock 2, right or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:11 knock 1, right or late"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:12 no mistake"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:13 has to wait already"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:14 has to wait already"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" address-list-timeout=5s comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:15 a mistake: no progress for a while"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept connection-state=established,related comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:16 connections go on"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=tcp dst-address-type=local comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:17 to this router"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=udp dst-address-type=local comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:18 to this router"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept protocol=tcp dst-port=22 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:19 who is in"
/ip firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=drop protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:20 who is not"
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
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:01 made a mistake"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" address-list-timeout=5m protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:02 knock 3 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:03 knock 3 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" address-list-timeout=5s protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:04 knock 2 of 3, 65535/tcp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:05 knock 2 of 3, 65535/tcp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" address-list-timeout=5s protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:06 knock 1 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" action=return protocol=udp dst-port=1 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:07 knock 1 of 3, 1/udp"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:stages" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:08 the knocks"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:09 knock 3, right or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp tcp-flags=syn,!fin,!rst,!ack dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:2" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:10 knock 2, right or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:1" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:11 knock 1, right or late"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:12 no mistake"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=tcp dst-port=65535 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:13 has to wait already"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=return protocol=udp dst-port=1 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:14 has to wait already"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" action=add-src-to-address-list address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:penalty" address-list-timeout=5s comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:15 a mistake: no progress for a while"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept connection-state=established,related comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:16 connections go on"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:17 not multicast"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=jump jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:18 not multicast"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=accept protocol=tcp dst-port=22 src-address-list="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:open" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:19 who is in"
/ipv6 firewall filter add chain="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" action=drop protocol=tcp dst-port=22 comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:20 who is not"
:do {
  :local drops [/ipv6 firewall filter find chain=input action=drop dynamic=no]
  :if ([:len $drops] > 0) do={
    /ipv6 firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump" \
      place-before=[:pick $drops 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump in-interface="_@b-0.1" jump-target="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9" comment="spknock:Q-_-drop--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_-9:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }
