"""Mirrors of the lab's vendor repository, each with a fault of its own; they lie beside it on the same server."""

from __future__ import annotations

import shutil
from pathlib import Path

from skep import lab
from skep.lab import packages, signing, vendor

SUITE = "trixie"


def _copy(spec: lab.Lab, name: str) -> Path:
    """A whole mirror; what there is of packages are links, so that it takes no room."""
    root = packages.folder(spec) / name / "linux/debian"
    shutil.copytree(packages.folder(spec) / "linux/debian", root, symlinks=True)
    return root


def _signed(spec: lab.Lab, name: str, *options: str, expires: str = "1y", trusted: bool = True) -> str:
    """One that is signed with another key, which it also serves where ``trusted``; gives the key's fingerprint."""
    root, owner = _copy(spec, name), f"{name} <{name}@example.com>"
    with signing.keyring() as ring:
        fingerprint = ring.make(owner, *options, expires=expires)
        vendor.sign(root / "dists" / SUITE, ring, owner, *options)
        if trusted:
            (root / "gpg").write_text(ring.gpg("--armor", "--export", f"={owner}"))
    return fingerprint


def make(spec: lab.Lab) -> dict[str, tuple[str, str, str]]:
    """What is wrong → the mirror's path, the fingerprint to ask for, and what a run must say of it."""
    with signing.of_lab(spec) as ring:
        right = ring.fingerprint(signing.owner(spec))
    expired = _signed(spec, "expired", "--faked-system-time", "20200101T000000", expires="2020-12-31")
    _signed(spec, "foreign", trusted=False)
    page, absent, unbuilt, empty, mixed = (_copy(spec, one) for one in ("page", "absent", "unbuilt", "empty", "mixed"))
    (page / "gpg").write_text("<html>Please log in</html>\n")
    (absent / "gpg").unlink()
    shutil.rmtree(unbuilt / "dists" / SUITE)
    for name in ("InRelease", "Release", "Release.gpg"):
        (empty / "dists" / SUITE / name).write_text("")
    for index in (mixed / "dists" / SUITE).rglob("Packages*"):
        index.write_bytes(index.read_bytes()[:-100])
    short = next((_copy(spec, "short") / "dists" / SUITE / "pool").rglob("docker-ce_*28.5*.deb"))
    content = short.read_bytes()[:100_000]
    short.unlink()
    short.write_bytes(content)
    return {
        "another fingerprint": ("", "0123456789ABCDEF" * 2 + "01234567", f"has the fingerprint {right}"),
        "an expired key": ("expired", expired, "has expired on 2020-12-31"),
        "a page instead of a key": ("page", right, "is no OpenPGP key but begins with: <html>Please log in"),
        "no key": ("absent", right, "cannot be had"),
        "a suite that is not built": ("unbuilt", right, f"there are no packages for {SUITE}"),
        "an empty release file": ("empty", right, "is damaged"),
        "a foreign signature": ("foreign", right, "is not signed by the key"),
        "an index of another day": ("mixed", right, "does not belong to its release file"),
        "a package that was cut off": ("short", right, "docker-ce_"),
        "nothing": ("", right, ""),
    }
