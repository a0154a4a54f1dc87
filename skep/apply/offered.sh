# shellcheck shell=sh
# Size and sha256 of $FILE, which is to be fetched. Exit 66: there is no such file.

[ -f "$FILE" ] || { echo "there is no file $FILE" >&2; exit 66; }
stat -Lc %s -- "$FILE"
sha256sum <"$FILE"
