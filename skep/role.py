"""What a role is: four pure things. See CONTRIBUTING for how to add one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from skep.model import Cluster, Host
from skep.plan import Finding, Step
from skep.questions import Answers, Inquiry
from skep.steps import Milestone


class Role(Protocol):
    """A thing the tool manages on hosts or on the cluster. All of it is pure; states are the role's own."""

    name: str
    actions: tuple[str, ...]
    """What its steps do, each in a word: ``StepId.action``."""

    milestones: tuple[Milestone, ...]
    """What its steps provide for those of other roles, about whichever host."""

    probe: str
    """Read-only POSIX sh, run as root in a subshell; prints what ``parse`` reads."""

    questions: tuple[str, ...]
    """Paths of the Engine API to GET, such as ``/info``; asked once a host, whoever else asks the same."""

    def desired(self, cluster: Cluster, host: Host) -> Any:
        """The state desired on that host, in the same terms as ``parse`` gives; ``None`` if nothing."""

    def parse(self, text: str, answers: Answers) -> Any:
        """The observed state of a host, from the probe's output and the engine's answers; ``None`` if nothing is
        there. A question is missing in ``answers`` where no engine runs or it refused (managers' on a worker).

        Raises ``ValueError`` when the text cannot be understood.
        """

    def plan(
        self, cluster: Cluster, desired: Mapping[str, Any], observed: Mapping[str, Any]
    ) -> Sequence[Step | Finding]:
        """Steps from observed to desired; both map host name → state, and hosts that did not answer are missing
        from ``observed`` and from ``desired``."""


@runtime_checkable
class ClusterWide(Protocol):
    """A role whose steps and findings are about no host: ``--limit`` leaves them out."""

    is_cluster_wide: bool


@runtime_checkable
class Probing(Protocol):
    """A role whose probe depends on what is asked for."""

    def probe_of(self, cluster: Cluster) -> str:
        """As ``probe``."""


@runtime_checkable
class Inquiring(Protocol):
    """A role that has to ask a manager more once it has seen what there is."""

    def inquiries(self, cluster: Cluster, observed: Mapping[str, Any]) -> Sequence[Inquiry]:
        """What to ask; nothing, as a rule, where nothing differs."""

    def heard(self, observed: Mapping[str, Any], answers: Mapping[Inquiry, Any]) -> Mapping[str, Any]:
        """The observed states with the answers in them."""


@runtime_checkable
class Witnessed(Protocol):
    """A role whose state one manager can tell alone, once every host has been seen."""

    def witness(self, cluster: Cluster, observed: Mapping[str, Any]) -> str | None:
        """The host whose state tells what may have changed since; ``None`` where that takes all hosts."""


@runtime_checkable
class Removable(Protocol):
    """A role that can take back what it made."""

    def down(self, cluster: Cluster, observed: Mapping[str, Any]) -> Sequence[Step | Finding]:
        """Steps that remove what the role made; what others made stays."""
