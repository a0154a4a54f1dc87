"""What configs and secrets hold: from a file, a variable or the compose file itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from skep.compose.keys.options import KEY as OPTIONS
from skep.compose.variables import Variables
from skep.dataclass import dataclass
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.value_kinds import At
from skep.reading.values import Fields
from skep.refusals.names import is_external as external
from skep.refusals.names import own_name
from skep.secret import Secret

__all__ = ["Contents", "external", "own_name"]

_SOURCES = ("file", "environment", "content", "command", "driver")


@dataclass
class Contents:
    """Reads the contents; ``file`` gives a named file's, or ``None`` after saying what is wrong."""

    file: Callable[[str, At, Place], bytes | None]
    variables: Variables
    findings: Findings
    outputs: Mapping[tuple[str, ...], Secret]
    """What commands printed, by their words."""
    found: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def read(self, data: Fields) -> None:
        """All configs and secrets of the document that are not external."""
        for section in ("configs", "secrets"):
            for name, one in data.get(section, {}).items():
                self._one(section, name, one)

    def _one(self, section: str, name: str, one: Fields) -> None:
        path: KeyPath = (section, name)
        given = [key for key in _SOURCES if one.get(key) or (key == "content" and key in one)]
        if external(one):
            for key in (*given, OPTIONS, "labels", "template_driver", "driver_opts"):
                if key in one:
                    self.findings.error((*path, key), "cannot be set for an external one", one.where(key))
            return
        given += ["command"] if OPTIONS in one else []
        if self._has_errors(one, path):
            return
        if len(given) != 1:
            message = f"needs one of {', '.join(_SOURCES if section == 'secrets' else _SOURCES[:4])}, or external"
            if given:
                message = f"has {' and '.join(given)}: only one can be"
            self.findings.error(path, message, one.place)
            return
        key = given[0]
        content = b"" if key == "driver" else self._content(key, one, path)
        if content is not None:
            self.found[section, name] = content

    def _has_errors(self, one: Fields, path: KeyPath) -> bool:
        """Whether an error was noted for what it holds."""
        broken = any(self.findings.is_broken((*path, key)) for key in (*_SOURCES, "external", OPTIONS))
        return broken or (OPTIONS in one and "command" not in one[OPTIONS])

    def _content(self, key: str, one: Fields, path: KeyPath) -> bytes | None:
        if key == "content":
            return str(one[key]).encode()
        if key == "command":
            printed = self.outputs.get(tuple(one[OPTIONS]["command"]))
            if printed is None:
                self.findings.error((*path, OPTIONS, "command"), "has no output: it was not run", one.where(OPTIONS))
                return None
            return printed.reveal().encode(errors="surrogateescape")
        if key == "environment":
            value = self.variables.peek(one[key])
            if value is None:
                message = f"the variable {self.findings.value(one[key])} is not set"
                self.findings.error((*path, key), message, one.where(key))
            return None if value is None else value.encode()
        return self.file(one[key], At(self.findings, (*path, key)), one.where(key))
