# shellcheck shell=sh
# What root may write at $PLACES, paths without blanks, or where they would be made: the state of each, the room and
# inodes of its file system, and its disk.

# shellcheck disable=SC2086
set -- $PLACES
really=$(readlink -m -- "$@") || really=$(for place; do readlink -m -- "$place" || echo; done)
while IFS= read -r at; do
  place=$1 state=free; shift
  case $place in *.json) [ ! -f "$at" ] || { [ -w "$at" ] || state=locked; at=${at%/*}; } ;; esac
  while [ ! -e "$at" ] && [ -n "$at" ]; do at=${at%/*}; done
  [ -d "${at:=/}" ] || { state="file"; at=${at%/*}; }
  [ $state = file ] || [ -w "${at:=/}" ] || state=locked
  echo "room $place $state"
  set -- "$@" "${at:-/}"
done <<PLACES
$really
PLACES
stat -f -c 'space %f %S %d %c' -- "$@"
stat -c 'disk %d' -- "$@"
