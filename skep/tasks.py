"""All tasks. In one's own repository a ``tasks.py`` that says ``from skep.tasks import namespace`` has them under
``invoke``. They are declared in ``skep/commands``."""

from __future__ import annotations

from invoke.collection import Collection

from skep.cli.program import adopt
from skep.commands.every import NOUNS, OWN

namespace = Collection(*OWN, *(Collection(noun, *found) for noun, found in NOUNS.items()))
adopt()
