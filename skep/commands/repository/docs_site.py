"""The docs site: the documents as they lie in the repository, built by MkDocs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from skep.errors import SkepError, UsageError
from skep.report import Reporter

START = (Path("README.md"), Path("docs/tasks.md"))
CONFIG = Path("mkdocs.yml")
STYLE = Path("docs/site.css")
LINK = re.compile(r"\]\(([^)\s#:]+)[^)\s]*\)")


def build(folder: Path, tell: Reporter) -> None:
    """Build the site into a folder. Raises ``SkepError`` for a dead link, or where MkDocs is not installed."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "index.html").exists():
        raise UsageError(f"{folder} holds something else than a site", next_action="name a new or an empty folder")
    mkdocs = shutil.which("mkdocs", path=str(Path(sys.executable).parent)) or shutil.which("mkdocs")
    if mkdocs is None:
        raise SkepError(
            "MkDocs is not installed here",
            next_action=f"{sys.executable} -m pip install 'mkdocs-material>=9.6,<10'\nthen run the same command again",
        )
    with TemporaryDirectory(prefix="skep-docs-") as made:
        shutil.copy(CONFIG, made)
        for path in (STYLE, *reached()):
            target = Path(made, "pages", path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        argv = [mkdocs, "build", "--strict", "--quiet", "--config-file", f"{made}/{CONFIG}", "--site-dir", str(folder)]
        ended = subprocess.run(argv, check=False, capture_output=True, text=True)
    if ended.returncode:
        raise SkepError("the docs site cannot be built", cause=ended.stderr.strip().replace(f"{made}/pages/", ""))
    tell.done(f"wrote {folder}/index.html")


def reached() -> list[Path]:
    """Every file that a reader gets to by links from the start, as far as it is in the repository."""
    found: dict[Path, None] = {}
    waiting = list(START)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = None
            waiting += _linked(path) if path.suffix == ".md" else ()
    return sorted(found)


def _linked(page: Path) -> Iterator[Path]:
    root = Path.cwd()
    for target in LINK.findall(page.read_text()):
        path = (page.parent / target.replace("\\", "")).resolve()
        path = path / "README.md" if path.is_dir() else path
        if path.is_file() and path.is_relative_to(root):
            yield path.relative_to(root)
