"""The checks of ``audit_checks.py`` by skep, in a process of its own: ``python -m bench.checking INVENTORY``.

Prints how many had which outcome, as JSON; ends with the first that could not look.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from skep.inventory import load
from skep.ssh import Pool
from skep.verify import run

CHECKS = Path(__file__).with_name("audit_checks.py")


def main(path: Path) -> None:
    """Load, log in, check, log out."""
    inventory = load(path)
    with Pool(inventory.cluster.hosts, inventory.access) as pool:
        checks = run(inventory.cluster, pool, {"audit": CHECKS}, hosts=pool.hosts)
    for check in checks:
        if check.outcome == "error":
            raise SystemExit(f"{check.host}: {check.name}: {check.message}")
    print(json.dumps(Counter(check.outcome for check in checks)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
