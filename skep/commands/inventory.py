"""``inventory.*``: check a file, write a first one, print its schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

from skep.errors import UsageError
from skep.inventory import initial, json_schema, load, reference_markdown
from skep.inventory.choice import SUFFIXES
from skep.inventory.wording import quoted
from skep.report import Reporter

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names of environments: no paths."""


def check(path: Path, tell: Reporter) -> None:
    """Say that a file is right, or every error at once."""
    found = load(path)
    for warning in found.warnings:
        tell.say(f"warning: {warning}")
    cluster = found.cluster
    counted = {
        "manager": cluster.managers,
        "worker": cluster.workers,
        "network": cluster.networks,
        "stack": cluster.stacks,
    }
    counts = [f"{len(found)} {what}{'' if len(found) == 1 else 's'}" for what, found in counted.items()]
    tell.done(f"{path} is valid: {', '.join(counts)}")


def init(hosts: str, name: str, folder: Path, tell: Reporter) -> None:
    """Write a first inventory from host names or addresses, as ``-i NAME`` finds it."""
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
    text = initial(names)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    tell.done(f"wrote {path}; next: invoke inventory.check -i {name}, then invoke cluster.plan -i {name}")


def docs(folder: Path, tell: Reporter) -> None:
    """Write the reference and the JSON Schema of the inventory."""
    (folder / "inventory.md").write_text(reference_markdown())
    (folder / "inventory.schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n")
    tell.done(f"wrote {folder}/inventory.md and {folder}/inventory.schema.json")
