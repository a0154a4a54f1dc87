"""The compose files as they are handed to Docker: configs and secrets named by content, for neither can be changed."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from typing import Any

import yaml

from skep.model import Stack

KINDS = ("configs", "secrets")


def rendered(stack: Stack) -> Mapping[str, bytes]:
    """The stack's files with a ``name`` for each config and secret that comes from a file and has none.

    A compose file in which nothing has to be named stays as it is, to the byte.
    """
    files = dict(stack.files)
    for path in stack.compose:
        document = yaml.safe_load(files[path]) or {}
        if _name_by_content(stack, path, document):
            files[path] = yaml.safe_dump(document, sort_keys=False).encode()
    return files


def _name_by_content(stack: Stack, path: str, document: Any) -> bool:
    named = False
    for kind in KINDS:
        entries = document.get(kind) if isinstance(document, dict) else None
        for key, entry in (entries or {}).items() if isinstance(entries, dict) else ():
            content = _content(stack, path, entry)
            if content is not None:
                mark = hashlib.sha256(f"{kind} {stack.name} {key}\n".encode() + content).hexdigest()[:10]
                entry["name"] = f"{stack.name}_{key}_{mark}"
                named = True
    return named


def _content(stack: Stack, path: str, entry: Any) -> bytes | None:
    """What the entry's file holds; ``None`` where it has no file of this stack or a name of its own."""
    if not isinstance(entry, dict) or "name" in entry or "external" in entry or not isinstance(entry.get("file"), str):
        return None
    return stack.files.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), entry["file"])))
