"""A signed apt repository in the vendor's layout, with engines repackaged from Debian's own: each release of the lab
gives one version. Packages are made once for a release of the hosts and kept; the index is signed for each lab.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from email.utils import formatdate
from pathlib import Path

from skep.errors import LabError
from skep.lab import base, folders, packages, signing
from skep.lab.spec import SUITES, Lab
from skep.lab.system import Say, run

BUILT = {"bookworm": 12, "trixie": 13}
"""Releases of Debian there are packages for, with their number in the packages' versions. As at the vendor's, there are
none for a release still in the making."""
_RECIPE = Path(__file__).with_name("vendor.sh")
_STEP = "make the vendor's packages"


def ensure(lab: Lab, say: Say) -> None:
    """Serves the repository, made first where need be, and signed with the lab's key."""
    pools = {suite: ensure_pool(suite, say) for suite in sorted({host.suite for host in lab.hosts} & set(BUILT))}
    root = packages.folder(lab) / "linux/debian"
    root.mkdir(parents=True, exist_ok=True)
    missing = {suite: pool for suite, pool in pools.items() if not (root / f"dists/{suite}/InRelease").exists()}
    if missing or not (root / "gpg").exists():
        with signing.of_lab(lab) as ring:
            folders.write(root / "gpg", ring.gpg("--armor", "--export", f"={signing.owner(lab)}"))
            for suite, pool in missing.items():
                _publish(root, suite, pool)
                sign(root / "dists" / suite, ring, signing.owner(lab))
    packages.serve(lab)


def ensure_pool(suite: str, say: Say) -> Path:
    """The folder with the packages for hosts of a release, made first when there is none of the present recipe."""
    bases = {name: base.ensure(name, say) for name in SUITES}
    recipe = "\n".join([_RECIPE.read_text(), *(path.name for path in bases.values())])
    pool = folders.cache() / f"vendor-{suite}-{hashlib.sha256(recipe.encode()).hexdigest()[:10]}"
    with folders.locked("vendor"):
        if not pool.exists():
            say(f"making the vendor's packages for {suite} (once, about a minute)")
            _build(suite, bases, pool)
        for old in folders.cache().glob(f"vendor-{suite}-*"):
            if old != pool:
                folders.remove(old)
    return pool


def archives(root: Path) -> Path:
    """Where a base keeps the packages of the release's own engine."""
    return root / "var/cache/apt/archives"


def _build(suite: str, bases: dict[str, Path], pool: Path) -> None:
    building = folders.cache() / "building-vendor"
    folders.remove(building)
    (building / "pool").mkdir(parents=True)
    runc = next(archives(bases["bookworm"]).glob("runc_*.deb"), None)
    for name, root in bases.items():
        work = building / name
        work.mkdir()
        if runc is None or not any(archives(root).glob("docker.io_*.deb")):
            raise LabError(f"the base {root} holds no packages of its engine", step=_STEP)
        values = {"FROM": archives(root), "RUNC": runc, "POOL": building / "pool"}
        words = [f"{key}={value}" for key, value in values.items()]
        run(["env", *words, f"SUFFIX=-1~debian.{BUILT[suite]}~{suite}", "sh", _RECIPE], step=_STEP, cwd=work)
        folders.remove(work)
    (building / "pool").rename(pool)
    folders.remove(building)


def _publish(root: Path, suite: str, pool: Path) -> None:
    """Links the packages and writes the index, not signed yet."""
    architecture = run(["dpkg", "--print-architecture"], step=_STEP).strip()
    release = root / "dists" / suite
    shelf = release / "pool/stable" / architecture
    folders.remove(release)
    shelf.mkdir(parents=True)
    for package in sorted(pool.glob("*.deb")):
        (shelf / package.name).symlink_to(package)
    index(release, root, "stable", architecture, sorted(shelf.iterdir()))
    index(release, root, "test", architecture, [])


def index(release: Path, root: Path, component: str, architecture: str, found: Iterable[Path]) -> None:
    """Writes what the packages of a component are."""
    folder = release / component / f"binary-{architecture}"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(_described(package, root) for package in found)
    (folder / "Packages").write_text(text)
    (folder / "Packages.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _described(package: Path, root: Path) -> str:
    fields = run(["dpkg-deb", "--field", package], step=_STEP).strip()
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    place = package.relative_to(root)
    return f"{fields}\nFilename: {place}\nSize: {package.stat().st_size}\nSHA256: {digest}\n\n"


def sign(release: Path, ring: signing.Keyring, owner: str, *options: str) -> None:
    """Writes the release file of all that lies there, and signs it; ``options`` are gpg's."""
    files = sorted(path for path in release.rglob("Packages*") if path.is_file())
    lines = [
        "Origin: Docker",
        "Label: Docker CE",
        f"Suite: {release.name}",
        f"Codename: {release.name}",
        f"Date: {formatdate(usegmt=True)}",
        f"Architectures: {' '.join(sorted({path.parent.name.removeprefix('binary-') for path in files}))}",
        "Components: stable test",
        "SHA256:",
        *(
            f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.relative_to(release)}"
            for path in files
        ),
    ]
    (release / "Release").write_text("\n".join(lines) + "\n")
    who = [*options, "--local-user", f"={owner}"]
    ring.gpg(*who, "--output", release / "InRelease", "--clearsign", release / "Release")
    ring.gpg(*who, "--armor", "--output", release / "Release.gpg", "--detach-sign", release / "Release")
