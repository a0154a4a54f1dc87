# shellcheck shell=sh disable=SC2086
# Sets or takes off ($HOLD) the hold of $PACKAGES.

. roles/engine/dnf/locks.sh
if [ "$HOLD" = yes ]; then hold $PACKAGES; else release $PACKAGES; fi
