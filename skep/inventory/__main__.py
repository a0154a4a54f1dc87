"""Writes docs/inventory.md and docs/inventory.schema.json anew: ``python -m skep.inventory``."""

from __future__ import annotations

import json
from pathlib import Path

from skep.inventory import json_schema, reference_markdown

DOCS = Path("docs")


def schema_text() -> str:
    """The JSON Schema as its file holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    (DOCS / "inventory.md").write_text(reference_markdown(), encoding="utf-8")
    (DOCS / "inventory.schema.json").write_text(schema_text(), encoding="utf-8")
