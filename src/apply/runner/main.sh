main() {
  PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
  export PATH LC_ALL=C
  umask 077
  self=$0
  verb=${1-}
  [ $# -eq 0 ] || shift
  case $verb in
    look) spk_look "$@" ;;
    start | run | watch | remove | status) "$verb" "$@" ;;
    recover) recover_dead "$@" ;;
    keep | undo) dir=$1 && give_verdict "$verb" ;;
    state) dir=$1 && show_state ;;
    *) return 2 ;;
  esac
}

main "$@"
