"""How values get into scripts, and pieces of POSIX sh that scripts of several roles are made of."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def quoted(*values: str | int) -> str:
    """The values as words of a shell, which it takes as they are, whatever they hold."""
    return shlex.join(map(str, values))


def exported(variables: Mapping[str, str | int]) -> str:
    """POSIX sh: these variables, for all that follows and all that it starts. They are named in capitals there, to tell
    them from the script's own."""
    return "".join(f"export {name}={quoted(value)}\n" for name, value in sorted(variables.items()))


BUSY = 75
"""What a script ends with that could not begin because something else is at work on the host; it has changed nothing,
said who that is, and may be run again. As EX_TEMPFAIL of sysexits.h."""

NO_ROOM = 73
"""What a script ends with that could not write a file: no room, no inodes, read-only, or something else lies there. The
reason is on stderr. As EX_CANTCREAT of sysexits.h."""

REPLACE = rf"""
replace() (
  [ -L "$2" ] || mkdir -p -- "${{2%/*}}" || exit {NO_ROOM}
  to=$(readlink -f -- "$2") || {{ echo "$2 is a link that leads nowhere" >&2; exit {NO_ROOM}; }}
  [ ! -d "$to" ] || {{ echo "$to is a folder where a file belongs" >&2; exit {NO_ROOM}; }}
  new=$(mktemp -- "$to.XXXXXXXX") || exit {NO_ROOM}
  trap 'rm -f -- "$new"' EXIT
  mode=${{3:-}}
  [ -e "$to" ] || mode=${{mode:-644}}
  if [ -n "$mode" ]; then chmod "$mode" "$new"; else cp --attributes-only --preserve=all -- "$to" "$new"; fi &&
    cat -- "$1" >"$new" && mv -fT -- "$new" "$to" || exit {NO_ROOM}
)
"""
"""``replace SOURCE FILE [MODE]`` puts the content of one file in place of another in one move. A link stays, and its
target is replaced. With a mode the file is root's; else it keeps owner, mode and attributes (new: 644).
Else ``NO_ROOM``, and nothing was changed."""

STARTING = r"""
started_before() { before=$(date +%s.%N | cut -c 1-17); }
this_start() {
  journalctl --sync 2>/dev/null || true
  since=$(journalctl --quiet --no-pager --since="@$before" --output=short-unix UNIT="$1" \
    MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 2>/dev/null | head -n 1 | cut -d ' ' -f 1)
  [ -n "$since" ] && journalctl --quiet --no-pager --output=cat --unit="$1" --since="@$since" | tail -n 12 >&2
}
why_not() {
  for unit in docker.service docker.socket containerd.service; do
    [ "$(systemctl show --property=LoadState --value "$unit" 2>/dev/null)" != masked ] || {
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
"""
"""``started_before`` notes the time, in microseconds, which not every ``date`` can print. After a start that failed,
``why_not`` says on stderr what the unit, or one it needs, has said from its first start since on.

The message id is that of PID 1's line that begins a start, in any locale. Lines are not chosen by the unit's
invocation id: those of a process that ends at once lack it. ``tail``, since journalctl of systemd 252 takes the first
lines where it is asked for some since a time."""
