"""What must be so before the first change: looked at with the first observation, told all at once."""

from skep.preflight.checks import check
from skep.preflight.facts import MODULES, Facts, parse, probe

__all__ = ["MODULES", "Facts", "check", "parse", "probe"]
