"""What differs between hosts with apt and with dnf: where files lie, what is written there, and which scripts do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from skep.dataclass import dataclass
from skep.shell import script

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager; ``fetching`` and ``installing`` are what is written at most, by path."""

    name: str
    look: str
    """What shows in the packages' own words why {} cannot be installed; changes nothing but the lists of sources."""
    folder: str
    """Of its scripts."""
    list: str
    """The file that names the vendor's repository, written by skep as a whole."""
    key: str
    """What it trusts that repository with; no other repository trusts it."""
    source: Callable[[str, str, str, bool], str]
    """Base address of a distribution, its release, channel, and whether no proxy leads there → the text of ``list``."""
    database: str
    """What is installed."""
    sourcing: Mapping[str, int]
    fetching: Mapping[str, int]

    @property
    def installing(self) -> Mapping[str, int]:
        """Measured with the packages of Debian 12 to forky, and some room."""
        return {**self.fetching, "/usr": 512 * MIB, self.database: 32 * MIB, "/etc/systemd/system": MIB}

    def script(self, name: str) -> str:
        """The script of that name."""
        return script(f"{self.folder}/{name}.sh")


def _deb822(base: str, release: str, channel: str, _: bool) -> str:
    components = "stable" if channel == "stable" else f"stable {channel}"
    fields = {"Types": "deb", "URIs": base, "Suites": release, "Components": components, "Signed-By": APT.key}
    return "# Written by skep.\n" + "".join(f"{name}: {value}\n" for name, value in fields.items())


def _repo(base: str, release: str, channel: str, direct: bool) -> str:
    text = "# Written by skep.\n"
    for name in dict.fromkeys(("stable", channel)):
        fields = {
            "name": f"Docker CE {name}",
            "baseurl": f"{base}/{release}/$basearch/{name}",
            "enabled": "1",
            "gpgcheck": "1",
            "gpgkey": f"file://{DNF.key}",
            **({"proxy": "_none_"} if direct else {}),
        }
        text += f"[docker-ce-{name}]\n" + "".join(f"{key}={value}\n" for key, value in fields.items())
    return text


APT = Manager(
    name="apt",
    look="apt-get update; apt-cache policy {0}; apt-get --simulate install {0}",
    folder="roles/engine",
    list="/etc/apt/sources.list.d/docker.sources",
    key="/etc/apt/keyrings/docker.asc",
    source=_deb822,
    database="/var/lib/dpkg",
    sourcing={"/run": 4 * MIB, "/etc": MIB, "/var/lib/apt/lists": 8 * MIB},
    fetching={"/tmp": MIB, "/var/lib/apt/lists": 64 * MIB, "/var/cache/apt/archives": 192 * MIB},
)
DNF = Manager(
    name="dnf",
    look="dnf makecache; dnf list --showduplicates {0}; dnf --assumeno install {0}",
    folder="roles/engine/dnf",
    list="/etc/yum.repos.d/docker-ce.repo",
    key="/etc/pki/rpm-gpg/RPM-GPG-KEY-docker-ce",
    source=_repo,
    database="/var/lib",
    sourcing={"/run": 16 * MIB, "/etc": MIB},
    fetching={"/tmp": MIB, "/var/cache": 256 * MIB},
)
