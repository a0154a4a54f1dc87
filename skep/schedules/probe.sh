# shellcheck shell=sh
# What is there of the schedules of $FOLDER: systemd's version, units by sha256, how timers are, results, pauses. $NAMES
# are the schedules desired of $INVENTORY, $PREFIX stands before the names of their units, $CALENDARS are a line each. Units
# that name that inventory, or $FOLDER and what is in it, are ours though nobody wrote that down.

command -v systemctl >/dev/null && [ -d /run/systemd/system ] || { echo "without systemd"; exit 0; }
echo "systemd $(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')"
if command -v systemd-analyze >/dev/null; then
  while IFS= read -r words; do
    [ -z "$words" ] || systemd-analyze calendar -- "$words" >/dev/null 2>&1 || echo "refused $words"
  done <<CALENDARS
$CALENDARS
CALENDARS
fi
if [ -f "$FOLDER/units" ]; then
  while IFS= read -r name; do echo "owned $name"; done <"$FOLDER/units"
fi
for file in "$UNITS/$PREFIX"*; do
  [ -f "$file" ] || continue
  echo "sum $(sha256sum <"$file" | cut -d ' ' -f 1) ${file##*/}"
  of=$(sed -n '2s/^# Inventory: //p' "$file")
  case $of in
  "") ;;
  "$INVENTORY" | "$FOLDER" | "$FOLDER"/*) echo "owned ${file##*/}" ;;
  *) [ ! -e "$of" ] || [ "$(readlink -f -- "$of")" = "$(readlink -f -- "$INVENTORY")" ] || echo "other ${file##*/} $of" ;;
  esac
done
for file in "$FOLDER"/credentials/*; do
  [ -f "$file" ] || continue
  echo "credential $(sha256sum <"$file" | cut -d ' ' -f 1) ${file##*/}"
done
for name in $NAMES; do
  $CTL show "$PREFIX$name.timer" -p ActiveState -p UnitFileState -p NextElapseUSecRealtime -p LastTriggerUSec |
    sed "s/^/timer $name /"
  echo "timer $name Running=$($CTL is-active "$PREFIX$name.service" 2>/dev/null)"
  [ ! -e "$FOLDER/$name.paused" ] || echo "paused $name $(head -n 1 "$FOLDER/$name.paused")"
  [ ! -e "$FOLDER/$name.json" ] || echo "last $name $(head -n 1 "$FOLDER/$name.json")"
done
true
