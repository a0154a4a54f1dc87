# shellcheck shell=sh disable=SC2086
# Installs $PACKAGES beside the engine that is there, and holds them ($HOLD).

. roles/engine/dnf/locks.sh
dnf install $PACKAGES >&2
[ "$HOLD" != yes ] || hold $PACKAGES
