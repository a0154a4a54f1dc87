# shellcheck shell=sh
# Puts the files of $FILES/units into $UNITS, those of $FILES/credentials into $FOLDER/credentials, takes $GONE (units, a
# word each) with what was kept of their runs away, and has systemd read them. $TIMER is started and enabled, if there is one.

set -eu
. skep/replace.sh
umask 077
mkdir -p "$FOLDER/credentials" "$UNITS"
touch "$FOLDER/units"
for file in "$FILES"/units/*; do
  [ -f "$file" ] || continue
  grep -qxF -- "${file##*/}" "$FOLDER/units" || echo "${file##*/}" >>"$FOLDER/units"
  replace "$file" "$UNITS/${file##*/}" 644
done
for file in "$FILES"/credentials/*; do
  [ -f "$file" ] || continue
  replace "$file" "$FOLDER/credentials/${file##*/}" 600
done
for name in $FORGET; do rm -f -- "$FOLDER/credentials/$name"; done
for name in $GONE; do
  case $name in *.timer)
    $CTL disable --now -- "$name" >&2 || true
    rm -f -- "/var/lib/systemd/timers/stamp-$name"
    one=${name#"$PREFIX"} one=${one%.timer}
    rm -f -- "$FOLDER/$one.json" "$FOLDER/$one.begun" "$FOLDER/$one.known" "$FOLDER/$one.paused" ;;
  esac
  $CTL reset-failed -- "$name" 2>/dev/null || true
  rm -f -- "$UNITS/$name"
  grep -vxF -- "$name" "$FOLDER/units" >"$FILES/left" || true
  replace "$FILES/left" "$FOLDER/units" 600
done
$CTL daemon-reload
[ -z "$GONE" ] || [ -s "$FOLDER/units" ] || rm -rf -- "$FOLDER"
if [ -n "$TIMER" ]; then
  $CTL enable -- "$TIMER" >&2
  $CTL restart -- "$TIMER"
fi
