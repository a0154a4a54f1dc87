"""A dnf repository in the vendor's layout, beside `skep.lab.vendor`'s and made of the same packages.

It is made and signed once, with its own key as the vendor's is, and kept. dnf, the rpm database, signatures and scripts
are real; only Rocky itself is imitated, by Debian (``el9.sh``).
"""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from skep.lab import folders, packages, signing, vendor
from skep.lab.spec import STAND_INS, Lab
from skep.lab.system import Say, run

RELEASES = {"el9": "9"}
"""Suites of stand-in hosts → the release that the repository has packages for."""
_OWNER = "lab rpms <rpms@example.com>"
_RECIPE = Path(__file__).with_name("rpms.sh")
_STEP = "make the vendor's rpms"


def ensure(lab: Lab, say: Say) -> None:
    """Adds the repository to those that the lab serves, and makes it first if it does not exist."""
    for suite in sorted({host.suite for host in lab.hosts} & set(RELEASES)):
        made = _ensure_made(suite, say)
        root = packages.folder(lab) / "linux/rhel"
        place = root / RELEASES[suite] / platform.machine() / "stable"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            place.symlink_to(made / "repository")
            folders.write(root / "gpg", (made / "gpg").read_text())


def _ensure_made(suite: str, say: Say) -> Path:
    """The folder with ``repository`` and its key, ``gpg``."""
    pool = vendor.ensure_pool(STAND_INS[suite], say)
    digest = hashlib.sha256(f"{pool.name}\n{_RECIPE.read_text()}".encode()).hexdigest()
    made = folders.cache() / f"rpms-{suite}-{digest[:10]}"
    with folders.locked("rpms"):
        if not made.exists():
            say(f"making the vendor's rpms for {suite} (once, about a minute)")
            _build(pool, made)
        for old in folders.cache().glob(f"rpms-{suite}-*"):
            if old != made:
                folders.remove(old)
    return made


def _build(pool: Path, made: Path) -> None:
    building = folders.cache() / "building-rpms"
    folders.remove(building)
    (building / "work").mkdir(parents=True)
    with signing.keyring() as ring:
        ring.make(_OWNER, expires="10y")
        folders.write(building / "gpg", ring.gpg("--armor", "--export", f"={_OWNER}"))
        values = {"FROM": pool, "OUT": building / "repository", "KEYS": ring.home}
        words = [f"{key}={value}" for key, value in values.items()]
        run(["env", *words, "sh", _RECIPE], step=_STEP, cwd=building / "work")
    folders.remove(building / "work")
    building.rename(made)
