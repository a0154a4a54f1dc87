"""Where variables get their values: the inventory first, then the environment, then ``.env`` beside the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from skep.compose.template import MAX_GIVEN, BadTemplate
from skep.dataclass import dataclass
from skep.kinds.files import ENV_FILE_QUOTES
from skep.model import Secret
from skep.reading.findings import Findings, Place


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
    quoted: dict[str, int] = {}
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content[: error.start].count(b"\n") + 1
        findings.error((), "not UTF-8 text", Place(file, broken))
        return found
    for row, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not name or any(char in " \t" for char in name) or "\0" in line:
            findings.error((), "a line that is not NAME=value", Place(file, row))
            continue
        found[name] = value if equals else None
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            quoted.setdefault(name, row)
    if quoted:
        (name, row), more = next(iter(quoted.items())), len(quoted) - 1
        text = "the quotes are part of the value: Docker reads env files as they stand"
        findings.warn(ENV_FILE_QUOTES, (name,), f"{text}{f' (and {more} more)' if more else ''}", Place(file, row))
    return found
