"""How a repository with an own inventory begins."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from skep import __version__, shipped
from skep.files import put
from skep.inventory import json_schema
from skep.reading.documented import HostKeys

TEMPLATES = Path(__file__).parent / "template"
SCHEMA = "inventory/schema.json"
EXAMPLE = "inventory/example.yml"
FILES = {
    "README.md": "README.md",
    "invoke.yaml": "invoke.yaml",
    "tasks.py": "tasks",
    ".gitignore": "gitignore",
    "stacks/web/compose.yml": "compose.yml",
    "stacks/web/index.html": "index.html",
    ".githooks/pre-commit": "pre-commit",
    ".github/workflows/skep.yml": "github.yml",
    ".gitlab-ci.yml": "gitlab.yml",
}
"""Each file of a new site, and the template it comes from."""
STACKS = "stacks"


def lay_out(site: Path, host_keys: HostKeys) -> Iterator[tuple[str, bool]]:
    """Write what is not there yet; gives each file's name and whether it was written. Never overwrites, and adds no
    first stack where there are stacks. ``host_keys`` are those of the site's roles."""
    has_stacks = (site / STACKS).is_dir() and any((site / STACKS).iterdir())
    for name, template in FILES.items():
        if not (has_stacks and name.startswith(f"{STACKS}/")):
            text = (TEMPLATES / template).read_text(encoding="utf-8").replace("@REQUIRES@", compatible(__version__))
            yield name, _write(site / name, text, program=template == "pre-commit")
    yield EXAMPLE, _write(site / EXAMPLE, example_text())
    yield SCHEMA, _write(site / SCHEMA, schema_text(host_keys))


def schema_text(host_keys: HostKeys) -> str:
    """The JSON Schema of inventories, for editors."""
    return json.dumps(json_schema(host_keys), indent=2, ensure_ascii=False) + "\n"


def example_text() -> str:
    """An inventory with every key there is."""
    text = (shipped.FOLDER / EXAMPLE).read_text(encoding="utf-8")
    return text.replace("../docs/inventory.schema.json", Path(SCHEMA).name)


def compatible(version: str) -> str:
    """The versions that read what this one wrote: ``>=0.3,<0.4``; from 1 on ``>=1.2,<2``."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"


def _write(path: Path, text: str, *, program: bool = False) -> bool:
    """Whether it was written: not over what is there."""
    if os.path.lexists(path):
        return False
    put(path, text, mode=0o755 if program else None, folder=0o777)
    return True
