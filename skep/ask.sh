# shellcheck shell=sh disable=SC2034,SC2154
# ask REQUESTS SECONDS prints what the engine answers. Perl, which Debian and Ubuntu always have, starts in a tenth of the
# time that Docker's client takes: that one is asked only where there is no perl. A Unix socket is of domain and type 1 on
# Linux, which spares Perl's modules.
ask() {
  if command -v perl >/dev/null; then
    # shellcheck disable=SC2016
    perl -e '
      $SIG{ALRM} = sub { exit 124 };
      alarm $ARGV[1];
      socket(S, 1, 1, 0) && connect(S, pack("S Z*", 1, "/var/run/docker.sock")) or exit 1;
      $ARGV[0] =~ s/\\r\\n/\r\n/g;
      syswrite S, $ARGV[0];
      syswrite STDOUT, $said while sysread S, $said, 65536' "$1" "$2"
  else
    ask_by_client "$@"
  fi
}
# The pipe's writing end stays open until the engine has answered and closed: closed, or written to, any earlier it would
# make the engine cancel what it is at, or lose what it says.
ask_by_client() {
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
# look_at_process: $state of the engine's process, such as T (stopped).
look_at_process() {
  state=''
  while read -r key words; do [ "$key" != State: ] || { state=$words; break; }; done <"/proc/$engine/status"
}
PING='GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n'
