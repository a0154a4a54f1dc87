"""axe-core, which looks for barriers on a page: had by npm, one version, whose checksum is written here."""

from __future__ import annotations

import base64
import functools
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the package, as npm's ``dist.integrity`` has it."""


class NotToBeHad(Exception):
    """There is no npm, or it reaches no registry."""


def script() -> str:
    """What a page runs to have ``axe``. Raises ``NotToBeHad``."""
    found = _fetched()
    if isinstance(found, NotToBeHad):
        raise found
    return found


@functools.cache
def _fetched() -> str | NotToBeHad:
    """It is asked for once, also where no registry answers."""
    try:
        return _packed()
    except NotToBeHad as error:
        return error


def _packed() -> str:
    npm = shutil.which("npm")
    if not npm:
        raise NotToBeHad("needs npm, for axe-core")
    with tempfile.TemporaryDirectory() as folder:
        words = [npm, "pack", "--silent", "--prefer-offline", f"axe-core@{VERSION}", "--pack-destination", folder]
        try:
            ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            raise NotToBeHad(f"npm does not get axe-core {VERSION} in five minutes") from None
        packages = [*Path(folder).glob("*.tgz")]
        if ran.returncode or not packages:
            raise NotToBeHad(f"npm cannot get axe-core {VERSION}: {ran.stderr[-300:]}")
        (package,) = packages
        found = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        assert found == SHA512, f"axe-core {VERSION} is not the one that was looked at: {found}"
        with tarfile.open(package) as files:
            content = files.extractfile("package/axe.min.js")
            assert content
            return content.read().decode()
