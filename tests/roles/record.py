"""Record what real hosts answer to the observation: ``python -m tests.roles.record INVENTORY FOLDER HOST=NAME …``."""

import sys
from pathlib import Path

from roles import ROLES
from skep import preflight, questions
from skep.inventory import load
from skep.model import Cluster
from skep.observe import ENGINE, asked_by, join
from skep.ssh import Pool

MARK = "@@recorded"


def script(cluster: Cluster) -> str:
    """The observation's script with a mark that stays the same."""
    probes = {role.name: role.probe for role in ROLES if role.probe}
    return join({"preflight": preflight.probe(cluster), **probes, ENGINE: questions.probe(asked_by(ROLES))}, MARK)


def main(inventory: str, folder: str, *pairs: str) -> None:
    """Write one file a host."""
    found = load(Path(inventory))
    with Pool(found.cluster.hosts, found.access) as pool:
        for host, name in (pair.split("=") for pair in pairs):
            out = pool[host].run(script(found.cluster)).out
            (Path(folder) / f"{name}.txt").write_bytes(out.encode(errors="surrogateescape"))


if __name__ == "__main__":
    main(*sys.argv[1:])
