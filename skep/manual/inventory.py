"""The keys of an inventory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skep.manual.entry import ANY, Entry, read

if TYPE_CHECKING:
    from skep.reading.documented import HostKeys

FILE = Path(__file__).with_name("daemon.yml")
"""What the keys of daemon.json mean that the schema names without a word."""
ELSEWHERE = "A key of daemon.json; Docker's dockerd reference says what it does."


def entries(host_keys: HostKeys | None = None) -> Iterator[Entry]:
    """All, parents first; also ``host_keys``, which roles of a site bring along. The only function that knows how the
    inventory's schema is written."""
    from skep.inventory.daemon_schema import FLAGS, LISTS, NUMBERS, OBJECT_LISTS, OBJECTS, TEXT_MAPS, TEXTS
    from skep.inventory.key_reference import SHARED, keys

    known = set()
    for one in keys(host_keys):
        known.add(one.path)
        shared = one.path[0] in SHARED and len(one.path) > 1
        default = "" if one.default == "–" else one.default.strip("`")
        places = tuple(".".join((noun, ANY, *one.path)) for noun in ("groups", "hosts")) if shared else ()
        yield Entry("inventory", one.path, one.type, default, one.meaning, json.loads(one.example), places)
    kinds = {
        "true or false": FLAGS, "whole number": NUMBERS, "text": TEXTS, "list of texts": LISTS,
        "mapping of texts": TEXT_MAPS, "mapping": OBJECTS, "list of mappings": OBJECT_LISTS,
    }  # fmt: skip
    meanings = read(FILE)
    for kind, names in kinds.items():
        for name in names.split():
            path = ("daemon", name)
            if path not in known:
                places = tuple(".".join((noun, ANY, *path)) for noun in ("groups", "hosts"))
                meaning, sample = meanings.get(name, (ELSEWHERE, None))
                yield Entry("inventory", path, kind, "", str(meaning), sample, places)
