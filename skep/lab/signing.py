"""The key that a lab's package repositories are signed with: made once for each lab, gone with it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skep.lab import folders
from skep.lab.spec import Lab
from skep.lab.system import run, succeeds

_STEP = "sign the lab's packages"


class Keyring:
    """GnuPG with secret keys of its own, in a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def gpg(self, *words: str | Path) -> str:
        """Runs gpg without ever asking anybody; returns its output."""
        options: list[str | Path] = [
            "--homedir",
            self.home,
            "--batch",
            "--yes",
            "--quiet",
            "--pinentry-mode",
            "loopback",
        ]
        return run(["gpg", *options, "--passphrase", "", *words], step=_STEP)

    def make(self, name: str, *options: str, expires: str = "1y") -> str:
        """Makes a key that signs, and returns its fingerprint; ``expires`` as gpg takes it, such as ``1y``."""
        self.gpg(*options, "--quick-generate-key", name, "rsa2048", "sign", expires)
        return self.fingerprint(name)

    def fingerprint(self, name: str) -> str:
        """Of the key of that name: forty digits."""
        listing = self.gpg("--with-colons", "--list-keys", f"={name}")
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))


@contextmanager
def keyring() -> Iterator[Keyring]:
    """An empty keyring; its agent is ended and its folder removed in the end."""
    # Not in the cache: the path of the agent's socket may have a hundred letters or so.
    with tempfile.TemporaryDirectory(prefix="skep-", dir="/tmp") as folder:
        try:
            yield Keyring(Path(folder))
        finally:
            succeeds(["gpgconf", "--homedir", folder, "--kill", "all"])


def owner(lab: Lab) -> str:
    """Whose key it is, as in ``gpg --local-user``."""
    return f"lab {lab.name} <{lab.name}@example.com>"


@contextmanager
def of_lab(lab: Lab) -> Iterator[Keyring]:
    """A keyring with the lab's key, made first when there is none."""
    kept = folders.run(lab.name) / "signing.asc"
    with keyring() as ring:
        if kept.exists():
            ring.gpg("--import", kept)
        else:
            ring.make(owner(lab))
            folders.write(kept, ring.gpg("--armor", "--export-secret-keys", f"={owner(lab)}"), mode=0o600)
        yield ring
