"""Images from files, as each host's own engine lists them."""

from __future__ import annotations

import pytest
from testinfra.host import Host as Remote

from roles.images.uses import is_for, may_run_on, uses
from skep.model import Cluster, Host
from skep.verify.ask import Ask, engine_info

LISTED = "timeout 20 docker image ls --all --no-trunc --format '{{json .ID}}'"


def test_loaded(host: Remote, desired: Host, cluster: Cluster, ask: Ask) -> None:
    """images from files that its tasks may need are there"""
    placed = [use.image for use in uses(cluster) if may_run_on(use.spec, desired, None)]
    if not placed:
        pytest.skip("no service that may run there has its image from a file")
    machine = engine_info(host, ask)["Architecture"]
    needed = [image for image in placed if is_for(image, machine)]
    there = set(ask(host, LISTED))
    missing = sorted({image.names[0] for image in needed if not there & {image.id, image.digest}})
    assert not missing, f"{desired.name} does not have {', '.join(missing)}"
