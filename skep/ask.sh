# shellcheck shell=sh
# ask REQUESTS SECONDS: the pipe's writing end stays open until the engine has answered and closed: closed, or written
# to, any earlier it would make the engine cancel what it is at, or lose what it says.
ask() {
  why=''
  if ! { place=$(mktemp -d /run/skep.XXXXXXXX 2>&1) && why=$(mkfifo "$place/in" 2>&1); }; then
    echo "--no-room--${why:-$place}"
    rmdir "$place"
    return 1
  fi
  timeout "$2" docker system dial-stdio <"$place/in" &
  exec 5>"$place/in"
  rm -rf "$place"
  printf '%b' "$1" >&5
  wait $!
  exec 5>&-
}
# lives: the engine's answer to what needs nothing but itself. Where none comes within $ALIVE seconds it is frozen, or
# its host is slow: $extra is then $SLOWER times what the client takes to start that asks nobody, and it gets that more.
lives() {
  extra=0
  case $(ask "$PING" "$ALIVE") in HTTP/* | --no-room--*) return 0 ;; esac
  begun=$(date +%s)
  docker --version >/dev/null
  extra=$((($(date +%s) - begun) * SLOWER))
  [ $extra -gt 0 ] || return 1
  case $(ask "$PING" $((ALIVE + extra))) in HTTP/* | --no-room--*) ;; *) return 1 ;; esac
}
PING='GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n'
