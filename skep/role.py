"""What a role is: pure methods around one look at the hosts. See CONTRIBUTING for how to add one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from skep.kinds import Kind
from skep.model import Cluster, Host
from skep.plan import Finding, Step
from skep.questions import Answers, Inquiry
from skep.request import RequestedCluster, RequestedStack
from skep.seen import Seen
from skep.steps import Milestone

if TYPE_CHECKING:
    from skep.reading.documented import HostKeys

State = TypeVar("State")
"""What a role knows of a host; a type of the role's own."""


class Role(ABC, Generic[State]):
    """A thing the tool manages: a ``HostRole`` or a ``ClusterRole``. All of it is pure."""

    name: str
    actions: tuple[str, ...]
    """What its steps do, each in a word: ``StepId.action``."""

    milestones: tuple[Milestone, ...] = ()
    """What its steps provide for those of other roles, about whichever host."""

    probe: str = ""
    """Read-only POSIX sh, run as root in a subshell; prints what ``parse`` reads."""

    questions: tuple[str, ...] = ()
    """Paths of the Engine API to GET, such as ``/info``; asked once a host, whoever else asks the same."""

    host_keys: HostKeys = MappingProxyType({})
    """Keys of its own that a host and a group of the inventory may have: ``Host.settings`` holds what they say."""

    kinds: tuple[Kind, ...] = ()
    """What its warnings may be about, besides what ``skep.kinds`` has."""

    is_cluster_wide: ClassVar[bool]
    """Whether its steps and findings are about no host: ``--limit`` leaves them out."""

    def has_part_in(self, stacks: Sequence[RequestedStack], cluster: RequestedCluster) -> bool:
        """Whether it plans something where a request is about these stacks of the cluster alone."""
        return False

    def probe_of(self, cluster: RequestedCluster) -> str:
        """``probe``, where it does not depend on what is asked for."""
        return self.probe

    @abstractmethod
    def parse(self, text: str, answers: Answers) -> State | None:
        """The observed state of a host, from the probe's output and the engine's answers; ``None`` if nothing is
        there. A question is missing in ``answers`` where no engine runs or it refused (managers' on a worker).

        Raises ``ValueError`` when the text cannot be understood.
        """

    def inquiries(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Inquiry]:
        """What to ask a manager in addition; nothing, as a rule, where nothing differs."""
        return ()

    def with_answers(self, seen: Seen[State], answers: Mapping[Inquiry, Any]) -> Mapping[str, State | None]:
        """The states by host, with the answers to ``inquiries`` in them."""
        return seen.states

    @abstractmethod
    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Steps from observed to desired. Hosts that did not answer are missing in ``seen``."""

    def down(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Steps that remove what the role made; what others made stays, and so does what a role leaves in place."""
        return ()


class HostRole(Role[State]):
    """A role whose steps and findings are about hosts."""

    is_cluster_wide = False

    @abstractmethod
    def desired(self, cluster: Cluster, host: Host) -> State:
        """The state desired on that host, in the same terms as ``parse`` gives."""

    def desired_on(self, cluster: Cluster, seen: Seen[State]) -> Mapping[str, State]:
        """The states desired on the hosts that answered, in the inventory's order."""
        return {host.name: self.desired(cluster, host) for host in seen.hosts(cluster)}


class ClusterRole(Role[State]):
    """A role whose steps and findings are about the swarm, and planned from what the one manager that is believed
    lists: ``Seen.swarm``. Where there is no other role, later looks of a run ask that manager alone, and what other
    hosts said stays what it was."""

    is_cluster_wide = True


AnyRole = Role[Any]
"""A role whatever its states are."""
