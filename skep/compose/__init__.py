"""Compose files as Swarm takes them, without I/O: bytes in, specs of the Engine API out.

``load`` reads, fills in, merges and checks; ``convert`` gives what ``docker stack deploy`` would send; ``render``
writes the merged file. What is wrong is a ``ComposeError``: every problem at once, with file, line and key.
"""

from skep.compose.convert import Specs, convert, with_ids
from skep.compose.images import pinned
from skep.compose.load import Document, load
from skep.compose.naming import IMAGE, NAMESPACE
from skep.compose.problems import ComposeError
from skep.compose.render import STARS, masked, render

__all__ = [
    "IMAGE",
    "NAMESPACE",
    "STARS",
    "ComposeError",
    "Document",
    "Specs",
    "convert",
    "load",
    "masked",
    "pinned",
    "render",
    "with_ids",
]
