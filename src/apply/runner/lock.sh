# ---- Processes. One is known by its number and its start time: a number alone is used again.

# Prints "NUMBER.START" of a process that lives: identify NUMBER
identify() {
  read -r identify_line 2>/dev/null <"/proc/$1/stat" || return 1
  identify_number=$1
  # The name of the program is in parentheses and can contain spaces; the state follows, Z is a dead one.
  set -- ${identify_line##*) }
  case ${1-Z} in Z | X) return 1 ;; esac
  echo "$identify_number.${20}"
}

# Whether it lives: is_alive NUMBER.START
is_alive() {
  [ "$(identify "${1%.*}")" = "$1" ]
}

# ---- The lock: a folder with one file, "owner.NUMBER.START". Who wants the lock of a dead process renames
# ---- that very file: only one can, and only as long as the dead one has the lock.

set_names() { # NAME
  name=$1
  base=/run
  [ -d "$base" ] || base=/var/run
  lock=$base/spknock.$name
  applied=$base/spknock/$name.applied
}

find_owner() {
  for owner_file in "$lock"/owner.*; do
    [ -e "$owner_file" ] && echo "${owner_file##*/owner.}" && return
  done
}

# Takes the lock over from a process: take_over NUMBER.START
take_over() {
  me=$(identify $$) && mv "$lock/owner.$1" "$lock/owner.$me" 2>/dev/null
}

# Takes the lock: 1 where another apply has it, 2 where there can be none.
take_lock() {
  me=$(identify $$) || return 2
  lock_tries=0
  while [ "$lock_tries" -lt 15 ]; do
    if mkdir "$lock" 2>/dev/null; then
      if printf '' 2>/dev/null >"$lock/owner.$me"; then
        # Another one that was stopped for seconds just before it wrote its name.
        [ "$(find_owner)" = "$me" ] && [ "$(count_owners)" = 1 ] && return 0
        rm -f "$lock/owner.$me"
        return 1
      fi
      rmdir "$lock"
      return 2
    fi
    [ -d "$lock" ] || return 2
    lock_owner=$(find_owner)
    if [ -z "$lock_owner" ]; then
      # Its owner comes or goes at this moment; or died while it did.
      [ "$lock_tries" -lt 10 ] || rmdir "$lock" 2>/dev/null
    elif ! is_alive "$lock_owner" && take_over "$lock_owner"; then
      (recover && set_end)
      return 0
    fi
    lock_tries=$((lock_tries + 1))
    pause
  done
  return 1
}

count_owners() {
  set -- "$lock"/owner.*
  echo $#
}

# The owner's name goes last: a lock without one is empty.
release_lock() {
  empty_lock
  rm -f "$lock/owner.$me"
  rmdir "$lock" 2>/dev/null
}

empty_lock() {
  for lock_file in "$lock"/*; do
    case $lock_file in */owner.*) ;; *) rm -rf "$lock_file" ;; esac
  done
}

# ---- The job: what is loaded, in a file of the lock.

write_job() {
  write_file "$lock/job" "$kind
$table
$seconds
$dir
$digest
$persist"
}

read_job() {
  [ -e "$lock/job" ] || return 1
  {
    read -r kind
    read -r table
    read -r seconds
    read -r dir
    read -r digest
    read -r persist
  } <"$lock/job"
}
