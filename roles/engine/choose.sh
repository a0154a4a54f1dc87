# shellcheck shell=sh disable=SC2086
# Takes $ENGINE and $CLIENT, the packages of the engine and its client; $DESIRED, a version or its beginning, or nothing;
# $AVOID, versions never to be taken; $BESIDE, packages that go with that engine, and $MORE, others; $GOING, packages that the plan says are removed;
# $DOWNGRADE, whether an older engine may replace a newer one; and $HOLD, yes, no or nothing. Leaves $packages, install,
# in_the_way for when that fails, and hold. Changes nothing but apt's own lists. Exit 65: not on offer; 67: other packages
# are in the way, which only the operator removes; 68: it would be a downgrade.

. roles/engine/apt.sh
. roles/engine/fits.sh
. roles/engine/simulate.sh
of() { printf '%s\n' "$known" | awk -v p="$1:" '$1 == p { f = 1 } f && $1 == "Candidate:" { print $2; exit }'; }
none() { [ -z "$1" ] || [ "$1" = "(none)" ]; }
offered() { apt-cache madison "$1" 2>/dev/null | awk -F ' *[|] *' '$3 ~ /Packages$/ { print $2 }'; }
look() {
  known=$(apt-cache policy $ENGINE $CLIENT 2>/dev/null)
  candidate=$(of $ENGINE)
  ! none "$candidate" || return 1
  offers=$candidate version=$candidate
  ! fits "$version" || return 0
  offers=$(printf '%s\n' "$candidate" "$(offered $ENGINE)" | awk 'NF && !seen[$0]++')
  for version in $offers; do ! fits "$version" || return 0; done
  return 1
}
look || { update; look; } || {
  if none "$candidate"; then echo "no package $ENGINE in the sources of this host" >&2; exit 65; fi
  echo "desired ${DESIRED:-none of $AVOID}, the sources of this host offer" $offers >&2; exit 65; }
plain() { v=${1#*:}; v=${v%%[+~]*}; printf %s "${v%%-*}"; }
[ "$DOWNGRADE" = yes ] || ! command -v dockerd >/dev/null || {
  now=$(timeout 20 dockerd --version 2>/dev/null | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
  if [ "$now" ] && dpkg --compare-versions "$(plain "$version")" lt "$now"; then
    echo "the engine here is $now, and $ENGINE would be $(plain "$version"): an older engine may not read what a newer one" \
      "wrote, and a manager's may not start; nothing was changed" >&2
    echo "desire a version from $now on (engine.version), or allow it: engine.downgrade: true" >&2
    exit 68
  fi
}
case $ENGINE in
  docker-ce) # its packages share one version, epoch and all
    offered $CLIENT | grep -qxF "$version" || { echo "there is no $CLIENT $version to go with $ENGINE $version" >&2; exit 65; }
    packages="$ENGINE=$version $CLIENT=$version" ;;
  *)
    if [ "$version" = "$candidate" ]; then
      packages=$ENGINE
      none "$(of $CLIENT)" || packages="$packages $CLIENT"
    else
      packages=$ENGINE=$version
      ! offered $CLIENT | grep -qxF "$version" || packages="$packages $CLIENT=$version"
    fi ;;
esac
packages="$packages${BESIDE:+ $BESIDE}${MORE:+ $MORE}"
for name in $GOING; do packages="$packages $name-"; done
may="${DOWNGRADE:+--allow-downgrades}"
[ -z "$HOLD$GOING" ] || may="$may --allow-change-held-packages"
in_the_way() { # why an installation failed, where apt says so
  gone=$(simulate $may $packages 2>/dev/null | awk -v shown=" $GOING " '$1 == "Remv" && !index(shown, " " $2 " ") { print $2 }') ||
    true
  [ -n "$gone" ] || return 0
  echo "$packages cannot be installed beside" $gone >&2
  echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
  exit 67
}
# Where the plan removes packages, apt is not the one to refuse others: then it is asked before.
if [ "$GOING" ]; then keep=; in_the_way; else keep=--no-remove; fi
install() { apt --no-install-recommends $may $keep "$@" install $packages; }
hold() { # of a package that no source has, as docker-cli of Debian 12, apt-mark ends with an error
  there=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $ENGINE $CLIENT $BESIDE 2>/dev/null |
    awk '$2 == "installed" { print $1 }')
  case ${there:+$HOLD} in
    yes) apt-mark hold $there >&2 ;;
    no) apt-mark unhold $there >&2 ;;
  esac
}
