"""What the docs say of files that only Docker's CLI takes, or only skep, is what the real CLI does."""

from __future__ import annotations

import pytest
from deploying import deploy_theirs
from onesided import CASES, cases
from swarms import ENGINES, Swarm


@pytest.mark.parametrize("engine", ENGINES)
def test_what_dockers_cli_takes(swarms: dict[str, Swarm], engine: str) -> None:
    refused = deploy_theirs(swarms[engine], cases())
    swarms[engine].clear()
    taken = {case["what"]: f"one{number}" not in refused for number, case in enumerate(CASES)}
    assert taken == {case["what"]: case["by"] == "cli" for case in CASES}
