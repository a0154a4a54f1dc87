"""The docs site has every document, and its settings load nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import yaml

from skep.commands.repository import docs_site

ROOT = Path(__file__).parents[3]
CONFIG = (ROOT / "mkdocs.yml").read_text()
SETTINGS = yaml.safe_load(CONFIG)


def test_every_document_can_be_reached_by_links_from_the_start() -> None:
    documents = {path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")}
    assert documents <= set(docs_site.reached())


def test_what_the_menu_names_is_there() -> None:
    named = {Path(path) for one in SETTINGS["nav"] for path in one.values()}
    assert len(named) > 5 and named <= set(docs_site.reached())


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert SETTINGS["theme"]["font"] is False
    assert "://" not in CONFIG and "url(" not in (ROOT / "docs/site.css").read_text()
    assert "offline" not in SETTINGS["plugins"], "its pages load a script from elsewhere"
    assert all((ROOT / path).is_file() for path in SETTINGS["extra_css"])
