"""Archives of images: what an inventory makes of a good one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from skep.inventory import image_archives
from skep.inventory.archives import look
from skep.inventory.image_archives import LAYOUT
from skep.model import Archive
from tests.archives import config, digest, newer, older, tar
from tests.unit.inventory.conftest import Load

HOSTS = "hosts: {m1: {address: 10.0.0.11, role: manager}}\n"


def loaded(load_text: Load, *paths: Path) -> tuple[Archive, ...]:
    lines = [f"- {{file: {path}, sha256: {hashlib.sha256(path.read_bytes()).hexdigest().upper()}}}\n" for path in paths]
    return load_text(f"{HOSTS}images:\n{''.join(lines)}").cluster.archives


def test_what_is_in_an_archive_is_known_without_unpacking_it(load_text: Load, world: Path) -> None:
    images = world / "images"
    one, packed = loaded(load_text, images / "shop-1.2.tar", images / "shop-1.2.tar.gz")
    (image,) = one.images
    assert packed.images == one.images and packed.size != one.size
    assert (one.path, one.size) == (str(images / "shop-1.2.tar"), (images / "shop-1.2.tar").stat().st_size)
    assert one.place.endswith("prod.yml:3")
    assert (image.names, image.architecture, image.unpacked) == (("shop:1.2",), "amd64", 3)
    assert image.id == f"sha256:{digest(config(b'one'))}"
    assert f"blobs/{image.digest.replace(':', '/')}" in newer(["shop:1.2"], b"one")


def test_what_older_engines_save_does_not_say_what_containerd_calls_it(load_text: Load, world: Path) -> None:
    (archive,) = loaded(load_text, world / "images" / "shop-1.3.tar")
    assert archive.images[0].id and not archive.images[0].digest


def test_what_only_looks_like_a_digest_is_none(load_text: Load, tmp_path: Path) -> None:
    """It becomes words of a command on hosts."""
    path, members = tmp_path / "saved.tar", newer(["shop:1"], b"x")
    (one,) = json.loads(members["index.json"])["manifests"]
    for name in ("blobs/sha256/a b", "index.json"):
        members[name] = members.get(name, b"x").replace(one["digest"].encode(), b"sha256:a b")
    path.write_bytes(tar(members))
    assert not loaded(load_text, path)[0].images[0].digest


def test_json_that_is_nested_without_end_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(tar({"manifest.json": b"[" * 200_000}))
    assert "cannot be read" in look(path, LAYOUT, {}).problem


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("docker.io/library/shop:1", "shop:1"),
        ("index.docker.io/team/shop:1", "team/shop:1"),
        ("localhost/shop:1", "localhost/shop:1"),
        ("registry.example.com:5000/shop:1", "registry.example.com:5000/shop:1"),
    ],
)
def test_images_have_their_short_names(load_text: Load, tmp_path: Path, name: str, short: str) -> None:
    path = tmp_path / "saved.tar"
    path.write_bytes(tar({f"./{member}": data for member, data in older([name], b"x").items()}))
    assert loaded(load_text, path)[0].images[0].names == (short,)


def test_an_archive_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, environ = tmp_path / "saved.tar", {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    path.write_bytes(tar(older(["shop:1", "shop:latest"], b"x")))
    first = look(path, LAYOUT, environ)
    monkeypatch.setattr(image_archives.tarfile, "open", lambda **_: pytest.fail("it was read again"))
    assert look(path, LAYOUT, environ) == first
