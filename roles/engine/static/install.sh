# shellcheck shell=sh disable=SC2153,SC2154
# Puts the engine unpacked beside $PLACE in its place, with links and units ($FILES), enables and starts it. $NAMES are its
# binaries, $GOING the packages that the plan says are removed; what removes them stands before this. Exit 66: it does not
# start; 67: other packages need those, or something that is not skep's is in the way; 70: it is not unpacked.

set +e
. skep/places.sh
. skep/starting.sh
. roles/engine/static/strange.sh
set -e
started_before
refuse() { printf '%s\n' "$1; nothing was changed" "$2" >&2; exit 67; }
again="it came after the plan: run the same command again, and the plan says what to do"
found=$(strange | sed q)
[ -z "$found" ] || refuse "$found is not skep's, and an engine from a tarball needs its place" "$again"
[ -e "$PLACE.new/.skep" ] || [ -e "$PLACE/.skep" ] || { echo "$PLACE is not there; run the same command again" >&2; exit 70; }
back() { # the engine of packages that could not be removed
  status=$?
  [ $status = 0 ] || ! command -v dockerd >/dev/null || systemctl start docker.service 2>/dev/null || true
  exit $status
}
if [ "$GOING" ]; then
  ! rooted || refuse "the engine here has its data root from its command line, and one from a tarball would begin with an empty one" \
    "$again"
  may_remove
  trap back EXIT
  trap 'exit 143' INT TERM # HUP is ignored by what runs this
fi
systemctl stop docker.service docker.socket containerd.service 2>/dev/null || true
[ -z "$GOING" ] || remove
trap - EXIT INT TERM
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
