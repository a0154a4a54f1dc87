# shellcheck shell=sh
# Puts the file in place and in force: $HOW is reload or restart, or keep where the next start will do. The old one is
# put back if the engine does not take the new one, or does not return with it: exit 66.
#
# Of a reload systemctl reports only that the signal was sent. The engine has an event for it, at any log level, once all
# keys are in force, and none where it refused one. Source: moby, daemon/reload.go.

. roles/daemon/place.sh
. skep/starting.sh
answers() { timeout 10 docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
# shellcheck disable=SC2329 # by the name in $sign
reloaded() {
  timeout 10 docker events --since "$since" --until "$(date +%s.%N)" --filter type=daemon --filter event=reload \
    2>/dev/null | grep -q .
}
in_time() { i=0; while [ $i -lt 60 ]; do "$1" && return 0; sleep 0.5; i=$((i + 1)); done; return 1; }
since_before() {
  journalctl --quiet --no-pager --unit=docker.service --since="@$before" --output=cat | tail -n 12 >&2 || true
}
put_back() {
  rm -f -- "$MEMORY.new"
  proxy_back || say "the old proxy could not be put back: it is $PROXY.before-skep"
  if [ ! -e "$FILE.before-skep" ]; then rm -f -- "$(readlink -f -- "$FILE")"; return; fi
  replace "$FILE.before-skep" "$FILE" && rm -f -- "$FILE.before-skep"
}
validate
place
[ "$HOW" != keep ] || { remember; exit 0; }
systemctl reset-failed docker.service 2>/dev/null || true
started_before
since=$(date +%s.%N)
if [ "$HOW" = reload ]; then sign=reloaded; else sign=answers; fi
if systemctl "$HOW" docker.service && in_time $sign; then
  remember
  exit 0
fi
if [ "$HOW" = reload ] && answers; then missed="take the new file"; else missed="return"; fi
say "the engine did not $missed; the old file is put back"
if [ "$HOW" = restart ]; then why_not; else since_before; fi
put_back || say "the old file could not be put back: it is $FILE.before-skep"
if [ "$missed" != return ]; then systemctl reload docker.service || true; exit 66; fi
systemctl reset-failed docker.service 2>/dev/null || true
# shellcheck disable=SC2015
systemctl restart docker.service && in_time answers ||
  say "and the engine does not start with the old file either: the cause may be outside of both"
exit 66
