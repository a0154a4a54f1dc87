"""Paramiko's transport, asked for host keys in an order of ours; it knows what a host offered that is not possible."""

from __future__ import annotations

import paramiko

LISTS = (
    ("key exchange", "kex_algo_list", "preferred_kex", "KexAlgorithms"),
    ("host key algorithm", "server_key_algo_list", "preferred_keys", "HostKeyAlgorithms"),
    ("cipher", "client_encrypt_algo_list", "preferred_ciphers", "Ciphers"),
    ("MAC", "client_mac_algo_list", "preferred_macs", "MACs"),
)
"""What both sides must have in common: in words, as Paramiko has the host's list and ours, in sshd_config."""


class Transport(paramiko.Transport):
    """As Paramiko's own, with ``in_order`` the algorithms for host keys, the best first."""

    in_order: tuple[str, ...] = ()
    _offered: dict[str, list[str]]

    @property
    def preferred_ciphers(self) -> tuple[str, ...]:
        """Ciphers, those first that authenticate what they encrypt (GCM): a MAC beside them Paramiko compares byte by
        byte, in Python, which is a third of what it costs to read a host's answers."""
        return tuple(sorted(super().preferred_ciphers, key=lambda name: "-gcm" not in name))

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """Algorithms for host keys that are asked for, the best first."""
        return self.in_order or tuple(super().preferred_keys)

    def _really_parse_kex_init(self, m: object, ignore_first_byte: bool = False) -> dict[str, list[str]]:
        parsed: dict[str, list[str]] = super()._really_parse_kex_init(m, ignore_first_byte)  # type: ignore[misc]
        if not ignore_first_byte:
            self._offered = parsed
        return parsed

    def not_common(self) -> tuple[str, list[str], list[str], str] | None:
        """What the two sides do not have in common: in words, the host's list, ours, the keyword of sshd_config."""
        offered = getattr(self, "_offered", {})
        for name, theirs, ours, keyword in LISTS:
            here = list(getattr(self, ours))
            if theirs in offered and not set(offered[theirs]) & set(here):
                return name, offered[theirs], here, keyword
        return None
