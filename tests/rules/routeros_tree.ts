/**
 * RouterOS' syntax, as devices of 48 versions reported it (`/console/inspect`; collected by
 * https://github.com/tikoci/restraml). Made by tools/routeros_tree.ts, which says how; not changed by hand.
 */

/** The versions, the oldest first. */
export const VERSIONS: Readonly<string[]> = `
    7.9 7.9.2 7.10.2 7.11.3 7.12.2 7.13.5 7.14.3 7.15 7.15.1 7.15.2 7.15.3 7.16 7.16.1 7.16.2
    7.17 7.17.1 7.18 7.18.1 7.18.2 7.19 7.19.1 7.19.2 7.19.3 7.19.4 7.19.6 7.20 7.20.1 7.20.2
    7.20.4 7.20.5 7.20.6 7.20.7 7.20.8 7.21 7.21.1 7.21.2 7.21.3 7.21.4 7.21.5 7.22 7.22.1
    7.22.2 7.22.3 7.23 7.23.1 7.23.2 7.23.3 7.24`.trim().split(/\s+/);

/** Arguments by command: `NAME` in all versions, `NAME(FIRST..)` or `NAME(..LAST)` in some. */
export const COMMANDS: Readonly<Record<string, string>> = {
  "/do": `
    command if on-error while`,
  "/if": `
    condition do else`,
  "/for": `
    counter do from on-error(7.19..) step to`,
  "/local": `
    do name value`,
  "/set": `
    do name value`,
  "/error": `
    message`,
  "/foreach": `
    counter do in on-error(7.19..)`,
  "/len": `
    value`,
  "/pick": `
    begin counter end`,
  "/put": `
    message`,
  "/import": `
    dry-run(7.16..) file-name from-line verbose`,
  "/convert": `
    (7.11.3..) from(7.11.3..) from-scheme(7.11.3..) to(7.11.3..) to-scheme(7.11.3..)
    transform(7.12.2..) transform-scheme(7.12.2..) value(7.11.3..)`,
  "/timestamp": `
    use-tz(7.20..)`,
  "/tonsec": `
    (7.12.2..) value(7.12.2..)`,
  "/interface/find": `
    where`,
  "/interface/set": `
    comment disabled l2mtu mtu name numbers`,
  "/interface/list/add": `
    comment copy-from exclude include name`,
  "/interface/list/member/add": `
    comment copy-from disabled interface list`,
  "/interface/list/find": `
    where`,
  "/interface/list/member/find": `
    where`,
  "/ip/firewall/filter/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content copy-from disabled dscp dst-address dst-address-list dst-address-type dst-limit
    dst-port fragment hotspot hw-offload(..7.20.8) icmp-options in-bridge-port
    in-bridge-port-list in-interface in-interface-list ingress-priority ipsec-policy
    ipv4-options jump-target layer7-protocol limit log log-prefix nth out-bridge-port
    out-bridge-port-list out-interface out-interface-list p2p packet-mark packet-size
    per-connection-classifier place-before port priority protocol psd random realm reject-with
    routing-mark src-address src-address-list src-address-type src-mac-address src-port
    tcp-flags tcp-mss time tls-host tos(7.21..) ttl`,
  "/ip/firewall/filter/remove": `
    numbers`,
  "/ip/firewall/filter/find": `
    where`,
  "/ip/firewall/filter/print": `
    all append as-value chain comments(7.22..) count-only detail dynamic file follow
    follow-only follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..)
    order-by(7.24..) proplist show-ids static stats terse timestamp(7.22..) value-list where
    without-paging`,
  "/ip/firewall/filter/move": `
    destination numbers`,
  "/ip/firewall/nat/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-rate connection-type content copy-from disabled dscp dst-address
    dst-address-list dst-address-type dst-limit dst-port fragment hotspot icmp-options
    in-bridge-port in-bridge-port-list in-interface in-interface-list ingress-priority
    ipsec-policy ipv4-options jump-target layer7-protocol limit log log-prefix nth
    out-bridge-port out-bridge-port-list out-interface out-interface-list packet-mark
    packet-size per-connection-classifier place-before port priority protocol psd random
    randomise-ports(7.10.2..) realm routing-mark same-not-by-dst socks5-port(7.20..)
    socks5-server(7.20..) socksify-service(7.20..) src-address src-address-list
    src-address-type src-mac-address src-port tcp-mss time tls-host(..7.15.3) to-addresses
    to-ports tos(7.21..) ttl`,
  "/ip/firewall/nat/remove": `
    numbers`,
  "/ip/firewall/nat/find": `
    where`,
  "/ip/firewall/nat/print": `
    all append as-value chain comments(7.22..) count-only detail dynamic file follow
    follow-only follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..)
    order-by(7.24..) proplist show-ids static stats terse timestamp(7.22..) value-list where
    without-paging`,
  "/ip/firewall/nat/move": `
    destination numbers`,
  "/ip/firewall/mangle/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content copy-from disabled dscp dst-address dst-address-list dst-address-type dst-limit
    dst-port fragment hotspot icmp-options in-bridge-port in-bridge-port-list in-interface
    in-interface-list ingress-priority ipsec-policy ipv4-options jump-target layer7-protocol
    limit log log-prefix new-connection-mark new-dscp new-mss new-packet-mark new-priority
    new-routing-mark new-ttl nth out-bridge-port out-bridge-port-list out-interface
    out-interface-list p2p packet-mark packet-size passthrough per-connection-classifier
    place-before port priority protocol psd random realm route-dst routing-mark sniff-id
    sniff-target sniff-target-port src-address src-address-list src-address-type
    src-mac-address src-port tcp-flags tcp-mss time tls-host tos(7.21..) ttl`,
  "/ip/firewall/mangle/remove": `
    numbers`,
  "/ip/firewall/mangle/find": `
    where`,
  "/ip/firewall/mangle/print": `
    all append as-value chain comments(7.22..) count-only detail dynamic file follow
    follow-only follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..)
    order-by(7.24..) proplist show-ids static stats terse timestamp(7.22..) value-list where
    without-paging`,
  "/ip/firewall/mangle/move": `
    destination numbers`,
  "/ip/firewall/raw/add": `
    action address-list address-list-timeout chain comment content copy-from disabled dscp
    dst-address dst-address-list dst-address-type dst-limit dst-port fragment hotspot
    icmp-options in-bridge-port in-bridge-port-list in-interface in-interface-list
    ingress-priority ipsec-policy ipv4-options jump-target limit log log-prefix nth
    out-bridge-port out-bridge-port-list out-interface out-interface-list packet-mark
    packet-size per-connection-classifier place-before port priority protocol psd random
    src-address src-address-list src-address-type src-mac-address src-port tcp-flags tcp-mss
    time tls-host tos(7.21..) ttl`,
  "/ip/firewall/raw/remove": `
    numbers`,
  "/ip/firewall/raw/find": `
    where`,
  "/ip/firewall/raw/print": `
    all append as-value chain comments(7.22..) count-only detail dynamic file follow
    follow-only follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..)
    order-by(7.24..) proplist show-ids static stats terse timestamp(7.22..) value-list where
    without-paging`,
  "/ip/firewall/raw/move": `
    destination numbers`,
  "/ip/firewall/filter/get": `
    as-string(7.12.2..) as-string-value(7.12.2..) number value-name`,
  "/ip/firewall/filter/set": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content disabled dscp dst-address dst-address-list dst-address-type dst-limit dst-port
    fragment hotspot hw-offload(..7.20.8) icmp-options in-bridge-port in-bridge-port-list
    in-interface in-interface-list ingress-priority ipsec-policy ipv4-options jump-target
    layer7-protocol limit log log-prefix nth numbers out-bridge-port out-bridge-port-list
    out-interface out-interface-list p2p packet-mark packet-size per-connection-classifier port
    priority protocol psd random realm reject-with routing-mark src-address src-address-list
    src-address-type src-mac-address src-port tcp-flags tcp-mss time tls-host tos(7.21..) ttl`,
  "/ip/firewall/address-list/add": `
    address comment copy-from disabled dynamic list timeout`,
  "/ip/firewall/address-list/remove": `
    numbers`,
  "/ip/firewall/address-list/find": `
    where`,
  "/ip/firewall/address-list/print": `
    append as-value brief comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids terse timestamp(7.22..) value-list where without-paging`,
  "/ipv6/firewall/filter/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content copy-from disabled dscp dst-address dst-address-list dst-address-type dst-limit
    dst-port headers hop-limit icmp-options in-bridge-port in-bridge-port-list in-interface
    in-interface-list ingress-priority ipsec-policy jump-target limit log log-prefix nth
    out-bridge-port out-bridge-port-list out-interface out-interface-list packet-mark
    packet-size per-connection-classifier place-before port priority protocol random
    reject-with routing-mark src-address src-address-list src-address-type src-mac-address
    src-port tcp-flags tcp-mss time tls-host tos(7.21..)`,
  "/ipv6/firewall/filter/remove": `
    numbers`,
  "/ipv6/firewall/filter/find": `
    where`,
  "/ipv6/firewall/filter/print": `
    append as-value chain(7.14.3..) comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids stats terse timestamp(7.22..) value-list where without-paging`,
  "/ipv6/firewall/filter/move": `
    destination numbers`,
  "/ipv6/firewall/nat/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-rate connection-state connection-type content copy-from disabled
    dscp dst-address dst-address-list dst-address-type dst-limit dst-port headers hop-limit
    icmp-options in-bridge-port in-bridge-port-list in-interface in-interface-list
    ingress-priority ipsec-policy jump-target limit log log-prefix nth out-bridge-port
    out-bridge-port-list out-interface out-interface-list packet-mark packet-size
    per-connection-classifier place-before port priority protocol random routing-mark
    src-address src-address-list src-address-type src-mac-address src-port tcp-flags tcp-mss
    time tls-host(..7.15.3) to-address to-ports tos(7.21..)`,
  "/ipv6/firewall/nat/remove": `
    numbers`,
  "/ipv6/firewall/nat/find": `
    where`,
  "/ipv6/firewall/nat/print": `
    append as-value comments(7.22..) count-only detail dynamic file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids static stats terse timestamp(7.22..) value-list where without-paging`,
  "/ipv6/firewall/nat/move": `
    destination numbers`,
  "/ipv6/firewall/mangle/add": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content copy-from disabled dscp dst-address dst-address-list dst-address-type dst-limit
    dst-port dst-prefix headers hop-limit icmp-options in-bridge-port in-bridge-port-list
    in-interface in-interface-list ingress-priority ipsec-policy jump-target limit log
    log-prefix new-connection-mark new-dscp new-hop-limit new-mss new-packet-mark new-priority
    new-routing-mark nth out-bridge-port out-bridge-port-list out-interface out-interface-list
    packet-mark packet-size passthrough per-connection-classifier place-before port priority
    protocol random routing-mark sniff-id sniff-target sniff-target-port src-address
    src-address-list src-address-type src-mac-address src-port src-prefix tcp-flags tcp-mss
    time tls-host tos(7.21..)`,
  "/ipv6/firewall/mangle/remove": `
    numbers`,
  "/ipv6/firewall/mangle/find": `
    where`,
  "/ipv6/firewall/mangle/print": `
    append as-value comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids stats terse timestamp(7.22..) value-list where without-paging`,
  "/ipv6/firewall/mangle/move": `
    destination numbers`,
  "/ipv6/firewall/raw/add": `
    action address-list address-list-timeout chain comment content copy-from disabled dscp
    dst-address dst-address-list dst-address-type dst-limit dst-port headers hop-limit
    icmp-options in-bridge-port in-bridge-port-list in-interface in-interface-list
    ingress-priority ipsec-policy jump-target limit log log-prefix nth out-bridge-port
    out-bridge-port-list out-interface out-interface-list packet-mark packet-size
    per-connection-classifier place-before port priority protocol random src-address
    src-address-list src-address-type src-mac-address src-port tcp-flags tcp-mss time tls-host
    tos(7.21..)`,
  "/ipv6/firewall/raw/remove": `
    numbers`,
  "/ipv6/firewall/raw/find": `
    where`,
  "/ipv6/firewall/raw/print": `
    append as-value comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids stats terse timestamp(7.22..) value-list where without-paging`,
  "/ipv6/firewall/raw/move": `
    destination numbers`,
  "/ipv6/firewall/filter/get": `
    as-string(7.12.2..) as-string-value(7.12.2..) number value-name`,
  "/ipv6/firewall/filter/set": `
    action address-list address-list-timeout chain comment connection-bytes connection-limit
    connection-mark connection-nat-state connection-rate connection-state connection-type
    content disabled dscp dst-address dst-address-list dst-address-type dst-limit dst-port
    headers hop-limit icmp-options in-bridge-port in-bridge-port-list in-interface
    in-interface-list ingress-priority ipsec-policy jump-target limit log log-prefix nth
    numbers out-bridge-port out-bridge-port-list out-interface out-interface-list packet-mark
    packet-size per-connection-classifier port priority protocol random reject-with
    routing-mark src-address src-address-list src-address-type src-mac-address src-port
    tcp-flags tcp-mss time tls-host tos(7.21..)`,
  "/ipv6/firewall/address-list/add": `
    address comment copy-from disabled dynamic list timeout`,
  "/ipv6/firewall/address-list/remove": `
    numbers`,
  "/ipv6/firewall/address-list/find": `
    where`,
  "/ipv6/firewall/address-list/print": `
    append as-value brief comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids terse timestamp(7.22..) value-list where without-paging`,
  "/system/script/add": `
    comment copy-from dont-require-permissions name owner policy source`,
  "/system/script/remove": `
    numbers`,
  "/system/script/find": `
    where`,
  "/system/script/run": `
    number use-script-permissions(7.15..)`,
  "/system/script/print": `
    append as-value brief comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids terse timestamp(7.22..) value-list where without-paging`,
  "/system/scheduler/add": `
    comment copy-from days(7.24..) disabled interval name on-event policy start-date start-time`,
  "/system/scheduler/remove": `
    numbers`,
  "/system/scheduler/find": `
    where`,
  "/system/scheduler/print": `
    append as-value brief comments(7.22..) count-only detail file follow follow-only
    follow-strict(..7.15.3) from group-by(7.17..) interval on-event(7.22..) order-by(7.24..)
    proplist show-ids terse timestamp(7.22..) value-list where without-paging`,
  "/system/clock/print": `
    as-value comments(7.22..) file interval without-paging`,
  "/system/ntp/client/set": `
    enabled mode servers vrf`,
  "/system/ntp/client/print": `
    as-value comments(7.22..) file interval without-paging`,
};

/** The words of a value, by argument, as in all of 7.21.4, 7.21.5, 7.22.2, 7.22.3. */
export const WORDS: Readonly<Record<string, string>> = {
  "/ip/firewall/filter/add/action": `
    accept add-dst-to-address-list add-src-to-address-list drop fasttrack-connection jump log
    passthrough reject return tarpit`,
  "/ip/firewall/filter/add/connection-nat-state": `
    dstnat ein-dnat ein-snat srcnat`,
  "/ip/firewall/filter/add/connection-state": `
    established invalid new related untracked`,
  "/ip/firewall/filter/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ip/firewall/filter/add/dst-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/filter/add/src-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/filter/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ip/firewall/filter/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ip/firewall/nat/add/action": `
    accept add-dst-to-address-list add-src-to-address-list dst-nat endpoint-independent-nat
    jump log masquerade netmap passthrough redirect return same socksify src-nat`,
  "/ip/firewall/nat/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ip/firewall/nat/add/dst-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/nat/add/src-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/nat/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ip/firewall/mangle/add/action": `
    accept add-dst-to-address-list add-src-to-address-list change-dscp change-mss change-ttl
    clear-df fasttrack-connection jump log mark-connection mark-packet mark-routing passthrough
    return route set-priority sniff-pc sniff-tzsp strip-ipv4-options`,
  "/ip/firewall/mangle/add/connection-nat-state": `
    dstnat srcnat`,
  "/ip/firewall/mangle/add/connection-state": `
    established invalid new related untracked`,
  "/ip/firewall/mangle/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ip/firewall/mangle/add/dst-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/mangle/add/src-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/mangle/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ip/firewall/mangle/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ip/firewall/raw/add/action": `
    accept add-dst-to-address-list add-src-to-address-list drop jump log notrack passthrough
    return`,
  "/ip/firewall/raw/add/dst-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/raw/add/src-address-type": `
    blackhole broadcast local multicast unicast`,
  "/ip/firewall/raw/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ip/firewall/raw/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ipv6/firewall/filter/add/action": `
    accept add-dst-to-address-list add-src-to-address-list drop fasttrack-connection jump log
    passthrough reject return`,
  "/ipv6/firewall/filter/add/connection-nat-state": `
    dstnat srcnat`,
  "/ipv6/firewall/filter/add/connection-state": `
    established invalid new related untracked`,
  "/ipv6/firewall/filter/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ipv6/firewall/filter/add/dst-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/filter/add/src-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/filter/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ipv6/firewall/filter/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ipv6/firewall/nat/add/action": `
    accept add-dst-to-address-list add-src-to-address-list dst-nat jump log masquerade netmap
    passthrough redirect return src-nat`,
  "/ipv6/firewall/nat/add/connection-state": `
    established invalid new related untracked`,
  "/ipv6/firewall/nat/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ipv6/firewall/nat/add/dst-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/nat/add/src-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/nat/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ipv6/firewall/nat/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ipv6/firewall/mangle/add/action": `
    accept add-dst-to-address-list add-src-to-address-list change-dscp change-hop-limit
    change-mss dnpt jump log mark-connection mark-packet mark-routing passthrough return
    set-priority sniff-pc sniff-tzsp snpt`,
  "/ipv6/firewall/mangle/add/connection-nat-state": `
    dstnat srcnat`,
  "/ipv6/firewall/mangle/add/connection-state": `
    established invalid new related untracked`,
  "/ipv6/firewall/mangle/add/connection-type": `
    ftp h323 irc pptp quake3 sip tftp`,
  "/ipv6/firewall/mangle/add/dst-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/mangle/add/src-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/mangle/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ipv6/firewall/mangle/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/ipv6/firewall/raw/add/action": `
    accept add-dst-to-address-list add-src-to-address-list drop jump log notrack passthrough
    return`,
  "/ipv6/firewall/raw/add/dst-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/raw/add/src-address-type": `
    anycast local multicast unicast unreachable`,
  "/ipv6/firewall/raw/add/protocol": `
    dccp ddp egp encap etherip ggp gre hmp icmp icmpv6 idpr-cmtp igmp ipencap ipip ipsec-ah
    ipsec-esp ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route iso-tp4 l2tp ospf pim pup
    rdp rspf rsvp sctp st tcp udp udp-lite vmtp vrrp xns-idp xtp`,
  "/ipv6/firewall/raw/add/tcp-flags": `
    ack cwr ece fin psh rst syn urg`,
  "/import/verbose": `
    no progress yes`,
};
