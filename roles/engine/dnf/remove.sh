# shellcheck shell=sh disable=SC2086
# As roles/engine/remove.sh, for dnf.

. roles/engine/dnf/locks.sh
may_remove() {
  stand_back
  rpm -e --test $GOING >&2 || { echo "so these cannot be removed: $GOING; nothing was changed" >&2; exit 67; }
}
remove() {
  rpm -e $GOING >&2
  release $GOING
}
