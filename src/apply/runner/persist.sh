# ---- What makes rules stay after a reboot.

# One line at the end of the distribution's file, for all rule sets.
INCLUDE_LINE='include "/etc/spknock/*.nft" # added by spknock apply'

# Writes standard input to a file, all of it or nothing: install_file FILE MODE
install_file() {
  install_new=${1%/*}/.${1##*/}.new
  rm -f "$install_new" 2>/dev/null
  if { cat >"$install_new"; } 2>/dev/null && chmod "$2" "$install_new"; then
    { sync "$install_new" || sync; } 2>/dev/null
    mv -f "$install_new" "$1" && return 0
  fi
  rm -f "$install_new" 2>/dev/null
  return 1
}

# Copies the rules with a first line that says which they are: install_rules FILE MODE
install_rules() {
  mkdir -p "${1%/*}" 2>/dev/null
  case $1 in /etc/spknock/*) chmod 700 /etc/spknock 2>/dev/null ;; esac
  { echo "# spknock apply: digest $digest, $epoch" && cat "$lock/rules"; } | install_file "$1" "$2" && return 0
  report persist "failed $1: cannot be written (read-only, or full?)"
  return 1
}

# The file of the rule set, where there is one.
find_persisted() {
  for persisted in "/etc/spknock/$name.nft" "/etc/spknock/$name.sh" "/etc/nftables.d/spknock-$name.nft" \
    "/etc/nftables.d/spknock_$name.nft"; do
    [ ! -e "$persisted" ] || return 0
  done
  return 1
}

read_persisted() {
  find_persisted || return 1
  persisted_line=$(sed -n '1{s/^# spknock apply: digest \([0-9a-f]*\), \([0-9]*\)$/\1 \2/p;}' "$persisted")
  persisted_digest=${persisted_line% *} persisted_epoch=${persisted_line#* }
  [ -n "$persisted_line" ]
}

has_systemd() {
  [ -d /run/systemd/system ] && command -v systemctl >/dev/null
}

# The file of nftables.service where that runs at boot and throws all other rules away: it has to include ours.
find_flushing_file() {
  has_systemd && systemctl is-enabled --quiet nftables.service 2>/dev/null || return 1
  flushing=$(systemctl show -p ExecStart nftables.service 2>/dev/null | sed -n 's/.*-f \(\/[^ ;]*\).*/\1/p')
  [ -n "$flushing" ] && flushing=$(readlink -f "$flushing") && grep -q '^[[:space:]]*flush ruleset' "$flushing"
}

# Alpine's file includes a folder.
find_include_folder() {
  [ -d /etc/nftables.d ] && [ ! -d /run/systemd/system ] &&
    grep -q '^include "/etc/nftables.d/\*.nft"' /etc/nftables.nft 2>/dev/null &&
    grep -q '^rules_file="*/etc/nftables.nft' /etc/conf.d/nftables 2>/dev/null
}

persist_nftables() {
  persist_file=/etc/spknock/$name.nft
  if find_include_folder; then persist_file=/etc/nftables.d/spknock-$name.nft; fi
  install_rules "$persist_file" 600 || return 0
  report file "$persist_file"
  if find_include_folder; then
    if rc-update show 2>/dev/null | grep -q '^ *nftables |'; then
      report persist done
    else
      report persist "failed $persist_file is not loaded at boot: rc-update add nftables boot"
    fi
  elif find_flushing_file; then
    include_rules && forget_unit
  elif has_systemd; then
    print_nft_unit | install_unit
  else
    report persist "failed nothing that is known loads $persist_file at boot: have nft -f $persist_file run before the network starts"
  fi
}

# Adds the line to the file, which is checked before it gets its name.
include_rules() {
  report file "$flushing"
  if grep -qxF "$INCLUDE_LINE" "$flushing"; then
    report persist done
    return 0
  fi
  include_new=$flushing.spknock
  if cp -p "$flushing" "$include_new" 2>/dev/null &&
    { [ -z "$(tail -c 1 "$include_new")" ] || echo >>"$include_new"; } 2>/dev/null &&
    echo "$INCLUDE_LINE" 2>/dev/null >>"$include_new" && tail -n 1 "$include_new" | grep -qxF "$INCLUDE_LINE" &&
    nft -c -f "$include_new" >/dev/null 2>&1 && mv -f "$include_new" "$flushing"; then
    report persist done
    return 0
  fi
  rm -f "$include_new" 2>/dev/null
  report persist "failed $flushing: the line that includes the rules could not be added: $INCLUDE_LINE"
  return 1
}

print_nft_unit() {
  nft_path=$(command -v nft)
  cat <<UNIT
[Unit]
Description=spknock rules "$name"
DefaultDependencies=no
Wants=network-pre.target
After=local-fs.target nftables.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$nft_path -f $persist_file
ExecReload=$nft_path -f $persist_file
ExecStop=-$nft_path delete table inet $table

[Install]
WantedBy=sysinit.target
UNIT
}

# No ExecStop: the script's undo would also remove the keys of one-time codes.
print_script_unit() {
  cat <<UNIT
[Unit]
Description=spknock rules "$name"
DefaultDependencies=no
Wants=network-pre.target
After=local-fs.target netfilter-persistent.service iptables.service ip6tables.service
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
PartOf=netfilter-persistent.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh $persist_file
ExecReload=/bin/sh $persist_file

[Install]
WantedBy=sysinit.target
UNIT
}

# Installs and starts the unit of standard input.
install_unit() {
  unit=/etc/systemd/system/spknock-$name.service
  if install_file "$unit" 644; then
    report file "$unit"
    if systemctl daemon-reload >/dev/null 2>&1 && systemctl --quiet enable --now "spknock-$name.service" >/dev/null 2>&1; then
      report persist done
      return 0
    fi
  fi
  report persist "failed $unit: could not be written or enabled"
  return 1
}

persist_iptables() {
  persist_file=/etc/spknock/$name.sh
  install_rules "$persist_file" 700 || return 0
  report file "$persist_file"
  keep_iptables
  if has_systemd; then
    print_script_unit | install_unit
    return 0
  fi
  cron=/etc/cron.d/spknock-$name
  if [ -d /etc/cron.d ] && echo "@reboot root sh $persist_file" | install_file "$cron" 644; then
    report file "$cron"
    report persist done
  else
    report persist "failed nothing that is known runs $persist_file at boot: have it run before the network starts"
  fi
}

# One-time codes need their script each minute, also without a reboot.
keep_iptables() {
  has_codes || return 0
  report file "$codes/codes.sh"
  sh "$lock/rules" timer >/dev/null 2>&1 || report detail "nothing runs $codes/codes.sh each minute: run it as root, each minute"
  list_timer
}

keep_nftables() {
  :
}

list_timer() {
  for timer_file in "/etc/systemd/system/spknock-codes-$name.timer" "/etc/cron.d/spknock-codes-$name"; do
    [ ! -e "$timer_file" ] || report file "$timer_file"
  done
}

# Prints the files that make the rules stay.
list_files() {
  if find_persisted; then report file "$persisted"; fi
  for stay_file in "/etc/systemd/system/spknock-$name.service" "/etc/cron.d/spknock-$name"; do
    [ ! -e "$stay_file" ] || report file "$stay_file"
  done
  list_timer
  if [ -e "/etc/spknock/$name.nft" ] && find_flushing_file && grep -qxF "$INCLUDE_LINE" "$flushing"; then
    report file "$flushing"
  fi
}

# The rules are not touched: only what would start them at boot.
forget_unit() {
  forget_file=/etc/systemd/system/spknock-$name.service
  [ -e "$forget_file" ] || return 0
  systemctl --quiet disable "spknock-$name.service" >/dev/null 2>&1
  rm -f "$forget_file" 2>/dev/null
  systemctl daemon-reload >/dev/null 2>&1
  systemctl reset-failed "spknock-$name.service" >/dev/null 2>&1
}

# Removes what makes the rules stay, when they are out.
forget() {
  [ ! -e "/etc/systemd/system/spknock-$name.service" ] || systemctl --quiet stop "spknock-$name.service" >/dev/null 2>&1
  forget_unit
  forget_codes
  rm -f "/etc/cron.d/spknock-$name" "/etc/spknock/$name.nft" "/etc/spknock/$name.sh" \
    "/etc/nftables.d/spknock-$name.nft" 2>/dev/null
  forget_include
  rmdir /etc/spknock 2>/dev/null
  forget_left=$(list_files)
  if [ -n "$forget_left" ]; then
    echo "$forget_left"
    report persist "failed the rules are out, but files that load them at boot could not be removed (read-only?)"
  else
    report persist none
  fi
}

# The line goes with the last rule set.
forget_include() {
  for forget_file in /etc/spknock/*.nft; do
    [ ! -e "$forget_file" ] || return 0
  done
  for forget_file in /etc/nftables.conf /etc/sysconfig/nftables.conf "$(find_flushing_file && echo "$flushing")"; do
    [ -f "$forget_file" ] && grep -qxF "$INCLUDE_LINE" "$forget_file" || continue
    forget_file=$(readlink -f "$forget_file")
    cp -p "$forget_file" "$forget_file.spknock" &&
      { grep -vxF "$INCLUDE_LINE" "$forget_file" >"$forget_file.spknock"; [ $? -le 1 ]; } &&
      mv -f "$forget_file.spknock" "$forget_file" || rm -f "$forget_file.spknock"
  done 2>/dev/null
}

# Of what was revoked the digests stay.
forget_codes() {
  set_codes
  if [ -e "/etc/systemd/system/spknock-codes-$name.timer" ]; then
    systemctl --quiet disable --now "spknock-codes-$name.timer" >/dev/null 2>&1
    rm -f "/etc/systemd/system/spknock-codes-$name.timer" "/etc/systemd/system/spknock-codes-$name.service" 2>/dev/null
    systemctl daemon-reload >/dev/null 2>&1
  fi
  rm -f "/etc/cron.d/spknock-codes-$name" "$codes"/*.key "$codes/codes.sh" 2>/dev/null
  rmdir "$codes" 2>/dev/null
}
