"""A container is asked for on the host that is its task's node."""

from __future__ import annotations

from typing import Any

from skep.ssh import Result
from tests.unit.apply.engines import Api, performer


def test_a_container_is_asked_for_where_its_node_is() -> None:
    """By the node's name or address, and by what its engine says of itself."""
    apis = [Api("m1"), Api("w1"), Api("w2")]
    for api in apis:
        api.inspect_container = lambda container, host=api.host: {"Id": container, "on": host}  # type: ignore[attr-defined]
    here = performer(*apis, m1=Result(0, "", ""), w1=Result(0, "", ""), w2=Result(0, "", ""))
    for session in here._pool.values():  # type: ignore[attr-defined]
        session.address = "10.0.0.9"
    here._pool["w2"].address = "10.0.0.2"  # type: ignore[attr-defined, misc]

    def node(identity: str, name: str, address: str) -> dict[str, Any]:
        return {"ID": identity, "Description": {"Hostname": name}, "Status": {"Addr": address}}

    assert here._inspect(node("id-w1", "w1", "10.0.0.1"), "c1") == {"Id": "c1", "on": "w1"}
    assert here._inspect(node("id-w2", "another", "10.0.0.2"), "c1") == {"Id": "c1", "on": "w2"}
    assert here._inspect(node("id-w3", "w1", "10.0.0.1"), "c1") is None
    assert here._inspect(node("id-w9", "w9", "10.0.0.3"), "c1") is None
