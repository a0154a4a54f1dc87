"""The scripts that put a daemon.json in place and in force, and the old one back if the engine does not return."""

from __future__ import annotations

from skep.shell import NO_ROOM, REPLACE, STARTING

_COMMON = (
    "set -eu"
    + REPLACE
    + rf"""
say() {{ echo "$*" >&2; }}
validate() {{
  dockerd --help 2>&1 | grep -q -e '--validate' || return 0
  dockerd --validate --config-file "$FILES/daemon.json" >&2 || {{ say "refused by dockerd --validate"; exit 66; }}
}}
keep() {{
  if [ -e "$file" ]; then
    replace "$file" "$file.before-skep" "${{mode:-$(stat -Lc %a "$file")}}"
  else
    rm -f -- "$file.before-skep"
  fi
}}
place() {{
  [ ! -d "$memory" ] || {{ say "$memory is a folder where a file belongs"; exit {NO_ROOM}; }}
  replace "$FILES/memory.json" "$memory.new" 600 && keep &&
    replace "$FILES/daemon.json" "$file" "$mode" || {{ say "nothing was changed"; exit {NO_ROOM}; }}
}}
remember() {{ mv -fT -- "$memory.new" "$memory"; }}
"""
)
"""What is remembered is written first, and only moved to its place once the file is in force: that takes no room, and
while it is not there, the file counts as not in force."""


def write_script(file: str, memory: str, *, mode: str = "") -> str:
    """POSIX sh; puts ``$FILES/daemon.json`` and ``$FILES/memory.json`` in place, each in one move.

    The first gets ``mode``, else owner and mode of the file it replaces, which is kept beside it as ``.before-skep``;
    a link stays one. Exit 66: refused by ``dockerd --validate``, where there is one; nothing was changed.
    """
    return f"file={file} mode={mode} memory={memory}\n{_COMMON}\nvalidate\nplace\nremember\n"


def apply_script(file: str, memory: str, *, reload: bool, mode: str = "") -> str:
    """POSIX sh; reads ``$FILES/daemon.json`` and ``$FILES/memory.json``, writes as ``write_script`` does.

    Of a reload systemctl tells only that the signal was sent. The engine has an event for it, at any log level, once
    all keys are in force, and none where it refused one. Source: moby, daemon/reload.go.
    Exit 66: refused, old file in force.
    """
    return (
        f"file={file} mode={mode} memory={memory} how={'reload' if reload else 'restart'}\n"
        + _COMMON
        + STARTING
        + r"""
answers() { timeout 10 docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
reloaded() {
  timeout 10 docker events --since "$since" --until "$(date +%s.%N)" --filter type=daemon --filter event=reload \
    2>/dev/null | grep -q .
}
in_time() { i=0; while [ $i -lt 60 ]; do "$1" && return 0; sleep 0.5; i=$((i + 1)); done; return 1; }
since_before() {
  journalctl --quiet --no-pager --unit=docker.service --since="@$before" --output=cat | tail -n 12 >&2 || true
}
put_back() {
  rm -f -- "$memory.new"
  if [ ! -e "$file.before-skep" ]; then rm -f -- "$(readlink -f -- "$file")"; return; fi
  replace "$file.before-skep" "$file" && rm -f -- "$file.before-skep"
}
validate
place
systemctl reset-failed docker.service 2>/dev/null || true
started_before
since=$(date +%s.%N)
if [ $how = reload ]; then sign=reloaded; else sign=answers; fi
if systemctl $how docker.service && in_time $sign; then
  remember
  exit 0
fi
if [ $how = reload ] && answers; then told="take the new file"; else told=return; fi
say "the engine did not $told; the old file is put back"
if [ $how = restart ]; then why_not; else since_before; fi
put_back || say "the old file could not be put back: it is $file.before-skep"
if [ "$told" != return ]; then systemctl reload docker.service || true; exit 66; fi
systemctl reset-failed docker.service 2>/dev/null || true
systemctl restart docker.service && in_time answers || say "and the engine does not start with the old file either"
exit 66
"""
    )
