"""The scripts of steps, run by sh against stand-ins for apt, systemctl and docker that write down their calls."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from roles import ROLES
from roles.daemon.role import role as daemon_role
from roles.engine.role import role as engine_role
from roles.engine.state import State
from roles.stacks.removal import VOLUMES
from roles.stacks.role import role as stacks
from skep import model
from skep.lab.signing import keyring
from skep.places import HOST
from skep.plan import Finding, Run
from skep.request import RequestedCluster, requested
from skep.seen import Platform, Seen
from skep.shell import BUSY, NO_ROOM, script

FETCH, INSTALL, START, RESTART, PARSER, SOURCE, HOLD, PLUGINS = (
    script(f"roles/engine/{name}.sh")
    for name in ("fetch", "install", "start", "restart", "apparmor", "source", "hold", "plugins")
)
WRITE, APPLY = (script(f"roles/daemon/{name}.sh") for name in ("write", "apply"))

OURS = "ENGINE=docker.io CLIENT=docker-cli"
POLICY = (
    "docker.io:\n  Installed: (none)\n  Candidate: {docker}\ndocker-cli:\n  Installed: (none)\n  Candidate: {cli}\n"
)


@dataclass
class Host:
    """A folder as the only ``PATH`` beside the basic tools; ``calls`` are what was run in it, in order."""

    folder: Path

    def stand_in(self, name: str, body: str = "") -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>{self.folder}/calls\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        shell = next(path for path in map(shutil.which, ("dash", "sh")) if path)
        script = script.replace("/run/skep.", f"{self.folder}/skep.")  # nobody but root may write to /run
        env = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", **variables}
        return subprocess.run([shell, "-c", script], env=env, capture_output=True, text=True, timeout=120, check=False)

    @property
    def calls(self) -> list[str]:
        log = self.folder / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def called(self, what: str) -> list[str]:
        return [call for call in self.calls if call.startswith(what)]

    @property
    def apt(self) -> list[str]:
        """Calls of apt-get that may change something."""
        return [call for call in self.called("apt-get") if not {"-s", "--print-uris"} & set(call.split())]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    for name in ("journalctl", "sleep"):
        found.stand_in(name)
    found.stand_in("timeout", 'shift; exec "$@"')
    return found


@pytest.mark.parametrize(
    "script",
    [
        HOST,
        *(role.probe for role in ROLES),
        FETCH,
        INSTALL,
        PARSER,
        SOURCE,
        HOLD,
        PLUGINS,
        START,
        RESTART,
        VOLUMES,
        WRITE,
        APPLY,
    ],
)
def test_scripts_are_posix_sh(host: Host, script: str) -> None:
    checked = host.run(f"exec sh -n <<'SCRIPT'\n{script}\nSCRIPT")
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.fixture
def debian(host: Host) -> Callable[..., None]:
    """``offers`` and ``after`` are what the sources offer before and after apt-get update."""

    def made(offers: str, after: str | None = None, cli: str = "26.1.5+dfsg1-9+b1", active: bool = True) -> None:
        now = host.folder / "policy"
        now.write_text(POLICY.format(docker=offers, cli=cli))
        (host.folder / "updated").write_text(POLICY.format(docker=after or offers, cli=cli))
        host.stand_in("apt-cache", f"cat {now}")
        host.stand_in("apt-get", f'case "$*" in *update*) cp {host.folder}/updated {now};; esac')
        host.stand_in("find")
        host.stand_in("systemctl", "" if active else 'case "$1" in is-active) exit 3;; esac')

    return made


def test_install_asks_the_index_only_where_it_must(host: Host, debian: Callable[..., None]) -> None:
    debian("26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED=26.1\n{INSTALL}").returncode == 0
    assert [call.rpartition("install ")[2] for call in host.apt] == ["docker.io docker-cli"]
    assert host.called("systemctl enable")


@pytest.mark.parametrize(("state", "times"), [("enabled", 0), ("enabled-runtime", 1), ("disabled", 1)])
@pytest.mark.parametrize("script", [INSTALL, START])
def test_systemd_is_asked_to_start_it_at_boot_where_it_would_not(
    host: Host, debian: Callable[..., None], script: str, state: str, times: int
) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("systemctl", f'case "$1" in is-enabled) echo {state};; esac')
    assert host.run(f"{OURS} DESIRED=26.1\n{script}").returncode == 0
    assert len(host.called("systemctl enable")) == times


def test_install_goes_without_a_package_that_is_not_offered(host: Host, debian: Callable[..., None]) -> None:
    debian("20.10.24+dfsg1-1+deb12u1", cli="(none)")
    assert host.run(f"{OURS} DESIRED=\n{INSTALL}").returncode == 0
    assert host.apt[-1].endswith("install docker.io")


@pytest.mark.parametrize(("hold", "verb"), [("yes", "hold"), ("no", "unhold")])
def test_what_is_not_installed_is_not_held(host: Host, debian: Callable[..., None], hold: str, verb: str) -> None:
    """apt-mark ends with an error where it is asked to hold a package that no source has."""
    debian("20.10.24+dfsg1-1+deb12u1", cli="(none)")
    host.stand_in("dpkg-query", 'echo "docker.io installed"; echo "dpkg-query: no packages found" >&2; exit 1')
    host.stand_in("apt-mark", 'case "$*" in *docker-cli*) exit 100;; esac')
    assert host.run(f"{OURS} HOLD={hold} DESIRED=\n{INSTALL}").returncode == 0
    assert host.called("apt-mark") == [f"apt-mark {verb} docker.io"]
    assert host.called("systemctl enable")


def test_install_finds_the_version_after_an_update(host: Host, debian: Callable[..., None]) -> None:
    debian("20.10.24+dfsg1-1+deb12u1", after="26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED=26.1\n{INSTALL}").returncode == 0
    assert [call.split()[-1] for call in host.apt] == ["update", "docker-cli"]


def test_what_loads_profiles_is_installed_beside_the_engine(host: Host, debian: Callable[..., None]) -> None:
    debian("20.10.24+dfsg1-1+deb12u1", cli="(none)")
    observed = engine_role.parse("binary\nlacks apparmor_parser\nunit\n", {})
    cluster = RequestedCluster(name="c", hosts=(model.Host(name="m1", address="10.0.0.1", role="manager"),))
    (step,) = engine_role.plan(cluster, Seen({"m1": observed}))
    assert isinstance(step, Run) and host.run(step.script, **step.variables).returncode == 0
    assert host.apt[-1].endswith("install docker.io apparmor")

    assert host.run(PARSER).returncode == 0
    assert host.apt[-1].endswith("--no-remove install apparmor")


def test_fetch_only_downloads(host: Host, debian: Callable[..., None]) -> None:
    debian("20.10.24+dfsg1-1+deb12u1", after="26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED=26.1\n{FETCH}").returncode == 0
    update, download = host.apt
    assert update.endswith("update")
    assert "--download-only" in download.split()
    assert download.endswith("install docker.io docker-cli")
    assert not host.called("systemctl")


@pytest.mark.parametrize("script", [FETCH, INSTALL])
@pytest.mark.parametrize(
    ("offers", "desired", "expected"),
    [
        ("26.10.1-1", "26.1", "desired 26.1, the sources of this host offer 26.10.1-1"),
        ("20.10.24+dfsg1-1", "26.1", "desired 26.1, the sources of this host offer 20.10.24+dfsg1-1"),
        ("(none)", "26.1", "no package docker.io in the sources of this host"),
        ("(none)", "", "no package docker.io in the sources of this host"),
    ],
)
def test_a_version_that_is_not_on_offer_is_reported_and_nothing_installed(
    host: Host, debian: Callable[..., None], offers: str, desired: str, expected: str, script: str
) -> None:
    debian(offers)
    ended = host.run(f"{OURS} DESIRED={desired}\n{script}")
    assert (ended.returncode, ended.stderr.strip()) == (65, expected)
    assert not [call for call in host.apt if "install" in call]


MADISON = """
 docker.io | 28.5.2+dfsg1-1 | http://deb.example.com/debian forky/main amd64 Packages
 docker.io | 26.1.5+dfsg1-9+b1 | http://deb.example.com/debian trixie/main amd64 Packages
 docker.io | 26.1.5+dfsg1-9 | http://deb.example.com/debian trixie/main Sources
 docker.io | 20.10.24+dfsg1-1 | http://deb.example.com/debian bookworm/main amd64 Packages
"""


@pytest.mark.parametrize(
    ("desired", "packages"),
    [
        ("", "docker.io docker-cli"),
        ("28.5", "docker.io docker-cli"),
        ("26.1", "docker.io=26.1.5+dfsg1-9+b1 docker-cli=26.1.5+dfsg1-9+b1"),
        ("20.10", "docker.io=20.10.24+dfsg1-1"),
    ],
)
def test_install_takes_any_version_on_offer(
    host: Host, debian: Callable[..., None], desired: str, packages: str
) -> None:
    debian("28.5.2+dfsg1-1", cli="28.5.2+dfsg1-1")
    (host.folder / "docker.io").write_text(MADISON)
    (host.folder / "docker-cli").write_text("".join(line + "\n" for line in MADISON.split("\n") if "20.10" not in line))
    host.stand_in("apt-cache", f'case "$1" in madison) cat {host.folder}/$2;; *) cat {host.folder}/policy;; esac')
    assert host.run(f"{OURS} DESIRED={desired}\n{INSTALL}").returncode == 0
    assert [call.rpartition(" install ")[2] for call in host.apt] == [packages]


def test_a_version_that_is_not_on_offer_is_reported_with_those_that_are(
    host: Host, debian: Callable[..., None]
) -> None:
    debian("28.5.2+dfsg1-1")
    (host.folder / "docker.io").write_text(MADISON)
    host.stand_in("apt-cache", f'case "$1" in madison) cat {host.folder}/$2;; *) cat {host.folder}/policy;; esac')
    ended = host.run(f"{OURS} DESIRED=27.5\n{FETCH}")
    offered = "28.5.2+dfsg1-1 26.1.5+dfsg1-9+b1 20.10.24+dfsg1-1"
    assert (ended.returncode, ended.stderr) == (65, f"desired 27.5, the sources of this host offer {offered}\n")


@pytest.mark.parametrize("desired", ["26.1", "26.1.5", "26"])
def test_a_version_fits_by_its_parts(host: Host, debian: Callable[..., None], desired: str) -> None:
    debian("26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED={desired}\n{INSTALL}").returncode == 0


def test_install_tries_once_more_with_a_fresh_index(host: Host, debian: Callable[..., None]) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("apt-get", f'case "$*" in *update*) touch {host.folder}/fresh;; *) [ -e {host.folder}/fresh ];; esac')
    assert host.run(f"{OURS} DESIRED=\n{INSTALL}").returncode == 0
    assert len(host.apt) == 3


STARTS = "MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5"


def failing(host: Host, *, tried: str = "docker.service", masked: str = "none") -> None:
    """docker.service does not start; ``tried`` is the unit of which the journal has a start then, or none."""
    host.stand_in(
        "systemctl",
        f"""case "$1 $*" in show*LoadState*{masked}*) echo LoadState=masked;;
        is-failed*{tried}) ;; is-failed* | is-active*) exit 3;;
        start*) touch {host.folder}/tried; echo "Job for docker.service failed." >&2; exit 1;; esac""",
    )
    host.stand_in(
        "journalctl",
        f"""[ -e {host.folder}/tried ] || exit 0
        case "$*" in
          *--since=@[0-9]*.[0-9]*" UNIT={tried} {STARTS}") echo "1700000000.123456 host systemd[1]: Starting" ;;
          *--unit={tried}\\ --since=@1700000000.123456) i=0; while [ $i -lt 40 ]; do i=$((i + 1)); echo line $i; done ;;
        esac""",
    )


@pytest.mark.parametrize("script", [f"{OURS} DESIRED=\n{INSTALL}", START], ids=["install", "start"])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, [f"line {number}" for number in range(29, 41)]),
        ({"tried": "docker.socket"}, [f"line {number}" for number in range(29, 41)]),
        ({"tried": "none"}, ["the journal holds no line of this start; on this host: systemctl status docker.service"]),
        ({"masked": "docker.service"}, ["docker.service is masked: on this host run systemctl unmask docker.service"]),
        ({"masked": "containerd.service"},
         ["containerd.service is masked: on this host run systemctl unmask containerd.service"]),
    ],
    ids=["its last lines", "those of what it needs", "none", "masked", "what it needs is masked"],
)  # fmt: skip
def test_an_engine_that_does_not_start_is_reported_with_the_lines_of_that_start(
    host: Host, debian: Callable[..., None], state: dict[str, str], expected: list[str], script: str
) -> None:
    debian("26.1.5+dfsg1-9+b1")
    failing(host, **state)
    ended = host.run(script)
    assert (ended.returncode, ended.stderr.splitlines()) == (66, ["Job for docker.service failed.", *expected])


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_packages_in_the_way_are_named_and_stay(host: Host, debian: Callable[..., None], script: str) -> None:
    debian("26.1.5+dfsg1-9+b1")
    simulated = 'echo "Inst docker.io (26.1)"; echo "Remv rival [1.0]"'
    host.stand_in("apt-get", f'case " $* " in *" -s "*) {simulated};; *" --no-remove "*) exit 100;; esac')
    host.stand_in("dpkg")
    ended = host.run(f"{OURS} DESIRED=\n{script}")
    assert ended.returncode == 67
    assert "cannot be installed beside rival" in ended.stderr
    assert "apt-get remove rival" in ended.stderr
    assert len(host.apt) == 1 and "--no-remove" in host.apt[0]
    assert not host.called("dpkg")


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_apt_is_asked_what_it_would_remove_only_where_it_failed(
    host: Host, debian: Callable[..., None], script: str
) -> None:
    debian("26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED=\n{script}").returncode == 0
    assert len(host.called("apt-get")) == 1


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_where_the_plan_removes_packages_others_are_looked_for_before(
    host: Host, debian: Callable[..., None], script: str
) -> None:
    """apt may remove some then, and would not stop at others."""
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("apt-get", 'case " $* " in *" -s "*) echo "Remv old [1.0]"; echo "Remv rival [1.0]";; esac')
    ended = host.run(f"{OURS} GOING=old DESIRED=\n{script}")
    assert ended.returncode == 67
    assert "cannot be installed beside rival\n" in ended.stderr
    assert host.apt == []


@pytest.mark.parametrize(
    ("installed", "offered", "expected"),
    [
        ("=installed\\trival, \\t, ", "Conflicts: other, rival (<< 2)", ["removes rival"]),
        ("=installed\\trival, \\t, runc (<< 1.1)", "Breaks: other", ["removes rival"]),
        ("=installed\\tsomething, rival (= 1)\\t, ", "Breaks: rival", ["removes rival"]),
        ("=config-files\\trival, \\t, ", "Conflicts: rival", []),
        ("=installed\\trival, \\tother, another", "Conflicts: rivals", []),
    ],
)
def test_a_look_names_what_is_in_the_way(host: Host, installed: str, offered: str, expected: list[str]) -> None:
    """Apt is asked, which takes long, only where two packages exclude each other."""
    stand_ins = {
        "apt-get": 'echo "Inst runc"; echo "Remv rival [1.0]"',
        "apt-cache": f"printf 'Package: docker.io\\n\\nPackage: runc\\n{offered}\\n'",
        "dpkg-query": f"""case "$*" in *Conflicts*) printf '{installed}\\n';; esac""",
        "find": "",
        "systemctl": "",
    }
    for name, stand_in in stand_ins.items():
        host.stand_in(name, stand_in)
    (host.folder / "pkgcache.bin").write_text("packages")
    probe = engine_role.probe.replace("/var/cache/apt", str(host.folder)).replace("-v dockerd", "-v no-dockerd")
    said = host.run(HOST + probe).stdout.splitlines()
    assert [line for line in said if line.startswith("removes")] == expected
    assert len(host.called("apt-get")) == len(expected)
    assert not any("all-versions" in call for call in host.called("apt-cache")), "apt works out which it would take"


@pytest.mark.parametrize(
    ("sources", "asked"), [((None, "vendor"), True), (("distribution",), True), (("vendor",), False)]
)
def test_apt_is_asked_only_where_an_engine_of_the_distribution_is_desired(
    host: Host, sources: tuple[str | None, ...], asked: bool
) -> None:
    for name in ("apt-get", "apt-cache", "dpkg-query", "systemctl"):
        host.stand_in(name, "")
    machines = [
        model.Host(f"h{n}", f"10.0.0.{n}", "manager", engine=model.Engine(source=source))
        for n, source in enumerate(sources)
    ]
    probe = engine_role.probe_of(requested(model.Cluster("lab", tuple(machines)))).replace(
        "-v dockerd", "-v no-dockerd"
    )
    assert host.run(HOST + probe).returncode == 0
    assert bool(host.called("apt-cache")) is asked


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_apt_may_remove_nothing_at_all(host: Host, debian: Callable[..., None], script: str) -> None:
    debian("26.1.5+dfsg1-9+b1")
    assert host.run(f"{OURS} DESIRED=\n{script}").returncode == 0
    assert all("APT::Get::AutomaticRemove=false" in call for call in host.apt)
    assert ["--no-remove" in call for call in host.apt if " install " in call] == [True]


@pytest.mark.parametrize(
    ("cached", "newer", "used"), [(True, "", True), (True, "/var/lib/dpkg/status", False), (False, "", False)]
)
def test_a_look_reads_apts_cache_only_where_apt_would_not_write_it_anew(
    host: Host, cached: bool, newer: str, used: bool
) -> None:
    stand_ins = {
        "apt-get": "",
        "apt-cache": "printf 'Package: docker.io\\nConflicts: rival\\n'",
        "dpkg-query": "printf '=installed\\trival\\t\\n'",
        "find": f"echo {newer}",
        "systemctl": "",
    }
    for name, body in stand_ins.items():
        host.stand_in(name, body)
    if cached:
        (host.folder / "pkgcache.bin").write_text("packages")
    probe = engine_role.probe.replace("/var/cache/apt", str(host.folder)).replace("-v dockerd", "-v no-dockerd")
    assert host.run(HOST + probe).returncode == 0
    asked = [*host.called("apt-get"), *host.called("apt-cache")]
    assert len(asked) == 2
    assert ["Dir::Cache::pkgcache=" not in call for call in asked] == [used, used]
    assert all(" -s " in call for call in host.called("apt-get"))


@pytest.mark.parametrize(
    ("unit", "groups", "by"),
    [
        ("inactive", "0::/system.slice/own.service\n", ["started-by own.service"]),
        ("failed", "9:name=systemd:/user.slice/session-4.scope\n1:cpu:/\n0::/\n", ["started-by session-4.scope"]),
        ("inactive", "0::/\n", ["started-by nobody"]),
        ("active", "0::/system.slice/docker.service\n", []),
        ("activating", "0::/system.slice/docker.service\n", []),
        ("", "0::/init.scope\n", []),
        ("inactive", "0::/system.slice/docker.service\n", []),  # it started meanwhile
        ("inactive", None, []),  # it ended meanwhile
    ],
)
def test_an_engine_that_docker_service_did_not_start_is_seen_with_who_did(
    host: Host, unit: str, groups: str | None, by: list[str]
) -> None:
    for name in ("apt-get", "apt-cache", "dpkg-query", "systemctl"):
        host.stand_in(name, "")
    if groups is not None:
        (host.folder / "cgroup").write_text(groups)
    probe = engine_role.probe.replace("/proc/$engine/cgroup", str(host.folder / "cgroup"))
    ran = host.run(f"{HOST}\nengine=1 unit_state={unit}\n{probe}")
    assert ran.returncode == 0
    assert [line for line in ran.stdout.splitlines() if line.startswith("started-by ")] == by


def test_a_unit_is_named_as_a_shell_takes_it() -> None:
    """systemd writes a hyphen of a path as \\x2d into the names of units."""
    have = State(None, started_by=r"own\x2ddocker.service")
    [refused] = engine_role.plan(
        RequestedCluster("test", (model.Host("m1", "10.0.0.1", "manager"),)), Seen({"m1": have})
    )
    assert isinstance(refused, Finding)
    assert r"systemctl disable --now 'own\x2ddocker.service'" in (refused.next_action or "")


HELD = 'echo "/proc/1/fd/4 /var/lib/apt/lists/lock"'


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_apt_is_not_begun_while_another_holds_a_lock(host: Host, debian: Callable[..., None], script: str) -> None:
    debian("(none)", after="26.1.5+dfsg1-9+b1")
    host.stand_in("find", HELD)
    ended = host.run(f"{OURS} DESIRED=\n{script}")
    name = Path("/proc/1/comm").read_text().strip()
    assert ended.returncode == BUSY
    assert ended.stderr.startswith(f"{name} (process 1")
    assert ended.stderr.endswith(") holds /var/lib/apt/lists/lock\n")
    assert host.apt == []


@pytest.mark.parametrize(
    ("left", "state", "status"),
    [
        (["enabled"], "starting", BUSY),
        (["enabled"], "running", 0),
        (["enabled", "result.json"], "starting", 0),
        ([], "starting", 0),
    ],
)
def test_cloud_init_is_waited_for_while_the_host_boots(
    host: Host, debian: Callable[..., None], left: list[str], state: str, status: int
) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("systemctl", f'case "$1" in is-system-running) echo {state};; esac')
    place = host.folder / "cloud-init"
    place.mkdir()
    for name in left:
        (place / name).touch()
    ended = host.run(f"{OURS} DESIRED=\n{FETCH}".replace("/run/cloud-init", str(place)))
    assert ended.returncode == status
    assert ended.stderr == ("cloud-init is still setting this host up\n" if status else "")
    assert bool(host.apt) == (status == 0)


@pytest.mark.parametrize("script", [FETCH, INSTALL])
def test_a_lock_taken_at_the_last_moment_is_waited_for(host: Host, debian: Callable[..., None], script: str) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("find", f"[ ! -e {host.folder}/tried ] || {HELD}")
    host.stand_in("apt-get", f'case " $* " in *" -s "*) ;; *) touch {host.folder}/tried; exit 100;; esac')
    assert host.run(f"{OURS} DESIRED=\n{script}").returncode == BUSY
    assert len(host.apt) == 1


RELOADS = 'case "$1" in events) echo "daemon reload 4QWR";; esac'
REFUSES = 'case "$1" in --help) echo "  --validate";; --validate) echo bad key >&2; exit 1;; esac'


def test_a_start_that_fails_points_to_the_old_daemon_json() -> None:
    stopped = {"m1": State("26.1.5", running=False)}
    cluster = RequestedCluster("test", (model.Host("m1", "10.0.0.1", "manager"),))
    [start] = engine_role.plan(cluster, Seen(stopped))
    assert isinstance(start, Run)
    assert "daemon.json.before-skep" in (start.otherwise or "")


def test_an_installation_that_fails_points_to_what_shows_why() -> None:
    cluster = RequestedCluster("test", (model.Host("m1", "10.0.0.1", "manager"),))
    [install] = engine_role.plan(cluster, Seen({"m1": None}, {"m1": Platform("debian", packages="apt-get")}))
    assert isinstance(install, Run)
    assert "on m1 these show what keeps it: apt-get update; apt-cache policy docker.io;" in (install.otherwise or "")


class Engine:
    """A host with a daemon.json, where docker answers or not."""

    def __init__(self, host: Host, *, before: str | None = "{}", answers: str = RELOADS, validates: str = "") -> None:
        self.host = host
        self.file, self.memory = host.folder / "etc" / "daemon.json", host.folder / "lib" / "memory.json"
        self.proxy, self.drop_in = host.folder / "etc2" / "proxy.env", host.folder / "docker.service.d" / "proxy.conf"
        files = host.folder / "files"
        files.mkdir()
        (files / "daemon.json").write_text('{"debug": true, "userland-proxy": false}')
        (files / "memory.json").write_text('{"debug": true}')
        if before is not None:
            self.file.parent.mkdir()
            self.file.write_text(before)
        host.stand_in("systemctl")
        host.stand_in("docker", answers)
        host.stand_in("dockerd", validates)

    def write(self) -> subprocess.CompletedProcess[str]:
        return self.run(WRITE)

    def apply(self, *, reload: bool) -> subprocess.CompletedProcess[str]:
        return self.run(APPLY, HOW="reload" if reload else "restart")

    def run(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        places = {"FILES": self.host.folder / "files", "FILE": self.file, "MEMORY": self.memory}
        places |= {"PROXY": self.proxy, "DROP_IN": self.drop_in}
        return self.host.run(
            script, **{name: str(place) for name, place in places.items()}, **{"MODE": "", **variables}
        )


@pytest.mark.parametrize(("reload", "verb"), [(True, "reload"), (False, "restart")])
@pytest.mark.parametrize("before", ["{}", None])
def test_a_new_file_is_put_in_force_and_remembered(host: Host, reload: bool, verb: str, before: str | None) -> None:
    engine = Engine(host, before=before)
    assert engine.apply(reload=reload).returncode == 0
    assert json.loads(engine.file.read_text()) == {"debug": True, "userland-proxy": False}
    assert json.loads(engine.memory.read_text()) == {"debug": True}
    assert host.called("systemctl")[-1] == f"systemctl {verb} docker.service"
    assert not list(engine.file.parent.glob("*.new"))
    assert Path(f"{engine.file}.before-skep").exists() == (before is not None)


@pytest.mark.parametrize(("mode", "now"), [("", 0o640), ("600", 0o600)])
def test_a_file_is_read_by_those_who_could_unless_it_holds_a_secret(host: Host, mode: str, now: int) -> None:
    engine = Engine(host)
    engine.file.chmod(0o640)
    for made in (APPLY, WRITE):
        assert engine.run(made, MODE=mode, HOW="reload").returncode == 0
        assert engine.file.stat().st_mode & 0o777 == now
        assert engine.memory.stat().st_mode & 0o777 == 0o600
        engine.file.chmod(0o640)
    assert Path(f"{engine.file}.before-skep").stat().st_mode & 0o777 == now
    engine.file.unlink()
    assert engine.write().returncode == 0
    assert engine.file.stat().st_mode & 0o777 == 0o644


def test_a_proxy_is_a_file_of_roots_that_a_drop_in_names(host: Host) -> None:
    engine = Engine(host, before=None)
    (host.folder / "files" / "daemon.json").write_text("{}\n")
    (host.folder / "files" / "proxy.env").write_text('HTTP_PROXY="http://x"\n')
    assert engine.apply(reload=False).returncode == 0
    assert not engine.file.exists()
    assert engine.proxy.read_text() == 'HTTP_PROXY="http://x"\n'
    assert engine.proxy.stat().st_mode & 0o777 == 0o600
    assert engine.drop_in.read_text() == f"[Service]\nEnvironmentFile={engine.proxy}\n"
    calls = host.called("systemctl")
    assert calls.index("systemctl daemon-reload") < calls.index("systemctl restart docker.service")
    (host.folder / "files" / "proxy.env").unlink()
    assert engine.write().returncode == 0
    assert not engine.proxy.exists()
    assert not engine.drop_in.parent.exists()


@pytest.mark.parametrize("before", ['HTTP_PROXY="http://old"\n', None])
def test_a_proxy_the_engine_does_not_start_with_is_put_back(host: Host, before: str | None) -> None:
    engine = Engine(host, answers=f"! grep -q new {host.folder}/etc2/proxy.env")
    (host.folder / "files" / "proxy.env").write_text('HTTP_PROXY="http://new"\n')
    if before:
        engine.proxy.parent.mkdir()
        engine.proxy.write_text(before)
    assert engine.apply(reload=False).returncode == 66
    assert (engine.proxy.read_text() if engine.proxy.exists() else None) == before
    assert engine.drop_in.exists() == (before is not None)
    assert not list(engine.proxy.parent.glob("*.before-skep"))


def test_hosts_that_came_into_a_proxys_exceptions_restart_nothing(host: Host) -> None:
    engine = Engine(host)
    (host.folder / "files" / "proxy.env").write_text('HTTP_PROXY="http://x"\n')
    assert engine.run(APPLY, HOW="keep").returncode == 0
    assert host.called("systemctl") == ["systemctl daemon-reload"]
    assert engine.memory.exists()


@pytest.mark.parametrize("mode", ["", "600"])
@pytest.mark.parametrize("before", ["{}", None])
def test_a_link_stays_and_its_target_is_replaced(host: Host, mode: str, before: str | None) -> None:
    engine = Engine(host, before=before)
    target = host.folder / "managed" / "engine.json"
    target.parent.mkdir()
    engine.file.parent.mkdir(exist_ok=True)
    if before:
        engine.file.rename(target)
        target.chmod(0o640)
    engine.file.symlink_to("../managed/engine.json")
    for made in (APPLY, WRITE):
        assert engine.run(made, MODE=mode, HOW="restart").returncode == 0
        assert engine.file.is_symlink()
        assert json.loads(target.read_text())["debug"] is True
        assert target.stat().st_mode & 0o777 == (0o600 if mode else 0o640 if before else 0o644)
    assert sorted(path.name for path in target.parent.iterdir()) == ["engine.json"]


def test_through_a_link_the_old_file_is_put_back(host: Host) -> None:
    engine = Engine(host, answers=f"! grep -q debug {host.folder}/target")
    engine.file.rename(host.folder / "target")
    engine.file.symlink_to(host.folder / "target")
    assert engine.apply(reload=False).returncode == 66
    assert engine.file.is_symlink()
    assert engine.file.read_text() == "{}"
    assert not Path(f"{engine.file}.before-skep").exists()


def blocked(engine: Engine, what: str) -> None:
    """Something that no file can be written over lies in the way."""
    if what == "link to nowhere":
        engine.file.unlink()
        engine.file.symlink_to("/nonexistent/folder/daemon.json")
        return
    {"file": engine.file, "memory": engine.memory}[what].unlink(missing_ok=True)
    {"file": engine.file, "memory": Path(f"{engine.memory}.new")}[what].mkdir(parents=True)


@pytest.mark.parametrize("what", ["file", "memory", "link to nowhere"])
def test_where_something_cannot_be_written_nothing_is_changed(host: Host, what: str) -> None:
    engine = Engine(host)
    blocked(engine, what)
    for ended in (engine.write(), engine.apply(reload=False)):
        assert ended.returncode == NO_ROOM
        assert ended.stderr.splitlines()[-1] == "nothing was changed"
        assert len(ended.stderr.splitlines()) > 1
        assert host.called("systemctl") == []
        assert not engine.memory.exists()
    if what == "memory":
        assert engine.file.read_text() == "{}"
    else:
        assert not engine.file.is_file()
        assert not list(engine.file.glob("*"))


def test_what_is_remembered_is_written_before_the_engine_is_touched(host: Host) -> None:
    engine = Engine(host)
    seen = host.folder / "seen"
    host.stand_in(
        "systemctl", f'case "$1" in restart) cat {engine.memory}.new >{seen}; ls {engine.memory.parent} >>{seen};; esac'
    )
    assert engine.apply(reload=False).returncode == 0
    assert seen.read_text().splitlines() == ['{"debug": true}memory.json.new']
    assert [path.name for path in engine.memory.parent.iterdir()] == ["memory.json"]


def test_a_file_the_engine_refuses_changes_nothing(host: Host) -> None:
    engine = Engine(host, validates=REFUSES)
    for ended in (engine.apply(reload=False), engine.write()):
        assert ended.returncode == 66
        assert "bad key" in ended.stderr
        assert engine.file.read_text() == "{}"
        assert not engine.memory.exists()
        assert host.called("systemctl") == []


@pytest.mark.parametrize("before", ["{}", None])
def test_the_old_file_is_kept_where_no_engine_runs(host: Host, before: str | None) -> None:
    engine = Engine(host, before=before)
    (host.folder / "bin" / "dockerd").unlink()
    assert engine.write().returncode == 0
    assert json.loads(engine.file.read_text())["debug"] is True
    assert json.loads(engine.memory.read_text()) == {"debug": True}
    kept = Path(f"{engine.file}.before-skep")
    assert (kept.read_text() if kept.exists() else None) == before


@pytest.mark.parametrize("before", ["{}", None])
def test_a_reload_the_engine_refused_is_not_in_force(host: Host, before: str | None) -> None:
    """systemctl reload ends well all the same, and the engine answers."""
    engine = Engine(host, before=before, answers="")
    host.stand_in("journalctl", "echo conflict labels")
    ended = engine.apply(reload=True)
    assert ended.returncode == 66
    expected = ["the engine did not take the new file; the old file is put back", "conflict labels"]
    assert ended.stderr.splitlines() == expected
    assert (engine.file.read_text() if engine.file.exists() else None) == before
    assert not engine.memory.exists()
    assert [call.split()[1] for call in host.called("systemctl")] == ["reset-failed", "reload", "reload"]


def test_a_reload_is_looked_for_from_its_start_on(host: Host) -> None:
    assert Engine(host).apply(reload=True).returncode == 0
    asked = host.called("docker events")[0].split()
    since, until = (float(asked[asked.index(option) + 1]) for option in ("--since", "--until"))
    assert since < until
    assert asked[-4:] == ["--filter", "type=daemon", "--filter", "event=reload"]


def test_an_engine_that_dies_of_a_reload_is_started_with_the_old_file(host: Host) -> None:
    engine = Engine(host, answers=f"! grep -q debug {host.folder}/etc/daemon.json")
    ended = engine.apply(reload=True)
    assert (ended.returncode, engine.file.read_text()) == (66, "{}")
    assert host.called("systemctl")[-1] == "systemctl restart docker.service"


def test_an_engine_that_cannot_validate_is_not_asked_to(host: Host) -> None:
    engine = Engine(host, validates='case "$1" in --help) echo "  --config-file";; *) exit 1;; esac')
    assert engine.apply(reload=False).returncode == 0


@pytest.mark.parametrize("before", ["{}", None])
def test_the_old_file_is_put_back_where_the_engine_does_not_return(host: Host, before: str | None) -> None:
    engine = Engine(host, before=before, answers=f"! grep -q debug {host.folder}/etc/daemon.json 2>/dev/null")
    ended = engine.apply(reload=False)
    assert ended.returncode == 66
    assert ended.stderr.splitlines()[0] == "the engine did not return; the old file is put back"
    assert (engine.file.read_text() if engine.file.exists() else None) == before
    assert not engine.memory.exists()
    assert len(host.called("systemctl restart")) == 2


def test_it_is_said_when_the_old_file_does_not_help_either(host: Host) -> None:
    ended = Engine(host, answers="exit 1").apply(reload=True)
    assert ended.returncode == 66
    assert ended.stderr.splitlines()[-1].startswith("and the engine does not start with the old file either")


@pytest.mark.parametrize(
    ("tools", "remedy"),
    [
        ({"dpkg-query": "echo installed runc=1.1.5+ds1-1"}, "apt-get install --reinstall runc=1.1.5+ds1-1"),
        ({"dpkg-query": "echo installed containerd.io=1.6.20-1"}, "apt-get install --reinstall containerd.io=1.6.20-1"),
        ({"dpkg-query": "echo config-files runc=1.1.5+ds1-1; exit 1"}, "apt-get install runc"),
        ({"rpm": '[ "$2" = containerd.io ]', "dnf": ""}, "dnf reinstall containerd.io"),
        ({"rpm": '[ "$2" = runc ]', "dnf": ""}, "dnf reinstall runc"),
        ({"rpm": "exit 1", "dnf": ""}, "dnf install runc"),
    ],
)
def test_of_an_engine_that_finds_no_runc_it_is_said_what_brings_it_back(
    host: Host, tools: dict[str, str], remedy: str
) -> None:
    for name, body in tools.items():
        host.stand_in(name, body)
    for name in ("sed", "head"):
        (host.folder / "bin" / name).symlink_to(str(shutil.which(name)))
    said = host.run(f"{script('skep/starting.sh')}\nno_runc", PATH=f"{host.folder}/bin")
    assert said.stdout.strip().endswith(f"; on this host: {remedy}"), said


def test_an_engine_without_runc_is_not_put_down_to_its_settings(host: Host) -> None:
    journal = host.folder / "journal"
    journal.write_text("123.5 failed to start daemon: failed to find runc binary\n" + "Stopped.\n" * 20)
    host.stand_in("journalctl", f"cat {journal}")
    ended = Engine(host, answers="exit 1").apply(reload=False)
    assert ended.returncode == 66
    assert [line for line in ended.stderr.splitlines() if line.startswith("no runc is found here")]


def test_volumes_that_are_there_go_and_others_are_no_matter(host: Host) -> None:
    host.stand_in("docker", 'case "$*" in *"inspect web_gone"*) exit 1;; esac')
    assert host.run(f"set -- web_data web_gone\n{VOLUMES}").returncode == 0
    assert [call for call in host.calls if " rm " in call] == ["docker volume rm web_data"]


def test_a_volume_still_held_is_tried_again_and_then_reported(host: Host) -> None:
    tries = host.folder / "tries"
    held = f'case "$*" in *rm*) echo x >>{tries}; [ "$(wc -l <{tries})" -gt 2 ] || exit 1;; esac'
    host.stand_in("docker", held)
    assert host.run(f"set -- web_data\n{VOLUMES}").returncode == 0
    assert len(host.called("docker volume rm")) == 3
    host.stand_in("docker", 'case "$*" in *rm*) echo volume is in use; exit 1;; esac')
    ended = host.run(f"set -- web_data\n{VOLUMES}")
    assert (ended.returncode, ended.stderr.strip()) == (1, "volume is in use")


@pytest.mark.parametrize("daemon", ['{"data-root": "%s"}', '{\n  "debug": true,\n  "data-root" : "%s"\n}'])
def test_mounted_secrets_are_reported_by_their_checksum_and_no_more(host: Host, daemon: str) -> None:
    folder = host.folder / "data" / "containers" / "c1" / "mounts" / "secrets"
    folder.mkdir(parents=True)
    (folder / "secret1").write_text("hush")
    volumes = host.folder / "data" / "volumes"
    for name in ("web_data", "plain", "0" * 64):
        (volumes / name / "_data").mkdir(parents=True)
    (volumes / "web_data" / "opts.json").write_text('{"MountType":"tmpfs","MountOpts":"size=1m"}')
    (volumes / "metadata.db").touch()
    (host.folder / "daemon.json").write_text(daemon % (host.folder / "data"))
    ended = host.run((HOST + stacks.probe).replace("/etc/docker", str(host.folder)))
    assert ended.returncode == 0
    assert "hush" not in ended.stdout
    state = stacks.parse(ended.stdout, {})
    assert state is not None
    assert state.mounted == {"secret1": hashlib.sha256(b"hush").hexdigest()}
    assert state.volumes == {"web_data": {"type": "tmpfs", "o": "size=1m"}, "plain": {}}
    assert host.run((HOST + stacks.probe).replace("/etc/docker", "/none")).returncode == 0


def test_steps_say_whether_they_end_a_running_engine() -> None:
    host = model.Host("w1", "10.0.0.1", "worker", engine=model.Engine(version="26.1"), daemon={"log-level": "warn"})
    cluster = RequestedCluster("test", (host,))

    def restarts(role: Any, state: Any) -> dict[str, bool]:
        planned = role.plan(cluster, Seen({"w1": state}))
        return {step.id.partition("@")[0]: step.restarts for step in planned if isinstance(step, Run)}

    assert restarts(engine_role, None) == {"engine/install": False}
    old = State(version="20.10.24", package="docker.io")
    assert restarts(engine_role, old) == {"engine/install": True}
    assert restarts(engine_role, replace(old, running=False)) == {"engine/install": False}
    assert restarts(daemon_role, daemon_role.parse("\n{}", {"/info": {}})) == {"daemon/write": False}
    running = replace(daemon_role.parse("\n{}", {}), running=True)
    assert restarts(daemon_role, running) == {"daemon/restart": True}
    cluster = RequestedCluster("test", (replace(host, daemon={"debug": True}),))
    assert restarts(daemon_role, running) == {"daemon/reload": False}


@pytest.mark.parametrize(("comes_up", "status"), [(True, 0), (False, 66)])
def test_an_engine_that_was_upgraded_beneath_is_restarted(host: Host, comes_up: bool, status: int) -> None:
    host.stand_in("systemctl", "" if comes_up else 'case "$1" in restart | is-failed) exit 1;; esac')
    ran = host.run(RESTART)
    assert (ran.returncode, bool(ran.stderr)) == (status, not comes_up)
    assert host.calls[0] == "systemctl restart docker.service"


def test_apt_is_asked_so_that_nothing_is_restarted_beside_it(host: Host, debian: Callable[..., None]) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("apt-get", f'echo "$NEEDRESTART_MODE" >{host.folder}/mode')
    assert host.run(f"{OURS} DESIRED=\n{FETCH}").returncode == 0
    assert (host.folder / "mode").read_text() == "l\n"


def test_a_plugin_names_what_is_in_its_way(host: Host) -> None:
    host.stand_in("find")
    host.stand_in("apt-get", 'case "$*" in -s*) echo "Remv docker-compose [1.29]" ;; *install*) exit 100 ;; esac')
    ended = host.run(PLUGINS, PACKAGES="docker-compose-plugin", HOLD="")
    assert ended.returncode == 67
    assert "apt-get remove docker-compose" in ended.stderr


def test_a_parameter_that_the_kernel_refuses_is_in_no_file(tmp_path: Path) -> None:
    laid, conf = tmp_path / "files", tmp_path / "98-skep.conf"
    laid.mkdir()
    (laid / "list").write_text(f"644 {conf}\n")
    (laid / "1").write_text("# ours\nskep.no.such = 1\n")
    given = {"MEMORY": str(tmp_path / "memory"), "TOPIC": "sysctls", "SET": "skep.no.such", "GONE": "", "LOAD": ""}
    env = {**os.environ, **given, "DNF": "-", "BEGIN": "-", "END": "-", "FILES": str(laid)}
    put = ["sh", "-c", script("roles/files/put.sh")]
    ran = subprocess.run(put, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 66 and "the kernel refuses skep.no.such = 1; nothing was changed" in ran.stderr
    assert not conf.exists()


def test_of_a_backup_that_fails_nothing_stays(host: Host) -> None:
    there, root = host.folder / "there", host.folder / "root"
    (root / "swarm/raft").mkdir(parents=True)
    host.stand_in("docker", f'case "$*" in *DockerRootDir*) echo {root} ;; *) echo x ;; esac')
    host.stand_in("systemctl")
    host.stand_in("tar", "exit 2")
    host.stand_in("du", "echo 1")
    ended = host.run(script("skep/backup.sh"), THERE=str(there), CLUSTER="c", HOST="m1", TAKEN="now")
    assert ended.returncode != 0 and not there.exists()
    assert host.called("systemctl start")


FULL = "dpkg: error: cannot copy extracted data for './usr/sbin/dockerd': failed to write (No space left on device)"


@pytest.mark.parametrize("script", [FETCH, INSTALL, PLUGINS])
@pytest.mark.parametrize("said", [FULL, "E: You don't have enough free space in /var/cache/apt/archives/."])
def test_a_full_disk_is_named_and_what_was_unpacked_is_configured(
    host: Host, debian: Callable[..., None], script: str, said: str
) -> None:
    debian("26.1.5+dfsg1-9+b1")
    host.stand_in("apt-get", f"""case "$*" in *install*) echo other; echo "{said}" >&2; exit 100 ;; esac""")
    host.stand_in("dpkg")
    ran = host.run(f"{OURS} DESIRED= PACKAGES=x\n{script}")
    assert ran.returncode == NO_ROOM, ran
    assert said in ran.stderr and "df -h" in ran.stderr.splitlines()[-1]
    assert not any(call.endswith(" update") for call in host.apt)
    configured = bool(host.called("dpkg --force-confold --configure -a"))
    assert configured is (script == INSTALL), "elsewhere it would start what nobody planned to start"


def test_what_somebody_else_put_there_is_kept_and_comes_back(tmp_path: Path) -> None:
    laid, folder = tmp_path / "files", tmp_path / "certs.d/r:5000"
    laid.mkdir()
    folder.mkdir(parents=True)
    theirs, new = folder / "client.key", folder / "ca.crt"
    theirs.write_text("theirs")
    theirs.chmod(0o640)

    def put(*contents: str, gone: str = "") -> None:
        (laid / "list").write_text("".join(f"600 {path}\n" for path in (theirs, new)[: len(contents)]))
        for number, content in enumerate(contents, 1):
            (laid / str(number)).write_text(content)
        given = {"MEMORY": str(tmp_path / "memory"), "TOPIC": "certificates", "SET": "", "GONE": gone, "LOAD": ""}
        env = {**os.environ, **given, "DNF": "-", "BEGIN": "-", "END": "-", "FILES": str(laid)}
        text = script("roles/files/put.sh").replace("/etc/docker/certs.d", str(tmp_path / "certs.d"))
        subprocess.run(["sh", "-c", text], env=env, check=True, timeout=120)

    put("ours", "a")
    put("ours anew", "b")
    kept = Path(f"{theirs}.before-skep")
    assert (theirs.read_text(), new.read_text(), kept.read_text()) == ("ours anew", "b", "theirs")
    assert kept.stat().st_mode & 0o777 == 0o640
    assert not Path(f"{new}.before-skep").exists(), "what is ours is nobody else's"
    put(gone=f"{theirs}\n{new}")
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [("client.key", "theirs")]
    assert theirs.stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "memory/certificates").exists()


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg to make keys")
@pytest.mark.parametrize("there", [True, False])
def test_lists_that_were_verified_are_kept_where_apt_looks_for_them(host: Host, there: bool) -> None:
    """Also where somebody removed their folder to save room, which apt makes anew."""
    etc, lists, key = host.folder / "etc", host.folder / "lists", host.folder / "key"
    with keyring() as ring:
        right = ring.make("right <r@example.com>")
        ring.gpg("--armor", "--output", key, "--export")
    (etc / "sources.list.d").mkdir(parents=True)
    if there:
        lists.mkdir()
    for name in ("find", "systemctl", "dpkg"):
        host.stand_in(name)
    host.stand_in("apt-helper", f'for place; do :; done; cp {key} "$place"')
    made = 'for word; do case $word in Dir::State::lists=*) echo new >"${word#*=}/mirror_InRelease" ;; esac; done'
    host.stand_in("apt-get", made)
    host.stand_in("apt-cache", 'echo "docker-ce | 5:28.5.2-1 | http://mirror Packages"')
    text = SOURCE.replace("/etc/apt", str(etc)).replace("/var/lib/apt/lists", str(lists))
    text = text.replace("/usr/lib/apt/apt-helper", "apt-helper")
    ran = host.run(text, KEY="http://mirror/gpg", FINGERPRINT=right, SOURCE="URIs: http://mirror\n", DESIRED="28")
    assert ran.returncode == 0, ran.stderr
    assert (etc / "sources.list.d/docker.sources").exists()
    assert (lists / "mirror_InRelease").read_text() == "new\n"


def test_what_came_back_stays_where_the_rest_failed(host: Host) -> None:
    theirs, files, memory = host.folder / "skep-ca.crt", host.folder / "files", host.folder / "memory"
    files.mkdir()
    memory.mkdir()
    (files / "list").touch()
    theirs.write_text("ours")
    Path(f"{theirs}.before-skep").write_text("theirs")
    (memory / "trust").write_text(f"{theirs}\n")
    given = {"MEMORY": str(memory), "TOPIC": "trust", "SET": "", "LOAD": "", "GONE": str(theirs)}
    given |= {"FILES": str(files), "DNF": "-", "BEGIN": "-", "END": "-"}
    for code in (1, 0):
        host.stand_in("update-ca-certificates", f"exit {code}")
        assert host.run(script("roles/files/put.sh"), **given).returncode == code
        assert theirs.read_text() == "theirs"
    assert not Path(f"{theirs}.before-skep").exists() and not (memory / "trust").exists()


@pytest.mark.parametrize("kind", ["ufw", ""])
def test_of_ufw_only_what_the_plan_names_goes(host: Host, kind: str) -> None:
    """What is remembered may have become the operator's: ufw keeps equal rules once, and the last comment."""
    files, memory = host.folder / "files", host.folder / "memory"
    files.mkdir()
    memory.write_text("ufw 0123 10.0.0.9\nallow proto tcp from 10.0.0.9 to any port 2377,7946\n")
    (files / "rules").write_text("allow proto tcp from 10.0.0.2 to any port 2377,7946\n" if kind else "")
    (files / "gone").write_text("allow proto udp from 10.0.0.9 to any port 4789,7946\n")
    host.stand_in("ufw")
    given = {"KIND": kind, "MEMORY": str(memory), "FILES": str(files), "MARK": "4567", "DATA": "4789"}
    ran = host.run(script("roles/firewall/apply.sh"), **given, ADDRESSES="10.0.0.2", UNIT="-", SCRIPT="-")
    assert ran.returncode == 0, ran
    added = ["ufw prepend allow proto tcp from 10.0.0.2 to any port 2377,7946 comment skep"] if kind else []
    assert host.calls == [*added, "ufw delete allow proto udp from 10.0.0.9 to any port 4789,7946"]
    assert memory.exists() is bool(kind)
    assert not kind or memory.read_text().splitlines()[0] == "ufw 4567 data=4789 10.0.0.2"
