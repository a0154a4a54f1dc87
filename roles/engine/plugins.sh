# shellcheck shell=sh disable=SC2086
# Installs $PACKAGES beside the engine that is there, and holds them ($HOLD).

. roles/engine/apt.sh
more() { apt --no-install-recommends --no-remove install $PACKAGES; }
more || { update; more; }
[ "$HOLD" != yes ] || apt-mark hold $PACKAGES >&2
