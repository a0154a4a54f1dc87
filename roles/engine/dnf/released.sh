# shellcheck shell=sh disable=SC2086,SC2154
# Before packages are chosen, which dnf would hide: $ENGINE, $CLIENT and $BESIDE are held no longer ($HOLD, yes, no or
# nothing), and held again when the script ends, where they are to be.

. roles/engine/dnf/locks.sh
held() { # however the script ends, what is installed then is held; a plugin among files that are sent comes with them
  [ -z "$OWN" ] || can_hold || return 0
  there=$(rpm -q --qf '%{NAME}\n' $ENGINE $CLIENT $BESIDE 2>/dev/null | grep -v ' ') || return 0
  hold $there
}
case $HOLD in
  yes) trap held EXIT; trap 'exit 143' HUP INT TERM; release $ENGINE $CLIENT $BESIDE ;;
  no) release $ENGINE $CLIENT $BESIDE ;;
esac
