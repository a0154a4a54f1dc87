"""What the tasks of ``inventory.*`` do: check a file, write a first one, print its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from skep.accepting import judged, remarked
from skep.commands.command_outputs import Untold
from skep.compose import ComposeError, convert, document_of
from skep.errors import UsageError
from skep.files import put
from skep.inventory import Ids, initial, json_schema, load, merged, reference_markdown
from skep.inventory.which_file import SUFFIXES
from skep.model import Stack
from skep.reading.documented import HostKeys
from skep.reading.wording import quoted
from skep.report import Reporter
from skep.site.layout import SCHEMA

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names of environments: no paths."""


def check(path: Path, tell: Reporter, host_keys: HostKeys | None = None, ids: Ids | None = None) -> None:
    """Say that a file and the compose files of its stacks are right, or every error of the one or the others at once.

    Commands of ``x-skep`` are not run.
    """
    found = load(path, host_keys=host_keys, ids=ids)
    tell.findings([judged(one, found.cluster.accepted, date.today()) for one in remarked(found.remarks)])
    cluster = found.cluster
    problems = [problem for stack in cluster.stacks for problem in stack_problems(stack)]
    if problems:
        raise ComposeError(problems)
    counted = {
        "manager": cluster.managers,
        "worker": cluster.workers,
        "network": cluster.networks,
        "stack": cluster.stacks,
    }
    counts = [f"{len(found)} {what}{'' if len(found) == 1 else 's'}" for what, found in counted.items()]
    tell.done(f"{path} is valid: {', '.join(counts)}")


def show(path: Path, tell: Reporter, host_keys: HostKeys, ids: Ids, *, as_json: bool) -> None:
    """An inventory with what it extends, which must be right."""
    load(path, host_keys=host_keys, ids=ids)
    found = merged(path)
    if as_json:
        tell.data("inventory", {"inventory": found.data(), "origins": found.origins()})
    else:
        tell.document(found.text())


def stack_problems(stack: Stack) -> list[str]:
    """Every error of a stack's compose files. Commands of ``x-skep`` are not run."""
    try:
        convert(document_of(replace(stack, outputs=Untold())), stack.name)
    except ComposeError as error:
        return error.problems
    return []


def init(hosts: str, name: str, folder: Path, tell: Reporter) -> None:
    """Write a first inventory from host names or addresses, as ``-i NAME`` finds it, and say what comes next."""
    path = write_first(hosts, name, folder)
    tell.done(f"wrote {path}; next: invoke inventory.check -i {name}, then invoke cluster.plan -i {name}")


def write_first(hosts: str, name: str, folder: Path, *, stacks: Sequence[str] = ()) -> Path:
    """The file of a first inventory. Raises ``UsageError``; then nothing was written."""
    if not PLAIN.fullmatch(name) or name.endswith(SUFFIXES):
        raise UsageError(
            f"--name {quoted(name)} is not a plain name",
            next_action="letters, digits, '-', '_' and dots, such as --name prod; the file is inventory/prod.yml then",
        )
    path = folder / f"{name}.yml"
    names = hosts.replace(",", " ").split()
    if not names:
        raise UsageError("no hosts given", next_action="invoke inventory.init --hosts m1,m2,m3,w1")
    if path.exists():
        raise UsageError(f"{path} is there already", next_action="name another file with --name")
    schema = None if (folder.parent / "docs" / "inventory.schema.json").is_file() else Path(SCHEMA).name
    text = initial(names, stacks=stacks, schema=schema)
    put(path, text, folder=0o777)
    return path


def docs(folder: Path, tell: Reporter, host_keys: HostKeys) -> None:
    """Write the reference and the JSON Schema of the inventory."""
    put(folder / "inventory.md", reference_markdown(host_keys))
    put(folder / "inventory.schema.json", json.dumps(json_schema(host_keys), indent=2) + "\n")
    tell.done(f"wrote {folder}/inventory.md and {folder}/inventory.schema.json")
