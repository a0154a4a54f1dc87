"""How many managers there are, and whether that makes a quorum worth having."""

from __future__ import annotations

from skep.inventory.merging import MergedHost
from skep.kinds.files import MANAGERS_EVEN, MANAGERS_MANY
from skep.reading.findings import Findings
from skep.reading.values import Fields

# "Administer and maintain a swarm of Docker Engines": an odd number, and a maximum of seven.
MOST = 7


def check_managers(file: Fields, hosts: list[MergedHost], findings: Findings) -> None:
    """Note missing roles, no managers at all, an even number of them, more than seven."""
    missing = [host.name for host in hosts if host.role is None and not _role_is_broken(host, findings)]
    for name in missing:
        findings.error(("hosts", name, "role"), "is missing: manager or worker")
    if not hosts or missing or _any_role_is_broken(file, hosts, findings):
        return
    count = sum(host.role == "manager" for host in hosts)
    if count == 0:
        findings.error(("hosts",), "no host is a manager: a swarm needs at least one, better three")
    elif count % 2 == 0:
        lost = (count - 1) // 2
        findings.warn(
            MANAGERS_EVEN,
            ("hosts",),
            f"{count} managers survive the loss of {lost}, no more than {count - 1} would: make them an odd number",
        )
    elif count > MOST:
        findings.warn(
            MANAGERS_MANY, ("hosts",), f"{count} managers: Docker recommends at most {MOST}; make others workers"
        )


def _role_is_broken(host: MergedHost, findings: Findings) -> bool:
    named = host.own.get("groups", ())
    return (
        findings.is_broken(("hosts", host.name, "role"))
        or findings.is_broken(("hosts", host.name, "groups"))
        or any(findings.is_broken(("groups", group, "role")) for group in (*host.groups, *named))
    )


def _any_role_is_broken(file: Fields, hosts: list[MergedHost], findings: Findings) -> bool:
    lost = set(findings.children("hosts")) - {host.name for host in hosts}
    groups = file.section("groups")
    return (
        bool(lost)
        or any(_role_is_broken(host, findings) for host in hosts)
        or (findings.is_broken(("groups",)) and not groups)
        or any(findings.is_broken(("groups", group, "hosts")) for group in groups)
    )
