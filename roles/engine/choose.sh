# shellcheck shell=sh disable=SC2086
# Takes $WANTED, a version or its beginning, or nothing, and $MORE, packages beside the engine; leaves
# $packages and install. Changes nothing but apt's own lists. Exit 65: not on offer; 67: other packages are in the way, which only the operator removes.

. roles/engine/apt.sh
. roles/engine/simulate.sh
of() { printf '%s\n' "$known" | awk -v p="$1:" '$1 == p { f = 1 } f && $1 == "Candidate:" { print $2; exit }'; }
none() { [ -z "$1" ] || [ "$1" = "(none)" ]; }
fits() { [ -z "$WANTED" ] || case $1 in "$WANTED" | "$WANTED".* | "$WANTED"[+-]*) ;; *) false ;; esac; }
offered() { apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '$3 ~ /Packages$/ { print $2 }'; }
look() {
  known=$(apt-cache policy docker.io docker-cli 2>/dev/null)
  candidate=$(of docker.io)
  ! none "$candidate" || return 1
  offers=$(printf '%s\n' "$candidate" "$(offered docker.io)" | awk 'NF && !seen[$0]++')
  for version in $offers; do ! fits "$version" || return 0; done
  return 1
}
look || { update; look; } || {
  if none "$candidate"; then echo "no package docker.io in the sources of this host" >&2; exit 65; fi
  echo "desired $WANTED, the sources of this host offer" $offers >&2; exit 65; }
if [ "$version" = "$candidate" ]; then
  packages=docker.io
  none "$(of docker-cli)" || packages="$packages docker-cli"
else
  packages=docker.io=$version
  ! offered docker-cli | grep -qxF "$version" || packages="$packages docker-cli=$version"
fi
packages="$packages${MORE:+ $MORE}"
gone=$(simulate $packages 2>/dev/null | awk '$1 == "Remv" { print $2 }') || true
[ -z "$gone" ] || {
  echo "$packages cannot be installed beside" $gone >&2
  echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
  exit 67
}
install() { apt --no-install-recommends --no-remove "$@" install $packages; }
