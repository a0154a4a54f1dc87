# shellcheck shell=sh
# used PATH: whether a process was started with that path among its variables or words, as runs of schedules are.

# shellcheck disable=SC2062
used() { printf '%s\n' "$1" | grep -qsF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline; }
