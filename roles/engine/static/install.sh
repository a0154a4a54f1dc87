# shellcheck shell=sh disable=SC2154
# Puts the engine unpacked beside $PLACE in its place, with links and units ($FILES), enables and starts it. $NAMES are its
# binaries, $GOING the packages that the plan says are removed; what removes them stands before this. Exit 66: it does not
# start; 67: other packages need those; 70: it is not unpacked.

. skep/starting.sh
set -e
started_before
[ -e "$PLACE.new/.skep" ] || [ -e "$PLACE/.skep" ] || { echo "$PLACE is not there; run the same command again" >&2; exit 70; }
[ -z "$GOING" ] || may_remove
systemctl stop docker.service docker.socket containerd.service 2>/dev/null || true
[ -z "$GOING" ] || remove
if [ -e "$PLACE.new/.skep" ]; then
  rm -rf "$PLACE"
  mv -T "$PLACE.new" "$PLACE"
fi
mkdir -p /usr/local/bin
for name in $NAMES; do
  ln -sfn "$PLACE/$name" "/usr/local/bin/$name.skep-new" && mv -fT "/usr/local/bin/$name.skep-new" "/usr/local/bin/$name"
done
for link in /usr/local/bin/*; do # of binaries that this version no longer has
  case $(readlink "$link") in "$PLACE"/*) ;; /opt/skep/docker-*) rm -f "$link" ;; esac
done
getent group docker >/dev/null || groupadd --system docker
for unit in containerd.service docker.socket docker.service; do
  rm -f "/etc/systemd/system/$unit" # which may be a link to /dev/null, left by a package
  install -m 644 "$FILES/$unit" "/etc/systemd/system/$unit"
done
systemctl daemon-reload
systemctl reset-failed docker.service docker.socket containerd.service 2>/dev/null || true
systemctl enable --quiet containerd.service docker.socket docker.service || { why_not; exit 66; }
systemctl start docker.service || { why_not; exit 66; }
for old in /opt/skep/docker-*; do [ "$old" = "$PLACE" ] || rm -rf "$old"; done
rm -rf /var/lib/skep/engine
