"""The table of what Swarm refuses: its form, what depends on engines and plugins,
and which nodes meet a constraint."""

from __future__ import annotations

import pytest

from skep.compose import ComposeError, load
from skep.refusals import RULES, Context, SwarmFacts, faults
from skep.refusals.table import NAMES
from skep.swarm.placement import is_meant, meets


def problems(text: str, swarm: SwarmFacts | None = None, stack: str = "") -> list[str]:
    try:
        load({"compose.yml": text.encode()}, ["compose.yml"], variables={}, swarm=swarm, stack=stack)
    except ComposeError as error:
        return error.problems
    return []


def test_each_rule_is_there_once_with_its_source() -> None:
    table = [*RULES, *NAMES]
    keys = [(rule.name, rule.at, rule.file) for rule in table]
    assert len(set(keys)) == len(keys) >= 40
    assert all(rule.source and rule.name for rule in table)
    assert all(rule.by == "nodes" for rule in table if rule.level == "warning")


NO_DRIVER = "is no driver of the managers: install the plugin, or say"
BITS = "services: {a: {image: b}}\nnetworks: {default: {ipam: {config: [{subnet: 10.9.0.7/24}]}}}\n"
GATE = "services: {a: {image: b}}\nnetworks: {default: {name: docker_gwbridge}}\n"


@pytest.mark.parametrize("text", [BITS, GATE])
def test_what_older_engines_take_is_taken_where_all_managers_are_older(text: str) -> None:
    assert problems(text)
    assert problems(text, SwarmFacts((25, 0)))
    assert not problems(text, SwarmFacts((20, 10)))


def test_a_network_that_is_there_is_not_made_again() -> None:
    assert problems(BITS, SwarmFacts(networks=frozenset({"other_default"})), "web")
    assert not problems(BITS, SwarmFacts(networks=frozenset({"web_default"})), "web")


def test_drivers_are_the_engines_own_or_plugins_of_the_managers() -> None:
    text = "services: {a: {image: b}}\nnetworks: {default: {driver: weave, ipam: {driver: Dhcp, config: []}}}\n"
    none, both = {"network": frozenset[str](), "ipam": frozenset[str]()}, frozenset({"weave:latest", "Dhcp"})
    assert not problems(text), "it is not known which plugins there are"
    assert not problems(text, SwarmFacts(plugins={"network": both, "ipam": both}))
    assert problems(text, SwarmFacts(plugins=none)) == [
        f"compose.yml:2: networks.default.driver: 'weave' {NO_DRIVER} overlay",
        f"compose.yml:2: networks.default.ipam.driver: 'Dhcp' {NO_DRIVER} default",
    ]
    assert not problems(
        "services: {a: {image: b}}\nnetworks: {default: {ipam: {driver: Default}}}\n", SwarmFacts(plugins=none)
    )


NODE = {
    "ID": "n1",
    "Spec": {"Role": "worker", "Availability": "active", "Labels": {"disk": "ssd"}},
    "Status": {"State": "ready", "Addr": "10.0.0.7"},
    "Description": {"Hostname": "W1", "Platform": {"OS": "linux", "Architecture": "x86_64"}},
}


@pytest.mark.parametrize(
    ("constraint", "met"),
    [
        ("node.ip == 10.0.0.7", True), ("node.ip != 10.0.0.7", False), ("node.ip == 10.0.0.0/24", True),
        ("node.ip != 10.1.0.0/16", True), ("node.ip == ::ffff:10.0.0.7", True), ("node.ip != junk", False),
        ("node.ip == junk", False), ("node.ip != 10.0.0.0/255.0.0.0", False), ("node.ip != 10.0.0.0/024", False),
        ("node.labels. == ", False), ("node.labels.==", False), ("node.labels.!=x", False),
        ("engine.labels.!=x", False),
        ("node.labels.disk == SSD", True), ("node.labels.Disk == ssd", False), ("NODE.LABELS.disk == ssd", True),
        ("node.labels.none != x", True), ("engine.labels.none != x", True), ("engine.labels.none == x", False),
        ("node.role != manager", True), ("node.hostname == w1", True), ("node.platform.arch == X86_64", True),
        ("what.ever != x", False),
    ],
)  # fmt: skip
def test_which_constraints_a_node_meets(constraint: str, met: bool) -> None:
    spec = {"TaskTemplate": {"Placement": {"Constraints": [constraint]}}}
    assert meets(constraint, NODE) is met
    assert is_meant(spec, NODE) is met


@pytest.mark.parametrize("key", ["environment: {{A: {word}}}", "command: [{word}]", "entrypoint: [run, {word}]"])
def test_no_kernel_starts_a_program_with_a_word_that_long(key: str) -> None:
    for length, is_said in ((131069, False), (131072, True)):
        said = warnings(f"services: {{a: {{image: b, {key.format(word='x' * length)}}}}}\n")
        assert (
            any("is longer than 131071 bytes, with which no kernel starts a program" in text for text in said)
            is is_said
        )


def warnings(text: str) -> list[str]:
    document = load({"compose.yml": text.encode()}, ["compose.yml"], variables={})
    return [fault.message for fault in faults(RULES, Context(document.data), level="warning")]
