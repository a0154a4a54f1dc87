"""What the docs say of files that only Docker's CLI takes, or only skep, is what the real CLI does."""

from __future__ import annotations

import pytest
from onesided import CASES
from swarms import ENGINES, Swarm

DEPLOY = """
cd "$(mktemp -d)"
cat >compose.yml
set -- "$1" $(docker stack deploy --help | grep -q -e --detach && echo --detach=true)
told=refused
if docker stack deploy --resolve-image never -c compose.yml ${2:-} "$1" >/dev/null 2>&1; then told=taken; fi
echo $told
docker stack rm "$1" >/dev/null 2>&1 || true
rm -r "$PWD"
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_dockers_cli_takes(swarms: dict[str, Swarm], engine: str) -> None:
    told = {}
    for number, case in enumerate(CASES):
        done = swarms[engine].run(DEPLOY, f"one{number}", data=case["compose"].encode())
        told[case["what"]] = done.stdout.decode().split()[-1:]
    swarms[engine].clear()
    assert told == {case["what"]: ["taken" if case["by"] == "cli" else "refused"] for case in CASES}
