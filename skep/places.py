"""Which process is a host's engine, and where it keeps its data: POSIX sh for probes, which start nothing."""

from __future__ import annotations

ENGINE_PID = r"""
engine_pid() {
  for pid in $(systemctl show -p MainPID --value docker.service 2>/dev/null) $(cat /var/run/docker.pid 2>/dev/null); do
    grep -qsx dockerd "/proc/$pid/comm" && { echo "$pid"; return; }
  done
  return 1
}
"""
"""``engine_pid`` prints the process of the engine that runs, or fails. A ``pidfile`` elsewhere hides it from
/var/run/docker.pid, a unit of another name from systemd; a process of that name alone may be in a container."""

DATA_ROOTS = (
    ENGINE_PID
    + r"""
engine_words() {
  if pid=$(engine_pid); then
    tr '\0' '\n' <"/proc/$pid/cmdline"
  else
    systemctl show -p ExecStart --value docker.service 2>/dev/null | sed 's/.*argv\[\]=//; s/ ;.*//' | tr ' ' '\n'
    sed -n 's/^ *DOCKER_OPTS=//p' /etc/default/docker 2>/dev/null | tr " \"'" '\n'
  fi
}
written_root() {
  config=$(printf '%s\n' "${words-$(engine_words)}" |
    awk '/^--?config-file$/ { getline; print; next } sub(/^--?config-file=/, "") { print }')
  cat "${config:-/etc/docker/daemon.json}" 2>/dev/null | tr -d '\n' |
    sed -n 's/.*"\(data-root\|graph\)"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\2/p' | sed 's:\\/:/:g'
}
data_roots() {
  words=$(engine_words) || :
  {
    printf '%s\n' "$words" | awk '/^(--?data-root|--?graph|-g)$/ { getline; print; next }
      sub(/^(--?data-root|--?graph|-g)=/, "") { print }'
    written_root
    printf '\n/var/lib/docker\n'
  } | while IFS= read -r root; do
    for place in "$root" "$root"/[0-9]*.[0-9]*; do
      [ -z "$root" ] || [ ! -d "$place" ] || readlink -f "$place"
    done
  done | awk '!seen[$0]++'
}
"""
)
"""``data_roots`` prints the folders that may be the engine's data root, the likeliest first, links followed: what the
process or its unit was told, what daemon.json says (``written_root``), Docker's default, and what ``userns-remap``
makes below each."""
