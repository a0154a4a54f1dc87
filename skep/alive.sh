# shellcheck shell=sh
# Whether the engine gives a sign of life within $ALIVE seconds, which needs no manager and no leader: prints nothing
# then, else "off", or "silent" with the state of its process.

. skep/places.sh
. skep/ask.sh
if [ -z "$engine" ]; then
  echo off
  exit
fi
state=$(sed -n 's/^State:[[:space:]]*//p' "/proc/$engine/status")
answer=''
case $state in T*) ;; *) answer=$(ask 'GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n' "$ALIVE") ;; esac
case $answer in HTTP/* | --no-room--*) ;; *) echo "silent $state" ;; esac
