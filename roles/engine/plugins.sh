# shellcheck shell=sh disable=SC2086
# Installs $PACKAGES beside the engine that is there, and holds them ($HOLD).

. roles/engine/apt.sh
. roles/engine/simulate.sh
more() { apt --no-install-recommends --no-remove install $PACKAGES; }
more || { stand_back; dpkg --force-confold --configure -a >&2 || true; update; more; } || {
  gone=$(simulate $PACKAGES 2>/dev/null | awk '$1 == "Remv" { print $2 }') || true
  [ -n "$gone" ] || exit 1
  echo "$PACKAGES cannot be installed beside" $gone >&2
  echo "nothing was changed; if they may go, on this host: apt-get remove" $gone >&2
  exit 67
}
[ "$HOLD" != yes ] || apt-mark hold $PACKAGES >&2
