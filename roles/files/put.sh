# shellcheck shell=sh
# Puts $FILES/1, $FILES/2 ... in place as the lines of $FILES/list say (MODE PATH), removes $GONE (a line each), or puts back
# what was there before, and has what reads them do so, by $TOPIC. In $DNF only our lines come and go, from $BEGIN to $END. $MEMORY/$TOPIC names the files
# that are ours: both old and new until all is done.

set -eu
. skep/replace.sh
umask 022
mkdir -p "$MEMORY" || exit 73
# Before a file counts as ours: what somebody else put there is kept beside it, and comes back once ours goes.
while read -r _ path; do
  { [ -f "$path" ] && [ "$path" != "$DNF" ]; } || continue
  grep -qsxF -- "$path" "$MEMORY/$TOPIC" || replace "$path" "$path.before-skep" "$(stat -Lc %a -- "$path")"
done <"$FILES/list"
{ printf '%s\n' "$GONE"; cut -d ' ' -f 2- "$FILES/list"; } | grep . >"$FILES/both" || true
cat "$MEMORY/$TOPIC" >>"$FILES/both" 2>/dev/null || true
replace "$FILES/both" "$MEMORY/$TOPIC" 600
with_ours() { # OURS MODE: what stands in $DNF, with our lines first in its section main; it is never opened to others
  [ -f "$DNF" ] || return 0
  # Ours are from $BEGIN to $END; where somebody took $END out, $BEGIN and each line about a proxy.
  awk -v begin="$BEGIN" -v end="$END" '
    $0 == begin { count = 1; inside = 1; next }
    inside && $0 == end { inside = 0; next }
    inside { held[count++] = $0; next }
    { print }
    END { if (inside) for (i = 1; i < count; i++) if (held[i] !~ /^proxy(_username|_password)?=/) print held[i] }
  ' "$DNF" >"$FILES/rest"
  if grep -q '^\[main\]' "$FILES/rest"; then sed "/^\[main\]/r $1" "$FILES/rest" >"$FILES/whole"
  else { echo '[main]'; cat "$1" "$FILES/rest"; } >"$FILES/whole"; fi
  if [ "$2" = 600 ]; then replace "$FILES/whole" "$DNF" 600; else replace "$FILES/whole" "$DNF"; fi
}
refused() { # a parameter with a value that the kernel does not take; those before it get back what they had
  echo "the kernel refuses $1; nothing was changed" >&2
  while read -r place value; do printf '%s\n' "$value" >"$place" || true; done <"$FILES/before"
  exit 66
}
set_values() {
  : >"$FILES/before"
  while read -r key _ value; do
    case " $SET " in *" $key "*) ;; *) continue ;; esac
    place=/proc/sys/$(printf %s "$key" | tr . /)
    printf '%s %s\n' "$place" "$(cat "$place")" >>"$FILES/before"
    printf '%s\n' "$value" >"$place" || refused "$key = $value"
  done <"$FILES/1"
}
# In force first: a value that the kernel refuses is in no file, where it would be refused again at each boot.
[ "$TOPIC" != sysctls ] || [ -z "$SET" ] || set_values
number=0
while read -r mode path; do
  number=$((number + 1))
  if [ "$path" = "$DNF" ]; then with_ours "$FILES/$number" "$mode"; else replace "$FILES/$number" "$path" "$mode"; fi
done <"$FILES/list"
while IFS= read -r path; do
  [ -n "$path" ] || continue
  [ "$path" != "$DNF" ] || { with_ours /dev/null 644; continue; }
  kept=$path.before-skep
  if [ -e "$kept" ]; then replace "$kept" "$path" "$(stat -c %a -- "$kept")" # it goes once the path is not ours any more
  else rm -f -- "$path"; fi
  case $path in /etc/docker/certs.d/*) rmdir -- "${path%/*}" 2>/dev/null || true ;; esac
done <<GONE
$GONE
GONE
# shellcheck disable=SC2086 # words
case $TOPIC in
  trust)
    if command -v update-ca-certificates >/dev/null; then update-ca-certificates >/dev/null
    else update-ca-trust extract; fi ;;
  modules) [ -z "$LOAD" ] || modprobe -a -- $LOAD ;;
esac
if [ -s "$FILES/list" ]; then
  cut -d ' ' -f 2- "$FILES/list" >"$FILES/owned"
  replace "$FILES/owned" "$MEMORY/$TOPIC" 600
else
  rm -f -- "$MEMORY/$TOPIC"
fi
printf '%s\n' "$GONE" | while IFS= read -r path; do
  [ -z "$path" ] || [ "$path" = "$DNF" ] || rm -f -- "$path.before-skep"
done
