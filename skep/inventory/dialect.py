"""How inventories are written: unquoted scalars as an operator means them, with references resolved."""

from __future__ import annotations

from typing import ClassVar

from skep.dataclass import dataclass
from skep.inventory.value_references import BadReference, Surroundings
from skep.reading.findings import Findings, KeyPath, Place
from skep.reading.scalars import Scalar, setting
from skep.reading.source import Form
from skep.reading.tree import Leaf


@dataclass(frozen=True)
class Dialect:
    """How scalars of inventories are meant."""

    findings: Findings
    surroundings: Surroundings
    form: ClassVar[Form] = Form(
        empty="describe hosts under 'hosts:' (see inventory/example.yml)",
        key="hosts:",
        single="an inventory is one document",
    )

    def key(self, scalar: Scalar, place: Place, path: KeyPath) -> str | None:
        """Any key is right as it is written."""
        return None

    def leaf(self, scalar: Scalar, place: Place, path: KeyPath) -> Leaf:
        """A scalar's meaning; one with references means what they give."""
        template: str | None = None
        text, pure = str(scalar), False
        if "${" in text and not _is_extension(path):
            try:
                resolved = self.surroundings.resolve(text)
            except BadReference as problem:
                self.findings.unusable(path, str(problem), place)
                return Leaf(text, text, text, failed=True)
            if resolved.referenced:
                template = self.findings.origins[path] = text
            text, pure = resolved.text, resolved.pure
        return Leaf(text, setting(text) if scalar.unquoted else text, template, pure=pure)


def _is_extension(path: KeyPath) -> bool:
    """Whether a path is in an extension, at the top or in a host, where nothing is resolved."""
    at_host = path[2:3] if path[:1] == ("hosts",) else ()
    return any(str(key).startswith("x-") for key in (*path[:1], *at_host))
