# What spknock runs on a server: "spknock apply" and "spknock setup" copy this file there and call it.
# For any POSIX shell (dash, bash, busybox). Everything is in functions and the last line calls, so that a
# file that was cut off on its way does nothing.
#
#   sh run.sh look                                                      what runs here; changes nothing
#   sh run.sh start KIND NAME TABLE SECONDS DIR SIZE DIGEST PERSIST     load DIR/rules, with a way back (root);
#                                                                       DIGEST - is in DIR/digest
#   sh run.sh keep DIR | undo DIR | state DIR                           the verdict (login user, no root)
#   sh run.sh remove KIND NAME TABLE DIR                                take the rules out (root)
#   sh run.sh status KIND NAME TABLE                                    what is in force (root)
#   sh run.sh run | watch | recover ...                                 it calls itself, detached from the login
#
# How a load works. A process that is detached from the login does it all: it saves the rules that are in force,
# loads the new ones in one transaction, and waits. Only when it is told to keep them within SECONDS they stay;
# else, whatever happens to ssh, to the network or to the login, it restores the saved ones.
#
# The verdict is one rename of the file DIR/verdict.open: to verdict.keep or verdict.undo by the login user,
# or to verdict.late by the timer. Only one of them can win, and a rename needs no room on a disk.
#
# Files: /run/spknock.NAME is the lock and has the way back; it is removed at the end. /run/spknock/NAME.applied
# says which rules are in force. /etc/spknock/NAME.nft or NAME.sh, and what loads it at boot, is written after
# the verdict "keep". DIR is a private folder of the login, who removes it.

# Prints a report: report KEY VALUE
report() {
  printf 'spknock: %s %s\n' "$1" "$(printf '%s' "$2" | tr '\001-\037\177' ' ')"
}

# Hundredths of a second since boot: no change of the clock moves the time of the way back.
now() {
  read -r uptime_now uptime_idle </proc/uptime
  echo "${uptime_now%.*}${uptime_now#*.}"
}

pause() {
  sleep 0.2 2>/dev/null || sleep 1
}

# Prints the first line of a program's messages, for people: first_line FILE
first_line() {
  first_text=$(sed -n -e '/^In file included from /d' -e '/[^[:space:]]/{p;q;}' "$1" 2>/dev/null)
  echo "${first_text:-it failed without a message}"
}

# Writes a file, and whether all of it is there: write_file FILE TEXT
write_file() {
  rm -f "$1" 2>/dev/null
  printf '%s\n' "$2" 2>/dev/null >"$1" && [ "$(cat "$1" 2>/dev/null)" = "$2" ] && return 0
  rm -f "$1"
  return 1
}

# ---- States. Each one that can follow is written before anything is changed: a disk that is full later
# ---- hides none of them.

prepare_states() {
  rm -f "$dir"/state "$dir"/state.* "$dir"/verdict.* "$dir/deadline"
  for state_word in loaded undone late failed kept; do
    state_text="spknock: state $state_word"
    case $state_word in
      kept) state_text="$state_text
spknock: persist failed the report could not be written, is the disk full?" ;;
    esac
    write_file "$dir/state.$state_word" "$state_text" && chmod 644 "$dir/state.$state_word" || return 1
  done
  write_file "$dir/verdict.open" open
}

# Shows the login user a state: set_state WORD [LINES]
set_state() {
  [ -d "$dir" ] || return 0
  set_text="spknock: state $1"
  [ -z "${2-}" ] || set_text="$set_text
$2"
  if write_file "$dir/state.new" "$set_text" && chmod 644 "$dir/state.new"; then
    mv -f "$dir/state.new" "$dir/state"
  else
    rm -f "$dir/state.new"
    mv -f "$dir/state.$1" "$dir/state"
  fi 2>/dev/null
}

# Prints the state for the login user.
show_state() {
  [ -e "$dir/state" ] || return 1
  cat "$dir/state"
  case $(head -n 1 "$dir/state") in *' loaded') ;; *) return 0 ;; esac
  if read -r show_deadline 2>/dev/null <"$dir/deadline"; then
    show_left=$(((show_deadline - $(now)) / 100))
    [ "$show_left" -ge 0 ] || show_left=0
    report left "$show_left"
  fi
}

is_ended() {
  case $(head -n 1 "$dir/state" 2>/dev/null) in '' | *' loaded') return 1 ;; esac
}

# keep or undo, by the login user: the file is renamed, or something else was decided before.
give_verdict() { # keep|undo
  mv -f "$dir/verdict.open" "$dir/verdict.$1" 2>/dev/null
  # Nothing was started from this folder: there is no end to wait for.
  set -- "$dir"/verdict.*
  verdict_tries=0
  until is_ended || [ ! -e "$1" ] || [ "$verdict_tries" -ge 300 ] || [ ! -d "$dir" ]; do
    verdict_tries=$((verdict_tries + 1))
    pause
  done
  show_state
}

# ---- A load.

# Takes the lock, or reports why it cannot be had.
lock_or_report() {
  take_lock
  case $? in
    0) return 0 ;;
    1) report state busy ;;
    *)
      report state failed
      report detail "$lock: cannot be made (is it root, and has $base room?)"
      ;;
  esac
  return 1
}

# Ends a start that has changed nothing: refuse WORD REASON
refuse() {
  [ ! -e "$lock/owner.$me" ] || release_lock
  report state "$1"
  report detail "$2"
}

# start KIND NAME TABLE SECONDS DIR SIZE DIGEST PERSIST
start() {
  # The login can end at any moment: what is begun here is ended in order, the lock too.
  trap '' HUP PIPE
  check_arguments "$@" || return 2
  kind=$1 table=$3 seconds=$4 dir=$5 digest=$7 persist=$8
  [ "$digest" != - ] || read_digest
  set_names "$2"
  lock_or_report || return 0
  if ! { cat "$dir/rules" >"$lock/rules" && cat "$self" >"$lock/run.sh"; } 2>/dev/null; then
    refuse failed "$lock: the rules could not be copied to it; is $base full?"
  elif [ "$(wc -c <"$lock/rules")" -ne "$6" ]; then
    refuse bad "only a part of the rules has arrived"
  elif ! copy_shut || ! write_job || ! prepare_states 2>/dev/null; then
    refuse failed "no room in $base or ${dir%/*}"
  elif ! reason=$("check_$kind"); then
    refuse failed "$reason"
  else
    detach run "$name" "$me"
    await_state
  fi
}

# From a file: other users of the machine see arguments, and could try weak passphrases against it.
read_digest() {
  digest=''
  read -r digest 2>/dev/null <"$dir/digest"
  case $digest in *[!0-9a-f]*) digest='' ;; esac
}

# Commands that shut the doors for the client, whose proof begins with a port that is shut; they are not kept.
copy_shut() {
  [ ! -e "$dir/shut" ] || cat "$dir/shut" 2>/dev/null >"$lock/shut"
}

shut_doors() {
  [ -e "$lock/shut" ] || return 0
  case $kind in
    iptables) sh "$lock/shut" ;;
    *) nft -f "$lock/shut" ;;
  esac >/dev/null 2>&1
}

check_arguments() {
  case $1 in nftables | iptables | openwrt) ;; *) return 1 ;; esac
  case $2 in '' | *[!A-Za-z0-9_-]*) return 1 ;; esac
  case $3 in '' | *[!A-Za-z0-9_.-]*) return 1 ;; esac
  [ $# -gt 4 ] || return 0
  case $4$6 in *[!0-9]*) return 1 ;; esac
  case $7 in -) ;; *[!0-9a-f]*) return 1 ;; esac
  case $8 in yes | no) ;; *) return 1 ;; esac
  [ -d "$5" ]
}

# Starts this script again, so that it lives on when the login ends: detach VERB NAME OWNER
# A service of systemd runs ExecStopPost even when the process was killed; elsewhere a second process watches.
detach() {
  if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null &&
    systemd-run --quiet --collect --unit="spknock-apply-$name-$$" \
      --description="spknock: loads rules and restores the former ones unless told to keep them" \
      --property="ExecStopPost=-/bin/sh $lock/run.sh recover $name" --property=TimeoutStopSec=10min \
      /bin/sh "$lock/run.sh" "$@" service </dev/null >/dev/null 2>&1; then
    return
  fi
  detach_alone "$@"
}

detach_alone() {
  if command -v setsid >/dev/null; then
    setsid sh "$lock/run.sh" "$@" </dev/null >/dev/null 2>&1 &
  else
    (
      trap '' HUP
      exec sh "$lock/run.sh" "$@" </dev/null >/dev/null 2>&1
    ) &
  fi
}

# Waits until the rules are loaded or not. This print after the load also keeps the ssh connection: where
# nothing tracked connections before, the firewall knows it from the first packet that the server sends.
await_state() {
  await_tries=0
  until [ -e "$dir/state" ] || [ "$await_tries" -ge 3000 ] || [ ! -d "$dir" ]; do
    await_tries=$((await_tries + 1))
    pause
  done
  show_state
}

# The detached process: run NAME STARTER [service]
run() {
  trap '' HUP INT QUIT PIPE
  is_stopped=no
  trap 'is_stopped=yes' TERM
  set_names "$1"
  take_over "$2" && read_job || return 1
  watcher=''
  if [ "${3-}" != service ]; then
    detach_alone watch "$name" "$me"
    watcher=$!
  fi
  load
  release_lock
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null
  # Last: who reads a state that is an end can start the next load at once.
  set_state "$end_word" "$end_text"
}

# How it ended, for set_state: end WORD [REASON]
end() {
  end_word=$1
  end_text=${2:+$(report detail "$2")}
}

load() {
  if ! reason=$("snapshot_$kind" 2>&1); then
    end failed "the rules in force could not be saved: $reason"
  elif ! reason=$("try_$kind" 2>&1); then
    end bad "$reason"
  elif ! write_file "$lock/armed" "$kind"; then
    end failed "no room in $base"
  elif ! reason=$("load_$kind" 2>&1); then
    restore
    end failed "$reason"
  else
    shut_doors
    wait_for_verdict
    finish
  fi
}

wait_for_verdict() {
  deadline=$(($(now) + seconds * 100))
  write_file "$dir/deadline" "$deadline" && chmod 644 "$dir/deadline"
  loaded_at=$(date +%s)
  set_state loaded
  while [ -e "$dir/verdict.open" ] && [ "$is_stopped" = no ] && [ "$(now)" -lt "$deadline" ]; do pause; done
}

# Does what was decided; where nothing was, the time is over. The folder is gone when the login has ended.
finish() {
  mv -f "$dir/verdict.open" "$dir/verdict.late" 2>/dev/null
  if [ -e "$lock/kept" ] || { [ -e "$dir/verdict.keep" ] && mv -f "$lock/armed" "$lock/kept"; }; then
    keep
  elif [ -e "$dir/verdict.late" ]; then
    restore
    end late
  else
    restore
    end undone
  fi
}

# Tried again until it works: the saved rules were checked, so only a lack of memory can stop it.
restore() {
  restore_tries=0
  until "restore_$kind" >/dev/null 2>&1 || [ "$restore_tries" -ge 600 ]; do
    restore_tries=$((restore_tries + 1))
    sleep 1
  done
}

keep() {
  epoch=${loaded_at:-$(date +%s)}
  write_applied
  end kept
  end_text=$(
    [ ! -e "$lock/forgets" ] || report detail "used one-time codes, bans and open sources of the former rules do not fit into the new ones: they are forgotten"
    if [ "$persist" = yes ]; then "persist_$kind"; else "keep_$kind" && report persist none; fi
  )
}

write_applied() {
  mkdir -p "${applied%/*}" && chmod 700 "${applied%/*}"
  write_file "$applied.new" "$digest $epoch $("print_$kind" 2>/dev/null | cksum | tr ' ' '-')" &&
    mv -f "$applied.new" "$applied" || rm -f "$applied.new" "$applied"
}

# What a killed process left, done by who has taken its lock over.
recover() {
  end_word=
  if read_job && { [ -e "$lock/armed" ] || [ -e "$lock/kept" ]; }; then finish; fi
  empty_lock
}

# The way back when the process of a load is dead: recover NAME
recover_dead() {
  trap '' HUP INT QUIT PIPE TERM
  set_names "$1"
  dead_owner=$(find_owner)
  [ -n "$dead_owner" ] && ! is_alive "$dead_owner" && take_over "$dead_owner" || return 0
  recover
  release_lock
  set_end
}

set_end() {
  [ -z "$end_word" ] || set_state "$end_word" "$end_text"
}

# Waits for the end of the process of a load: watch NAME OWNER
watch() {
  trap '' HUP INT QUIT PIPE TERM
  set_names "$1"
  while is_alive "$2"; do pause; done
  [ ! -e "$lock/owner.$2" ] || recover_dead "$1"
}

# ---- The end and the state of rules.

# remove KIND NAME TABLE DIR
remove() {
  trap '' HUP INT QUIT PIPE TERM
  check_arguments "$1" "$2" "$3" || return 2
  kind=$1 table=$3 dir=$4
  set_names "$2"
  lock_or_report || return 0
  if reason=$("remove_$kind" 2>&1); then
    rm -f "$applied"
    rmdir "${applied%/*}" 2>/dev/null
    report state removed
    forget
  else
    report state failed
    report detail "the rules could not be removed, and stay: $reason"
  fi
  release_lock
}

# status KIND NAME TABLE
status() {
  check_arguments "$@" || return 2
  kind=$1 table=$3
  set_names "$2"
  status_owner=$(find_owner)
  if [ -n "$status_owner" ] && is_alive "$status_owner"; then report busy yes; else report busy no; fi
  status_digest='' status_epoch='' status_sum=''
  if "is_loaded_$kind"; then
    report loaded yes
    [ ! -e "$applied" ] || read -r status_digest status_epoch status_sum <"$applied"
    if [ -z "$status_sum" ]; then
      report changed unknown
      read_persisted && report digest "$persisted_digest" && report applied "$persisted_epoch"
    else
      report digest "$status_digest"
      report applied "$status_epoch"
      [ "$("print_$kind" 2>/dev/null | cksum | tr ' ' '-')" = "$status_sum" ] &&
        report changed no || report changed yes
    fi
  else
    report loaded no
  fi
  read_persisted && report persisted-digest "$persisted_digest"
  if "is_persisted_$kind"; then report persist done
  elif find_loader; then report persist none
  else report persist unable
  fi
  list_files
}
