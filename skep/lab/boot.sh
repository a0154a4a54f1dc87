# shellcheck shell=sh
# Boots the lab host $NAME by the command in "$@", and again when it reboots: systemd-nspawn then ends with status 133.
# $GROUP is the folder of its control group, $CABLE its end of the network.

set -eu
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
echo $$ >"$GROUP/start/cgroup.procs"
status=133
while [ "$status" = 133 ]; do
  ip link delete "$CABLE" 2>/dev/null || :
  # the last boot's: no process may join a group above others
  find "$GROUP/system" -depth -type d -exec rmdir {} +
  mkdir "$GROUP/system"
  status=0
  (echo 0 >"$GROUP/system/cgroup.procs" && exec "$@") || status=$?
done
echo "$NAME is down (systemd-nspawn ended with status $status)"
