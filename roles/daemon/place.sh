# shellcheck shell=sh
# Functions that put $FILES/daemon.json in place as $FILE, and $FILES/memory.json as $MEMORY, each in one
# move. The first gets $MODE, else owner and mode of the file it replaces, which is kept beside it as .before-skep; a link
# stays one. Exit 66: refused by dockerd --validate, where there is one; nothing was changed.
#
# What is remembered is written first, and only moved to its place once the file is in force: that takes no room, and
# while it is not there, the file counts as not in force.

set -eu
. skep/replace.sh
. roles/daemon/proxy.sh
say() { echo "$*" >&2; }
validate() {
  dockerd --help 2>&1 | grep -q -e '--validate' || return 0
  dockerd --validate --config-file "$FILES/daemon.json" >&2 || { say "refused by dockerd --validate"; exit 66; }
}
keep() {
  if [ -e "$FILE" ]; then
    replace "$FILE" "$FILE.before-skep" "${MODE:-$(stat -Lc %a "$FILE")}"
  else
    rm -f -- "$FILE.before-skep"
  fi
}
place_file() {
  [ -e "$FILE" ] || [ "$(tr -d ' \n' <"$FILES/daemon.json")" != "{}" ] || return 0
  replace "$FILES/daemon.json" "$FILE" "$MODE"
}
place() {
  [ ! -d "$MEMORY" ] || { say "$MEMORY is a folder where a file belongs"; exit 73; }
  # shellcheck disable=SC2015
  replace "$FILES/memory.json" "$MEMORY.new" 600 && keep && place_file && place_proxy || { say "nothing was changed"; exit 73; }
}
remember() { rm -f -- "$PROXY.before-skep"; mv -fT -- "$MEMORY.new" "$MEMORY"; }
