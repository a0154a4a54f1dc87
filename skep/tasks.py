"""All tasks. In one's own repository a ``tasks.py`` that says ``from skep.tasks import namespace`` has them under
``invoke``. They are declared in ``skep/commands/tasks``."""

from __future__ import annotations

from skep.cli.lean_invoke import quickly

quickly()

from invoke.collection import Collection  # noqa: E402

from skep.cli.program import adopt  # noqa: E402
from skep.commands.tasks.every import NOUNS, OWN  # noqa: E402

namespace = Collection(*OWN, *(Collection(noun, *found) for noun, found in NOUNS.items()))
adopt()
