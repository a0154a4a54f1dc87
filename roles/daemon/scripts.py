"""The scripts that put a daemon.json in place and in force, and the old one back if the engine does not return."""

from __future__ import annotations


def write_script(file: str, memory: str, *, mode: str = "") -> str:
    """POSIX sh; puts ``$FILES/daemon.json`` and ``$FILES/memory.json`` in place, each in one move.

    The first gets ``mode``, else that of the file it replaces.
    """
    return f"""
set -eu
mode={mode or f"$(stat -c %a {file} 2>/dev/null || echo 644)"}
mkdir -p "{file.rpartition("/")[0]}" "{memory.rpartition("/")[0]}"
install -m "$mode" "$FILES/daemon.json" "{file}.new" && mv -f "{file}.new" "{file}"
install -m 600 "$FILES/memory.json" "{memory}.new" && mv -f "{memory}.new" "{memory}"
"""


def apply_script(file: str, memory: str, *, reload: bool, mode: str = "") -> str:
    """POSIX sh; reads ``$FILES/daemon.json`` and ``$FILES/memory.json``, writes as ``write_script`` does.

    Exit 66: refused, old file in force.
    """
    return f"""
file={file} mode={mode} memory={memory} how={"reload" if reload else "restart"}
""" + (
        r"""
set -eu
say() { echo "$*" >&2; }
answers() { timeout 10 docker info --format '{{.ServerVersion}}' >/dev/null 2>&1; }
wait_for_engine() { i=0; while [ $i -lt 60 ]; do answers && return 0; sleep 0.5; i=$((i + 1)); done; return 1; }
if dockerd --help 2>&1 | grep -q -e '--validate'; then
  dockerd --validate --config-file "$FILES/daemon.json" >&2 || { say "refused by dockerd --validate"; exit 66; }
fi
mkdir -p "${file%/*}" "${memory%/*}"
rm -f "$file.before-skep"
if [ -e "$file" ]; then
  : "${mode:=$(stat -c %a "$file")}"
  cp -p "$file" "$file.before-skep" && chmod "$mode" "$file.before-skep"
fi
install -m "${mode:-644}" "$FILES/daemon.json" "$file.new" && mv -f "$file.new" "$file"
systemctl reset-failed docker.service 2>/dev/null || true
if systemctl "$how" docker.service && wait_for_engine; then
  install -m 600 "$FILES/memory.json" "$memory.new" && mv -f "$memory.new" "$memory"
  exit 0
fi
say "the engine did not return; the old file is put back"
journalctl -u docker.service -n 15 --no-pager -o cat >&2 || true
if [ -e "$file.before-skep" ]; then mv -f "$file.before-skep" "$file"; else rm -f "$file"; fi
systemctl reset-failed docker.service 2>/dev/null || true
systemctl restart docker.service && wait_for_engine || say "and the engine does not start with the old file either"
exit 66
"""
    )
