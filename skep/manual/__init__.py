"""What each key of an inventory and of a compose file means, from what ships with skep: no host, no network."""

from __future__ import annotations

from skep.manual.entry import ANY, Entry
from skep.manual.lookup import Found, entries, find, inside, nearest, of_roles

__all__ = ["ANY", "Entry", "Found", "entries", "find", "inside", "nearest", "of_roles"]
