"""Warnings that may be as they are: each id, host and stack must be one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from skep.inventory.loaded import Ids
from skep.inventory.merging import MergedHost
from skep.reading.findings import Findings, KeyPath
from skep.reading.values import Fields

DOCS = "invoke docs findings"
TESTS = ("own-", "verify-")
"""How ids begin that tests of an audit make of their names: only the audit knows them."""
ALL = ("all", "any", "every")
"""What somebody may write who means each."""
FIRST_YEAR = 2000
"""Before it no warning was ever accepted: a year with a slip of the pen."""


def check_accepts(file: Fields, hosts: list[MergedHost], ids: Ids | None, findings: Findings) -> None:
    """Note entries that can never accept anything; without ``ids`` nobody knows which there are."""
    known = {
        "hosts": [*(host.name for host in hosts), *findings.children("groups")],
        "stacks": findings.children("stacks"),
    }
    seen: list[tuple[object, ...]] = []
    entries = file.get("accept", ())
    warnings = ids() if ids and entries else None
    for number, entry in enumerate(entries):
        path = ("accept", number)
        if warnings is not None and "id" in entry and not _is_known(str(entry["id"]), warnings):
            hint = findings.hint(entry["id"], warnings) or f"; all are listed by: {DOCS}"
            message = (
                f"{findings.value(entry['id'])} is the id of no warning and of nothing that an audit looks at{hint}"
            )
            findings.error((*path, "id"), message)
        same = [tuple(sorted(map(str, entry.get(key, ())))) for key in ("hosts", "stacks")]
        mark = (entry.get("id"), *same)
        if mark in seen and "id" in entry:
            message = f"{findings.value(entry['id'])} is in the list already, for the same hosts and stacks"
            findings.error((*path, "id"), message)
        seen.append(mark)
        if isinstance(entry.get("until"), date) and entry["until"].year < FIRST_YEAR:
            findings.error((*path, "until"), f"is long over: write a day from {FIRST_YEAR}-01-01 on")
        for key in ("reason", "owner"):
            if not str(entry.get(key, "-")).strip():
                findings.error((*path, key), "is empty: say why" if key == "reason" else "is empty")
        for key, names in known.items():
            _check_names((*path, key), entry, names, findings)


def _check_names(path: KeyPath, entry: Fields, names: Collection[str], findings: Findings) -> None:
    key = str(path[-1])
    if key in entry and not entry[key] and not findings.is_broken(path):
        findings.error(path, f"is empty: name {key}, or take the key out for all")
    for index, name in enumerate(entry.get(key, ())):
        if name not in names and not findings.is_broken((key,)):
            what = "host or group" if key == "hosts" else "stack"
            means_many = name in ALL or set("*?[") & set(name)
            hint = f": take {key} out for all, or name each" if means_many else findings.hint(name, names)
            findings.error((*path, index), f"{findings.value(name)} is not a {what} of this file{hint}")


def _is_known(identity: str, warnings: Collection[str]) -> bool:
    return identity in warnings or (identity.startswith(TESTS) and identity not in TESTS)
