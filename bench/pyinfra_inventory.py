"""The bench's hosts as pyinfra takes them, out of the JSON file that ``BENCH_SITE`` names (see ``place.py``)."""

import json
import os
from pathlib import Path
from typing import Any

_site = json.loads(Path(os.environ["BENCH_SITE"]).read_text())


def _hosts(role: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (host["name"], {"ssh_hostname": host["address"], **host}) for host in _site["hosts"] if host["role"] == role
    ]


_common = {
    "site": _site,
    "ssh_user": _site["user"],
    "ssh_key": _site["key"],
    "ssh_known_hosts_file": _site["known_hosts"],
    "ssh_strict_host_key_checking": "yes",
    "ssh_allow_agent": False,
    "ssh_look_for_keys": False,
    "_sudo": True,
}

managers = (_hosts("manager"), _common)
workers = (_hosts("worker"), _common)
