# shellcheck shell=sh
# Restarts the engine, which is in no swarm, where it still listens to one. Exit 66: it does not start, or listens again.

. skep/places.sh
. roles/swarm/listening.sh
[ "$(listens)" ] || exit 0
. roles/swarm/restart.sh
engine=$(systemctl show --property=MainPID docker.service); engine=${engine#MainPID=}
ports=$(listens)
[ -z "$ports" ] || {
  echo "it listens there again, on" "$ports" >&2
  echo "something else than a swarm: see the hosts of daemon.json, and -H in docker.service" >&2
  exit 66
}
