"""What Swarm and its nodes refuse: one table of rules, each with where it looks, what it checks and its source.

Pure: data in, faults out. Compose files and the inventory are looked at by the same rules.
"""

from skep.refusals.rule import Context, Fault, Rule, SwarmFacts, Version, faults
from skep.refusals.table import RULES

__all__ = ["RULES", "Context", "Fault", "Rule", "SwarmFacts", "Version", "faults"]
