# shellcheck shell=sh
# Removes these volumes, each once nothing uses it any more; up to ten seconds are given.

for name; do
  docker volume inspect "$name" >/dev/null 2>&1 || continue
  left=10
  until error=$(docker volume rm "$name" 2>&1); do
    left=$((left - 1))
    [ $left -gt 0 ] || { echo "$error" >&2; exit 1; }
    sleep 1
  done
done
