# shellcheck shell=sh
# The sums of the secrets that tasks on this host have mounted, the options of its named volumes, what its daemon.json says
# of logs, and the port at which its SSH server took this login: sudo does not pass that on, but was started with it.

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
case $written in *'"log-'*) printf 'daemon %s\n' "$written" ;; esac
login=${SSH_CONNECTION-}
[ "$login" ] || login=$(grep -azs '^SSH_CONNECTION=' "/proc/$PPID/environ" | tr -d '\0')
[ -z "$login" ] || echo "login ${login##* }"
true
