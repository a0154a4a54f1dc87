# shellcheck shell=sh
# Runs the function changing to its end or deadline, whatever becomes of the connection. Its output goes to files and is
# sent at its end: into a broken pipe it would die of it. One that an earlier run left behind with the same $SKEP_LOCK on
# that host is waited for. Exit 73 (NO_ROOM): the reason is on stderr.

exec 5>&2 2>/dev/null
trap '' HUP
trap : TERM
said=$(umask 077; mktemp -d /run/skep.XXXXXXXX 2>&5) || exit 73
head -c 65536 /dev/zero >"$said/out" 2>&5 || { rm -rf "$said"; exit 73; }
(
  # shellcheck disable=SC2015
  mkdir -p /run/lock && touch "$SKEP_LOCK" && exec 4>"$SKEP_LOCK" && flock 4 || exit 73
  changing 4>&-
  exit $?
) </dev/null >"$said/out" 2>"$said/err" 5>&-
status=$?
cat "$said/out"; cat "$said/err" >&5
rm -rf "$said"
exit $status
