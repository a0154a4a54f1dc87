# shellcheck shell=sh
# What is remembered of the last file on the first line, and the file at the end. Between them, in marked lines: the words
# of the unit, and of its variables only those in its command line (others may hold passwords); whether the host is a node
# by what is on its disks, be its engine running or not; what registry mirrors
# answered; and where the data root that the file names really is.

. skep/places.sh
tr -d '\n' <"$MEMORY" 2>/dev/null; echo
printf -- '-- flags %s\n' "$unit_command"
rest=$unit_command
while :; do
  case $rest in *[$]*) rest=${rest#*[$]} ;; *) break ;; esac
  name=${rest#[{]} value='' found=''
  name=${name%%[!A-Za-z0-9_]*}
  case $name in [A-Za-z_]*) ;; *) continue ;; esac
  case $unit_environment in *"$name="*)
    value=$(printf '%s\n' "$unit_environment" |
      grep -oE "\"$name=[^\"]*\"|(^| )$name=[^ ]*" | tail -n 1 | tr -d '"') ;;
  esac
  for named in $unit_files; do
    [ -r "$named" ] || continue
    while IFS= read -r line || [ "$line" ]; do
      line=${line#"${line%%[![:space:]]*}"}
      case $line in "$name="*) found=${line#*=} ;; esac
    done <"$named"
    value=${found:-$value} found=''
  done
  printf -- '-- env %s %s\n' "$name" "${value#*"$name"=}"
done
while IFS= read -r root; do
  [ ! -e "$root/swarm/docker-state.json" ] || { echo "-- node"; break; }
done <<ROOTS
$data_roots
ROOTS
[ -z "$written_root" ] || echo "-- root $(readlink -f "$written_root")"
if [ -e "$PROXY" ] && [ -e "$DROP_IN" ]; then sed 's/^/-- proxy /' "$PROXY"; fi
if [ -e "$ASKED" ]; then while IFS= read -r line; do printf -- '-- asked %s\n' "$line"; done <"$ASKED"; fi
if [ -d "$FILE" ]; then echo "-- is a folder"
elif [ -L "$FILE" ] && ! readlink -f "$FILE" >/dev/null; then echo "-- is a link that leads nowhere"
elif [ -e "$FILE" ] && [ ! -f "$FILE" ]; then echo "-- is not a regular file"
elif awk -v place="$(readlink -f "$FILE")" '$5 == place { found = 1 } END { exit !found }' /proc/self/mountinfo; then
  echo "-- is a mount of its own, which no other file can take the place of"
else cat "$FILE" 2>/dev/null; fi
true
