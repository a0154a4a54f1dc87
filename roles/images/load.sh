# shellcheck shell=sh
# Has the engine load the archive $FROM, sees that it has $IDS then, and removes the archive, with those beside it whose
# names do not begin with one of $KEEP. Exit 69: the engine does not take it; 73: no room.

set -f
said=$(docker load --quiet --input "$FROM" 2>&1) || case $said in
  *[Nn]"o space left"* | *"isk quota exceeded"*) echo "no room to load it: $said" >&2; exit 73 ;;
  *) echo "docker load: ${said:-it says nothing}" >&2; exit 69 ;;
esac
for id in $IDS; do
  docker image inspect "$id" >/dev/null 2>&1 || { echo "loaded it, and there is no $id" >&2; exit 69; }
done
rm -f -- "$FROM"
set +f
for file in "${FROM%/*}"/*; do
  name=${file##*/}
  case " $KEEP " in *" ${name%%.*} "*) ;; *) rm -f -- "$file" ;; esac
done
