"""The documents of an inventory's stacks, each made once a run."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from weakref import WeakKeyDictionary

from skep.compose.loading import Document, load
from skep.dataclass import dataclass
from skep.model import Files, Secret, Stack
from skep.refusals import SwarmFacts


def document_of(stack: Stack, swarm: SwarmFacts | None = None) -> Document:
    """The compose files of a stack of the inventory as one. Raises ``ComposeError``.

    Files that are read once a run are put together once, too, for what is known of the managers.
    """
    known = _DOCUMENTS.setdefault(stack.files, []) if isinstance(stack.files, Hashable) else []
    for one in known:
        if one.is_of(stack, swarm):
            return one.document
    document = _document(stack, swarm)
    known.append(_Known(stack.name, stack.compose, stack.directory, stack.variables, stack.outputs, swarm, document))
    return document


@dataclass(frozen=True, slots=True)
class _Known:
    """A document, and what it was made of beside the files."""

    name: str
    compose: tuple[str, ...]
    directory: str
    variables: Mapping[str, str | Secret]
    outputs: Mapping[tuple[str, ...], Secret]
    swarm: SwarmFacts | None
    document: Document

    def is_of(self, stack: Stack, swarm: SwarmFacts | None) -> bool:
        """Whether the document of that stack would be the same."""
        return (
            self.variables is stack.variables
            and self.outputs is stack.outputs
            and (self.name, self.compose, self.directory) == (stack.name, stack.compose, stack.directory)
            and self.swarm == swarm
        )


_DOCUMENTS: WeakKeyDictionary[Files, list[_Known]] = WeakKeyDictionary()
"""By the files they were made of, for as long as those are there. Files that may change meanwhile, such as those of a
mapping, are not among them."""


def _document(stack: Stack, swarm: SwarmFacts | None) -> Document:
    return load(
        stack.files,
        stack.compose,
        variables=stack.variables,
        shown=f"stacks/{stack.name}",
        directory=stack.directory,
        outputs=stack.outputs,
        swarm=swarm,
        stack=stack.name,
    )
