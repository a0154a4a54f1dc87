"""``completion``: lets a shell complete tasks, options and names."""

from __future__ import annotations

import os
from pathlib import Path

from skep.cli.completion import SCRIPTS, script
from skep.cli.options import Option
from skep.commands.call import Call, task
from skep.errors import UsageError
from skep.files import put
from skep.shell import quoted


@task(
    "shell",
    effect="acts",
    inventory=None,
    shell=Option("bash, zsh or fish (default: the one of $SHELL)", "", "SHELL", ("bash", "zsh", "fish")),
)
def completion(call: Call, shell: str = "") -> None:
    """Install completion of tasks, options and names of the inventory in your shell.

    Example: invoke completion bash
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in SCRIPTS:
        raise UsageError(
            f"there is no completion for {shell or 'a shell without a name'}",
            next_action="name one: invoke completion bash",
        )
    home = Path.home()
    if shell == "fish":
        file = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "fish" / "conf.d" / "skep.fish"
    else:
        file = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "skep" / f"completion.{shell}"
    put(file, script(shell, [call.program.partition(" --site ")[0]]), folder=0o777)
    if shell != "fish":
        _read_by(Path(os.environ.get("ZDOTDIR") or home, ".zshrc") if shell == "zsh" else home / ".bashrc", file)
    call.tell.done(f"wrote {file}; shells that start from now on complete")


def _read_by(start: Path, file: Path) -> None:
    """The shell's start-up file reads the script; once is enough."""
    line = f"source {quoted(str(file))}\n".encode()
    try:
        text = start.read_bytes() if start.exists() else b""
    except OSError as error:
        raise UsageError(
            f"cannot read {start}", cause=error.strerror, next_action=f"see what it is: ls -ld {quoted(str(start))}"
        ) from None
    if line not in text:
        put(start, text + (b"" if text.endswith(b"\n") or not text else b"\n") + line)


TASKS = (completion,)
