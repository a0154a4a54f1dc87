"""SSH keys: one the lab logs in with, and one each host proves itself with."""

from __future__ import annotations

from pathlib import Path

from skep.lab import folders
from skep.lab.spec import Lab
from skep.lab.system import run

HOST_KEY = Path("etc/ssh/ssh_host_ed25519_key")
"""A host's key, relative to its root."""


def client() -> str:
    """The public key all hosts accept; made with its private half when there is none."""
    private = folders.client_key()
    with folders.locked("key"):
        if not private.exists():
            generate(private, "skep-lab")
        return run(["ssh-keygen", "-y", "-f", private], step="read the lab's key").strip()


def generate(private: Path, comment: str) -> None:
    """Writes an Ed25519 key pair without a passphrase; a key found there is replaced."""
    new = private.with_name(f"{private.name}.new")
    for path in (new, new.with_name(f"{new.name}.pub")):
        path.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", new], step="make an SSH key")
    new.with_name(f"{new.name}.pub").replace(private.with_name(f"{private.name}.pub"))
    new.replace(private)


def known_hosts_text(host_keys: dict[str, str]) -> str:
    """A known_hosts file out of ``"address,name" -> public key``."""
    lines = [f"{names} {' '.join(key.split()[:2])}" for names, key in sorted(host_keys.items())]
    return "".join(f"{line}\n" for line in lines)


def write_known_hosts(lab: Lab) -> None:
    """Writes down the keys of all hosts of the lab, for strict checking."""
    found = {}
    for host in lab.hosts:
        public = folders.host(lab.name, host) / "root" / f"{HOST_KEY}.pub"
        found[f"{host.address},{host.name}"] = public.read_text()
    folders.write(folders.known_hosts(lab.name), known_hosts_text(found))


def ssh_argv(lab: Lab, host: str, user: str = "admin", *, patience: float = 10) -> list[str]:
    """The command that logs in to a host of the lab; append a command to run it there.

    ``patience`` is in seconds, for the server to greet.
    """
    return [
        "ssh",
        "-F",
        "none",
        "-i",
        str(folders.client_key()),
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        f"UserKnownHostsFile={folders.known_hosts(lab.name)}",
        "-o",
        "GlobalKnownHostsFile=none",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "KexAlgorithms=curve25519-sha256",  # the default takes ten times longer, each time
        "-o",
        f"ConnectTimeout={patience:.0f}",
        f"{user}@{lab.host(host).address}",
    ]
