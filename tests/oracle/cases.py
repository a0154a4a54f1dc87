"""Compose files that Docker's CLI and we are both given: a corpus by hand, and how we read them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from skep.compose import Document, Specs, convert, load
from skep.refusals import SwarmFacts
from skep.request import RequestedStack, Rollout

FOLDER = "/srv/cases"
"""Where each case has a folder on the hosts."""
VARIABLES = {
    "NAME": "shop", "TAG": "1.2", "EMPTY": "", "REPLICAS": "3", "RATIO": "0.5", "MEMORY": "64M", "YES": "yes",
    "NO": "off", "PORT": "12101", "PORT2": "12102", "Name_2": "x", "DOMAIN": "example.com", "HOME": "/root",
}  # fmt: skip
VERSION = 'version: "3.9"'
"""What the CLI of 20.10 has to find in a file."""


@dataclass(frozen=True)
class Case:
    """A stack by name with its files, of which ``compose`` are given with ``-c``."""

    name: str
    files: Mapping[str, bytes]
    compose: tuple[str, ...] = ("compose.yml",)
    engines: tuple[str, ...] = ()
    """Those whose CLI knows the keys; none: all."""

    @property
    def directory(self) -> str:
        """Its folder on the hosts."""
        return posixpath.join(FOLDER, self.name)

    @cached_property
    def document(self) -> Document:
        """As we read it, for managers of any version. Raises ``ComposeError``."""
        return self.read(SwarmFacts())

    def read(self, swarm: SwarmFacts) -> Document:
        """As we read it. Raises ``ComposeError``."""
        return load(
            self.files, self.compose, variables=VARIABLES, directory=self.directory, swarm=swarm, stack=self.name
        )

    @cached_property
    def specs(self) -> Specs:
        """Its specs by our hands. Raises ``ComposeError``."""
        return convert(self.document, self.name)

    @property
    def stack(self) -> RequestedStack:
        """As a stack of an inventory, its images not asked for."""
        never = Rollout(resolve="never")
        return RequestedStack(self.name, self.compose, self.files, VARIABLES, directory=self.directory, rollout=never)

    @property
    def text(self) -> str:
        """All of its files, to be read by people."""
        return "\n".join(f"--- {name}\n{content.decode(errors='replace')}" for name, content in self.files.items())

    def at(self, engine: str) -> Case:
        """As that engine's CLI takes it."""
        if engine != "20.10":
            return self
        files = {**self.files, **{name: _versioned(self.files[name]) for name in self.compose}}
        return Case(self.name, files, self.compose, self.engines)


def _versioned(content: bytes) -> bytes:
    text = content.decode()
    if re.search(r'^\{?"?version"?:', text, re.MULTILINE):
        return content
    mapping = text.startswith("{")
    return (text.replace("{", f"{{{VERSION}, ", 1) if mapping else f"{text.rstrip()}\n{VERSION}\n").encode()


def corpus() -> list[Case]:
    """The cases by hand. A first line ``# engines: 28.5`` names those whose CLI knows a file's keys."""
    folders = sorted((Path(__file__).parent / "corpus").iterdir())
    return [_case(folder) for folder in folders if folder.is_dir()]


def _case(folder: Path) -> Case:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    first, _, rest = files["compose.yml"].decode().partition("\n")[0].partition("# engines:")
    compose = tuple(name for name in ("compose.yml", "compose.override.yml") if name in files)
    return Case(f"s{folder.name}", files, compose, tuple(rest.split()) if not first else ())
