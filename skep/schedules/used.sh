# shellcheck shell=sh
# used PATH: whether a process was started with that path among its variables or words, as runs of schedules are. What
# lies right in $FOLDER/program or $FOLDER/site may be an earlier skep's, whose runs were started with that folder.

# shellcheck disable=SC2062
used() {
  if printf '%s\n' "$1" | grep -qsF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline; then return 0; fi
  case $1 in
  "$FOLDER"/program/* | "$FOLDER"/site/*) ;;
  *) return 1 ;;
  esac
  printf '%s\n' "PYTHONPATH=${1%/*}" "${1%/*}" | grep -qszxF -f - /proc/[0-9]*/environ /proc/[0-9]*/cmdline
}
