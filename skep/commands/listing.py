"""What lists show: rows from the Engine API of a manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from skep.commands.first_answer import first_answer
from skep.converge import Site, asked_managers
from skep.engine.tasks import without_lost
from skep.errors import ConnectError, SkepError, nobody, reasons
from skep.observe import Observation
from skep.report import Reporter
from skep.swarm.archived import shown_image
from skep.swarm.labels import NAMESPACE, OURS, labels_of, stack_of
from skep.swarm.network import pools_of
from skep.swarm.quorum import hostname_of

if TYPE_CHECKING:
    from skep.engine import EngineClient

Table = tuple[tuple[str, ...], list[tuple[object, ...]]]


@contextmanager
def manager_client(site: Site, observation: Observation | None = None) -> Iterator[EngineClient]:
    """A client on the first manager in a quorum that answers. Raises ``ConnectError`` if there is none."""
    from skep.engine import Clients

    names = asked_managers(site, observation) if observation else site.manager_names
    clients = Clients(site.pool)

    def ask(name: str) -> None:
        with clients.lend(name, "ask") as api:
            swarm = api.info()["Swarm"]
        if not swarm.get("ControlAvailable"):
            raise _NoManager(swarm.get("Error") or "is no manager of a swarm", host=name)
        if swarm.get("Error"):
            raise _NoQuorum(swarm["Error"], host=name)

    try:
        asked = first_answer(names, ask, lambda silent: site.note(f"waiting for {', '.join(silent)}"))
        if asked.answered is None:
            raise _no_manager(asked.refused)
        missing = [reasons(asked.refused)] if asked.refused else []
        if asked.silent:
            missing.insert(0, f"{' and '.join(asked.silent)} {'do' if asked.silent[1:] else 'does'} not answer")
        if missing:
            site.note(f"{'; '.join(missing)}; asked {asked.answered}")
        with clients.lend(asked.answered, "ask") as api:
            yield api
    finally:
        clients.close()


class _NoManager(ConnectError):
    """It answers, but is not a manager of a swarm."""


class _NoQuorum(ConnectError):
    """It is a manager, and too few of the others are there for it to know anything."""


def _no_manager(refused: Mapping[str, SkepError]) -> ConnectError:
    """That there is no swarm is only known once all have answered."""
    if any(isinstance(error, _NoQuorum) for error in refused.values()):
        return nobody("no manager can be asked: the swarm has no quorum", refused, "what to do: invoke cluster.plan")
    unknown = {name: error for name, error in refused.items() if not isinstance(error, _NoManager)}
    if not unknown:
        return nobody("no manager of a swarm answers", refused, "if there is none yet: invoke cluster.up")
    back = f"bring {', '.join(unknown)} back and run the same command again"
    return nobody("no manager of a swarm could be asked", refused, next(iter(unknown.values())).next_action or back)


def node_rows(api: EngineClient) -> Table:
    """One row a node."""
    columns = ("name", "role", "state", "availability", "manager", "engine", "address", "labels")
    rows: list[tuple[object, ...]] = []
    for node in sorted(api.nodes(), key=lambda n: (n["Spec"]["Role"], hostname_of(n))):
        manager = node.get("ManagerStatus") or {}
        standing = "leader" if manager.get("Leader") else manager.get("Reachability", "")
        labels = {k: v for k, v in labels_of(node["Spec"]).items() if not k.startswith(OURS)}
        rows.append(
            (
                hostname_of(node),
                node["Spec"]["Role"],
                node["Status"]["State"],
                node["Spec"]["Availability"],
                standing,
                node["Description"].get("Engine", {}).get("EngineVersion", ""),
                node["Status"].get("Addr", ""),
                " ".join(f"{key}={value}" for key, value in sorted(labels.items())),
            )
        )
    return columns, rows


def show_services(site: Site, tell: Reporter) -> None:
    """All stacks with running and desired tasks."""
    with manager_client(site) as api:
        tell.table("stacks", *stack_rows(api), **STACKS_SHOWN)


def show_nodes(site: Site, tell: Reporter) -> None:
    """The nodes of the swarm."""
    with manager_client(site) as api:
        tell.table("nodes", *node_rows(api), spare=NODES_SPARE)


def network_rows(api: EngineClient) -> Table:
    """One row an overlay network."""
    columns = ("name", "driver", "subnet", "attachable", "encrypted", "internal")
    rows: list[tuple[object, ...]] = [
        (
            network["Name"],
            network["Driver"],
            ", ".join(pool.get("Subnet", "") for pool in pools_of(network)),
            _yes(network["Attachable"]),
            _yes("encrypted" in (network.get("Options") or {})),
            _yes(network["Internal"]),
        )
        for network in sorted(api.networks(filters={"scope": "swarm"}), key=lambda n: str(n["Name"]))
    ]
    return columns, rows


def stack_rows(api: EngineClient) -> Table:
    """One row a service of a stack. ``desired`` is how many tasks are to run; of a job, how many are to complete."""
    columns = ("stack", "service", "mode", "tasks", "running", "desired", "completed", "update", "image")
    rows: list[tuple[object, ...]] = []
    services, nodes = api.services(filters={"label": NAMESPACE}, status=True), api.nodes()
    tasks = api.tasks() if any(node["Status"]["State"] == "down" for node in nodes) else []
    for service in sorted(without_lost(services, tasks, nodes), key=lambda s: str(s["Spec"]["Name"])):
        spec = service["Spec"]
        image = shown_image(spec).partition("@")[0]
        rows.append(
            (
                stack_of(spec),
                spec["Name"],
                *_standing(spec["Mode"], service.get("ServiceStatus") or {}),
                (service.get("UpdateStatus") or {}).get("State", ""),
                image,
            )
        )
    return columns, rows


STACKS_SHOWN: Mapping[str, Any] = {"for_scripts": ("running", "desired", "completed"), "spare": ("stack", "mode")}
"""How people see ``stack_rows``: without the counts that ``tasks`` sums up; if it is narrow, without stack and mode."""
NODES_SPARE = ("address",)
"""Columns of ``node_rows`` that a narrow terminal can do without."""


def _standing(mode: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[object, ...]:
    """The mode in Docker's words, the tasks in one phrase, and how many run, are desired, are completed."""
    kind = next((kind for kind, value in mode.items() if value is not None), "Replicated")
    words = kind.replace("Job", " job").lower()
    if not status:
        return (words, "", "", "", "")
    running, desired, completed = (status.get(f"{what}Tasks") or 0 for what in ("Running", "Desired", "Completed"))
    if not kind.endswith("Job"):
        return (words, f"{running}/{desired}", running, desired, completed)
    # What a global job still has to start is without what has completed.
    total = desired + completed if kind == "GlobalJob" else mode[kind].get("TotalCompletions", desired)
    phrase = f"{completed}/{total} completed"
    return (words, f"{running} running, {phrase}" if running else phrase, running, total, completed)


def _yes(value: object) -> str:
    return "yes" if value else ""
