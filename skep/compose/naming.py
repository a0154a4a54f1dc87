"""Names and labels of what belongs to a stack, and JSON without what Go leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skep.compose.configs import external, own_name
from skep.compose.loading import Document
from skep.dataclass import dataclass
from skep.swarm.labels import NAMESPACE


@dataclass(frozen=True)
class Names:
    """What things of a document are called in a stack."""

    document: Document
    stack: str

    def scoped(self, name: str) -> str:
        """A name of the stack's own."""
        return f"{self.stack}_{name}"

    def of(self, section: str, name: str) -> str:
        """The full name of a network, volume, config or secret."""
        one = self.document.section(section).get(name)
        if one is None:
            return self.scoped(name)
        return own_name(one) or (name if external(one) else self.scoped(name))

    def labelled(self, labels: Mapping[str, str] | None) -> dict[str, str]:
        """Labels with the stack's own."""
        return {**(labels or {}), NAMESPACE: self.stack}


def without_empty(values: Mapping[str, object]) -> dict[str, Any]:
    """Without what Go's ``omitempty`` leaves out: nothing, empty texts and lists, 0 and false."""
    return {key: value for key, value in values.items() if value or (isinstance(value, Always) and value.given)}


class Always(dict[str, object]):
    """A mapping that is sent even when empty."""

    given = True
