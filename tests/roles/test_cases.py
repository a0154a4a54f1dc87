"""Cases in ``<role>/*.yml``: a cluster, what is observed, and the plan's exact text.

A file holds one case a YAML document, or a list of cases (so that anchors reach the next): ``title``, ``cluster``,
``observed`` and ``plan`` (or ``error``, where the observation cannot be understood). A host missing from ``observed``
did not answer; ``null`` means nothing is there; a state is given by its fields, or raw as ``probe`` and ``answers``.
``member`` beside a state is the host's standing in the swarm, ``platforms`` are by host.
``down: true`` plans the taking down; ``standing: true`` shows the standing findings too, such as lints; ``fails``
says why a case is known not to hold yet. Under ``together`` all roles plan, and ``observed`` has a state a role. The
state of stacks is a swarm's past, as ``tests.roles.swarms`` says.
``!secret X`` is a value that came from a reference, ``!mark X`` its hash as a host keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from roles import ROLES
from roles.daemon.state import State as DaemonState
from roles.engine.state import State as EngineState
from roles.files.role import State as FilesState
from roles.files.role import There
from roles.firewall.role import State as FirewallState
from roles.images.role import State as ImagesState
from roles.networks.role import Overlay
from roles.networks.role import State as NetworksState
from roles.stacks.state import State as StacksState
from roles.swarm.state import Fixed, Node
from roles.swarm.state import State as SwarmState
from skep.model import (
    Archive,
    ArchivedImage,
    Certificates,
    Cluster,
    Engine,
    Host,
    Kernel,
    Network,
    PackageFile,
    PackageSet,
    Proxy,
    Registry,
    RegistryCertificates,
    Secret,
    Swarm,
    Tarball,
)
from skep.plan import Finding, Plan
from skep.questions import Inquiry
from skep.request import RequestedCluster, RequestedStack, Rollout
from skep.role import AnyRole
from skep.seen import Member, Platform, Seen, believed, member
from skep.swarm.engine_info import SNAPSHOTTER, EngineInfo
from skep.swarm.network import body
from tests.golden import golden
from tests.roles.swarms import Past
from tests.seen import standing_of

yaml.SafeLoader.add_constructor("!secret", lambda loader, node: Secret(str(loader.construct_scalar(node))))
yaml.SafeLoader.add_constructor("!mark", lambda loader, node: Secret(str(loader.construct_scalar(node))).mark)

NAMES = [role.name for role in ROLES]
Case = Mapping[str, Any]


def cases() -> Iterator[Any]:
    for path in sorted(Path(__file__).parent.glob("*/*.yml")):
        documents = list(yaml.safe_load_all(path.read_text()))
        for place, case in enumerate(documents[0] if isinstance(documents[0], list) else documents):
            marks = [pytest.mark.xfail(reason=case["fails"], strict=True)] if "fails" in case else []
            name = f"{path.parent.name}/{path.stem}: {case['title']}"
            yield pytest.param(path, place, case, id=name, marks=marks)


@pytest.mark.golden
@pytest.mark.parametrize(("path", "place", "case"), list(cases()))
def test_plan_text(path: Path, place: int, case: Case) -> None:
    role_name, cluster = path.parent.name, a_cluster(case["cluster"])
    if "error" in case:
        with pytest.raises(ValueError, match=case["error"]):
            a_plan(role_name, cluster, case)
        return
    plan = a_plan(role_name, cluster, case)
    assert str(plan) == (golden(path, place, case, "plan", f"{plan}\n" if str(plan) else "") or "").rstrip("\n")
    assert [finding.text for finding in plan.errors if not finding.next_action] == []


def test_a_network_with_an_ipv6_subnet_has_ipv6_and_its_addresses_in_short() -> None:
    back, front = Network("back", subnet="FD00:0:0:1::/64", gateway="FD00:0:0:1::0001"), Network("front")
    assert body(back)["EnableIPv6"] is True
    assert body(back)["IPAM"]["Config"] == [{"Subnet": "fd00:0:0:1::/64", "Gateway": "fd00:0:0:1::1"}]
    assert "EnableIPv6" not in body(front)


def a_plan(role_name: str, cluster: Cluster, case: Case) -> Plan:
    """The plan of one role, or of all under ``together``, with what only makes sense beside others left in."""
    items: list[Any] = []
    planning = [role for role in ROLES if role_name in (role.name, "together")]
    members: dict[str, Member | None] = {}
    by_states: dict[str, Member | None] = {}
    observed: dict[str, dict[str, Any]] = {}
    for role in planning:
        given = {host: s.get(role.name) if role_name == "together" else s for host, s in case["observed"].items()}
        observed[role.name] = {host: a_state(role, cluster, state) for host, state in given.items()}
        for host, state in given.items():
            by_states[host] = by_states.get(host) or standing_of(observed[role.name][host])
            members[host] = members.get(host) or a_member(state)
    members = {host: one or by_states[host] for host, one in members.items()}
    manager = believed(members) or believed(by_states)
    platforms = {host: Platform(**fields) for host, fields in case.get("platforms", {}).items()}
    for role in planning:
        there = _answered(role, cluster, case, Seen(observed[role.name], platforms, members, manager))
        items += role.down(cluster, there) if case.get("down") else role.plan(cluster, there)
    if not case.get("standing"):
        items = [item for item in items if not (isinstance(item, Finding) and item.standing)]
    return Plan(items, ROLES[::-1] if case.get("down") else ROLES, [host.name for host in cluster.hosts])


def _answered(role: AnyRole, cluster: Cluster, case: Case, there: Seen[Any]) -> Seen[Any]:
    """With the answers to what the role asks in addition."""
    if case.get("down"):
        return there
    answers = {one: answer(cluster, case, one) for one in role.inquiries(cluster, there)}
    return replace(there, states=role.with_answers(there, answers))


def answer(cluster: Cluster, case: Case, inquiry: Inquiry) -> Any:
    """What a registry says of an image, by the first host whose past is given."""
    states = [(state or {}).get("stacks", state) for state in case["observed"].values()]
    return Past(cluster, next(state for state in states if state), _stack).answer(inquiry)


def a_state(role: Any, cluster: Cluster, given: Any) -> Any:
    if given is None:
        return None
    if role.name not in STATES:
        return given
    if "probe" in given or "answers" in given:
        return role.parse(given.get("probe", ""), given.get("answers", {}))
    return STATES[role.name](cluster, {key: value for key, value in given.items() if key != "member"})


def a_member(given: Any) -> Member | None:
    """A host's standing in the swarm, where the state says it."""
    if not isinstance(given, Mapping):
        return None
    if "answers" in given:
        return member(given["answers"])
    return Member(**given["member"]) if "member" in given else None


def _engine(_: Cluster, given: dict[str, Any]) -> EngineState:
    return EngineState(**given)


def _daemon(_: Cluster, given: dict[str, Any]) -> DaemonState:
    return DaemonState(**given)


def _files(_: Cluster, given: dict[str, Any]) -> FilesState:
    known = {path: There(**there) for path, there in given.pop("files", {}).items()}
    owned = {topic: tuple(paths) for topic, paths in given.pop("owned", {}).items()}
    return FilesState(known, owned, **{key: frozenset(value) for key, value in given.items()})


def _swarm(_: Cluster, given: dict[str, Any]) -> SwarmState:
    if "nodes" in given:
        given["nodes"] = tuple(Node(**node) for node in given["nodes"])
    if "fixed" in given:
        lists = {key: tuple(value) for key, value in given["fixed"].items() if isinstance(value, list)}
        given["fixed"] = Fixed(**{**given["fixed"], **lists})
    return SwarmState(**given)


def _images(_: Cluster, given: dict[str, Any]) -> ImagesState:
    """``there`` are images by how their identifiers begin; ``containerd`` says that it keeps them."""
    info = {"Name": "host", "DriverStatus": [list(SNAPSHOTTER)] if given.get("containerd") else []}
    there = frozenset(_identifier(image) for image in given.get("there", ()))
    return ImagesState(there, EngineInfo(**info), tuple(given.get("nodes", ())))


def _networks(_: Cluster, given: dict[str, Any]) -> NetworksState:
    return NetworksState({name: Overlay(**overlay) for name, overlay in given.items()})


def _stacks(cluster: Cluster, given: dict[str, Any]) -> StacksState:
    return Past(cluster, given, _stack).state()


STATES: Mapping[str, Callable[[Cluster, dict[str, Any]], Any]] = {
    "engine": _engine,
    "daemon": _daemon,
    "files": _files,
    "images": _images,
    "firewall": lambda _, given: FirewallState(**given),
    "swarm": _swarm,
    "networks": _networks,
    "stacks": _stacks,
}


def a_cluster(given: Mapping[str, Any]) -> RequestedCluster:
    """From a case's short form: hosts get addresses in order and are workers unless said otherwise."""
    hosts, archives = given["hosts"], given.get("archives", {})
    return RequestedCluster(
        name="case",
        hosts=tuple(_host(name, place, hosts[name] or {}) for place, name in enumerate(hosts, 1)),
        swarm=Swarm(**given.get("swarm", {})),
        networks=tuple(Network(name=name, **(more or {})) for name, more in given.get("networks", {}).items()),
        stacks=tuple(_stack(name, more) for name, more in given.get("stacks", {}).items()),
        registries=tuple(Registry(server, "user", Secret("password")) for server in given.get("registries", ())),
        archives=tuple(_archive(name, place, more) for place, (name, more) in enumerate(archives.items(), 1)),
        replace_networks=frozenset(given.get("replace", ())),
        allow_quorum_loss=given.get("allow_quorum_loss", False),
        parallel_workers=given.get("parallel_workers", 1),
        stamp=given.get("stamp", ""),
        taken_down=given.get("taken_down", False),
        nonce=Secret("0" * 32),
    )


def _archive(name: str, place: int, images: Mapping[str, Mapping[str, str]]) -> Archive:
    """Images by name: how the identifiers begin, ``id`` and ``digest``, and the ``machine``, if it is not amd64."""
    found = tuple(
        ArchivedImage(
            (image,), _identifier(one["id"]), _identifier(one.get("digest", "")), one.get("machine", "amd64"), 90 << 20
        )
        for image, one in images.items()
    )
    return Archive(f"/srv/images/{name}", 35 << 20, str(place) * 64, found, f"prod.yml:{place}")


def _identifier(beginning: str) -> str:
    return beginning and f"sha256:{beginning.ljust(64, '0')}"


def _host(name: str, place: int, given: Mapping[str, Any]) -> Host:
    engine = _desired_engine(**given.get("engine", {}))
    around = {"proxy": Proxy, "kernel": Kernel, "certificates": _certificates}
    made = {key: make(**given[key]) for key, make in around.items() if key in given}
    return Host(**{"name": name, "address": f"10.0.0.{place}", "role": "worker", **given, "engine": engine, **made})


def _desired_engine(tarball: str = "", packages: Mapping[str, Any] | None = None, **given: Any) -> Engine:
    """``tarball`` is its version; ``packages`` are fields of a ``PackageSet``, its files versions by name."""
    if packages:
        files = tuple(
            PackageFile(
                name, str(version), f"/srv/engines/{packages['kind']}/{name}.{packages['kind']}", 20 << 20, 64 * "5"
            )
            for name, version in packages["files"].items()
        )
        more = {"path": f"/srv/engines/{packages['kind']}", "architecture": "amd64", "client": ""}
        made = PackageSet(**{**more, **packages, "files": files})
        given |= {"source": "offline", "version": made.version, "packages": made}
    if tarball:
        path, sum = f"/srv/engines/docker-{tarball}.tgz", tarball.replace(".", "").ljust(64, "0")
        names = ("containerd", "docker", "dockerd", "runc")
        made = Tarball(path, 70 << 20, sum, tarball, "amd64", names, 200 << 20)
        given |= {"source": "static", "version": tarball, "tarball": made}
    return Engine(**given)


def _certificates(registries: Mapping[str, Any] | None = None, trust: Mapping[str, str] | None = None) -> Certificates:
    by_name = {name: RegistryCertificates(**given) for name, given in (registries or {}).items()}
    return Certificates(by_name, trust or {})


def _stack(name: str, given: Mapping[str, Any]) -> RequestedStack:
    """``services`` and ``networks`` are the compose file, or all of ``compose`` is, perhaps as a text of its own;
    ``secrets`` are hidden variables; ``files`` lie beside it; what else is given are fields of ``Stack``."""
    given = dict(given)
    compose = given.pop("compose", None) or {k: given.pop(k) for k in ("services", "networks") if k in given}
    text = compose if isinstance(compose, str) else yaml.safe_dump(compose)
    files = {path: content.encode() for path, content in given.pop("files", {}).items()}
    secrets = {key: Secret(value) for key, value in given.pop("secrets", {}).items()}
    rollout = dict(given.pop("rollout", {}))
    if "restart" in rollout:
        rollout["restart"] = frozenset(rollout["restart"])
    if "volumes" in rollout:
        rollout["volumes"] = tuple(rollout["volumes"])
    return RequestedStack(
        name=name,
        compose=("compose.yml",),
        files={"compose.yml": text.encode(), **files},
        variables={**given.pop("variables", {}), **secrets},
        rollout=Rollout(**rollout),
        **given,
    )


def test_every_role_has_cases() -> None:
    folders = {path.parent.name for path in Path(__file__).parent.glob("*/*.yml")}
    assert folders >= {*NAMES, "together"}


def test_findings_name_their_role() -> None:
    for param in cases():
        path, _, case = param.values
        role_name = path.parent.name
        if "error" in case or role_name == "together":
            continue
        findings: tuple[Finding, ...] = a_plan(role_name, a_cluster(case["cluster"]), case).findings
        assert {finding.role for finding in findings} <= {role_name}
