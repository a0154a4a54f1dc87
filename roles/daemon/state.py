"""What daemon.json holds on a host and what is in force there, and how that differs from what is desired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from roles.daemon.reported import reported_form
from skep.dataclass import dataclass
from skep.json_types import mapping
from skep.refusals.engines import LOOPBACK_SECURE, is_from
from skep.secret import marked, revealed, secrets_in, unmarked, veiled

NEUTRAL: Mapping[str, object] = {"debug": False, "insecure-registries": [], "labels": [], "registry-mirrors": []}
"""A reload does not undo a key that is gone (moby#36632), so it is written in its empty form instead; a key
without one takes a restart."""
INSECURE = "insecure-registries"


@dataclass(frozen=True, slots=True)
class State:
    """``keys`` is the file's content; the rest is observed only: ``applied`` are the keys last put in force by
    this tool, ``live`` what the running engine reports, ``broken`` why the file cannot be read.

    Desired keys may hold a ``Secret`` at any depth; what was read from a host is plain, and not to be shown.
    """

    keys: Mapping[str, object] = field(repr=False)
    applied: Mapping[str, object] = field(default_factory=dict, repr=False)
    live: Mapping[str, object] = field(default_factory=dict)
    running: bool = False
    broken: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    """Keys that docker.service passes to dockerd → the option as it stands there; observed only."""
    config_file: str | None = None
    """The file that docker.service names for dockerd to read, if it does; observed only."""
    version: str = ""
    """Of the running engine; observed only."""
    node: bool = False
    """Whether the host is a node by what is on its disks; observed only."""
    asked: tuple[str, ...] = field(default=(), repr=False)
    """What is written down of the registry mirrors (``roles.daemon.mirrors``); observed only."""


def merge(have: State, desired: Mapping[str, object], *, running: bool) -> dict[str, object]:
    """The file as it should be: foreign keys kept, ours as desired, what we owned and no longer name gone."""
    dropped = set(have.applied) - set(desired)
    merged = {key: value for key, value in have.keys.items() if key not in dropped}
    if running:
        # From there on, the empty form of that key says something else than none.
        undone = {INSECURE} if is_from(have.version, LOOPBACK_SECURE) else set()
        merged |= {key: NEUTRAL[key] for key in (dropped & set(NEUTRAL)) - undone}
    return merged | dict(desired)


def differing_keys(have: State, merged: Mapping[str, object], desired: Mapping[str, object]) -> frozenset[str]:
    """Keys whose value in the file, in force, or as the engine reports it is not the one desired."""
    in_file = {key for key in {*have.keys, *merged} if have.keys.get(key) != revealed(merged.get(key))}
    applied, remembered = remembered_keys(have, desired), marked(desired)
    in_force = {key for key in {*applied, *desired} if applied.get(key) != remembered.get(key)}
    live = {key for key in desired if key in have.live and have.live[key] != reported_form(key, desired[key])}
    return frozenset(in_file | in_force | live)


def remembered_keys(have: State, desired: Mapping[str, object]) -> dict[str, object]:
    """What is remembered, with hashes in place of the secrets desired: a value once plain in the inventory may be a
    reference now, and needs no restart for that."""
    return {key: _marked_like(value, desired.get(key)) for key, value in have.applied.items()}


def _marked_like(value: object, like: object) -> object:
    return marked(like) if value == revealed(like) else value


def veiled_keys(have: State, merged: Mapping[str, object]) -> dict[str, object]:
    """The file's content with a secret where one is desired, or was when the file was written."""
    before = mapping(veiled(have.keys, unmarked(have.applied)))
    return {key: veiled(value, merged.get(key)) for key, value in before.items()}


def as_it_is(have: State, old: Mapping[str, object], key: str, desired: object) -> object:
    """What differs from what is desired: the engine's word where that is another value, else the file's (``old``)."""
    live = have.live.get(key)
    other = live is not None and (desired is None or live != reported_form(key, desired))
    return live if other and not any(True for _ in secrets_in(old.get(key))) else old.get(key)
