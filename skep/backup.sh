# shellcheck shell=sh
# Saves the swarm's state of this manager below $THERE as state.tar, and what to know of it as state.json. Docker is
# stopped meanwhile, and started again whatever happens. Of a copy that failed nothing is left. Exit 65: there is none, or
# no room for a copy; 66: it is whole, and Docker does not start.

set -e
umask 077
root=$(docker info --format '{{.DockerRootDir}}')
version=$(docker version --format '{{.Server.Version}}')
node=$(docker info --format '{{.Swarm.NodeID}}')
address=$(docker info --format '{{.Swarm.NodeAddr}}')
autolock=$(docker info --format '{{.Swarm.Cluster.Spec.EncryptionConfig.AutoLockManagers}}')
[ -d "$root/swarm/raft" ] || { echo "$root/swarm holds no manager's state" >&2; exit 65; }
mkdir -p "$THERE"
rm -f "$THERE"/*
need=$(du -sk "$root/swarm" | cut -f 1)
free=$(df -Pk "$THERE" | awk 'NR == 2 { print $4 }')
[ "$free" -gt $((need + 10240)) ] || {
  echo "$THERE has $((free / 1024)) MiB free; $((need / 1024 + 10)) are needed" >&2; exit 65; }
units=docker.service
if systemctl -q is-active docker.socket; then units="docker.socket docker.service"; fi
# shellcheck disable=SC2086
start() { systemctl start $units; }
trap 'start || true; rm -rf "$THERE"' EXIT
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2086
systemctl stop $units
tar -C "$root" -cf "$THERE/state.tar" swarm
trap - EXIT
start || { echo "the engine does not start; the whole copy is $THERE/state.tar" >&2; exit 66; }
trap 'rm -rf "$THERE"' EXIT
sha256=$(sha256sum "$THERE/state.tar" | cut -d ' ' -f 1)
printf '{"cluster": "%s", "host": "%s", "taken": "%s", "engine": "%s", "node": "%s", "address": "%s", "autolock": %s, "sha256": "%s"}\n' \
  "$CLUSTER" "$HOST" "$TAKEN" "$version" "$node" "$address" "$autolock" "$sha256" >"$THERE/state.json"
trap - EXIT
