"""A host as it really is: package, systemd unit, daemon.json, and what the running engine has in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIGHUP_KEYS = frozenset(
    {"debug", "insecure-registries", "labels", "max-concurrent-downloads", "registry-mirrors", "shutdown-timeout"}
)
"""Keys of the world's daemon.json files that a reload takes over; a key that is gone keeps its old value."""

DEFAULTS: Mapping[str, Any] = {
    "debug": False,
    "insecure-registries": [],
    "labels": [],
    "log-driver": "json-file",
    "registry-mirrors": [],
}
"""What ``docker info`` reports where daemon.json does not name the key; other keys it does not report at all."""


class Refused(Exception):
    """The world does not do what a step asks, as a host or an engine would refuse it."""


class NotYet(Refused):
    """What a patient caller tries again: it fails only when nothing else is on its way."""


@dataclass
class Machine:
    """One host. ``answers``: SSH reaches it; ``node`` is the id it has on disk in the swarm ``swarm``."""

    name: str
    address: str
    offers: str = "26.1.5"
    answers: bool = True
    powered: bool = True
    package: str | None = None
    version: str | None = None
    enabled: bool = False
    running: bool = False
    locked: bool = False
    """The engine runs and its swarm state waits for the unlock key."""
    pending: bool = False
    """The engine runs and has not found its swarm's managers since it was started."""
    file: dict[str, Any] = field(default_factory=dict)
    broken: str | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    in_force: dict[str, Any] = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)
    """Keys the tool ever put in force here: the truth against which a dropped key is judged."""
    node: str | None = None
    swarm: str | None = None
    overlays: bool = True
    """The engine has the swarm's overlay networks."""
    lingers: bool = False
    """The engine has left a swarm and still listens to it."""
    hidden: bool = False
    """The probe does not find its data root while the engine is stopped, as by an option in a drop-in."""
    privileged: bool = True
    """The login may become root: else that is reported, and the host is not observed."""
    hostname: str = ""
    """What the machine calls itself, where that is not its name in the inventory."""

    @property
    def installed(self) -> bool:
        return self.version is not None

    def need_running(self) -> None:
        if not (self.powered and self.running):
            raise Refused(f"the engine of {self.name} does not answer")

    def start(self) -> None:
        if not self.installed or self.broken:
            raise Refused(f"the engine of {self.name} does not start: {self.broken or 'not installed'}")
        if not self.running:
            self.in_force = dict(self.file)
            self.overlays = True
        self.running = True

    def stop(self) -> None:
        self.running = self.locked = self.pending = self.lingers = False

    def reload(self) -> None:
        self.need_running()
        self.in_force |= {key: value for key, value in self.file.items() if key in SIGHUP_KEYS}

    def remember(self, keys: Mapping[str, Any]) -> None:
        self.memory = dict(keys)
        self.owned |= set(keys)

    def live(self) -> dict[str, Any]:
        """What the engine reports of its configuration, lists sorted, mirrors without the trailing slash."""
        reported = {key: self.in_force.get(key, value) for key, value in DEFAULTS.items()}
        return {key: sorted(value) if isinstance(value, list) else value for key, value in reported.items()}

    def wipe(self) -> None:
        """Reinstalled from bare metal: same name and address, nothing else left."""
        fresh = Machine(self.name, self.address, self.offers, privileged=self.privileged)
        self.__dict__.update(fresh.__dict__)

    def reinstall(self) -> None:
        """A new system on the old disks: the engine is gone, its data is where nobody looks for it."""
        node, swarm = self.node, self.swarm
        self.wipe()
        self.node, self.swarm, self.hidden = node, swarm, True
