# The facts of src/apply/look.ts as lines `spknock: KEY VALUE`; what cannot be seen has no line. Nothing is changed.
#   spk_look [NAME [SSH_CONNECTION]]   NAME: of the rule set, whose lock is looked at
# The rules of spknock and long numbers of others are left out: they can be secrets.
spk_look() {
  (
    set +eu
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    LC_ALL=C
    export PATH LC_ALL
    look_limit=
    { look_system; look_tools; look_rules; look_network; look_state "${1-}"; look_client "${2-}"; look_line end yes; } \
      </dev/null 2>/dev/null | tr -d '\000-\010\013-\037\177'
  )
}

look_line() { printf 'spknock: %s %s\n' "$1" "$2"; }

look_has() { command -v "$1" >/dev/null; }

# At most 5 s, where there is a `timeout` that takes it so (old busybox wants -t).
look_bounded() {
  [ -n "$look_limit" ] || { if timeout 5 true; then look_limit=yes; else look_limit=no; fi; }
  if [ "$look_limit" = yes ]; then timeout 5 "$@"; else "$@"; fi
}

look_system() {
  name=$(sed -n "s/^PRETTY_NAME=//p" /etc/os-release | tr -d "\"'" | head -n 1)
  look_line system "${name:-$(uname -sr)}"
  if [ -e /etc/openwrt_release ]; then look_line kind openwrt
  elif [ "$(uname -s)" = Linux ]; then look_line kind linux
  else look_line kind other
  fi
  if [ -d /run/systemd/system ]; then look_line init systemd
  elif [ -x /sbin/procd ]; then look_line init procd
  elif [ -d /run/openrc ] || [ -x /sbin/openrc-run ]; then look_line init openrc
  else look_line init other
  fi
  look_line uid "$(id -u)"
}

look_tools() {
  look_has nft && look_line nft "$(look_bounded nft --version | sed -n 's/^nftables v\([^ ]*\).*/\1/p')"
  if look_has iptables; then
    version=$(look_bounded iptables --version)
    case $version in *nf_tables*) kind=nft ;; *) kind=legacy ;; esac
    look_line iptables "$kind $(printf '%s\n' "$version" | sed -n 's/^iptables v\([^ ]*\).*/\1/p')"
  fi
  look_has ip6tables && look_line ip6tables yes
  look_has ipset && look_line ipset yes
  [ -e /etc/iptables/rules.v4 ] && look_line iptables-saved yes
  look_has sha512sum && look_line sha512sum yes
  [ -x /sbin/fw4 ] && look_line active fw4
  if [ "$(id -u)" != 0 ]; then
    grep -q '^ENABLED=yes' /etc/ufw/ufw.conf && look_line active ufw
    [ -d /run/systemd/system ] && look_bounded systemctl -q is-active firewalld && look_line active firewalld
  fi
  if [ -e /sys/class/net/docker0 ] || [ -S /run/docker.sock ]; then look_line active docker; fi
}

# Only root sees rules. A legacy table that is not there must not be asked for: that would load its module.
look_rules() {
  [ "$(id -u)" = 0 ] || return
  # Without elements (-t): a list of one-time codes takes nft half a minute to read, "nft list tables" included.
  if look_has nft && rules=$(look_bounded nft -s -t list ruleset || look_bounded nft -s list ruleset); then
    look_line nft-seen yes
    printf '%s\n' "$rules" | sed -n 's/^table \(.*\) {$/spknock: table \1/p'
    printf '%s\n' "$rules" | look_nft
  fi
  for family in 4 6; do
    case $family in 4) tool=iptables names=ip_tables_names ;; *) tool=ip6tables names=ip6_tables_names ;; esac
    case $("$tool" --version) in
      *nf_tables*)
        look_bounded "$tool-save" | look_iptables "$family nft"
        grep -q . "/proc/net/$names" && look_bounded "$tool-legacy-save" | look_iptables "$family legacy" ;;
      ?*) grep -q . "/proc/net/$names" && look_bounded "$tool-save" | look_iptables "$family legacy" ;;
    esac
  done
}

# Elements only of sets of ports: the others are large, and do not matter to a port.
look_nft() {
  awk '
    { gsub(/0x[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]+/, "0x0") }
    /^table / { own = ($3 ~ /^spknock[_.]/) ? substr($3, 9) : ""; hidden = object = 0 }
    /^\t(set|map|flowtable|ct|counter|quota|limit|synproxy|secmark) / { object = 1; ports = hidden = 0 }
    /^\tchain / {
      object = 0; hidden = 0
      if ($2 ~ /^spknock\./) { hidden = 1; split($2, part, "."); other = part[2] }
    }
    own != "" || hidden {
      if (!object && / drop$/ && !/@/) { sub(/^[ \t]+/, ""); print "spknock: own " (hidden ? other " fw4 " : own " nft ") $0 }
      next
    }
    object && /^\t\ttype / { ports = / inet_service( |$|:|;)/ && !/\./ }
    object && !/^\t(set|}|map)/ { if (!ports) next }
    NF { if (++count > 6000) { print "spknock: rules-cut yes"; exit } print "spknock: nft " $0 }
  '
}

look_iptables() {
  sed -e '/^#/d' -e 's/ \[[0-9:]*\]$//' -e 's/^\[[0-9:]*\] //' -e 's/\(--\(hex-\)\{0,1\}string\) "[^"]*"/\1 x/' \
    -e 's/\(--\(hex-\)\{0,1\}string\) [^" ][^ ]*/\1 x/' |
    awk -v kind="$1" '
      /^(:|-A )spk\./ {
        if (/ -j DROP$/) { split($2, part, "."); print "spknock: own " part[2] " iptables " $0 }
        next
      }
      NF { if (++count > 6000) { print "spknock: rules-cut yes"; exit } print "spknock: ipt " kind " " $0 }
    '
}

look_network() {
  # The byte order of the addresses in /proc/net: the sixth byte of any program.
  look_line endian "$(head -c 6 /bin/sh | tail -c 1 | tr '\001\002' 'LB')"
  for list in tcp tcp6 udp udp6; do
    awk -v list="$list" 'NR > 1 && $4 == (list ~ /tcp/ ? "0A" : "07") { print "spknock: socket " list " " $2 }' \
      "/proc/net/$list" | sort -u | head -n 500
  done
  awk '{ print "spknock: inet6 " $1 " " $4 " " $6 }' /proc/net/if_inet6 | head -n 200
  ip -o addr show | awk '$3 == "inet" { print "spknock: inet " $4 " " $2 }' | head -n 200
}

# A lock whose process is gone is stale. /etc: of the mount that it is in, the last one in the list.
look_state() {
  look_line clock "$(date +%s)"
  if [ -d /run/systemd/system ]; then
    look_line synchronized "$(look_bounded timedatectl show -p NTPSynchronized --value)"
  elif look_has adjtimex; then
    look_line synchronized "$(adjtimex | sed -n -e 's/.*return value.*[^0-9]5\([^0-9].*\)*$/no/p' -e 's/.*return value.*[^0-9]0\([^0-9].*\)*$/yes/p')"
  fi
  df -P -k /etc | awk 'NR == 2 { print "spknock: etc-free " $4 }'
  place=$(df -P /etc | awk 'NR == 2 { print $6 }')
  mode=$(awk -v place="$place" '$2 == place { mode = ($4 ~ /^ro(,|$)/) ? "ro" : "rw" } END { print mode }' /proc/mounts)
  look_line etc "${mode:-rw}"
  case $1 in '' | *[!A-Za-z0-9_-]*) return ;; esac
  for lock in "/run/spknock.$1" "/var/run/spknock.$1"; do
    [ -d "$lock" ] || continue
    # "owner.NUMBER.START", see the lock.
    holder=$(ls "$lock" | sed -n 's/^owner\.\([0-9]*\)\.[0-9]*$/\1/p' | head -n 1)
    if [ -z "$holder" ] || [ -d "/proc/$holder" ]; then look_line busy yes; fi
    return
  done
}

# sudo takes SSH_CONNECTION away: it is in the environment of a process that has started this one.
look_client() {
  connection=${1:-${SSH_CONNECTION-}}
  process=$$
  while [ -z "$connection" ] && [ "${process:-1}" -gt 1 ]; do
    connection=$(tr '\000' '\n' <"/proc/$process/environ" | sed -n 's/^SSH_CONNECTION=//p' | head -n 1)
    process=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$process/status")
  done
  [ -n "$connection" ] || return
  look_line connection "$connection"
  client=${connection%% *}
  case $client in *[!0-9a-fA-F:.]*) return ;; esac
  look_line interface "$(ip route get "$client" | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)"
}
