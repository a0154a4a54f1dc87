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
