"""``stack.render``: the merged compose files of a stack, or the specs as they would be sent."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Sequence
from pathlib import Path

from skep.commands.command_outputs import UNTOLD, Untold, commanded, with_outputs_of
from skep.commands.stack.by_name import named
from skep.compose import Document, convert, document_of, load, render
from skep.errors import UsageError
from skep.hidden import masked
from skep.inventory import load as read
from skep.inventory.stack_files import StackFiles
from skep.report import Reporter
from skep.secret import STARS

_UNTOLD = base64.b64encode(UNTOLD.encode()).decode()


def of_files(tell: Reporter, names: Sequence[str], *, name: str, json: bool) -> None:
    """Compose files without an inventory: variables come from the environment and ``.env`` beside the first.

    Without a name the stack is called as the first file's folder is, as Docker Compose calls a project.
    Commands of ``x-skep`` are not run: whoever looks at a file need not trust it.
    """
    here = Path.cwd().as_posix()
    files = StackFiles(Path(), home=os.environ.get("HOME"))
    document = load(files, list(names), variables={}, environment=os.environ, directory=here, outputs=Untold())
    without = [f"{section}.{one}" for section, one in commanded(document)]
    if without:
        tell.note(f"note: without the content of {', '.join(without)}: with --file their commands are not run")
    _show(tell, document, name or _project(Path(names[0])), json=json)


def _project(file: Path) -> str:
    return re.sub(r"[^a-z0-9_-]", "", file.resolve().parent.name.lower()).lstrip("_-") or "stack"


def of_inventory(tell: Reporter, path: Path, *, name: str, json: bool) -> None:
    """A stack of the inventory."""
    stacks = read(path).cluster.stacks
    if not name:
        names = ", ".join(stack.name for stack in stacks)
        raise UsageError("no stack is named", next_action=f"the inventory's are: {names or 'none'}")
    _show(tell, document_of(with_outputs_of(named(stacks, name))), name, json=json)


def _show(tell: Reporter, document: Document, stack: str, *, json: bool) -> None:
    """The YAML with warnings as comments before it, or one JSON event. Secrets are stars in both."""
    specs = convert(document, stack)
    sign = "" if json else "# "
    for remark in document.remarks:
        tell.say(f"{sign}warning: {remark}")
    if not json:
        tell.document(render(document).rstrip("\n"))
        return
    sent = masked(specs.as_json(), document.hidden)
    for secret in sent["secrets"].values():
        secret.update({"Data": STARS} if "Data" in secret else {})
    for config in sent["configs"].values():
        config.update({"Data": STARS} if config.get("Data") == _UNTOLD else {})
    tell.data("specs", {"stack": stack, "variables": dict(document.origins), **sent})
