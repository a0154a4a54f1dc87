"""What a warning may be about: each kind with the id that an inventory's ``accept:`` names. Declared once, here and by
roles; ``docs`` and ``docs/findings.md`` are made from it."""

from __future__ import annotations

from skep.kinds.kind import Kind as Kind


def declared(names: dict[str, object]) -> tuple[Kind, ...]:
    """The kinds among a module's names, by id."""
    return tuple(sorted((one for one in names.values() if isinstance(one, Kind)), key=lambda one: one.id))


def shipped() -> tuple[Kind, ...]:
    """All that are declared outside roles, by id."""
    from skep.kinds import files, hosts

    return tuple(sorted((*declared(vars(files)), *declared(vars(hosts))), key=lambda one: one.id))
