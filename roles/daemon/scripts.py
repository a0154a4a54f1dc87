"""The scripts that put a daemon.json in place and in force, and the old one back if the engine does not return."""

from __future__ import annotations

_COMMON = r"""
set -eu
say() { echo "$*" >&2; }
validate() {
  dockerd --help 2>&1 | grep -q -e '--validate' || return 0
  dockerd --validate --config-file "$FILES/daemon.json" >&2 || { say "refused by dockerd --validate"; exit 66; }
}
place() {
  mkdir -p "${file%/*}" "${memory%/*}"
  rm -f "$file.before-skep"
  if [ -e "$file" ]; then
    : "${mode:=$(stat -c %a "$file")}"
    cp -p "$file" "$file.before-skep" && chmod "$mode" "$file.before-skep"
  fi
  install -m "${mode:-644}" "$FILES/daemon.json" "$file.new" && mv -f "$file.new" "$file"
}
remember() { install -m 600 "$FILES/memory.json" "$memory.new" && mv -f "$memory.new" "$memory"; }
"""


def write_script(file: str, memory: str, *, mode: str = "") -> str:
    """POSIX sh; puts ``$FILES/daemon.json`` and ``$FILES/memory.json`` in place, each in one move.

    The first gets ``mode``, else that of the file it replaces, which is kept beside it as ``.before-skep``.
    Exit 66: refused by ``dockerd --validate``, where there is one; nothing was changed.
    """
    return f"file={file} mode={mode} memory={memory}\n{_COMMON}" + "\nvalidate\nplace\nremember\n"


def apply_script(file: str, memory: str, *, reload: bool, mode: str = "") -> str:
    """POSIX sh; reads ``$FILES/daemon.json`` and ``$FILES/memory.json``, writes as ``write_script`` does.

    Of a reload systemctl tells only that the signal was sent. The engine has an event for it, at any log level, once
    all keys are in force, and none where it refused one. Source: moby, daemon/reload.go.
    Exit 66: refused, old file in force.
    """
    return f"file={file} mode={mode} memory={memory} how={'reload' if reload else 'restart'}\n{_COMMON}" + (
        r"""
answers() { timeout 10 docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
reloaded() {
  timeout 10 docker events --since "$since" --until "$(date +%s.%N)" --filter type=daemon --filter event=reload \
    2>/dev/null | grep -q .
}
in_time() { i=0; while [ $i -lt 60 ]; do "$1" && return 0; sleep 0.5; i=$((i + 1)); done; return 1; }
validate
place
systemctl reset-failed docker.service 2>/dev/null || true
since=$(date +%s.%N)
if [ $how = reload ]; then sign=reloaded; else sign=answers; fi
if systemctl $how docker.service && in_time $sign; then
  remember
  exit 0
fi
if [ $how = reload ] && answers; then told="take the new file"; else how=restart told=return; fi
say "the engine did not $told; the old file is put back"
journalctl -u docker.service --since "@${since%.*}" -n 12 --no-pager -o cat >&2 || true
if [ -e "$file.before-skep" ]; then mv -f "$file.before-skep" "$file"; else rm -f "$file"; fi
if [ $how = reload ]; then systemctl reload docker.service || true; exit 66; fi
systemctl reset-failed docker.service 2>/dev/null || true
systemctl restart docker.service && in_time answers || say "and the engine does not start with the old file either"
exit 66
"""
    )
