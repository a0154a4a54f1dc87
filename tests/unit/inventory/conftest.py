"""A folder with stacks and secrets to load inventories in, and a fixed environment."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from skep.errors import InventoryError
from skep.inventory import Inventory, load
from skep.inventory.tarballs import NEEDED
from tests import package_files
from tests.archives import config as image_config
from tests.archives import newer, older, tar

REPOSITORY = Path(__file__).parents[3]

ENVIRON = {
    "HOME": "/home/operator",
    "XDG_CACHE_HOME": "/dev/null",
    "EMPTY": "",
    "PORT": "2222",
    "WORD": "hunter2-from-environment",
    "SSH_PASSWORD": "hunter2-ssh",
    "REGISTRY_PASSWORD": "hunter2-registry",
    "PROXY_PASSWORD": "hunter2-proxy",
    "WEB_TOKEN": "hunter2-token",
    "HOOK_SECRET": "hunter2-hook",
    "PING_URL": "https://example.com/hunter2-ping",
    "APPRISE_URL": "mailto://hunter2-mail@example.com",
}

Load = Callable[[str | bytes], Inventory]
Problems = Callable[[str | bytes], list[str]]


def make_world(folder: Path) -> Path:
    """An inventory folder with a few secrets, beside a stacks folder; gives the inventory folder."""
    inventory = folder / "inventory"
    (inventory / "secrets").mkdir(parents=True)
    (inventory / "secrets" / "sudo").write_text("hunter2-sudo\n")
    _certificates(inventory / "secrets")
    _tarballs(inventory / "engines")
    _images(inventory / "images")
    _package_sets(inventory / "engines")
    (inventory / "ssh_config").write_text("# of the operator\nHost *.example.com\n  User = admin\n")
    (inventory / "home" / ".ssh").mkdir(parents=True)
    (inventory / "home" / ".ssh" / "config").touch()
    (inventory / "binary").write_bytes(b"\xff\xfe hunter2")
    (inventory / "large").write_bytes(b"hunter2 " * 10_000)
    web = folder / "stacks" / "web"
    (web / "conf").mkdir(parents=True)
    (web / "compose.yml").write_text("services: {}\n")
    (web / "conf" / "page.html").write_bytes(b"<h1>\xff</h1>")
    large = folder / "stacks" / "large"
    large.mkdir()
    (large / "compose.yml").write_text("services: {}\n")
    (large / "dump").write_bytes(b"\0" * (1024 * 1024))
    (folder / "stacks" / "bare").mkdir()
    return inventory


def _tarballs(folder: Path) -> None:
    """Archives of engines, good and bad; the same bytes each time, so that cases can name their sha256."""
    folder.mkdir()
    good = engine_tarball(dict.fromkeys(NEEDED, 62))
    for name, content in {
        "docker-28.5.2.tgz": good,
        "docker-29.1.0.tgz": good,
        "latest.tgz": good,
        "docker-28.5.3.tgz": good[: len(good) // 2],
        "docker-28.5.4.tgz": b"<html>not found</html>",
        "docker-28.5.5.tgz": engine_tarball(dict.fromkeys(NEEDED[1:], 62)),
        "docker-28.5.6.tgz": engine_tarball({**dict.fromkeys(NEEDED, 62), "runc": 183}),
        "docker-28.5.7.tgz": engine_tarball({**dict.fromkeys(NEEDED, 62), "../dockerd": 62}),
        "docker-28.5.8.tgz": engine_tarball({**dict.fromkeys(NEEDED, 62), "docker-init": None}),
        "docker-rootless-extras-28.5.2.tgz": engine_tarball({"rootlesskit": 62}, folder="docker-rootless-extras"),
    }.items():
        (folder / name).write_bytes(content)


def _images(folder: Path) -> None:
    """Archives of images, good and bad; the same bytes each time."""
    folder.mkdir()
    shop = newer(["shop:1.2"], b"one")
    good = tar(shop)
    two = json.loads(older(["shop:1.3"], b"two")["manifest.json"])
    for name, content in {
        "shop-1.2.tar": good,
        "shop-1.2.tar.gz": stored(good),
        "shop-1.3.tar": tar(older(["shop:1.3"], b"two")),
        "other-1.2.tar": tar(newer(["shop:1.2"], b"other")),
        "arm-1.2.tar": tar(newer(["shop:1.2"], b"one", image_config(b"one", "arm64"))),
        "cut.tar": good[:3000],
        "cut.tar.gz": stored(good)[:3000],
        "page.tar": b"<html>not found</html>",
        "shop.tar.xz": b"\xfd7zXZ\0" + good,
        "nameless.tar": tar(older(None, b"one")),
        "untagged.tar": tar(older([f"shop@sha256:{'0' * 64}"], b"one")),
        "layout.tar": tar({name: data for name, data in shop.items() if name != "manifest.json"}),
        "export.tar": tar({"bin/sh": b"", "etc/passwd": b"root"}),
        "empty.tar": tar({"manifest.json": b"[]"}),
        "mangled.tar": tar({"manifest.json": b"[{"}),
        "windows.tar": tar(older(["shop:1.2"], b"one", image_config(b"one", system="windows"))),
        "layerless.tar": tar({name: data for name, data in older(["shop:1.2"], b"one").items() if "layer" not in name}),
        "configless.tar": tar({"manifest.json": older(["shop:1.2"], b"one")["manifest.json"]}),
        "damaged.tar": tar({**(old := older(["shop:1.2"], b"one")), list(old)[1]: b'{"os": "linux"}'}),
        "short.tar": tar(older(["shop:1.2"], b"one", b'{"rootfs": {"diff_ids": []}}')),
        "twice.tar": tar(
            {
                **older(["shop:1.3"], b"two"),
                **(one := older(["shop:1.3"], b"one")),
                "manifest.json": json.dumps([*two, *json.loads(one["manifest.json"])]).encode(),
            }
        ),
    }.items():
        (folder / name).write_bytes(content)


def _package_sets(engines: Path) -> None:
    """Folders with package files, good and bad."""
    good, rpms = package_files.debs(), package_files.rpms()
    first, sums = (
        "docker-ce_amd64.deb",
        "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in good.items()),
    )
    other = package_files.deb("docker-ce", "5:26.1.5-1~debian.13~trixie")
    old = package_files.DEBS | {"docker-ce-cli": "5:26.1.5-1~debian.13~trixie"}
    named = package_files.deb("docker.io", "26.1.5+dfsg1-9", depends="containerd (>= 1.4), runc | crun, docker-cli")
    newer = {name: version.replace("28.5.2", "29.1.0") for name, version in package_files.DEBS.items()}
    zero = package_files.deb("docker-ce", "", control="Description: nothing\n")
    for name, files, said in (
        ("debian-13", good, None),
        ("el9", rpms, None),
        ("nothing", {}, None),
        ("unlisted", {**good, "iptables_1.8.deb": package_files.deb("iptables", "1.8.11-2")}, sums),
        ("absent", dict(list(good.items())[1:]), sums),
        ("no-sums", good, "sha256sum: command not found\n"),
        ("elsewhere", good, sums.replace("  docker-ce_", "  /srv/docker-ce_")),
        ("cut", {**good, first: good[first][:400]}, sums),
        ("cut-before", {**good, first: good[first][:400]}, None),
        ("page", {**good, first: b"<html>not found</html>"}, None),
        ("nameless", {**good, first: zero}, None),
        ("both", {**good, **rpms}, None),
        ("two-versions", {**good, "docker-ce_26.deb": other}, None),
        ("twice", {**good, "copy.deb": good[first]}, None),
        (
            "two-machines",
            {**good, "containerd.io_amd64.deb": package_files.deb("containerd.io", "2.1.9-1", "arm64")},
            None,
        ),
        ("no-engine", dict(list(good.items())[1:]), None),
        ("two-engines", {**good, "docker.io.deb": package_files.deb("docker.io", "26.1.5+dfsg1-9")}, None),
        ("no-containerd", dict(list(good.items())[:2]), None),
        ("no-client", {first: good[first], "containerd.io_amd64.deb": good["containerd.io_amd64.deb"]}, None),
        ("no-own-client", {"docker.io.deb": named, "runc.deb": package_files.deb("runc", "1.1.15+ds1-2")}, None),
        ("other-client", package_files.debs(old), None),
        ("newer", package_files.debs(newer), None),
        ("cut-rpm", {**rpms, "docker-ce.x86_64.rpm": rpms["docker-ce.x86_64.rpm"][:-100]}, None),
        (
            "source-rpm",
            {**rpms, "docker-ce.x86_64.rpm": package_files.rpm("docker-ce", "28.5.2-1.el9", source=True)},
            None,
        ),
        ("renamed", {name.replace(".deb", ".rpm"): content for name, content in good.items()}, None),
    ):
        package_files.folder(engines / name, files, said)
    (engines / "no-sums" / "SHA256SUMS").rename(engines / "no-sums" / "sums")
    package_files.folder(engines / "bad-sums", good, f"sha256 {sums}")


def engine_tarball(programs: Mapping[str, int | None], *, folder: str = "docker") -> bytes:
    """A ``.tgz`` of programs for those machines (``e_machine``), ``None`` for a text; stored, not compressed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, machine in programs.items():
            elf = b"\x7fELF\2\1".ljust(18, b"\0") + (machine or 0).to_bytes(2, "little")
            head = b"#!/bin/sh\n" if machine is None else elf
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(head)
            archive.addfile(member, io.BytesIO(head))
    return stored(content.getvalue())


def stored(data: bytes) -> bytes:
    """As gzip has it without compressing."""
    sizes = struct.pack("<HH", len(data), len(data) ^ 0xFFFF)
    end = struct.pack("<II", zlib.crc32(data), len(data))
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff\x01" + sizes + data + end


def _certificates(folder: Path) -> None:
    """Certificates and keys, good and bad."""
    key, other = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    past, now, future = (datetime(year, 1, 1, tzinfo=UTC) for year in (2020, 2021, 2095))
    for name, start, end in (
        ("registry-ca.pem", past, future),
        ("company-ca.pem", past, future),
        ("client.pem", past, future),
        ("expired.pem", past, now),
        ("future.pem", future, future + timedelta(days=365)),
        ("soon.pem", past, datetime.now(UTC) + timedelta(days=9)),
    ):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
        made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, end)
        (folder / name).write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    plain, locked = NoEncryption(), BestAvailableEncryption(b"hunter2")
    for name, one, how in (("client.key", key, plain), ("other.key", other, plain), ("locked.key", key, locked)):
        (folder / name).write_bytes(one.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    (folder / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n")
    (folder / "registry-ca.der").write_bytes(b"\x30\x82\xff")
    (folder / "both.pem").write_bytes((folder / "client.pem").read_bytes() + (folder / "client.key").read_bytes())
    (folder / "copy").mkdir()
    (folder / "copy" / "company-ca.pem").write_bytes((folder / "company-ca.pem").read_bytes())


def load_in(inventory: Path, text: str | bytes) -> Inventory:
    """Load a text as the world's file ``prod.yml``."""
    path = inventory / "prod.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path, environ=ENVIRON)


def problems_in(inventory: Path, text: str | bytes) -> list[str]:
    """The problems of a text, each from its line number on; none if it loads."""
    try:
        load_in(inventory, text)
    except InventoryError as error:
        return [shortened(problem, inventory) for problem in error.problems]
    return []


def shortened(problem: str, inventory: Path) -> str:
    """A problem without its file's name, and ``…`` for the folder of the world."""
    file = f"{inventory / 'prod.yml'}:"
    assert problem.startswith(file)
    return problem.removeprefix(file).strip().replace(str(inventory.parent), "…")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory folder of a world."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def load_text(world: Path) -> Load:
    """Loads a text in the world."""
    return lambda text: load_in(world, text)


@pytest.fixture(scope="session")
def problems_of(world: Path) -> Problems:
    """Gives the problems of a text in the world."""
    return lambda text: problems_in(world, text)


@pytest.fixture(scope="session")
def warnings_of(world: Path) -> Problems:
    """Gives the warnings of a text in the world."""
    return lambda text: [shortened(warning, world) for warning in load_in(world, text).warnings]


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """The world's environment."""
    return dict(ENVIRON)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's folder."""
    return REPOSITORY
