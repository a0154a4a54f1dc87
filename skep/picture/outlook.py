"""What will run out on a host: its certificate for the swarm, room on its disks. Asked of each host in one script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from skep.errors import SkepError
from skep.model import Cluster
from skep.picture.model import Disk, Outlook
from skep.shell import quoted
from skep.ssh import Pool

SCRIPT = Path(__file__).with_suffix(".sh")
FOLDERS = ("/", "/var", "/var/lib/containerd")
"""Beside each host's data root."""
TIMEOUT = 30.0


def ask(pool: Pool, cluster: Cluster, hosts: Sequence[str]) -> Mapping[str, Outlook | SkepError]:
    """By host; an error where one could not be asked."""
    text = SCRIPT.read_text()
    roots = {host.name: host.data_root for host in cluster.hosts}

    def look(host: str) -> str:
        folders = " ".join(map(quoted, (*FOLDERS, roots[host])))
        return f"set -- {folders}\n{text}"

    answers = pool.map(lambda session: session.run(look(session.host), timeout=TIMEOUT), hosts)
    return {name: one if isinstance(one, SkepError) else parse(one.out) for name, one in answers.items()}


def parse(text: str) -> Outlook:
    """What the script printed; what cannot be understood is left out."""
    certificate, _, space = text.partition("space\n")
    lines = [line.split() for line in space.splitlines()]
    disks = [_disk(blocks, inodes) for blocks, inodes in zip(lines[::2], lines[1::2], strict=False)]
    return Outlook(_end(certificate.partition("\n")[2]), tuple({one.path: one for one in disks if one}.values()))


def _end(pem: str) -> datetime | None:
    if "BEGIN CERTIFICATE" not in pem:
        return None
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except ValueError:
        return None


def _disk(blocks: Sequence[str], inodes: Sequence[str]) -> Disk | None:
    """From lines ``FOLDER DEVICE SIZE USED FREE USE% MOUNTPOINT``, of blocks and of inodes."""
    try:
        _, _, size, used, free, _, mount = blocks
        files, files_used = inodes[2:4]
        sized = int(used) + int(free) or int(size)
        return Disk(mount, int(free) << 10, int(used) / sized if sized else 0.0, _share(files_used, files))
    except ValueError:
        return None


def _share(used: str, of: str) -> float:
    """Of inodes; some file systems count none."""
    return int(used) / int(of) if of.isdigit() and int(of) and used.isdigit() else 0.0
