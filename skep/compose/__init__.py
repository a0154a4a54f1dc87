"""Compose files as Swarm takes them, without I/O: bytes in, specs of the Engine API out.

``load`` reads, fills in, merges and checks; ``convert`` gives what ``docker stack deploy`` would send; ``render``
writes the merged file. What is wrong is a ``ComposeError``: every problem at once, with file, line and key.
"""

from skep.compose.convert import Specs, convert
from skep.compose.documents import document_of
from skep.compose.keys.options import Options
from skep.compose.loading import Document, load
from skep.compose.problems import ComposeError
from skep.compose.rendering import render

__all__ = [
    "ComposeError",
    "Document",
    "Options",
    "Specs",
    "convert",
    "document_of",
    "load",
    "render",
]
