# shellcheck shell=sh
# Removes what an earlier skep or site left in $FOLDER ($OLD, a line each), but for what a run uses that goes on for longer
# than a minute. What is half removed has another name than what is whole.

set -eu
. skep/schedules/used.sh
rm -rf -- "$FOLDER/site.gone"
printf '%s\n' "$OLD" | {
  seconds=60
  while IFS= read -r name; do
    while used "$FOLDER/$name" && [ "$seconds" -gt 0 ]; do sleep 1; seconds=$((seconds - 1)); done
    if used "$FOLDER/$name" || { [ ! -e "$FOLDER/$name" ] && [ ! -L "$FOLDER/$name" ]; }; then continue; fi
    mv -T -- "$FOLDER/$name" "$FOLDER/site.gone"
    rm -rf -- "$FOLDER/site.gone"
  done
}
