# shellcheck shell=sh disable=SC2086,SC2153
# As roles/engine/choose.sh, for dnf. Takes $ENGINE and $CLIENT, the packages of the engine and its client; $DESIRED, a
# version or its beginning, or nothing, and $AVOID, versions never to be taken; $BESIDE, packages that go with that engine,
# and $MORE, others. Leaves try, which downloads them and has rpm test what install would do, and install. For the rest see released.sh and chosen.sh. Changes nothing but dnf's own
# lists. Exit 65: not on offer.

. roles/engine/dnf/released.sh
. roles/engine/fits.sh
known=$(dnf repoquery --qf "%{name} $evr" $ENGINE $CLIENT)
offered() { printf '%s\n' "$known" | awk -v name="$1" '$1 == name { print $2 }' | newest_first; }
offers=$(offered $ENGINE)
[ "$offers" ] || { echo "no package $ENGINE in the repositories of this host" >&2; exit 65; }
version=
for offer in $offers; do ! fits "$offer" || { version=$offer; break; }; done
[ "$version" ] || {
  echo "desired ${DESIRED:-none of $AVOID}, the repositories of this host offer $(listed "$offers")" >&2
  exit 65
}
client=
for offer in $(offered $CLIENT); do [ "${offer#*:}" != "${version#*:}" ] || client=$CLIENT-$offer; done
[ "$client" ] || [ $ENGINE != docker-ce ] || {
  echo "there is no $CLIENT ${version#*:} to go with $ENGINE ${version#*:}" >&2
  exit 65
}
packages="$ENGINE-$version $client${BESIDE:+ $BESIDE}${MORE:+ $MORE}"
try() { dnf install --allowerasing --setopt=tsflags=test $packages >&2; } # dnf5 takes the first one only there
install() { dnf install $packages >&2; }
. roles/engine/dnf/chosen.sh
