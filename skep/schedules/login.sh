# shellcheck shell=sh
# Lets the keys of $LINES log in as the user that skep logs in as here, in place of all whose comment is in $OLD (a line
# each).

set -eu
. skep/replace.sh
user=${SUDO_USER:-root}
home=$(getent passwd "$user" | cut -d : -f 6)
file=$home/.ssh/authorized_keys
[ -d "$home/.ssh" ] || install -d -m 700 -o "$user" -g "$(id -g "$user")" "$home/.ssh"
[ -f "$file" ] || install -m 600 -o "$user" -g "$(id -g "$user")" /dev/null "$file"
awk -v old="$OLD" '
  BEGIN { count = split(old, mark, "\n") }
  { for (i = 1; i <= count; i++) if (mark[i] != "" && $NF == mark[i]) next
    print }' "$file" >"$FILES/keys"
[ -z "$LINES" ] || {
  [ -z "$(tail -c 1 "$FILES/keys")" ] || echo >>"$FILES/keys"
  printf '%s\n' "$LINES" >>"$FILES/keys"
}
replace "$FILES/keys" "$file"
