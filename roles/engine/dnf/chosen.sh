# shellcheck shell=sh disable=SC2086,SC2154
# As roles/engine/chosen.sh, for dnf: what is to be known before an engine of $version is installed. Takes $GOING, packages
# that the plan says are removed, and $DOWNGRADE, whether an older engine may replace a newer one. Exit 67: something else needs what has to go; 68: it would be a downgrade.

[ "$DOWNGRADE" = yes ] || ! command -v dockerd >/dev/null || {
  now=$(timeout 20 dockerd --version 2>/dev/null | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
  if [ "$now" ] && older "$(plain "$version")" "$now"; then
    echo "the engine here is $now, and $ENGINE would be $(plain "$version"): an older engine may not read what a newer one" \
      "wrote, and a manager's may not start; nothing was changed" >&2
    echo "desire a version from $now on (engine.version), or allow it: engine.downgrade: true" >&2
    exit 68
  fi
}
[ -z "$GOING" ] || rpm -e --test $GOING >&2 || {
  echo "so these cannot be removed: $GOING; nothing was changed" >&2
  exit 67
}
