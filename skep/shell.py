"""Pieces of POSIX sh that scripts of several roles are made of."""

from __future__ import annotations

BUSY = 75
"""What a script ends with that could not begin because something else is at work on the host; it has changed nothing,
said who that is, and may be run again. As EX_TEMPFAIL of sysexits.h."""

REPLACE = r"""
replace() (
  to=$(readlink -f -- "$2") || { echo "$2 is a link that leads nowhere" >&2; exit 74; }
  [ ! -d "$to" ] || { echo "$to is a folder where a file belongs" >&2; exit 74; }
  mkdir -p -- "${to%/*}" && new=$(mktemp -- "$to.XXXXXXXX") || exit 74
  trap 'rm -f -- "$new"' EXIT
  if [ -n "${3:-}" ]; then mode=$3; elif [ -e "$to" ]; then mode=; else mode=644; fi
  if [ -n "$mode" ]; then chmod "$mode" "$new"; else cp --attributes-only --preserve=all -- "$to" "$new"; fi &&
    cat -- "$1" >"$new" && mv -fT -- "$new" "$to" || exit 74
)
"""
"""``replace SOURCE FILE [MODE]`` puts the content of one file in place of another in one move. A link stays, and its
target is replaced. With a mode the file is root's; else it keeps owner, mode and attributes (new: 644).
Status 74 with words on stderr: nothing was changed."""

STARTING = r"""
told() { systemctl show --property="$1" --value "${2:-docker.service}" 2>/dev/null; }
started_before() { invocation=$(told InvocationID); }
why_not() {
  now=$(told InvocationID)
  for unit in docker.service docker.socket containerd.service; do
    [ "$(told LoadState "$unit")" != masked ] || {
      echo "$unit is masked: on this host run systemctl unmask $unit" >&2
      return 0
    }
  done
  unit=docker.service
  [ -n "$now" ] && [ "$now" != "${invocation-}" ] || {
    now=
    for unit in docker.socket containerd.service; do
      ! systemctl is-failed --quiet "$unit" || { now=$(told InvocationID "$unit"); break; }
    done
  }
  [ -n "$now" ] || {
    echo "docker.service was not even tried: systemctl status docker.service tells why" >&2
    return 0
  }
  journalctl --quiet --no-pager --output=cat _SYSTEMD_INVOCATION_ID="$now" + INVOCATION_ID="$now" 2>/dev/null |
    tail -n 12 >&2
}
"""
"""``started_before`` notes the start of docker.service that was the last one. After a start that failed, ``why_not``
says on stderr what the unit, or the one it needs, said in this start and in no other.

The id is systemd's (``INVOCATION_ID`` is in the lines of PID 1 about the unit). ``tail``, since journalctl of systemd
252 takes the first lines where it is asked for some since a time."""
