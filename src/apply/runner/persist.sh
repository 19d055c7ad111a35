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
    case $persisted in
      */spknock_*) ! is_persisted_openwrt || return 0 ;;
      *) [ ! -e "$persisted" ] || return 0 ;;
    esac
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

# What can load rules of this kind at boot here; fails where nothing is known.
find_loader() {
  has_systemd && return 0
  case $kind in
    openwrt) return 0 ;;
    nftables) find_include_folder && rc-update show 2>/dev/null | grep -q '^ *nftables |' ;;
    iptables) [ -d /etc/cron.d ] ;;
  esac
}

is_enabled() {
  has_systemd && [ -e "/etc/systemd/system/spknock-$name.service" ] &&
    systemctl is-enabled --quiet "spknock-$name.service" 2>/dev/null
}

# Whether something loads the file of the rules at boot.
is_persisted_nftables() {
  find_persisted || return 1
  case $persisted in
    /etc/spknock/*) is_enabled || { find_flushing_file && grep -qxF "$INCLUDE_LINE" "$flushing"; } ;;
    *) find_include_folder && find_loader ;;
  esac
}

is_persisted_iptables() {
  find_persisted && { is_enabled || [ -e "/etc/cron.d/spknock-$name" ]; }
}

# Rules that nothing loads are not left there, they can contain secrets: but for a file of before, which
# an administrator may load in another way. persist_file FILE MODE HOW; HOW makes something load the file.
persist_file() {
  persist_file=$1
  persist_had=no
  [ ! -e "$persist_file" ] || persist_had=yes
  install_rules "$persist_file" "$2" || return 0
  persist_text=$("$3")
  if [ "$persist_had" = yes ] || "is_persisted_$kind"; then
    report file "$persist_file"
  else
    forget_unit
    rm -f "$persist_file"
    rmdir /etc/spknock 2>/dev/null
  fi
  printf '%s\n' "$persist_text"
}

persist_nftables() {
  if find_include_folder; then
    persist_file "/etc/nftables.d/spknock-$name.nft" 600 have_nft_loaded
  else
    persist_file "/etc/spknock/$name.nft" 600 have_nft_loaded
  fi
}

have_nft_loaded() {
  if ! find_loader && find_include_folder; then
    report persist "failed nothing loads /etc/nftables.d at boot: rc-update add nftables boot, then apply again"
  elif ! find_loader; then
    report persist "failed nothing that is known loads rules at boot here: write them by spknock rules, and have nft -f load them before the network starts"
  elif find_include_folder; then
    report persist done
  elif find_flushing_file; then
    include_rules && forget_unit
  else
    print_nft_unit | install_unit
  fi
}

# Adds the line to the file, which is checked before it gets its name.
include_rules() {
  if grep -qxF "$INCLUDE_LINE" "$flushing"; then
    report file "$flushing"
    report persist done
    return 0
  fi
  include_new=$flushing.spknock
  if cp -p "$flushing" "$include_new" 2>/dev/null &&
    { [ -z "$(tail -c 1 "$include_new")" ] || echo >>"$include_new"; } 2>/dev/null &&
    echo "$INCLUDE_LINE" 2>/dev/null >>"$include_new" && tail -n 1 "$include_new" | grep -qxF "$INCLUDE_LINE" &&
    nft -c -f "$include_new" >/dev/null 2>&1 && mv -f "$include_new" "$flushing"; then
    report file "$flushing"
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
  if install_file "$unit" 644 && systemctl daemon-reload >/dev/null 2>&1 &&
    systemctl --quiet enable --now "spknock-$name.service" >/dev/null 2>&1; then
    report file "$unit"
    report persist done
    return 0
  fi
  report persist "failed $unit: could not be written or enabled"
  return 1
}

persist_iptables() {
  persist_file "/etc/spknock/$name.sh" 700 have_script_run
  keep_iptables
}

have_script_run() {
  cron=/etc/cron.d/spknock-$name
  if has_systemd; then
    print_script_unit | install_unit
  elif [ -d /etc/cron.d ] && echo "@reboot root sh $persist_file" | install_file "$cron" 644; then
    report file "$cron"
    report persist done
  else
    report persist "failed nothing that is known runs scripts at boot here: write it by spknock rules, and have it run before the network starts"
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
