# shellcheck shell=sh disable=SC2086,SC2153
# As roles/engine/choose.sh, for dnf. Takes $ENGINE and $CLIENT, the packages of the engine and its client; $DESIRED, a
# version or its beginning, or nothing, and $AVOID, versions never to be taken; $BESIDE, packages that go with that engine,
# and $MORE, others; $GOING, packages that the plan says are removed; $DOWNGRADE, whether an older engine may replace a newer
# one; and $HOLD, yes, no or nothing. Leaves $packages; try, which
# downloads them and has rpm test what install would do; and install. Changes nothing but dnf's own lists. Exit 65: not on offer; 67: something else needs what has to go; 68: it would be a downgrade.

. roles/engine/dnf/locks.sh
. roles/engine/fits.sh
held() { # however the script ends, what is installed then is held
  there=$(rpm -q --qf '%{NAME}\n' $ENGINE $CLIENT $BESIDE 2>/dev/null | grep -v ' ') || return 0
  hold $there
}
case $HOLD in
  yes) trap held EXIT; trap 'exit 143' HUP INT TERM; release $ENGINE $CLIENT $BESIDE ;;
  no) release $ENGINE $CLIENT $BESIDE ;;
esac
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
[ "$DOWNGRADE" = yes ] || ! command -v dockerd >/dev/null || {
  now=$(timeout 20 dockerd --version 2>/dev/null | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
  if [ "$now" ] && older "$(plain "$version")" "$now"; then
    echo "the engine here is $now, and $ENGINE would be $(plain "$version"): an older engine may not read what a newer one" \
      "wrote, and a manager's may not start; nothing was changed" >&2
    echo "desire a version from $now on (engine.version), or allow it: engine.downgrade: true" >&2
    exit 68
  fi
}
client=
for offer in $(offered $CLIENT); do [ "${offer#*:}" != "${version#*:}" ] || client=$CLIENT-$offer; done
[ "$client" ] || [ $ENGINE != docker-ce ] || {
  echo "there is no $CLIENT ${version#*:} to go with $ENGINE ${version#*:}" >&2
  exit 65
}
packages="$ENGINE-$version $client${BESIDE:+ $BESIDE}${MORE:+ $MORE}"
[ -z "$GOING" ] || rpm -e --test $GOING >&2 || {
  echo "so these cannot be removed: $GOING; nothing was changed" >&2
  exit 67
}
try() { dnf --allowerasing --setopt=tsflags=test install $packages >&2; }
install() { dnf install $packages >&2; }
