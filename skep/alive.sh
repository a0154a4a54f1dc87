# shellcheck shell=sh
# Whether the engine gives a sign of life, which needs no manager and no leader, within $ALIVE seconds, or more on a slow
# host: prints nothing then, else "off", or "silent" with the state of its process.

. skep/places.sh
. skep/ask.sh
if [ -z "$engine" ]; then
  echo off
  exit
fi
look_at_process
case $state in T*) false ;; *) lives ;; esac || echo "silent $state"
