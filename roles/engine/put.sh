# shellcheck shell=sh disable=SC2119,SC2154
# Installs the chosen packages, in place of an engine from a tarball ($TARBALL), enables and starts the engine. Exit 66: it
# does not start.

. skep/starting.sh
. roles/engine/static/away.sh
whole() { # what was unpacked before the disk was full is not left half configured
  status=$?
  [ $status != 73 ] || dpkg --force-confold --configure -a >/dev/null 2>&1 || true
  exit $status
}
trap whole EXIT
started_before
! of_tarball || TARBALL=yes # as after a removal that was cut short
[ -z "$TARBALL" ] || { install --download-only || { in_the_way; update; install --download-only; }; away; }
install || { stand_back; in_the_way; dpkg --force-confold --configure -a >&2 || true; update; install; }
hold
[ -z "$GOING$TARBALL" ] || systemctl daemon-reload
start_at_boot || { why_not; exit 66; }
process=$(systemctl show --property=MainPID docker.service 2>/dev/null); process=${process#MainPID=}
case $(readlink "/proc/$process/exe" 2>/dev/null) in
  *' (deleted)') systemctl restart docker.service || { why_not; exit 66; } ;; # Debian's package leaves the old one running
esac
systemctl is-active --quiet docker.service || {
  systemctl reset-failed docker.service 2>/dev/null || true
  systemctl start docker.service || { why_not; exit 66; }
}
