"""Where variables get their values: the inventory first, then the environment, then ``.env`` beside the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from skep.compose.template import MAX_GIVEN, BadTemplate
from skep.dataclass import dataclass
from skep.kinds.files import ENV_FILE_QUOTES
from skep.model import Secret
from skep.reading.findings import Findings, Place

_COMMENT = re.compile(r"\s#")
_VARIABLE = re.compile(r"\$\{[A-Za-z_]\w*(:?[-+?][^}]*)?\}")


@dataclass
class Variables:
    """Looks variables up and remembers which were used, and where their values came from."""

    inventory: Mapping[str, str | Secret]
    environment: Mapping[str, str]
    findings: Findings
    dotenv: dict[str, tuple[str, Place]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Variable -> ``inventory``, ``environment``, ``file:line`` or ``not set``."""
    given: int = 0

    def lookup(self, name: str) -> str | None:
        """The value, or ``None``. Raises ``BadTemplate`` once all together gave too much."""
        value = self._found(name)
        self.given += len(value or "")
        if self.given > MAX_GIVEN:
            raise BadTemplate(f"the variables give more than {MAX_GIVEN // 1024} KiB together")
        return value

    def peek(self, name: str) -> str | None:
        """The value of a variable that a container's environment names, or ``None``; not noted where there is none."""
        value = self._found(name)
        if value is None:
            del self.origins[name]
        return value

    def _found(self, name: str) -> str | None:
        if name in self.inventory:
            self.origins[name] = "inventory"
            value = self.inventory[name]
            if isinstance(value, Secret):
                self.findings.hide(value)
                return value.reveal()
            return value
        if name in self.environment:
            self.origins[name] = "environment"
            return self.environment[name]
        if name in self.dotenv:
            value, place = self.dotenv[name]
            self.origins[name] = str(place)
            return value
        self.origins[name] = "not set"
        return None


def read_env_file(file: str, content: bytes, findings: Findings) -> dict[str, str | None]:
    """An ``env_file`` as Docker reads it: values raw to the end of the line, quotes too; ``None`` where none is given.

    Source: ``pkg/kvfile`` of docker/cli.
    """
    found: dict[str, str | None] = {}
    literal: dict[str, dict[str, int]] = {}
    opened: tuple[str, str, int] | None = None
    text = decoded(file, content, findings)
    if text is None:
        return found
    for row, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or any(char in " \t" for char in name) or "\0" in line:
            findings.error((), f"a line that is not NAME=value{_why(name, line)}", Place(file, row))
            continue
        found[name] = value if equals else None
        if opened and line.rstrip().endswith(opened[0]):
            literal.setdefault("the quote is part of the value, which ends with the line", {})[opened[1]] = opened[2]
            opened = None
        if value[:1] in ('"', "'") and value[:1] and value[0] not in value[1:]:
            opened = value[0], name, row
        elif what := _literal(value):
            literal.setdefault(what, {}).setdefault(name, row)
    for what, names in literal.items():
        (name, row), more = next(iter(names.items())), len(names) - 1
        text = f"{what}: Docker reads env files as they stand"
        findings.warn(ENV_FILE_QUOTES, (name,), f"{text}{f' (and {more} more)' if more else ''}", Place(file, row))
    return found


def decoded(file: str, content: bytes, findings: Findings) -> str | None:
    """The text of a file of variables; ``None`` after saying where it is none."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content[: error.start].count(b"\n") + 1
        findings.error((), "not UTF-8 text", Place(file, broken))
        return None


def _why(name: str, line: str) -> str:
    """What may be meant by a line that Docker refuses; nothing of a value is shown."""
    if name.startswith("export "):
        return ": take 'export' out"
    return ": no space may stand before the '='" if name != name.rstrip() and "\0" not in line else ""


def _literal(value: str) -> str:
    """What looks like more than plain text to Compose, which Docker takes as it stands."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return "the quotes are part of the value"
    if _COMMENT.search(value):
        return "what follows the '#' is part of the value"
    return "the variable in it is not filled in" if _VARIABLE.search(value) else ""
