# shellcheck shell=sh disable=SC2086,SC2154
# Installs the chosen packages, enables and starts the engine, which its package does not. Where packages have to
# go, or an engine from a tarball ($TARBALL), all is downloaded before, and
# rpm has tested the transaction. Exit 66: it does not start.

. skep/starting.sh
. roles/engine/static/away.sh
started_before
! of_tarball || TARBALL=yes # as after a removal that was cut short
[ -z "$GOING$TARBALL" ] || try
[ -z "$GOING" ] || rpm -e $GOING >&2
[ -z "$TARBALL" ] || away
install
systemctl daemon-reload
start_at_boot || { why_not; exit 66; }
systemctl is-active --quiet docker.service || {
  systemctl stop docker.socket 2>/dev/null || true # what an engine before it left open is none of its own
  systemctl reset-failed docker.service 2>/dev/null || true
  systemctl start docker.service || { why_not; exit 66; }
}
