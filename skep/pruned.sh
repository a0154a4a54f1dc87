# shellcheck shell=sh
# Removes $CONTAINERS and $IMAGES (a line each: an identifier, and the names it is known by), and nothing that is in use by
# now. Volumes stay, also those without a name.

set -eu
export DOCKER_HOST=unix:///var/run/docker.sock
left=0
while read -r id; do
  [ -n "$id" ] || continue
  why=$(docker container rm -- "$id" 2>&1 >/dev/null) && continue
  state=$(docker container inspect --format '{{.State.Status}}' -- "$id" 2>/dev/null) || continue
  case $state in running | restarting | paused | removing) ;; *) echo "$why" >&2; left=1 ;; esac
done <<CONTAINERS
$CONTAINERS
CONTAINERS
while read -r id names; do
  [ -n "$id" ] || continue
  [ -z "$(docker ps --all --quiet --filter "ancestor=$id")" ] || continue
  why=''
  for name in ${names:-$id}; do why=$(docker image rm -- "$name" 2>&1 >/dev/null) || :; done
  docker image inspect --format '{{.Id}}' -- "$id" >/dev/null 2>&1 || continue
  [ -z "$(docker ps --all --quiet --filter "ancestor=$id")" ] || continue
  [ -z "$why" ] || { echo "$why" >&2; left=1; }
done <<IMAGES
$IMAGES
IMAGES
exit $left
