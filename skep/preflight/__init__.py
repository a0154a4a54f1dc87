"""What must be so before the first change: looked at with the first observation, reported all at once."""

from skep.preflight.checks import check
from skep.preflight.facts import MODULES, Facts, parse, probe
from skep.preflight.free_space import ROLE as ROOM
from skep.preflight.free_space import ROOMS, Room
from skep.preflight.free_space import findings as room
from skep.preflight.standalone import findings as standalone

__all__ = ["MODULES", "ROOM", "ROOMS", "Facts", "Room", "check", "parse", "probe", "room", "standalone"]
