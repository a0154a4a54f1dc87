"""The time zone of a host, where the inventory says one."""

from __future__ import annotations

from collections.abc import Sequence

from skep.model import Cluster, Host
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.reading.documented import Key
from skep.reading.settings import Text
from skep.role import HostRole
from skep.seen import Seen
from skep.steps import StepId


def _zone(text: str) -> str | None:
    return None if "/" in text or text == "UTC" else "must be a time zone such as Europe/Berlin"


class Timezone(HostRole[str]):
    """Sets the link; timedatectl would also tell the kernel, which a lab's hosts share with this machine."""

    name = "timezone"
    actions = ("set",)
    probe = "readlink /etc/localtime | sed 's,.*/zoneinfo/,,'"
    host_keys = {"timezone": Key(Text(check=_zone), "Its time zone.", "Europe/Berlin", shown="left as it is")}  # noqa: RUF012

    def desired(self, cluster: Cluster, host: Host) -> str:
        """The zone, or nothing where none is asked for."""
        return str(host.settings.get("timezone", ""))

    def parse(self, text: str, answers: Answers) -> str | None:
        """What the link of /etc/localtime leads to."""
        return text.strip() or None

    def plan(self, cluster: Cluster, seen: Seen[str]) -> Sequence[Step | Finding]:
        """One step for each host whose zone differs."""
        return [
            Run(
                id=StepId("timezone", "set", name),
                host=name,
                title=f"set the time zone {zone}",
                cause=f"it is {seen.states[name] or 'not set'}",
                script='ln -sfn -- "/usr/share/zoneinfo/$ZONE" /etc/localtime',
                variables={"ZONE": zone},
            )
            for name, zone in self.desired_on(cluster, seen).items()
            if zone not in ("", seen.states[name])
        ]


role = Timezone()
