# shellcheck shell=sh
# Which of $PORTS (ADDRESS/PORT ...) it tried, and which of them are open within $PATIENCE seconds. Bash can connect by
# itself. A host does not try its own.

. skep/places.sh
. skep/interfaces.sh
set --
for place in $PORTS; do
  case "$interfaces$newline" in *" ${place%/*}$newline"*) ;; *) set -- "$@" "$place" ;; esac
done
# shellcheck disable=SC2016
[ $# != 0 ] && command -v bash >/dev/null && timeout "$PATIENCE" bash -c 'for place; do
  echo "tried $place"; { exec 3<>"/dev/tcp/$place" && echo "open $place"; } 2>/dev/null & done; wait' bash "$@"
