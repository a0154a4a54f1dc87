# shellcheck shell=sh
# Removes $CONTAINERS and $IMAGES (a line each: an identifier, and the names it is known by), and nothing that is in use by
# now or was given a name since; nor a name that is another image's by now. Volumes stay, also those without a name.

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
  if [ -z "$names" ] && [ "$(docker image inspect --format '{{len .RepoTags}}' -- "$id" 2>/dev/null)" = 0 ]; then
    why=$(docker image rm -- "$id" 2>&1 >/dev/null) || :
  fi
  for name in $names; do
    [ "$(docker image inspect --format '{{.Id}}' -- "$name" 2>/dev/null)" = "$id" ] || continue
    why=$(docker image rm -- "$name" 2>&1 >/dev/null) || :
  done
  docker image inspect --format '{{.Id}}' -- "$id" >/dev/null 2>&1 || continue
  [ -z "$(docker ps --all --quiet --filter "ancestor=$id")" ] || continue
  [ -z "$why" ] || { echo "$why" >&2; left=1; }
done <<IMAGES
$IMAGES
IMAGES
exit $left
