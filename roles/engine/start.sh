# shellcheck shell=sh
# Enables and starts the engine. Exit 66: it does not start.

. skep/starting.sh
started_before
systemctl reset-failed docker.service 2>/dev/null || true
# shellcheck disable=SC2015
start_at_boot && systemctl start docker.service || { why_not; exit 66; }
