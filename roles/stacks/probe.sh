# shellcheck shell=sh
# The sums of the secrets that tasks on this host have mounted, the options of its named volumes, what its daemon.json says
# of logs, and the port at which its SSH server took this login: sudo does not pass that on, but was started with it. Where
# $SIZED says that a volume may have a size: the data roots on file systems without project quotas, which that takes.

. skep/places.sh
while IFS= read -r root; do
  set --
  for file in "$root"/containers/*/mounts/secrets/*; do [ ! -f "$file" ] || set -- "$@" "$file"; done
  [ $# = 0 ] || sha256sum -- "$@"
  for folder in "$root"/volumes/*/; do
    [ -d "$folder" ] || continue
    folder=${folder%/}; name=${folder##*/} options=''
    case $name in *[!0-9a-f]*) ;; *) [ ${#name} -eq 64 ] && continue ;; esac
    [ ! -f "$folder/opts.json" ] || IFS= read -r options <"$folder/opts.json" || :
    printf 'volume %s %s\n' "$name" "${options:-null}"
  done
done <<ROOTS
$data_roots
ROOTS
[ -z "$SIZED" ] || while IFS= read -r root; do
  folder=$root/volumes
  [ -d "$folder" ] || folder=$root
  place=$(stat -c %m -- "$folder") && awk -v place="$place" -v root="$root" '
    $5 == place { without = !/ - .*[ ,](prjquota|pquota)(,|$)/ }
    END { if (without) print "no-quota", root }' /proc/self/mountinfo
done <<ROOTS
$data_roots
ROOTS
case $written in *'"log-'*) printf 'daemon %s\n' "$written" ;; esac
login=${SSH_CONNECTION-} pid=$$
set --
while [ -z "$login" ] && [ "${pid:-0}" -gt 1 ]; do
  set -- "$@" "/proc/$pid/environ"
  above=0
  while read -r key value; do [ "$key" != PPid: ] || { above=$value; break; }; done <"/proc/$pid/status"
  pid=$above
done
[ $# = 0 ] || login=$(grep -ahzs -m 1 '^SSH_CONNECTION=' "$@" | tr '\0' '\n' | head -n 1)
[ -z "$login" ] || echo "login ${login##* }"
true
