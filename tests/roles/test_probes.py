"""What probes find by themselves, run by sh against folders of the test's own."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from roles.daemon.role import role as daemon
from roles.engine.role import role as engine
from roles.stacks.role import role as stacks
from skep.places import HOST
from skep.shell import script


def run(folder: Path, text: str, *, systemctl: str) -> str:
    """What a probe prints where an engine is installed."""
    for name, body in {"systemctl": systemctl, "dockerd": "", "dpkg-query": ""}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}"}
    text = text.replace("/etc/systemd", f"{folder}/etc/systemd").replace("/run/systemd", f"{folder}/run/systemd")
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, env=environment, check=True).stdout


@pytest.mark.parametrize(
    ("links", "asked", "first"),
    [
        (["etc/systemd/system/multi-user.target.wants/docker.service"], False, "enabled"),
        ([], True, "answered"),
        (
            ["etc/systemd/system/multi-user.target.wants/docker.service", "etc/systemd/system/docker.service"],
            True,
            "answered",
        ),
        (
            ["etc/systemd/system/multi-user.target.wants/docker.service", "run/systemd/system/docker.service"],
            True,
            "answered",
        ),
    ],
)
def test_systemd_is_asked_only_where_a_link_does_not_say_it(
    tmp_path: Path, links: list[str], asked: bool, first: str
) -> None:
    """A link may lead to /dev/null, which forbids to start it; one that leads nowhere enables nothing."""
    for name in links:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to("/dev/null")
    log = tmp_path / "log"
    systemctl = f'[ "$1" != is-enabled ] || {{ echo asked >{log}; echo answered; }}'
    found = run(tmp_path, HOST + engine.probe, systemctl=systemctl)
    assert [line.split()[1] for line in found.splitlines() if line.startswith("unit ")] == [first]
    assert log.exists() is asked


def test_a_link_of_a_unit_that_is_gone_enables_nothing(tmp_path: Path) -> None:
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "docker.service").symlink_to(tmp_path / "gone")
    assert "unit enabled" not in run(tmp_path, HOST + engine.probe, systemctl="exit 1")


VENDOR = "deb [signed-by=/x] https://download.docker.com/linux/debian bookworm stable\n"
DEB822 = "Types: deb\nURIs: https://mirror.example/docker-ce/linux/ubuntu\nSuites: noble\nComponents: {}\n"
OWN = {
    "sources.list": "deb http://deb.debian.org/debian bookworm main\n# /linux/debian was here\n",
    "sources.list.d/docker.sources": DEB822.format("stable"),
    "sources.list.d/other.list": "deb https://download.example/linux/debian stretch main\n",
    "sources.list.d/other.sources": DEB822.format("main"),
}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({}, []),
        ({"sources.list": VENDOR}, ["stale sources.list"]),
        ({"sources.list.d/a b.list": f"# {VENDOR}{VENDOR}"}, ["stale sources.list.d/a b.list"]),
        ({"sources.list.d/a.list": f"# {VENDOR}"}, []),
        ({"sources.list.d/dk.sources": DEB822.format("stable")}, ["stale sources.list.d/dk.sources"]),
        (
            {"sources.list.d/two.sources": f"{DEB822.format('test')}\n{DEB822.format('main')}"},
            ["shared sources.list.d/two.sources"],
        ),
        ({"keyrings/docker.gpg": ""}, ["stale keyrings/docker.gpg"]),
    ],
)
def test_other_files_that_name_the_vendors_repository(tmp_path: Path, files: dict[str, str], found: list[str]) -> None:
    for name, text in {**OWN, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    text = script("roles/engine/stale.sh").replace("/etc/apt", str(tmp_path)) + "\nstale"
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.replace(f"{tmp_path}/", "").splitlines() == found
    assert done.stderr == ""


def test_the_values_of_variables_in_the_units_command_line(tmp_path: Path) -> None:
    """The last file that gives one a value counts, and files before the unit; of other variables nothing is printed."""
    (tmp_path / "one").write_text("# A=comment\nA=first\n  A=--mtu 1400 \nB=\nSECRET=hush\nAB=no")
    (tmp_path / "two").write_text("B=--debug")
    shown = (
        "ExecStart={ path=/usr/sbin/dockerd ; argv[]=/usr/sbin/dockerd $A ${B} ${C}x $$ $1 $D ; ignore_errors=no ; }",
        f"EnvironmentFiles={tmp_path}/one (ignore_errors=yes)",
        f"EnvironmentFiles={tmp_path}/two (ignore_errors=yes)",
        f"EnvironmentFiles={tmp_path}/none (ignore_errors=yes)",
        'Environment=B=unit "C=--dns 10.0.0.2" SECRET=hush',
    )
    systemctl = "cat <<'END'\n" + "\n".join(shown) + "\nEND"
    printed = run(tmp_path, HOST + daemon.probe, systemctl=systemctl)
    found = [line.removeprefix("-- env ") for line in printed.splitlines() if line.startswith("-- env ")]
    assert found == ["A --mtu 1400 ", "B --debug", "C --dns 10.0.0.2", "D "]
    assert "hush" not in printed


@pytest.mark.parametrize("there", ["link", "link that leads nowhere", "process", "process of a program that is gone"])
def test_an_engine_from_a_tarball_is_found_by_its_link_or_its_process(tmp_path: Path, there: str) -> None:
    place, links, process = tmp_path / "opt/skep/docker-28.5.2-0", tmp_path / "local/bin", tmp_path / "proc/4711"
    for folder in (place, links, process):
        folder.mkdir(parents=True)
    sums = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("dockerd", "runc")]
    for name in ("dockerd", "runc"):
        (place / name).write_text(name)
        (links / name).symlink_to(place / name)
    (place / "SHA256SUMS").write_text("".join(sums))
    (place / ".skep").write_text("28.5.2 f00\n")
    gone = there in ("link that leads nowhere", "process of a program that is gone")
    if gone:
        (place / "dockerd").unlink()
    if there.startswith("process"):
        (links / "dockerd").unlink()
        (process / "exe").symlink_to(f"{place}/dockerd{' (deleted)' if gone else ''}")
    text = script("roles/engine/static/probe.sh").replace("/opt/skep", f"{tmp_path}/opt/skep")
    text = text.replace("/usr/local/bin", str(links)).replace("/proc", f"{tmp_path}/proc")
    found = run(tmp_path, f"engine=4711\n{text}", systemctl="").replace(f"{tmp_path}/", "").splitlines()
    missing = {"link": [], "process": ["unlinked local/bin/dockerd"]}.get(there, ["damaged dockerd"])
    assert list(dict.fromkeys(found)) == ["static 28.5.2 f00", *missing]


def test_an_engine_of_a_package_or_put_there_by_hand_is_not_taken_for_one_from_a_tarball(tmp_path: Path) -> None:
    process, links = tmp_path / "proc/4711", tmp_path / "local/bin"
    process.mkdir(parents=True)
    links.mkdir(parents=True)
    text = script("roles/engine/static/probe.sh").replace("/usr/local/bin", str(links))
    text = "engine=4711\n" + text.replace("/proc", f"{tmp_path}/proc")
    (process / "exe").symlink_to("/usr/bin/dockerd")
    assert run(tmp_path, text, systemctl="") == ""
    (links / "dockerd").touch()
    (process / "exe").unlink()
    (process / "exe").symlink_to("/opt/skep/docker-28.5.2-0/dockerd")
    assert run(tmp_path, text, systemctl="") == ""


@pytest.mark.parametrize("between", ["", "env -u SSH_CONNECTION timeout 60 "])
def test_the_port_of_a_login_is_seen_also_behind_what_does_not_pass_it_on(tmp_path: Path, between: str) -> None:
    """As sudo does not: its own process was started with it."""
    (tmp_path / "probe").write_text(HOST.replace("/etc/docker/", f"{tmp_path}/") + stacks.probe)
    (tmp_path / "daemon.json").write_text('{\n  "debug": true,\n  "log-driver": "local"\n}\n')
    environment = {**os.environ, "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.9 2222"}
    words = ["sh", "-c", f"{between}sh {tmp_path}/probe; true"]
    ran = subprocess.run(words, capture_output=True, text=True, env=environment, check=True)
    state = stacks.parse(ran.stdout, {})
    assert state is not None
    assert (state.login, dict(state.logs), state.mounted) == (2222, {"log-driver": "local"}, {})
