"""A page as HTML: one file that asks for nothing else. Every text of others is escaped by the template engine."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from skep import __version__

HERE = Path(__file__).parent


def render(template: Path, **values: object) -> str:
    """The whole page; the template extends ``page.html.j2``, whose blocks it fills."""
    environment = Environment(
        loader=FileSystemLoader([template.parent, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (HERE / "page.css").read_text(), (HERE / "page.js").read_text()
    return environment.get_template(template.name).render(
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=__version__,
        **values,
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
