"""What one observation costs, in a process of its own: ``python -m bench.observing INVENTORY`` prints it as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from roles import ROLES
from skep.inventory import load
from skep.observe import observe
from skep.ssh import Pool


def main(path: Path) -> None:
    """Load, observe, log out. Seconds; CPU is this process's alone."""
    inventory = load(path)
    with Pool(inventory.cluster.hosts, inventory.access) as pool:
        wall, cpu = time.monotonic(), time.process_time()
        observation = observe(inventory.cluster, pool, ROLES)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    failures = [str(error) for error in observation.failures.values()]
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak, "seen": len(observation.hosts), "failures": failures}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
