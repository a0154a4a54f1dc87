"""What skep looks at before the first change, as a pyinfra deploy of stock facts and one of our own for what they do
not tell. Run by pyinfra together with ``pyinfra_deploy.py``, not by skep."""

from collections.abc import Iterable

from pyinfra import host, inventory
from pyinfra.api import DeployError, FactBase
from pyinfra.facts.docker import DockerSystemInfo
from pyinfra.facts.hardware import Ipv4Addrs
from pyinfra.facts.server import Date, Hostname, KernelModules, LinuxDistribution


class Rest(FactBase):
    """Machine ID, room for images, who holds Swarm's ports, and the routes, one line each."""

    def command(self) -> str:
        return (
            "cat /etc/machine-id; df -Pk /var/lib/docker 2>/dev/null | awk 'NR == 2 { print $4 }';"
            " ss -Hlntup | grep -E ':(2377|7946) '; ip -o route show"
        )

    def process(self, output: Iterable[str]) -> list[str]:
        return list(output)


facts = {
    "os": host.get_fact(LinuxDistribution)["release_meta"].get("ID"),
    "name": host.get_fact(Hostname),
    "clock": host.get_fact(Date),
    "modules": host.get_fact(KernelModules),
    "addresses": host.get_fact(Ipv4Addrs),
    "rest": host.get_fact(Rest),
    "engine": host.get_fact(DockerSystemInfo),
}
if facts["os"] not in ("debian", "ubuntu"):
    raise DeployError(f"runs {facts['os']}")
if not any(host.data.address in addresses for addresses in facts["addresses"].values()):
    raise DeployError(f"{host.data.address} is not on this host")
if facts["name"] != host.name and facts["name"] in [other.name for other in inventory]:
    raise DeployError(f"is called {facts['name']}")
