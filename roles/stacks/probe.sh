# shellcheck shell=sh
# The sums of the secrets that tasks on this host have mounted, and the options of its named volumes.

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
true
