# shellcheck shell=sh
# Removes what an earlier skep or site left in $FOLDER ($OLD, a line each), but for what a run uses that goes on for longer
# than some seconds. What is half removed has another name than what is whole.

set -eu
. skep/schedules/used.sh
printf '%s\n' "$OLD" | while IFS= read -r name; do
  seconds=20
  while used "$FOLDER/$name" && [ "$seconds" -gt 0 ]; do sleep 1; seconds=$((seconds - 1)); done
  [ "$seconds" -gt 0 ] || continue
  [ -e "$FOLDER/$name" ] || continue
  rm -rf -- "$FOLDER/site.gone"
  mv -T -- "$FOLDER/$name" "$FOLDER/site.gone"
  rm -rf -- "$FOLDER/site.gone"
done
