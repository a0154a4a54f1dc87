"""Writes docs/distributions.md anew: ``python -m roles.engine.families``."""

from __future__ import annotations

from pathlib import Path

from roles.engine.families import MANAGERS, TRIED, Family, family, names

PAGE = Path("docs/distributions.md")

_INTRODUCTION = """\
# Distributions

<!-- Made from roles/engine/families by `python -m roles.engine.families`. Do not edit. -->

Where skep can install an engine. On any other system, an engine that is there already is used as it is.

| distribution | `ID` | managed by | Docker's packages are for | below | the distribution's own engine | tried |
|---|---|---|---|---|---|---|
"""

_END = """
- A host is known by `ID` of `/etc/os-release`. One of another `ID` counts as the distribution it is made from where it
  says the release: `ID_LIKE` together with `UBUNTU_CODENAME` or `DEBIAN_CODENAME` (Linux Mint), or a `PLATFORM_ID` such
  as `platform:el9` (other relatives of RHEL). Nothing else is guessed: Amazon Linux, SLES, openSUSE, Alpine, Arch, and
  what rpm-ostree manages (Fedora CoreOS, Silverblue) are refused by name.
- Of RHEL and its relatives the major number is what counts: 9.4 takes the packages for 9.
- A release that is newer than all those named is tried; an older one is refused.
- yum is dnf under its old name on all releases named here; the yum of version 7 is another program, and refused.
- From engine 29 on, Docker builds nothing for the 32-bit Raspberry Pi OS of bullseye and bookworm: there is 28 at most.
  Debian's packages for 32-bit ARM, which trixie takes, need ARMv7: they do not run on a Pi Zero or a first Pi.
- "Not on the real thing" means that the facts are Docker's and the distribution's documentation, and no more.
"""


def page() -> str:
    """The page on every family."""
    return _INTRODUCTION + "".join(f"| {' | '.join(_cells(family(name)))} |\n" for name in names()) + _END


def _cells(its: Family) -> tuple[str, ...]:
    known = its.vendor.releases
    paths = {its.vendor.path_of(release): None for release in known}
    below = [its.vendor.path, *(f"{path} ({_of(its, path)})" for path in paths if path != its.vendor.path)]
    return (
        its.name,
        f"`{its.id}`",
        ", ".join(MANAGERS[its.manager]),
        ", ".join(name if name == version else f"{name} ({version})" for name, version in known.items()),
        ", ".join(below),
        f"`{its.distribution[0]}`" if its.distribution else "none",
        TRIED[its.tried],
    )


def _of(its: Family, path: str) -> str:
    return ", ".join(release for release in its.vendor.releases if its.vendor.path_of(release) == path)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
