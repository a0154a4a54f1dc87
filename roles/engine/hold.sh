# shellcheck shell=sh disable=SC2086
# Sets or takes off ($HOLD) the hold of $PACKAGES.

. roles/engine/apt.sh
stand_back
if [ "$HOLD" = yes ]; then apt-mark hold $PACKAGES >&2; else apt-mark unhold $PACKAGES >&2; fi
