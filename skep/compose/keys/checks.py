"""What is wrong with a text, for keys that take some texts only."""

from __future__ import annotations

import re
from ipaddress import ip_address

from skep.swarm.addresses import go_network


def address(text: str) -> str | None:
    """No address."""
    try:
        ip_address(text)
    except ValueError:
        return "must be an IP address"
    return None


def subnet(text: str) -> str | None:
    """No subnet."""
    return "must be a subnet such as 10.1.0.0/24" if go_network(text) is None else None


def group(text: str) -> str | None:
    """No group of users: at an empty one dockerd 28.5 of Debian panics, and again at each start."""
    return None if text else "must be a group's name or number (some engines panic at an empty one)"


def restart(text: str) -> str | None:
    """No value of Compose's ``restart``."""
    if re.fullmatch(r"(no|always|unless-stopped|on-failure)(:[0-9]{0,9})?", text, re.ASCII):
        return None
    return "must be no, always, unless-stopped or on-failure"


def version(text: str) -> str | None:
    """No version of the file format that Swarm has."""
    if text in ("", "3") or re.fullmatch(r"3\.(?:[0-9]|1[0-3])", text):
        return None
    return "must be 3 or 3.0 to 3.13, or left out"
