# shellcheck shell=sh
# replace SOURCE FILE [MODE] puts the content of one file in place of another in one move. A link stays, and its target is
# replaced. With a mode the file is root's; else it keeps owner, mode and attributes (new: 644).
# Else it ends with 73 (NO_ROOM), and nothing was changed.

replace() (
  [ -L "$2" ] || mkdir -p -- "${2%/*}" || exit 73
  to=$(readlink -f -- "$2") || { echo "$2 is a link that leads nowhere" >&2; exit 73; }
  [ ! -d "$to" ] || { echo "$to is a folder where a file belongs" >&2; exit 73; }
  new=$(mktemp -- "$to.XXXXXXXX") || exit 73
  trap 'rm -f -- "$new"' EXIT
  mode=${3:-}
  [ -e "$to" ] || mode=${mode:-644}
  if [ -n "$mode" ]; then chmod "$mode" "$new"; else cp --attributes-only --preserve=all -- "$to" "$new"; fi &&
    cat -- "$1" >"$new" && mv -fT -- "$new" "$to" || exit 73
)
