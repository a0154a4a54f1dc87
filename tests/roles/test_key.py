"""What is read of an OpenPGP key without gpg, against what gpg says of the same keys."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from skep.lab.signing import Keyring, keyring
from skep.shell import script

KEY = script("roles/engine/key.sh")
SHELL = next(path for path in map(shutil.which, ("dash", "sh")) if path)
ARMORED = "lab <lab@example.com>"


def facts(path: Path) -> list[list[str]]:
    ran = subprocess.run([SHELL, "-c", f'{KEY}\nkey_facts "$0"', str(path)], capture_output=True, text=True, check=True)
    return [line.split() for line in ran.stdout.splitlines()]


def listed(ring: Keyring) -> list[list[str]]:
    """Fingerprint and expiry of each key, as gpg has them."""
    rows = [line.split(":") for line in ring.gpg("--with-colons", "--list-keys").splitlines()]
    expiries = [row[6] or "0" for row in rows if row[0] == "pub"]
    of_keys = [after[9] for row, after in pairwise(rows) if row[0] == "pub"]
    return [list(pair) for pair in zip(of_keys, expiries, strict=True)]


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg to compare with")
def test_fingerprint_and_expiry_are_those_of_gpg(tmp_path: Path) -> None:
    with keyring() as ring:
        ring.make("never <n@example.com>", expires="never")
        ring.make("long gone <g@example.com>", "--faked-system-time", "20200101T000000", expires="1d")
        ring.gpg("--quick-generate-key", "curve <c@example.com>", "ed25519", "sign", "1y")
        ring.gpg("--quick-add-key", ring.fingerprint("never <n@example.com>"), "rsa2048", "encr", "30d")
        ring.gpg("--quick-set-expire", ring.fingerprint("curve <c@example.com>"), "2y")
        expected = listed(ring)
        ring.gpg("--armor", "--output", tmp_path / "armored", "--export")
        ring.gpg("--output", tmp_path / "binary", "--export")
    assert [len(fingerprint) for fingerprint, _ in expected] == [40, 40, 40]
    assert len({expires for _, expires in expected}) == 3
    assert facts(tmp_path / "armored") == facts(tmp_path / "binary") == expected
    windows = tmp_path / "windows"
    windows.write_bytes((tmp_path / "armored").read_bytes().replace(b"\n", b"\r\n"))
    assert facts(windows) == expected
    cut = tmp_path / "cut"
    cut.write_bytes((tmp_path / "binary").read_bytes()[:100])
    assert facts(cut) == []


@pytest.mark.parametrize("content", [b"", b"<html>404 Not Found</html>\n", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"])
def test_what_is_no_key_has_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "gpg").write_bytes(content)
    assert facts(tmp_path / "gpg") == []


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg to make keys")
def test_a_key_hidden_behind_another_spoils_the_file(tmp_path: Path) -> None:
    """apt, rpm or gpg read on where one reader ends: what is not understood as a whole is no key."""
    with keyring() as ring:
        for name in ("good", "other"):
            ring.gpg("--quick-generate-key", f"{name}@example.com", "ed25519", "sign", "1y")
            ring.gpg("--output", tmp_path / name, "--export", f"{name}@example.com")
            ring.gpg("--armor", "--output", tmp_path / f"{name}.asc", "--export", f"{name}@example.com")
    good, other = (tmp_path / "good").read_bytes(), (tmp_path / "other").read_bytes()
    block, second = (tmp_path / "good.asc").read_bytes(), (tmp_path / "other.asc").read_bytes()
    begin, _, rest = second.partition(b"\n\n")
    body = rest[: rest.index(b"\n=")]
    for content in (
        block + second,
        block + begin + b"\nComment: more\n\n" + rest,
        block + b"behind " + second,
        block.replace(b"\n=", b"\n:\n" + body + b"\n="),
        good + b"\x9b" + other,
        good + b"\xfc\xe0a\x00" + other,
        good + b"\x00" + other,
        good + other[:-1],
    ):
        (tmp_path / "file").write_bytes(content)
        assert facts(tmp_path / "file") == []
    for content in (good, block, b"Made by its owner\n" + block, block.replace(b"\n", b" \t\r\n")):
        (tmp_path / "file").write_bytes(content)
        assert len(facts(tmp_path / "file")) == 1
