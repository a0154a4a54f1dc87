# shellcheck shell=sh
# Restarts the engine. Exit 66: it does not start.

. skep/starting.sh
started_before
systemctl reset-failed docker.service 2>/dev/null || true
systemctl restart docker.service || { why_not; exit 66; }
