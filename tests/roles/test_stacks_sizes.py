"""What managers would refuse for its size is an error of the plan: a service, and the record of a roll-out."""

from __future__ import annotations

import random
from typing import Any

from roles.stacks.role import role
from roles.stacks.sizes import LARGEST_CHANGE, weight
from roles.stacks.state import State, SwarmObjects
from skep.compose import convert, load
from skep.model import Host
from skep.plan import Finding
from skep.request import RequestedCluster, RequestedStack, Rollout
from tests.seen import seen

HOSTS = (Host("m1", "10.0.0.1", "manager"),)
REMEDY = "put what is long in environment and labels into configs or secrets"
KIB = 1024
Values = dict[str, list[str]]


def errors(services: Values, there: Values | None = None) -> list[tuple[str, str]]:
    """Errors of the plan of a stack whose services have these variables, in a swarm that holds others of it."""
    stack = RequestedStack("shop", ("compose.yml",), files(services), {}, rollout=Rollout(resolve="never"))
    specs = convert(load(files(there), ["compose.yml"], variables={}), "shop").services if there else {}
    held: Any = tuple({"ID": name, "Spec": spec} for name, spec in specs.items())
    cluster = RequestedCluster("sizes", HOSTS, stacks=(stack,))
    items = role.plan(cluster, seen({"m1": State({}, SwarmObjects(services=held))}))
    return [(one.text, one.next_action or "") for one in items if isinstance(one, Finding) and one.level == "error"]


def files(services: Values) -> dict[str, bytes]:
    """A compose file with an env file for each service."""
    compose = "".join(f"  {name}: {{image: 'shop:1', env_file: {name}.env}}\n" for name in services)
    found = {"compose.yml": f"services:\n{compose}".encode()}
    for name, values in services.items():
        found[f"{name}.env"] = "".join(f"V{number}={value}\n" for number, value in enumerate(values)).encode()
    return found


def test_a_service_of_more_than_one_and_a_half_mib() -> None:
    assert not errors({"web": ["v" * 100 * KIB] * 15})
    ((message, remedy),) = errors({"web": ["v" * 100 * KIB] * 15 + ["v" * 36 * KIB]})
    assert message.endswith(":2: services.web: has 1536 KiB: managers take changes up to 1536 KiB")
    assert remedy == REMEDY


def test_a_change_has_the_service_beside_what_it_was() -> None:
    large, other = ["v" * 100 * KIB] * 8, ["w" * 100 * KIB] * 8
    assert not errors({"web": large}) and not errors({"web": large}, {"web": large})
    ((message, remedy),) = errors({"web": other}, {"web": large})
    assert message.endswith(
        "services.web: has 800 KiB, with the 800 KiB that it has now: managers take changes up to 1536 KiB"
    )
    assert remedy == REMEDY


def test_thousands_of_ports_are_small_to_managers_which_keep_no_names_of_fields() -> None:
    ports = [{"Protocol": "udp", "TargetPort": n, "PublishedPort": n, "PublishMode": "ingress"} for n in range(20_000)]
    assert 2 * weight({"EndpointSpec": {"Ports": ports}}) < LARGEST_CHANGE
    assert weight({"Labels": {"a.b": "cd"}, "Mounts": [{"Source": "é"}]}) == 4


def test_a_record_that_no_config_holds() -> None:
    chance = random.Random(7)
    assert not errors({name: ["v" * 100 * KIB] * 6 for name in ("web", "app", "job")}), "it is packed"
    values = {f"s{number}": [chance.randbytes(50 * KIB).hex()] * 1 for number in range(24)}
    ((message, remedy),) = errors(values)
    assert "stack shop: the record of its services has 1" in message
    assert message.endswith(" KiB, packed, and a config holds less than 1000 KiB")
    assert remedy == f"{REMEDY}, or make it two stacks"
