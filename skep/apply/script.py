"""A ``Run`` or ``Put`` step as the sh script that is sent: everything over stdin, nothing left behind."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from typing import Any

from skep.model import reveal
from skep.plan import Put, Run, file_bytes


def run_script(step: Run) -> str:
    """The step's script with its variables exported and its files laid under ``$FILES``, removed at the end."""
    lines = ["umask 077"]
    lines += [f"export {name}={shlex.quote(reveal(value))}" for name, value in sorted(step.secrets.items())]
    if step.files:
        lines += ["FILES=$(mktemp -d /run/skep.XXXXXXXX) || exit 73", "trap 'rm -rf \"$FILES\"' EXIT"]
        lines += ["trap 'exit 143' HUP INT TERM", "export FILES"]
        lines += _lay(step.files)
    lines += ["umask 022", "(", step.script, ")"]
    return "\n".join(lines)


def put_script(step: Put) -> str:
    """Write the file beside its place with its mode, then move it there."""
    path = shlex.quote(step.path)
    return f"""set -e
mkdir -p "$(dirname {path})"
umask 077
{_decode(step.content)} >{path}.skep-new
chmod {step.mode:o} {path}.skep-new
mv -f {path}.skep-new {path}"""


def _lay(files: Mapping[str, bytes | Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for name, content in sorted(files.items()):
        path = f'"$FILES"/{shlex.quote(name)}'
        lines += [f'mkdir -p "$(dirname {path})"', f"{_decode(file_bytes(content))} >{path} || exit 73"]
    return lines


def _decode(content: bytes) -> str:
    return f"printf %s {base64.b64encode(content).decode() or repr('')} | base64 -d"
