"""A ``Run`` or ``Put`` step as the sh script that is sent: everything over stdin, nothing left behind."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from skep.plan import Put, Run, file_bytes
from skep.secret import Secret
from skep.shell import NO_ROOM, exported, quoted, script


def run_script(step: Run) -> str:
    """The step's script with its variables exported and its files laid under ``$FILES``, removed at the end."""
    return _script(step.script, step.files, step.variables)


def put_script(step: Put) -> str:
    """Replace the file in one move, with its mode; through a link, and never by putting it into a folder."""
    replace = f'{script("skep/replace.sh")}replace "$FILES/content" {quoted(step.path)} {step.mode:o}'
    return _script(replace, {"content": step.content}, {})


def _script(
    text: str, files: Mapping[str, bytes | Mapping[str, object]], variables: Mapping[str, str | int | Secret]
) -> str:
    lines = [
        "umask 077",
        exported({name: value.reveal() if isinstance(value, Secret) else value for name, value in variables.items()}),
    ]
    if files:
        lines += [f"FILES=$(mktemp -d /run/skep.XXXXXXXX) || exit {NO_ROOM}", "trap 'rm -rf \"$FILES\"' EXIT"]
        lines += ["trap 'exit 143' HUP INT TERM", "export FILES"]
        lines += _lay(files)
    lines += ["umask 022", "(", text, ")"]
    return "\n".join(lines)


def _lay(files: Mapping[str, bytes | Mapping[str, object]]) -> list[str]:
    lines: list[str] = []
    for name, content in sorted(files.items()):
        path = f'"$FILES"/{quoted(name)}'
        lines += [f'mkdir -p "$(dirname {path})"', f"{_decode(file_bytes(content))} >{path} || exit {NO_ROOM}"]
    return lines


def _decode(content: bytes) -> str:
    return f"printf %s {base64.b64encode(content).decode() or repr('')} | base64 -d"
