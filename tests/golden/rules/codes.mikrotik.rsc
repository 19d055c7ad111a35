# spknock rules for target "home" (fw.example.com), MikroTik RouterOS 7 and 6
#
#   knock 1: 62201/udp (one-time code, 4 slots each 10m)
#   opens:   22/tcp for 5m; a stage waits 5s
#   codes:   for home, 1 key (home), from 2026-11-27T00:00:00Z until 2026-11-27T01:00:00Z
#   covers:  IPv4, IPv6
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
# By the devices' own syntax trees of 48 versions, RouterOS 7.9 to 7.24, it loads from 7.12.2 on: older
# ones, and RouterOS 6, have no SHA-512, and the import stops before its first change.
# Not run on a device by us; its rules were played on Linux netfilter, its script by a small interpreter.
# It is not verified that packet-size counts the whole packet for IPv6: test a knock over IPv6.
#
# One-time codes: a script writes those of the moment into the rules, every 10 s. A code is taken
# from 60 to 70 s before its window (10m) to 60 to 70 s after it.
# No code of "home" is taken after 2026-11-27T01:00:00Z.
# A code belongs to the first source that sends it, which can repeat it. What is weaker than with nftables:
# - for up to 10 s a copy of the packet is new at another address of this router, and over the other
#   family; after that the script has every address on the list of used codes;
# - two packets that two processors handle at the same moment can both be the first;
# - if the script does not run, the last codes stay valid, and no later ones get in.
# The configuration changes about 8 times in each window, and once for each code that is used. RouterOS
# writes changes to flash memory: a longer window and fewer slots write less.
# The keys are in /system script: each user with the policy read, each export and each backup has them.
# After a power loss a router without a battery has a wrong clock, and no code is taken until the clock is
# set: use NTP servers by address, or make sure that the router can resolve their names:
#   /system ntp client set enabled=yes servers=ADDRESS
#   /system clock print
# Until the script has run, some seconds after the start, the rules take the codes from before it.
# The counters of the rules say who opened a door:
#   /ip firewall filter print stats where comment~"^spknock:home:[0-9]+ .*: opened by"
#   /ipv6 firewall filter print stats where comment~"^spknock:home:[0-9]+ .*: opened by"
#
# Test first, before anything is closed: paste the line below this header into a terminal of the router (it
# changes nothing), and compare the code that it prints. The import compares a known code itself, and the
# clock with the year 2026, before its first change.
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
#   /system scheduler remove [find name~"^spknock[.]home[.]"]
#   /system script remove [find name~"^spknock[.]home[.]"]
#   /ip firewall filter remove [find comment~"^spknock:home:"]
#   /ip firewall address-list remove [find list~"^spknock:home:"]
#   /ipv6 firewall filter remove [find comment~"^spknock:home:"]
#   /ipv6 firewall address-list remove [find list~"^spknock:home:"]
# Persist:  RouterOS keeps the rules after a reboot; the open sources are lost.
# Show the open sources: /ip firewall address-list print where list="spknock:home:home:open"

# Test of "home": the number of the window and its code of slot 0, now; compare spknock codes.
#   :put ((([:tonsec [:timestamp]] / 1000000000) / 600) . " " . [:pick [:convert ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:" . (([:tonsec [:timestamp]] / 1000000000) / 600) . ":0") transform=sha512 to=hex] 0 32])

:if ([:pick [:convert "spknock:0:0" transform=sha512 to=hex] 0 32] != "5387c5c943976f3fe67d9bd20c9c6a12") do={ :error "spknock: this RouterOS makes other codes (7.12 or newer is required): nothing was changed" }
:if (([:tonsec [:timestamp]] / 1000000000) < 1767225600) do={ :error "spknock: the clock is not set (/system ntp client): nothing was changed" }

/system scheduler remove [find name~"^spknock[.]home[.]"]
/system script remove [find name~"^spknock[.]home[.]"]

# IPv4
/ip firewall filter remove [find comment~"^spknock:home:"]
/ip firewall nat remove [find comment~"^spknock:home:"]
/ip firewall address-list remove [find comment~"^spknock:home:"]
:do { /ip firewall address-list remove [find list~"^spknock:home:([^:]*:(closing[0-9]+|[0-9]+)|mistakes[0-9])\$"] } on-error={}
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:0" content="none" disabled=yes comment="spknock:home:01 home: code of home:0:0"
/ip firewall filter add chain="spknock:home:home:code:home:0:0" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:0" comment="spknock:home:02 home: repeated, home:0:0"
/ip firewall filter add chain="spknock:home:home:code:home:0:0" action=return dst-address-list="spknock:home:home:used:home:0:0" comment="spknock:home:03 home: used, perhaps by another, home:0:0"
/ip firewall filter add chain="spknock:home:home:code:home:0:0" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:0" address-list-timeout=48h comment="spknock:home:04 home: used from now on, home:0:0"
/ip firewall filter add chain="spknock:home:home:code:home:0:0" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:0" address-list-timeout=48h comment="spknock:home:05 home: by this source, home:0:0"
/ip firewall filter add chain="spknock:home:home:code:home:0:0" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:06 home: first use, home:0:0"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:1" content="none" disabled=yes comment="spknock:home:07 home: code of home:0:1"
/ip firewall filter add chain="spknock:home:home:code:home:0:1" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:1" comment="spknock:home:08 home: repeated, home:0:1"
/ip firewall filter add chain="spknock:home:home:code:home:0:1" action=return dst-address-list="spknock:home:home:used:home:0:1" comment="spknock:home:09 home: used, perhaps by another, home:0:1"
/ip firewall filter add chain="spknock:home:home:code:home:0:1" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:1" address-list-timeout=48h comment="spknock:home:10 home: used from now on, home:0:1"
/ip firewall filter add chain="spknock:home:home:code:home:0:1" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:1" address-list-timeout=48h comment="spknock:home:11 home: by this source, home:0:1"
/ip firewall filter add chain="spknock:home:home:code:home:0:1" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:12 home: first use, home:0:1"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:2" content="none" disabled=yes comment="spknock:home:13 home: code of home:0:2"
/ip firewall filter add chain="spknock:home:home:code:home:0:2" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:2" comment="spknock:home:14 home: repeated, home:0:2"
/ip firewall filter add chain="spknock:home:home:code:home:0:2" action=return dst-address-list="spknock:home:home:used:home:0:2" comment="spknock:home:15 home: used, perhaps by another, home:0:2"
/ip firewall filter add chain="spknock:home:home:code:home:0:2" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:2" address-list-timeout=48h comment="spknock:home:16 home: used from now on, home:0:2"
/ip firewall filter add chain="spknock:home:home:code:home:0:2" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:2" address-list-timeout=48h comment="spknock:home:17 home: by this source, home:0:2"
/ip firewall filter add chain="spknock:home:home:code:home:0:2" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:18 home: first use, home:0:2"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:3" content="none" disabled=yes comment="spknock:home:19 home: code of home:0:3"
/ip firewall filter add chain="spknock:home:home:code:home:0:3" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:3" comment="spknock:home:20 home: repeated, home:0:3"
/ip firewall filter add chain="spknock:home:home:code:home:0:3" action=return dst-address-list="spknock:home:home:used:home:0:3" comment="spknock:home:21 home: used, perhaps by another, home:0:3"
/ip firewall filter add chain="spknock:home:home:code:home:0:3" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:3" address-list-timeout=48h comment="spknock:home:22 home: used from now on, home:0:3"
/ip firewall filter add chain="spknock:home:home:code:home:0:3" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:3" address-list-timeout=48h comment="spknock:home:23 home: by this source, home:0:3"
/ip firewall filter add chain="spknock:home:home:code:home:0:3" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:24 home: first use, home:0:3"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:0" content="none" disabled=yes comment="spknock:home:25 home: code of home:1:0"
/ip firewall filter add chain="spknock:home:home:code:home:1:0" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:0" comment="spknock:home:26 home: repeated, home:1:0"
/ip firewall filter add chain="spknock:home:home:code:home:1:0" action=return dst-address-list="spknock:home:home:used:home:1:0" comment="spknock:home:27 home: used, perhaps by another, home:1:0"
/ip firewall filter add chain="spknock:home:home:code:home:1:0" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:0" address-list-timeout=48h comment="spknock:home:28 home: used from now on, home:1:0"
/ip firewall filter add chain="spknock:home:home:code:home:1:0" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:0" address-list-timeout=48h comment="spknock:home:29 home: by this source, home:1:0"
/ip firewall filter add chain="spknock:home:home:code:home:1:0" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:30 home: first use, home:1:0"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:1" content="none" disabled=yes comment="spknock:home:31 home: code of home:1:1"
/ip firewall filter add chain="spknock:home:home:code:home:1:1" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:1" comment="spknock:home:32 home: repeated, home:1:1"
/ip firewall filter add chain="spknock:home:home:code:home:1:1" action=return dst-address-list="spknock:home:home:used:home:1:1" comment="spknock:home:33 home: used, perhaps by another, home:1:1"
/ip firewall filter add chain="spknock:home:home:code:home:1:1" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:1" address-list-timeout=48h comment="spknock:home:34 home: used from now on, home:1:1"
/ip firewall filter add chain="spknock:home:home:code:home:1:1" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:1" address-list-timeout=48h comment="spknock:home:35 home: by this source, home:1:1"
/ip firewall filter add chain="spknock:home:home:code:home:1:1" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:36 home: first use, home:1:1"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:2" content="none" disabled=yes comment="spknock:home:37 home: code of home:1:2"
/ip firewall filter add chain="spknock:home:home:code:home:1:2" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:2" comment="spknock:home:38 home: repeated, home:1:2"
/ip firewall filter add chain="spknock:home:home:code:home:1:2" action=return dst-address-list="spknock:home:home:used:home:1:2" comment="spknock:home:39 home: used, perhaps by another, home:1:2"
/ip firewall filter add chain="spknock:home:home:code:home:1:2" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:2" address-list-timeout=48h comment="spknock:home:40 home: used from now on, home:1:2"
/ip firewall filter add chain="spknock:home:home:code:home:1:2" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:2" address-list-timeout=48h comment="spknock:home:41 home: by this source, home:1:2"
/ip firewall filter add chain="spknock:home:home:code:home:1:2" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:42 home: first use, home:1:2"
/ip firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:3" content="none" disabled=yes comment="spknock:home:43 home: code of home:1:3"
/ip firewall filter add chain="spknock:home:home:code:home:1:3" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:3" comment="spknock:home:44 home: repeated, home:1:3"
/ip firewall filter add chain="spknock:home:home:code:home:1:3" action=return dst-address-list="spknock:home:home:used:home:1:3" comment="spknock:home:45 home: used, perhaps by another, home:1:3"
/ip firewall filter add chain="spknock:home:home:code:home:1:3" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:3" address-list-timeout=48h comment="spknock:home:46 home: used from now on, home:1:3"
/ip firewall filter add chain="spknock:home:home:code:home:1:3" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:3" address-list-timeout=48h comment="spknock:home:47 home: by this source, home:1:3"
/ip firewall filter add chain="spknock:home:home:code:home:1:3" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:48 home: first use, home:1:3"
/ip firewall filter add chain="spknock:home:home:by:home" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m comment="spknock:home:49 home: opened by home"
/ip firewall filter add chain="spknock:home:home:stages" action=jump jump-target="spknock:home:home:codes" protocol=udp dst-port=62201 packet-size=60 comment="spknock:home:50 knock 1 of 1, 62201/udp"
/ip firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:51 home: knocks"
/ip firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:52 connections make no mistakes"
/ip firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:53 open sources"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=62201 connection-state=established,related comment="spknock:home:54 secrets in connections"
/ip firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:55 connections continue"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address-type=local comment="spknock:home:56 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address-type=local comment="spknock:home:57 to this router"
/ip firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:58 home: open sources"
/ip firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:59 all other sources"
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
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:0" content="none" disabled=yes comment="spknock:home:01 home: code of home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:0" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:0" comment="spknock:home:02 home: repeated, home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:0" action=return dst-address-list="spknock:home:home:used:home:0:0" comment="spknock:home:03 home: used, perhaps by another, home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:0" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:0" address-list-timeout=48h comment="spknock:home:04 home: used from now on, home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:0" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:0" address-list-timeout=48h comment="spknock:home:05 home: by this source, home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:0" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:06 home: first use, home:0:0"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:1" content="none" disabled=yes comment="spknock:home:07 home: code of home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:1" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:1" comment="spknock:home:08 home: repeated, home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:1" action=return dst-address-list="spknock:home:home:used:home:0:1" comment="spknock:home:09 home: used, perhaps by another, home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:1" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:1" address-list-timeout=48h comment="spknock:home:10 home: used from now on, home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:1" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:1" address-list-timeout=48h comment="spknock:home:11 home: by this source, home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:1" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:12 home: first use, home:0:1"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:2" content="none" disabled=yes comment="spknock:home:13 home: code of home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:2" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:2" comment="spknock:home:14 home: repeated, home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:2" action=return dst-address-list="spknock:home:home:used:home:0:2" comment="spknock:home:15 home: used, perhaps by another, home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:2" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:2" address-list-timeout=48h comment="spknock:home:16 home: used from now on, home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:2" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:2" address-list-timeout=48h comment="spknock:home:17 home: by this source, home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:2" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:18 home: first use, home:0:2"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:0:3" content="none" disabled=yes comment="spknock:home:19 home: code of home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:3" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:0:3" comment="spknock:home:20 home: repeated, home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:3" action=return dst-address-list="spknock:home:home:used:home:0:3" comment="spknock:home:21 home: used, perhaps by another, home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:3" action=add-dst-to-address-list address-list="spknock:home:home:used:home:0:3" address-list-timeout=48h comment="spknock:home:22 home: used from now on, home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:3" action=add-src-to-address-list address-list="spknock:home:home:mine:home:0:3" address-list-timeout=48h comment="spknock:home:23 home: by this source, home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:0:3" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:24 home: first use, home:0:3"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:0" content="none" disabled=yes comment="spknock:home:25 home: code of home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:0" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:0" comment="spknock:home:26 home: repeated, home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:0" action=return dst-address-list="spknock:home:home:used:home:1:0" comment="spknock:home:27 home: used, perhaps by another, home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:0" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:0" address-list-timeout=48h comment="spknock:home:28 home: used from now on, home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:0" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:0" address-list-timeout=48h comment="spknock:home:29 home: by this source, home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:0" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:30 home: first use, home:1:0"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:1" content="none" disabled=yes comment="spknock:home:31 home: code of home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:1" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:1" comment="spknock:home:32 home: repeated, home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:1" action=return dst-address-list="spknock:home:home:used:home:1:1" comment="spknock:home:33 home: used, perhaps by another, home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:1" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:1" address-list-timeout=48h comment="spknock:home:34 home: used from now on, home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:1" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:1" address-list-timeout=48h comment="spknock:home:35 home: by this source, home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:1" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:36 home: first use, home:1:1"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:2" content="none" disabled=yes comment="spknock:home:37 home: code of home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:2" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:2" comment="spknock:home:38 home: repeated, home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:2" action=return dst-address-list="spknock:home:home:used:home:1:2" comment="spknock:home:39 home: used, perhaps by another, home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:2" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:2" address-list-timeout=48h comment="spknock:home:40 home: used from now on, home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:2" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:2" address-list-timeout=48h comment="spknock:home:41 home: by this source, home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:2" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:42 home: first use, home:1:2"
/ipv6 firewall filter add chain="spknock:home:home:codes" action=jump jump-target="spknock:home:home:code:home:1:3" content="none" disabled=yes comment="spknock:home:43 home: code of home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:3" action=jump jump-target="spknock:home:home:by:home" src-address-list="spknock:home:home:mine:home:1:3" comment="spknock:home:44 home: repeated, home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:3" action=return dst-address-list="spknock:home:home:used:home:1:3" comment="spknock:home:45 home: used, perhaps by another, home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:3" action=add-dst-to-address-list address-list="spknock:home:home:used:home:1:3" address-list-timeout=48h comment="spknock:home:46 home: used from now on, home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:3" action=add-src-to-address-list address-list="spknock:home:home:mine:home:1:3" address-list-timeout=48h comment="spknock:home:47 home: by this source, home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:code:home:1:3" action=jump jump-target="spknock:home:home:by:home" comment="spknock:home:48 home: first use, home:1:3"
/ipv6 firewall filter add chain="spknock:home:home:by:home" action=add-src-to-address-list address-list="spknock:home:home:open" address-list-timeout=5m comment="spknock:home:49 home: opened by home"
/ipv6 firewall filter add chain="spknock:home:home:stages" action=jump jump-target="spknock:home:home:codes" protocol=udp dst-port=62201 packet-size=80 comment="spknock:home:50 knock 1 of 1, 62201/udp"
/ipv6 firewall filter add chain="spknock:home:knock" action=jump jump-target="spknock:home:home:stages" comment="spknock:home:51 home: knocks"
/ipv6 firewall filter add chain="spknock:home:knock" action=return connection-state=established,related comment="spknock:home:52 connections make no mistakes"
/ipv6 firewall filter add chain="spknock:home:home:opened" action=accept protocol=tcp dst-port=22 comment="spknock:home:53 open sources"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-port=62201 connection-state=established,related comment="spknock:home:54 secrets in connections"
/ipv6 firewall filter add chain="spknock:home" action=accept connection-state=established,related comment="spknock:home:55 connections continue"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=tcp dst-address=!ff00::/8 comment="spknock:home:56 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:knock" protocol=udp dst-address=!ff00::/8 comment="spknock:home:57 not multicast"
/ipv6 firewall filter add chain="spknock:home" action=jump jump-target="spknock:home:home:opened" src-address-list="spknock:home:home:open" comment="spknock:home:58 home: open sources"
/ipv6 firewall filter add chain="spknock:home" action=drop protocol=tcp dst-port=22 comment="spknock:home:59 all other sources"
:do {
  :local rules [/ipv6 firewall filter find chain=input action=drop]
  :if ([:len $rules] > 0) do={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump" \
      place-before=[:pick $rules 0]
  } else={
    /ipv6 firewall filter add chain=input action=jump jump-target="spknock:home" comment="spknock:home:00 jump"
  }
} on-error={ :error "spknock: the rules are in, the jump to them is not" }

# Codes of home
/system script add name="spknock.home.home.home" policy=read,write comment="spknock:home: codes of home" source={
  :local now ([:tonsec [:timestamp]] / 1000000000)
  :local late (($now - 60) / 600)
  :local early (($now + 70) / 600)
  :for side from=0 to=1 do={
    :local n $late
    :if (($n % 2) != $side) do={ :set n $early }
    :for slot from=0 to=3 do={
      :local code "none"
      :if ((($n % 2) = $side) && ($n >= 2992896) && ($n <= 2992901)) do={
        :set code [:pick [:convert ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:" . $n . ":" . $slot) transform=sha512 to=hex] 0 32]
      }
      :local place (":" . $side . ":" . $slot)
      :local isUsed false
      :foreach rule in=[/ip firewall filter find comment~("^spknock:home:[0-9]+ home: code of home" . $place . "\$")] do={
        :local former [/ip firewall filter get $rule content]
        :if ($former != $code) do={
          :if ($code = "none") do={ /ip firewall filter set $rule content=$code disabled=yes } else={ /ip firewall filter set $rule content=$code disabled=no }
          :if ($former != "none") do={
            :foreach entry in=[/ip firewall address-list find list=("spknock:home:home:mine:home" . $place)] do={
              :do { /ip firewall address-list remove $entry } on-error={}
            }
            :foreach entry in=[/ip firewall address-list find list=("spknock:home:home:used:home" . $place)] do={
              :do { /ip firewall address-list remove $entry } on-error={}
            }
          }
        }
      }
      :if ([:len [/ip firewall address-list find list=("spknock:home:home:used:home" . $place)]] > 0) do={ :set isUsed true }
      :foreach rule in=[/ipv6 firewall filter find comment~("^spknock:home:[0-9]+ home: code of home" . $place . "\$")] do={
        :local former [/ipv6 firewall filter get $rule content]
        :if ($former != $code) do={
          :if ($code = "none") do={ /ipv6 firewall filter set $rule content=$code disabled=yes } else={ /ipv6 firewall filter set $rule content=$code disabled=no }
          :if ($former != "none") do={
            :foreach entry in=[/ipv6 firewall address-list find list=("spknock:home:home:mine:home" . $place)] do={
              :do { /ipv6 firewall address-list remove $entry } on-error={}
            }
            :foreach entry in=[/ipv6 firewall address-list find list=("spknock:home:home:used:home" . $place)] do={
              :do { /ipv6 firewall address-list remove $entry } on-error={}
            }
          }
        }
      }
      :if ([:len [/ipv6 firewall address-list find list=("spknock:home:home:used:home" . $place)]] > 0) do={ :set isUsed true }
      :if ($isUsed) do={
        :if ([:len [/ip firewall address-list find list=("spknock:home:home:used:home" . $place) comment="a used code"]] = 0) do={
          /ip firewall address-list add list=("spknock:home:home:used:home" . $place) address=0.0.0.0/1 comment="a used code"
          /ip firewall address-list add list=("spknock:home:home:used:home" . $place) address=128.0.0.0/1 comment="a used code"
        }
        :if ([:len [/ipv6 firewall address-list find list=("spknock:home:home:used:home" . $place) comment="a used code"]] = 0) do={
          /ipv6 firewall address-list add list=("spknock:home:home:used:home" . $place) address=::/1 comment="a used code"
          /ipv6 firewall address-list add list=("spknock:home:home:used:home" . $place) address=8000::/1 comment="a used code"
        }
      }
    }
  }
}
/system scheduler add name="spknock.home.home.home" interval=10s policy=read,write on-event="/system script run \"spknock.home.home.home\"" comment="spknock:home: codes of home"
/system scheduler add name="spknock.home.home.home.start" start-time=startup interval=0s policy=read,write on-event="/system script run \"spknock.home.home.home\"" comment="spknock:home: codes of home"
/system script run "spknock.home.home.home"
