# shellcheck shell=sh
# Puts the files of $FILES/units into $UNITS, those of $FILES/credentials into $FOLDER/credentials, takes $GONE (units, a
# word each) with what was kept of their runs away, and has systemd read them. $TIMER is started and enabled, if there is
# one. Without $STAY none of them stays, and all else goes, too, but for backups.
# A run of what goes comes to its end first: with $STOP it is stopped, else waited for. Until then it ends with 75 (BUSY).

set -eu
. skep/replace.sh
umask 077
mkdir -p "$FOLDER/credentials" "$UNITS"
touch "$FOLDER/units"
case $CTL in
*--user) stamps=${XDG_DATA_HOME:-$HOME/.local/share}/systemd/timers ;;
*) stamps=/var/lib/systemd/timers ;;
esac
services=
for name in $GONE; do
  case $name in
  *.timer)
    # Where systemd does not answer this fails, and all files stay: its timers go on, and are not to be forgotten.
    if [ -f "$UNITS/$name" ]; then $CTL disable --now -- "$name" >&2; else $CTL stop -- "$name" 2>/dev/null || true; fi ;;
  *@.service) services="$services ${name%.service}*.service" ;;
  *.service) services="$services $name" ;;
  esac
done
set -f
# shellcheck disable=SC2086
running=$([ -z "$services" ] || $CTL list-units --plain --no-legend --full \
  --state=activating,active,deactivating,reloading -- $services | cut -d ' ' -f 1)
if [ -n "$running" ]; then
  # shellcheck disable=SC2086
  [ -z "$STOP" ] || $CTL stop --no-block -- $running
  # shellcheck disable=SC2086
  echo "a run goes on:" $running >&2
  exit 75
fi
set +f
for file in "$FILES"/units/*; do
  [ -f "$file" ] || continue
  grep -qxF -- "${file##*/}" "$FOLDER/units" || echo "${file##*/}" >>"$FOLDER/units"
  case $file in *.timer)
    # systemd counts from the stamp: an older one would make up at once for a time that the new text names.
    if [ "$(cat "$file")" != "$(cat "$UNITS/${file##*/}" 2>/dev/null)" ]; then
      mkdir -p -- "$stamps"
      touch -- "$stamps/stamp-${file##*/}"
    fi ;;
  esac
  replace "$file" "$UNITS/${file##*/}" 644
done
for file in "$FILES"/credentials/*; do
  [ -f "$file" ] || continue
  replace "$file" "$FOLDER/credentials/${file##*/}" 600
done
for name in $FORGET; do rm -f -- "$FOLDER/credentials/$name"; done
for name in $GONE; do
  case $name in *.timer)
    rm -f -- "$stamps/stamp-$name"
    one=${name#"$PREFIX"} one=${one%.timer}
    rm -f -- "$FOLDER/$one.json" "$FOLDER/$one.begun" "$FOLDER/$one.known" "$FOLDER/$one.paused" ;;
  esac
  case $name in
  *@.service) $CTL reset-failed -- "${name%.service}*.service" 2>/dev/null || true ;;
  *) $CTL reset-failed -- "$name" 2>/dev/null || true ;;
  esac
  rm -f -- "$UNITS/$name"
  grep -vxF -- "$name" "$FOLDER/units" >"$FILES/left" || true
  replace "$FILES/left" "$FOLDER/units" 600
done
$CTL daemon-reload
if [ -n "$GONE" ] && [ -z "$STAY" ]; then
  find "$FOLDER" -mindepth 1 -maxdepth 1 ! -name backups -exec rm -rf -- {} +
  rmdir -- "$FOLDER/backups" "$FOLDER" 2>/dev/null || true
fi
if [ -n "$TIMER" ]; then
  $CTL enable -- "$TIMER" >&2
  $CTL restart -- "$TIMER"
fi
