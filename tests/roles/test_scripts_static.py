"""The scripts that unpack an engine's tarball, put it in place and take it away, run by sh in folders of the test."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from roles.engine.role import role as engine_role
from roles.engine.state import State
from roles.engine.static.unit_files import UNITS
from skep import model
from skep.model import Engine, Tarball
from skep.plan import Run
from skep.request import RequestedCluster
from skep.seen import Member, Seen
from skep.shell import BUSY, script
from tests.roles.test_scripts import Host

UNPACK, AWAY, INSTALL, STRANGE = (
    script(f"roles/engine/static/{name}.sh") for name in ("unpack", "away", "install", "strange")
)
OWN = "# Written by skep.\n"


class Site:
    """A tarball whose dockerd says that text, and where it is to be."""

    def __init__(self, folder: Path, says: str) -> None:
        self.place = folder / "docker-28.5.2-0"
        self.tarball = folder / "docker.tgz"
        program = folder / "dockerd"
        program.write_text(f"#!/bin/sh\n{says}\n")
        with tarfile.open(self.tarball, "w:gz") as archive:
            for name in ("dockerd", "runc"):
                archive.add(program, f"docker/{name}")
        self.sum = hashlib.sha256(self.tarball.read_bytes()).hexdigest()

    def unpack(self, **changes: str) -> subprocess.CompletedProcess[str]:
        given = {"PLACE": str(self.place), "FROM": str(self.tarball), "SHA256": self.sum, "VERSION": "28.5.2"}
        env = {"PATH": "/usr/bin:/bin", **given, **changes}
        return subprocess.run(["sh", "-c", UNPACK], env=env, capture_output=True, text=True, timeout=60, check=False)

    @property
    def beside(self) -> Path:
        return self.place.with_name(f"{self.place.name}.new")


@pytest.mark.parametrize("version", ["28.5.2", "28.5.2+dfsg4", "28.5.2-rc.1"])
def test_it_is_unpacked_beside_its_place_with_its_sums(tmp_path: Path, version: str) -> None:
    site = Site(tmp_path, f"echo 'Docker version {version}, build 1'")
    assert site.unpack().returncode == 0
    assert not site.place.exists()
    assert (site.beside / ".skep").read_text() == f"28.5.2 {site.sum}\n"
    assert {line.split()[1] for line in (site.beside / "SHA256SUMS").read_text().splitlines()} == {"dockerd", "runc"}
    assert (site.beside / "runc").stat().st_mode & 0o777 == 0o755
    newer = ["find", site.beside, "-type", "f", "-cnewer", site.beside / ".skep"]
    assert not subprocess.run(newer, capture_output=True, check=True).stdout, "a look would read all programs"
    site.tarball.unlink()
    assert site.unpack().returncode == 0, "what is unpacked is not unpacked again"


@pytest.mark.parametrize(
    ("says", "changes", "words"),
    [
        ("echo 'Docker version 26.1.5, build 1'", {}, "26.1.5, build 1', expected is version 28.5.2"),
        ("echo 'Docker version 28.5.20, build 1'", {}, "expected is version 28.5.2"),
        ("echo no such library >&2; exit 127", {}, "does not run on this host: no such library"),
        ("true", {"SHA256": "0" * 64}, "is not the tarball that was sent"),
    ],
)
def test_what_is_no_engine_for_the_host_is_refused_and_leaves_nothing_in_its_place(
    tmp_path: Path, says: str, changes: dict[str, str], words: str
) -> None:
    site = Site(tmp_path, says)
    ran = site.unpack(**changes)
    assert ran.returncode == 69 and words in ran.stderr, ran
    assert not site.place.exists() and not (site.beside / ".skep").exists()


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    site = Site(tmp_path, "true")
    site.beside.parent.joinpath("file").touch()
    ran = site.unpack(PLACE=str(tmp_path / "file" / "place"))
    assert ran.returncode == 73 and "no room to write below" in ran.stderr


def test_a_tarball_that_is_damaged_is_not_called_a_lack_of_room(tmp_path: Path) -> None:
    site = Site(tmp_path, "true")
    site.tarball.write_bytes(site.tarball.read_bytes()[:100])
    ran = site.unpack(SHA256=hashlib.sha256(site.tarball.read_bytes()).hexdigest())
    assert ran.returncode == 69 and "unexpected end of file" in ran.stderr and "no room" not in ran.stderr, ran
    assert not site.beside.exists()


@pytest.mark.parametrize("missing", ["tar", "gzip"])
def test_a_host_without_what_unpacks_it_is_named(tmp_path: Path, missing: str) -> None:
    site = Site(tmp_path, "true")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in {"sh", "rm", "mkdir", "sha256sum", "chmod", "timeout", "tar", "gzip"} - {missing}:
        (tools / name).symlink_to(str(shutil.which(name)))
    ran = site.unpack(PATH=str(tools))
    assert ran.returncode == 69 and f"this host has no {missing}" in ran.stderr, ran
    assert not site.beside.exists()


@pytest.mark.parametrize("words", ["No space left on device", "Read-only file system", "Disk quota exceeded"])
def test_what_tar_says_of_a_lack_of_room_is_called_so(tmp_path: Path, words: str) -> None:
    site = Site(tmp_path, "true")
    tar = tmp_path / "tools" / "tar"
    tar.parent.mkdir()
    tar.write_text(f"#!/bin/sh\necho 'tar: docker/dockerd: Cannot write: {words}' >&2\nexit 2\n")
    tar.chmod(0o755)
    ran = site.unpack(PATH=f"{tar.parent}:/usr/bin:/bin")
    assert ran.returncode == 73 and "no room to write below" in ran.stderr, ran
    assert not site.beside.exists()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    for name in ("journalctl", "systemctl", "find", "getent"):
        found.stand_in(name)
    for folder in ("units", "links", "opt", "proc/4711", "default"):
        (tmp_path / folder).mkdir(parents=True)
    return found


def there(host: Host, text: str) -> str:
    """The script, at work in the host's folder."""
    places = {
        "/etc/systemd/system": "units",
        "/usr/local/bin": "links",
        "/opt/skep": "opt",
        "/proc/": "proc/",
        "/var/run/docker.pid": "docker.pid",
        "/etc/default/docker": "default/docker",
        "/etc/docker/daemon.json": "daemon.json",
        "/var/lib/": "lib/",
    }
    for path, name in places.items():
        text = text.replace(path, f"{host.folder}/{name}")
    return text


def of_tarball(host: Host) -> Path:
    """An engine from a tarball, as it is on a host; its place."""
    place = host.folder / "opt/docker-28.5.2-0"
    place.mkdir()
    (place / "dockerd").touch()
    (host.folder / "links/dockerd").symlink_to(place / "dockerd")
    for name in ("containerd.service", "docker.socket", "docker.service"):
        (host.folder / "units" / name).write_text(OWN)
    return place


def test_an_engine_is_taken_away_units_first_and_what_is_not_its_own_stays(host: Host) -> None:
    """Cut short, units would stand before a package's, with nothing that says so."""
    place = of_tarball(host)
    (host.folder / "links/other").symlink_to("/srv/other")
    (host.folder / "units/docker.socket").write_text("[Socket]\n")
    units, links = host.folder / "units", host.folder / "links"
    reloaded = f'[ "$1" != daemon-reload ] || ls {units} {links} >{host.folder}/then'
    host.stand_in("systemctl", reloaded)
    assert host.run(there(host, f"set -e\n{AWAY}\naway")).returncode == 0
    then = (host.folder / "then").read_text().split()
    assert "dockerd" in then and "docker.service" not in then and "containerd.service" not in then
    assert not place.exists() and [path.name for path in links.iterdir()] == ["other"]
    assert [path.name for path in units.iterdir()] == ["docker.socket"]


@pytest.mark.parametrize("manager", ["apt", "dnf"])
@pytest.mark.parametrize("left", [True, False])
def test_units_that_a_removal_left_do_not_stay_before_a_packages(host: Host, manager: str, left: bool) -> None:
    if left:
        (host.folder / "units/docker.service").write_text(OWN)
        (host.folder / "units/containerd.service").write_text(OWN)
    name = "install" if manager == "apt" else "dnf/install"
    chosen = 'install() { echo install "$@" >>calls; }; try() { install --download-only; }; hold() { :; }\n'
    begins = script(f"roles/engine/{name}.sh").index("started_before() {")
    text = f"cd {host.folder}; set -e\n{chosen}{script(f'roles/engine/{name}.sh')[begins:]}"
    ran = host.run(there(host, text), TARBALL="", GOING="")
    assert ran.returncode == 0, ran.stderr
    assert not list((host.folder / "units").iterdir())
    downloads = ["install --download-only"] if left else []
    assert [call for call in host.calls if call.startswith("install")] == [*downloads, "install"]


def install(
    host: Host, going: str = "", command: str = "dockerd", removal: str = ":"
) -> subprocess.CompletedProcess[str]:
    """Puts what is unpacked in place on a host whose engine, if one runs, was started by that command."""
    beside = host.folder / "opt/docker-28.5.3-0.new"
    beside.mkdir()
    (beside / ".skep").write_text("28.5.3 f00\n")
    files = host.folder / "files"
    files.mkdir()
    for name, unit in UNITS.items():
        (files / name).write_text(unit)
    (host.folder / "docker.pid").write_text("4711\n")
    (host.folder / "proc/4711/comm").write_text("dockerd\n")
    (host.folder / "proc/4711/cmdline").write_text(command.replace(" ", "\0") + "\0")
    before = f"set -e\nmay_remove() {{ :; }}\nremove() {{\n{removal}\n}}\n" if going else ""
    variables = {"PLACE": f"{host.folder}/opt/docker-28.5.3-0", "NAMES": "docker dockerd", "FILES": str(files)}
    return host.run(there(host, before + INSTALL), **variables, GOING=going)


def changes(host: Host) -> list[str]:
    """What of the host's services was stopped and started, in order."""
    return [call.split()[1] for call in host.called("systemctl") if call.split()[1] in ("stop", "start")]


@pytest.mark.parametrize("before", ["nothing", "packages", "another tarball", "masked"])
def test_an_engine_is_put_in_place_of_what_skep_may_replace(host: Host, before: str) -> None:
    if before == "another tarball":
        of_tarball(host)
    if before == "masked":
        (host.folder / "units/docker.service").symlink_to("/dev/null")
    ran = install(host, going="docker-ce" if before == "packages" else "")
    assert ran.returncode == 0, ran.stderr
    place = host.folder / "opt/docker-28.5.3-0"
    assert {path.readlink() for path in (host.folder / "links").iterdir()} == {place / "docker", place / "dockerd"}
    assert {path.name: path.read_text() for path in (host.folder / "units").iterdir()} == UNITS
    assert list((host.folder / "opt").iterdir()) == [place]
    assert changes(host) == ["stop", "start"]


@pytest.mark.parametrize(
    ("strange", "words"),
    [
        ("units/docker.service", "docker.service is not skep's"),
        ("units/containerd.service", "containerd.service is not skep's"),
        ("links/docker", "links/docker is not skep's"),
        ("a link", "links/docker is not skep's"),
    ],
)
def test_what_is_not_skeps_is_not_replaced(host: Host, strange: str, words: str) -> None:
    if strange == "a link":
        (host.folder / "links/docker").symlink_to("/srv/docker")
    else:
        (host.folder / strange).write_text("[Unit]\n")
    ran = install(host)
    assert ran.returncode == 67 and words in ran.stderr and "nothing was changed" in ran.stderr, ran
    assert (host.folder / "opt/docker-28.5.3-0.new/.skep").exists() and not changes(host)
    assert len([*(host.folder / "units").iterdir(), *(host.folder / "links").iterdir()]) == 1


@pytest.mark.parametrize(
    ("strange", "found"),
    [
        ("units/docker.service", ["units/docker.service"]),
        ("links/docker", ["links/docker"]),
        ("a link", ["links/docker"]),
        ("nothing", []),
        ("masked", []),
    ],
)
def test_a_look_finds_what_is_not_skeps_before_any_host_is_touched(host: Host, strange: str, found: list[str]) -> None:
    of_tarball(host)
    if strange == "a link":
        (host.folder / "links/docker").symlink_to("/srv/docker")
    elif strange == "masked":
        (host.folder / "units/docker.service").unlink()
        (host.folder / "units/docker.service").symlink_to("/dev/null")
    elif strange != "nothing":
        (host.folder / strange).write_text("[Unit]\n")
    looked = host.run(there(host, f"NAMES='docker dockerd runc'\n{STRANGE}\nstrange"))
    assert looked.stdout.split() == [str(host.folder / one) for one in found], looked


@pytest.mark.parametrize(
    ("option", "is_rooted"),
    [("--data-root=/srv", True), ("--data-root /srv", True), ("-g /srv", True), ("--data-rooted=1", False)],
)
def test_a_look_finds_a_data_root_of_the_command_line(host: Host, option: str, is_rooted: bool) -> None:
    words = "\n".join(["/usr/sbin/dockerd", "-H", "fd://", *option.split()])
    assert (host.run(f"words='{words}'\n{STRANGE}\nrooted").returncode == 0) is is_rooted


def test_packages_that_others_need_are_found_before_the_node_is_drained() -> None:
    """By the step that tries the tarball, which no engine is interrupted for."""
    tarball = Tarball("/srv/docker-28.5.2.tgz", 70 << 20, "0" * 64, "28.5.2", "amd64", ("dockerd",), 200 << 20)
    engine = Engine(source="static", version="28.5.2", tarball=tarball)
    cluster = RequestedCluster("test", (model.Host("w1", "10.0.0.1", "worker", engine=engine),))
    have = State(version="26.1.5", package="docker-ce", packages={"docker-ce": "5:26.1.5-1"})
    plan = engine_role.plan(cluster, Seen({"w1": have}, members={"w1": Member()}))
    tried = next(step for step in plan if isinstance(step, Run) and step.id.action == "unpack")
    assert "\nmay_remove\n" in tried.script and tried.variables["GOING"] == "docker-ce" and tried.patience


@pytest.mark.parametrize("option", ["--data-root /srv/docker", "--data-root=/srv/docker", "--graph=/srv", "-g /srv"])
def test_a_data_root_of_the_old_engines_command_line_is_not_left_behind(host: Host, option: str) -> None:
    ran = install(host, going="docker.io", command=f"/usr/sbin/dockerd -H fd:// {option}")
    assert ran.returncode == 67 and "from its command line" in ran.stderr and not changes(host), ran


@pytest.mark.parametrize(("removed", "then"), [(False, ["stop", "start"]), (True, ["stop"])])
def test_an_engine_whose_packages_cannot_be_removed_is_started_again(
    host: Host, removed: bool, then: list[str]
) -> None:
    host.stand_in("dockerd")
    gone = f"rm {host.folder}/bin/dockerd; hash -r; " if removed else ""
    ran = install(host, going="docker-ce", removal=f"{gone}exit {BUSY}")
    assert ran.returncode == BUSY, ran.stderr
    assert changes(host) == then
    assert not list((host.folder / "units").iterdir())
