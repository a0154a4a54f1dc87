# shellcheck shell=sh
# started_before notes the time, in microseconds, which not every date can print. After a start that failed, why_not says on
# stderr what the unit, or one it needs, has said from its first start since on, and what to do where runc is missing, which
# no setting puts right.
#
# The message id is that of PID 1's line that begins a start, in any locale. Lines are not chosen by the unit's invocation
# id: those of a process that ends at once lack it. tail, since journalctl of systemd 252 takes the first lines where it is
# asked for some since a time.
#
# start_at_boot enables docker.service. Where it is enabled, it is not asked again: with an old init script beside the
# unit, that takes as long as all else after an installation.

started_before() { before=$(date +%s.%N | cut -c 1-17); }
start_at_boot() {
  [ "$(systemctl is-enabled docker.service 2>/dev/null)" = enabled ] || systemctl enable --quiet docker.service
}
this_start() {
  journalctl --sync 2>/dev/null || true
  since=$(journalctl --quiet --no-pager --since="@$before" --output=short-unix UNIT="$1" \
    MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 2>/dev/null | head -n 1 | cut -d ' ' -f 1)
  [ -n "$since" ] || return 1
  said=$(journalctl --quiet --no-pager --output=cat --unit="$1" --since="@$since")
  printf '%s\n' "$said" | tail -n 12 >&2
  case $said in *'failed to find runc binary'*) no_runc >&2 ;; esac
}
no_runc() { # containerd.io brings one; the distributions have a package of that name. Source: moby, buildkit: runcexecutor
  remedy=
  if command -v dpkg-query >/dev/null; then
    there=$(dpkg-query -W -f '${db:Status-Status} ${Package}=${Version}\n' containerd.io runc 2>/dev/null |
      sed -n 's/^installed //p' | head -n 1)
    remedy="apt-get install ${there:+--reinstall }${there:-runc}"
  elif command -v rpm >/dev/null && command -v dnf >/dev/null; then
    remedy="dnf install runc"
    for name in containerd.io runc; do
      if rpm -q "$name" >/dev/null; then remedy="dnf reinstall $name"; break; fi
    done
  fi
  echo "no runc is found here, and this engine does not start without it${remedy:+; on this host: $remedy}"
}
why_not() {
  for unit in docker.service docker.socket containerd.service; do
    [ "$(systemctl show --property=LoadState "$unit" 2>/dev/null)" != LoadState=masked ] || {
      echo "$unit is masked: on this host run systemctl unmask $unit" >&2
      return 0
    }
  done
  this_start docker.service && return
  for unit in docker.socket containerd.service; do
    if systemctl is-failed --quiet "$unit"; then this_start "$unit" && return; fi
  done
  echo "the journal holds no line of this start; on this host: systemctl status docker.service" >&2
}
