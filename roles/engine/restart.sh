# shellcheck shell=sh
# Starts the installed engine in place of the one that runs. Exit 66: it does not start.

. skep/starting.sh
started_before
systemctl restart docker.service || { why_not; exit 66; }
