"""The demo images: the same bytes every time, other bytes for another version."""

import gzip
import io
import json
import tarfile

from skep.lab.images import busybox, digest


def test_an_image_is_the_same_every_time_and_differs_by_version() -> None:
    first = busybox(b"program", ["sh", "ls"], "1.35", "amd64")
    assert first == busybox(b"program", ["ls", "sh"], "1.35", "amd64")
    assert digest(first.manifest) != digest(busybox(b"program", ["sh", "ls"], "1.36", "amd64").manifest)


def test_the_manifest_names_config_and_layer() -> None:
    image = busybox(b"program", ["sh"], "1.35", "arm64")
    manifest, config = json.loads(image.manifest), json.loads(image.config)
    assert manifest["layers"][0]["digest"] == digest(image.layer)
    assert manifest["layers"][0]["size"] == len(image.layer)
    assert manifest["config"]["digest"] == digest(image.config)
    assert config["rootfs"]["diff_ids"] == [digest(gzip.decompress(image.layer))]
    assert config["architecture"] == "arm64"


def test_the_file_system_has_the_program_its_applets_and_the_version() -> None:
    image = busybox(b"program", ["busybox", "sh", "wget"], "1.35", "amd64")
    with tarfile.open(fileobj=io.BytesIO(image.layer)) as tar:
        links = {entry.name: entry.linkname for entry in tar if entry.issym()}
        version = tar.extractfile("etc/skep-demo-version")
        assert links == {"bin/sh": "busybox", "bin/wget": "busybox"}
        assert version is not None and version.read() == b"1.35\n"
        assert tar.getmember("bin/busybox").mode == 0o755
        assert tar.getmember("tmp").mode == 0o1777
