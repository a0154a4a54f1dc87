"""Chains of hosts to jump through: every jump spelled out, no circles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Chains = Mapping[str, Sequence[str]]

MOST = 16


def jumps(name: str, chains: Chains) -> tuple[str, ...] | None:
    """All jumps on the way to a host, outermost first; ``None`` if the way leads round in a circle or is too long.

    ``chains`` maps each host to the gateways it names. Where the first of them is itself a host with
    gateways, those come before it.
    """
    way: list[str] = []
    seen = {name}
    chain = list(chains.get(name, ()))
    while chain:
        if seen & set(chain) or len(set(chain)) < len(chain):
            return None
        seen |= set(chain)
        way = chain + way
        if len(way) > MOST:
            return None
        chain = list(chains.get(chain[0], ()))
    return tuple(way)
