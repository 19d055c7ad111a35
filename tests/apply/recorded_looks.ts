/** Outputs of runner/look.sh: recorded ones, and what other systems' documents say that they would print. */

/** Debian 12 with an own table that drops by its policy, and Docker's port; recorded, shortened. */
export const DEBIAN = `stty: 'standard input': Inappropriate ioctl for device
Welcome to fw.example.com
spknock: system Debian GNU/Linux 12 (bookworm)
spknock: kind linux
spknock: init systemd
spknock: uid 0
spknock: nft 1.0.6
spknock: iptables nft 1.8.9
spknock: ip6tables yes
spknock: ipset yes
spknock: sha512sum yes
spknock: active docker
spknock: nft-seen yes
spknock: table inet filter
spknock: table inet spknock_office
spknock: table ip nat
spknock: nft table inet filter {
spknock: nft 	set ports {
spknock: nft 		type inet_service
spknock: nft 		flags interval
spknock: nft 		elements = { 22, 80-90, 443, 1000, 1001,
spknock: nft 			     1002, 1003 }
spknock: nft 	}
spknock: nft 	chain input {
spknock: nft 		type filter hook input priority filter; policy drop;
spknock: nft 		ct state vmap { invalid : drop, established : accept, related : accept }
spknock: nft 		iifname "lo" accept
spknock: nft 		tcp dport @ports accept
spknock: nft 	}
spknock: nft }
spknock: own office nft tcp dport { 22, 60000-60010 } drop
spknock: ipt 4 nft *nat
spknock: ipt 4 nft :PREROUTING ACCEPT
spknock: ipt 4 nft -A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80
spknock: ipt 4 nft COMMIT
spknock: endian L
spknock: socket tcp 00000000:0016
spknock: socket tcp 0100007F:0CEA
spknock: socket tcp6 00000000000000000000000000000000:0016
spknock: socket udp6 000080FE00000000FF005450B6AD1DFE:0222
spknock: inet6 20010db8000000000000000000000001 00 eth0
spknock: inet6 fe8000000000000000fc00fffe000001 20 eth0
spknock: inet6 00000000000000000000000000000001 10 lo
spknock: inet 127.0.0.1/8 lo
spknock: inet 192.0.2.1/24 eth0
spknock: clock 1798761600
spknock: synchronized yes
spknock: etc-free 81400184
spknock: etc rw
spknock: connection 192.0.2.9 53584 192.0.2.1 22
spknock: interface eth0
spknock: end yes
`;

/** OpenWrt 23.05 on a MIPS device, by its documents: fw4, dropbear, no systemd, addresses in big-endian order. */
export const OPENWRT = `spknock: system OpenWrt 23.05.3
spknock: kind openwrt
spknock: init procd
spknock: uid 0
spknock: nft 1.0.8
spknock: active fw4
spknock: nft-seen yes
spknock: table inet fw4
spknock: nft table inet fw4 {
spknock: nft 	chain input {
spknock: nft 		type filter hook input priority filter; policy drop;
spknock: nft 		iifname "lo" accept comment "!fw4: Accept traffic from loopback"
spknock: nft 		ct state vmap { established : accept, related : accept } comment "!fw4: Handle inbound flows"
spknock: nft 		tcp flags & (fin | syn | rst | ack) == syn jump syn_flood comment "!fw4: Rate limit TCP syn packets"
spknock: nft 		iifname "br-lan" jump input_lan comment "!fw4: Handle lan IPv4/IPv6 input traffic"
spknock: nft 		iifname "wan" jump input_wan comment "!fw4: Handle wan IPv4/IPv6 input traffic"
spknock: nft 		jump handle_reject
spknock: nft 	}
spknock: nft 	chain handle_reject {
spknock: nft 		meta l4proto tcp reject with tcp reset comment "!fw4: Reject TCP traffic"
spknock: nft 		reject comment "!fw4: Reject any other traffic"
spknock: nft 	}
spknock: nft 	chain syn_flood {
spknock: nft 		limit rate 25/second burst 50 packets return comment "!fw4: Accept SYN packets below rate-limit"
spknock: nft 		drop comment "!fw4: Drop excess packets"
spknock: nft 	}
spknock: nft 	chain input_wan {
spknock: nft 		meta nfproto ipv4 udp dport 68 counter accept comment "!fw4: Allow-DHCP-Renew"
spknock: nft 		jump reject_from_wan
spknock: nft 	}
spknock: nft 	chain reject_from_wan {
spknock: nft 		iifname "wan" counter jump handle_reject comment "!fw4: reject wan IPv4/IPv6 traffic"
spknock: nft 	}
spknock: nft 	chain dstnat_wan {
spknock: nft 		meta nfproto ipv4 tcp dport 8080 counter dnat ip to 192.168.1.7:80 comment "!fw4: web"
spknock: nft 	}
spknock: nft }
spknock: own attic fw4 tcp dport 22 drop
spknock: endian B
spknock: socket tcp 7F000001:0016
spknock: socket tcp C0000201:0016
spknock: inet 192.0.2.1/24 wan
spknock: clock 1798761600
spknock: etc-free 9184
spknock: etc rw
spknock: connection 192.0.2.9 53584 192.0.2.1 22
spknock: interface wan
spknock: end yes
`;

/** Alpine with iptables-legacy and no nft, as root. */
export const ALPINE = `spknock: system Alpine Linux v3.20
spknock: kind linux
spknock: init openrc
spknock: uid 0
spknock: iptables legacy 1.8.10
spknock: sha512sum yes
spknock: ipt 4 legacy *filter
spknock: ipt 4 legacy :INPUT DROP
spknock: ipt 4 legacy -A INPUT -p tcp -m tcp --dport 22 -m comment --comment "the \\"one\\" -j DROP" -j ACCEPT
spknock: ipt 4 legacy COMMIT
spknock: endian L
spknock: clock 1798761600
spknock: synchronized no
spknock: etc-free 12
spknock: etc rw
spknock: end yes
`;

/** An ordinary user of the Debian machine. */
export const USER = `spknock: system Debian GNU/Linux 12 (bookworm)
spknock: kind linux
spknock: init systemd
spknock: uid 1000
spknock: nft 1.0.6
spknock: active ufw
spknock: endian L
spknock: clock 1798761600
spknock: etc rw
spknock: busy yes
spknock: connection ::ffff:192.0.2.9 1 ::ffff:192.0.2.1 2222
spknock: end yes
`;
