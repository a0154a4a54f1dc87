# shellcheck shell=sh disable=SC2086
# Takes $ENGINE and $CLIENT, the packages of the engine and its client; $DESIRED, a version or its beginning, or nothing;
# $AVOID, versions never to be taken; $BESIDE, packages that go with that engine, and $MORE, others. For the rest see
# chosen.sh. Changes nothing but apt's own lists. Exit 65: not on offer.

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
. roles/engine/chosen.sh
