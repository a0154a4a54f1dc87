"""The lab's image registry: Debian's docker-registry on the gateway, holding ``library/busybox``.

The programs are unpacked from Debian's packages into the cache, not installed: the package would start
a registry on the machine by itself, and busybox-static would replace the machine's busybox.
"""

from __future__ import annotations

import http.client
import json
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from skep.errors import LabError
from skep.lab import cgroups, folders
from skep.lab.images import MANIFEST_TYPE, Image, busybox, digest
from skep.lab.spec import Lab
from skep.lab.system import Say, environment, last_lines, run
from skep.waiting import until

REPOSITORY = "library/busybox"
TAGS = {"1.35": "1.35", "1.36": "1.36", "latest": "1.36"}
"""Tag -> version in the image; the versions differ in a file, so their digests do."""

_PACKAGES = ("docker-registry", "busybox-static")
_START_SECONDS = 60.0
_STEP = "lab registry"


def ensure_programs(say: Say) -> Path:
    """The folder Debian's packages are unpacked in, filled first when need be."""
    tools = folders.cache() / "tools"
    if tools.exists():
        return tools
    with folders.locked("tools"):
        if not tools.exists():
            say(f"fetching {' and '.join(_PACKAGES)}")
            _unpack(tools)
    return tools


def _unpack(tools: Path) -> None:
    building = folders.cache() / "building-tools"
    folders.remove(building)
    building.mkdir()
    try:
        run(["apt-get", "download", *_PACKAGES], step=_STEP, cwd=building)
    except LabError:  # package lists older than the mirror
        run(["apt-get", "update"], step="refresh package lists")
        run(["apt-get", "download", *_PACKAGES], step=_STEP, cwd=building)
    for package in building.glob("*.deb"):
        run(["dpkg-deb", "--extract", package, building], step=_STEP)
        package.unlink()
    building.rename(tools)


def ensure(lab: Lab, tools: Path) -> None:
    """Starts the lab's registry when it does not run, and uploads the images once."""
    folder, group = folders.run(lab.name) / "registry", cgroups.of_service(lab.name, "registry")
    folder.mkdir(exist_ok=True)
    if not cgroups.alive(group):
        _start(lab, tools, folder, group)
    _wait(lab, folder, group)
    if not (folder / "filled").exists():
        _fill(lab, tools)
        (folder / "filled").touch()


def _fill(lab: Lab, tools: Path) -> None:
    program = next(path for path in (tools / "bin/busybox", tools / "usr/bin/busybox") if path.exists())
    architecture = run(["dpkg", "--print-architecture"], step=_STEP).strip()
    applets = run([program, "--list"], step=_STEP).split()
    built: dict[str, Image] = {}
    for tag, version in TAGS.items():
        if version not in built:
            built[version] = busybox(program.read_bytes(), applets, version, architecture)
        push(lab.registry, REPOSITORY, tag, built[version])


def _start(lab: Lab, tools: Path, folder: Path, group: Path) -> None:
    settings = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": lab.registry},
    }
    folders.write(folder / "config.json", json.dumps(settings))  # JSON is YAML
    cgroups.make(group)
    script = 'echo $$ > "$0" && exec "$1" serve "$2"'
    program, config = tools / "usr/bin/docker-registry", folder / "config.json"
    with (folder / "log").open("a") as log:
        subprocess.run(
            ["setsid", "--fork", "sh", "-c", script, str(group / "cgroup.procs"), str(program), str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment(),
            check=True,
        )


def _wait(lab: Lab, folder: Path, group: Path) -> None:
    def answers() -> bool:
        with suppress(OSError):
            return _ask(lab.registry, "GET", "/v2/")[0] == 200
        return False

    if not until(answers, seconds=_START_SECONDS, every=0.05):
        raise LabError(
            f"no registry answers at {lab.registry}",
            step=_STEP,
            cause=last_lines((folder / "log").read_text(), 5),
            next_action=None if cgroups.alive(group) else "see whether something else holds the port",
        )


def push(registry: str, repository: str, tag: str, image: Image) -> None:
    """Uploads an image under a tag, unless that tag is that image already; `LabError` when refused."""
    place = f"/v2/{repository}/manifests/{tag}"
    status, headers = _ask(registry, "HEAD", place, headers={"Accept": MANIFEST_TYPE})
    if status == 200 and headers.get("Docker-Content-Digest") == digest(image.manifest):
        return
    for blob in image.blobs:
        _upload(registry, repository, blob)
    _expect(201, _ask(registry, "PUT", place, image.manifest, {"Content-Type": MANIFEST_TYPE}), place)


def _upload(registry: str, repository: str, blob: bytes) -> None:
    if _ask(registry, "HEAD", f"/v2/{repository}/blobs/{digest(blob)}")[0] == 200:
        return
    place = f"/v2/{repository}/blobs/uploads/"
    headers = _expect(202, _ask(registry, "POST", place), place)
    target = urlsplit(headers["Location"])
    place = f"{target.path}?{target.query}&digest={digest(blob)}"
    _expect(201, _ask(registry, "PUT", place, blob, {"Content-Type": "application/octet-stream"}), place)


def _ask(
    registry: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(registry, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        response.read()
        return response.status, response.headers
    finally:
        connection.close()


def _expect(desired: int, answer: tuple[int, http.client.HTTPMessage], place: str) -> http.client.HTTPMessage:
    if answer[0] != desired:
        raise LabError(f"the registry answered {answer[0]} to {place}", step=_STEP)
    return answer[1]
