"""The scripts of hosts with dnf, run by sh against stand-ins for dnf, rpm and curl that write down their calls."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from roles.files.content import BEGIN, END
from skep.lab.signing import keyring
from skep.shell import BUSY, NO_ROOM, script
from tests.roles.test_scripts import Host

SOURCE, FETCH, INSTALL, HOLD, PLUGINS = (
    script(f"roles/engine/dnf/{name}.sh") for name in ("source", "fetch", "install", "hold", "plugins")
)
VENDOR = {"ENGINE": "docker-ce", "CLIENT": "docker-ce-cli", "BESIDE": "containerd.io", "HOLD": "yes"}
LOCK = "--disablerepo=* versionlock"
OFFERS = """\
docker-ce 3:26.1.5-1.el9
docker-ce 3:28.5.2-1.el9

docker-ce 3:29.0.0~rc.1-1.el9
docker-ce-cli 1:26.1.5-1.el9
docker-ce-cli 1:28.5.2-1.el9
docker-ce-cli 1:29.0.0~rc.1-1.el9
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    (tmp_path / "offers").write_text(OFFERS)
    for name in ("journalctl", "sleep", "systemctl", "find"):
        found.stand_in(name)
    found.stand_in("timeout", 'shift; exec "$@"')
    found.stand_in("rpm", 'case $1 in -q) printf "%s\\n" docker-ce "package docker-ce-cli is not installed" ;; esac')
    found.stand_in("dnf5")
    (tmp_path / "bin/dnf").symlink_to("dnf5")
    found.stand_in("dnf5", f'case "$*" in *repoquery*) cat {tmp_path}/offers ;; esac')
    found.stand_in("dockerd", "exit 1")
    return found


def installed(host: Host, version: str) -> None:
    host.stand_in("dockerd", f"echo Docker version {version}, build 1234567")


def changes(host: Host) -> list[str]:
    """Calls of dnf that may change something, without the options all have."""
    calls = [call.partition("clean_requirements_on_remove=False ")[2] for call in host.called("dnf5 ")]
    return [call for call in calls if not call.startswith("repoquery")]


def installs(host: Host) -> list[str]:
    """Those of them that bring packages; whatever comes of them, what was held is held again in the end."""
    made = changes(host)
    assert made[0].startswith(f"{LOCK} delete") and made[-1] == f"{LOCK} add docker-ce"
    (host.folder / "calls").unlink()
    return [call for call in made if not call.startswith(LOCK)]


@pytest.mark.parametrize("text", [SOURCE, FETCH, INSTALL, HOLD, PLUGINS])
def test_scripts_are_posix_sh(host: Host, text: str) -> None:
    checked = host.run(f"exec sh -n <<'SCRIPT'\n{text}\nSCRIPT")
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    ("desired", "avoid", "version"),
    [
        ("", "", "29.0.0~rc.1"),
        ("", "29.0", "28.5.2"),
        ("28", "", "28.5.2"),
        ("26.1", "", "26.1.5"),
        ("26.1.5-1.el9", "", "26.1.5"),
    ],
)
def test_engine_and_client_are_installed_in_one_version_whatever_their_epochs(
    host: Host, desired: str, avoid: str, version: str
) -> None:
    ran = host.run(INSTALL, **VENDOR, DESIRED=desired, AVOID=avoid)
    assert ran.returncode == 0, ran.stderr
    unlock, install, lock = changes(host)
    assert install == f"install docker-ce-3:{version}-1.el9 docker-ce-cli-1:{version}-1.el9 containerd.io"
    assert unlock == f"{LOCK} delete docker-ce docker-ce-cli containerd.io"
    assert lock == f"{LOCK} add docker-ce", "what is installed by then"
    assert "systemctl enable --quiet docker.service" in host.calls, "the package does not"


def test_a_version_that_is_not_there_is_refused_with_those_that_are(host: Host) -> None:
    ran = host.run(INSTALL, **VENDOR, DESIRED="27")
    assert (ran.returncode, installs(host)) == (65, [])
    assert "29.0.0~rc.1-1.el9 28.5.2-1.el9 26.1.5-1.el9" in ran.stderr
    (host.folder / "offers").write_text("")
    ran = host.run(FETCH, **VENDOR)
    assert (ran.returncode, installs(host)) == (65, []) and "no package docker-ce" in ran.stderr


def test_a_client_of_another_version_is_refused(host: Host) -> None:
    (host.folder / "offers").write_text("docker-ce 3:28.5.2-1.el9\ndocker-ce-cli 1:26.1.5-1.el9\n")
    ran = host.run(INSTALL, **VENDOR)
    assert (ran.returncode, installs(host)) == (65, []) and "no docker-ce-cli 28.5.2-1.el9" in ran.stderr


def test_dnf_would_go_back_silently_and_we_do_not(host: Host) -> None:
    installed(host, "28.5.2")
    ran = host.run(INSTALL, **VENDOR, DESIRED="26.1")
    assert (ran.returncode, installs(host)) == (68, []) and "engine.downgrade: true" in ran.stderr
    assert host.run(INSTALL, **VENDOR, DESIRED="26.1", DOWNGRADE="yes").returncode == 0
    assert len(installs(host)) == 1


def test_packages_go_once_all_is_downloaded_and_not_where_others_need_them(host: Host) -> None:
    ran = host.run(INSTALL, **VENDOR, DESIRED="28", GOING="podman runc")
    assert ran.returncode == 0, ran.stderr
    calls = [call for call in host.calls if not call.startswith("timeout")]
    rest = [call for call in calls if call == "rpm -e podman runc" or (" install " in call and " docker-ce" in call)]
    assert ["tsflags=test" in call for call in rest] == [True, False, False] and rest[1].startswith("rpm -e")
    (host.folder / "calls").unlink()
    host.stand_in("rpm", "echo podman is needed by cockpit-podman >&2; exit 1")
    ran = host.run(INSTALL, **VENDOR, GOING="podman runc")
    assert (ran.returncode, [call for call in changes(host) if "install" in call]) == (
        67,
        [],
    ) and "cockpit-podman" in ran.stderr


def test_a_distributions_own_engine_is_not_held_unless_asked(host: Host) -> None:
    (host.folder / "offers").write_text("moby-engine 0:28.5.1-1.fc43\n")
    ran = host.run(INSTALL, ENGINE="moby-engine", CLIENT="docker-cli")
    assert ran.returncode == 0, ran.stderr
    assert [call.split() for call in changes(host)] == [["install", "moby-engine-0:28.5.1-1.fc43"]]


@pytest.mark.parametrize("text", [FETCH, INSTALL, HOLD, PLUGINS])
def test_another_at_work_is_named_and_nothing_is_begun(host: Host, text: str) -> None:
    host.stand_in("find", "echo /proc/1/fd/7 /usr/lib/sysimage/rpm/.rpm.lock")
    ran = host.run(text, **VENDOR, PACKAGES="docker-ce")
    assert (ran.returncode, host.called("dnf5")) == (BUSY, [])
    assert "(process 1" in ran.stderr and "holds /usr/lib/sysimage/rpm/.rpm.lock" in ran.stderr


def test_dnf_without_versionlock_is_said(host: Host) -> None:
    (host.folder / "bin/dnf").unlink()
    host.stand_in("dnf", 'case "$*" in *python3-dnf-plugin-versionlock*) exit 1 ;; esac')
    if Path("/etc/dnf/plugins/versionlock.conf").exists():
        pytest.skip("this machine's own dnf has it")
    ran = host.run(HOLD, PACKAGES="docker-ce", HOLD="yes")
    assert ran.returncode == 69 and "engine.hold: false" in ran.stderr


KEY = {"KEY": "http://mirror.example.com/linux/rhel/gpg", "SOURCE": "[docker-ce-stable]\nbaseurl=http://mirror/9\n"}


def refused(host: Host, key: Path, fingerprint: str) -> str:
    """What is said of a key that is not taken; the host is as it was."""
    host.stand_in("curl", f'while [ "$1" != -o ]; do shift; done; cp {key} "$2"')
    ran = host.run(SOURCE, **KEY, FINGERPRINT=fingerprint)
    assert (ran.returncode, host.called("dnf"), host.called("rpm")) == (69, [], [])
    assert "nothing was changed on this host" in ran.stderr
    return ran.stderr


@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg to make keys")
def test_a_key_is_trusted_by_nothing_before_it_is_the_right_one(host: Host, tmp_path: Path) -> None:
    with keyring() as ring:
        gone = ring.make("gone <g@example.com>", "--faked-system-time", "20200101T000000", expires="1d")
        ring.gpg("--armor", "--output", tmp_path / "gone", "--export", "=gone <g@example.com>")
        right = ring.make("right <r@example.com>")
        ring.gpg("--armor", "--output", tmp_path / "both", "--export")
        ring.gpg("--armor", "--output", tmp_path / "right", "--export", "=right <r@example.com>")
    assert f"engine.fingerprint: {right}" in refused(host, tmp_path / "right", "0" * 40)
    assert "expired on 2020-01-02" in refused(host, tmp_path / "gone", gone)
    assert "has the fingerprint" in refused(host, tmp_path / "both", right)
    (tmp_path / "empty").touch()
    assert "is empty" in refused(host, tmp_path / "empty", right)
    (tmp_path / "page").write_text("<html>log in</html>")
    assert "begins with: <html>" in refused(host, tmp_path / "page", right)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (
            'Failed to download metadata (baseurl: "http://mirror/9") for repository "docker-ce-stable":'
            " Status code: 404 for http://mirror/9/repodata/repomd.xml (IP: 10.0.0.1)",
            "a whole copy of Docker's",
        ),
        (">>> Curl error (7): Could not connect to server for http://mirror/9", "see that this host reaches"),
        ("something that nobody has seen yet", "see that this host reaches"),
        ("  - Status code: 404 for http://mirror/9/repodata/repomd.xml", "a whole copy of Docker's"),
        ("  - Curl error (7): Could not connect to server", "see that this host reaches"),
        ("Error: Parsing repomd.xml error: Document is empty: xml parse error", "is damaged"),
    ],
)
@pytest.mark.skipif(shutil.which("gpg") is None, reason="needs gpg to make keys")
def test_a_repository_that_cannot_be_used_is_not_made_known(host: Host, tmp_path: Path, said: str, word: str) -> None:
    with keyring() as ring:
        right = ring.make("right <r@example.com>")
        ring.gpg("--armor", "--output", tmp_path / "right", "--export")
    host.stand_in("curl", f'while [ "$1" != -o ]; do shift; done; cp {tmp_path}/right "$2"')
    host.stand_in("dnf5", f"""printf '%s\\n' 'Updating and loading repositories:' '{said}' >&2; exit 1""")
    ran = host.run(SOURCE, **KEY, FINGERPRINT=right)
    assert (ran.returncode, host.called("rpm")) == (69, [])
    assert word in ran.stderr and said.strip() in ran.stderr
    host.stand_in("dnf5", "echo 3:28.5.2-1.el9")
    ran = host.run(SOURCE, **KEY, FINGERPRINT=right, DESIRED="26")
    assert (ran.returncode, host.called("rpm")) == (65, []) and "offers 28.5.2-1.el9" in ran.stderr


def test_a_key_that_cannot_be_fetched_names_its_address(host: Host) -> None:
    host.stand_in("curl", "echo 'curl: (22) The requested URL returned error: 404' >&2; exit 22")
    ran = host.run(SOURCE, **KEY, FINGERPRINT="0" * 40)
    assert ran.returncode == 69
    assert "error: 404" in ran.stderr and KEY["KEY"] in ran.stderr


def test_lines_of_ours_come_and_go_in_the_file_of_dnf(tmp_path: Path) -> None:
    conf, memory, laid = tmp_path / "dnf.conf", tmp_path / "memory", tmp_path / "files"
    conf.write_text("# kept\n[main]\ngpgcheck=1\n")
    laid.mkdir()
    variables = {"DNF": str(conf), "BEGIN": BEGIN, "END": END, "MEMORY": str(memory), "TOPIC": "packages"}

    def put(*lines: str, gone: str = "") -> str:
        (laid / "list").write_text(f"600 {conf}\n" if lines else "")
        (laid / "1").write_text("".join(f"{line}\n" for line in (BEGIN, *lines, END)))
        env = {**os.environ, **variables, "FILES": str(laid), "GONE": gone}
        subprocess.run(["sh", "-c", script("roles/files/put.sh")], env=env, check=True, timeout=120)
        return conf.read_text()

    assert put("proxy=http://one") == f"# kept\n[main]\n{BEGIN}\nproxy=http://one\n{END}\ngpgcheck=1\n"
    assert put("proxy=http://two").count("proxy=") == 1
    assert conf.stat().st_mode & 0o777 == 0o600
    assert put(gone=str(conf)) == "# kept\n[main]\ngpgcheck=1\n"
    assert not (memory / "packages").exists()
    conf.chmod(0o600)
    put("proxy=http://one")
    conf.write_text(conf.read_text().replace(f"{END}\n", "") + "[extra]\nname=x\n")
    assert put(gone=str(conf)) == "# kept\n[main]\ngpgcheck=1\n[extra]\nname=x\n"
    assert conf.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "ours", "proxied"),
    [
        ("[main]\ngpgcheck=1\n", 0, False),
        ("[main]\n{begin}\nproxy=http://one\n{end}\ngpgcheck=1\n", 3, False),
        ("[main]\n{begin}\nproxy=http://one\ngpgcheck=1\n[extra]\npassword=x\n", 1, False),
        ("[main]\nproxy = http://other\n", 0, True),
        ("[main]\nproxy=_none_\n[extra]\nproxy=http://other\n", 0, False),
    ],
)
def test_a_look_at_the_file_of_dnf_shows_our_lines_alone(tmp_path: Path, text: str, ours: int, proxied: bool) -> None:
    conf = tmp_path / "dnf.conf"
    conf.write_text(text.format(begin=BEGIN, end=END))
    names = ("MEMORY", "PATHS", "TEXTS", "MODULES", "SYSCTLS")
    env = {**os.environ, **dict.fromkeys(names, ""), "PATHS": "/none", "DNF": str(conf), "BEGIN": BEGIN, "END": END}
    ran = subprocess.run(
        ["sh", "-c", script("roles/files/probe.sh")], env=env, check=True, capture_output=True, text=True, timeout=120
    )
    rows = ran.stdout.splitlines()
    assert sum(row.startswith(f"text {conf} ") for row in rows) == ours
    assert (f"proxied {conf}" in rows) == proxied and "password" not in ran.stdout


def test_what_is_held_is_held_again_where_the_script_is_stopped(host: Host) -> None:
    stop = f'kill -TERM "$(cat {host.folder}/pid)"'
    host.stand_in("dnf5", f'case "$*" in *repoquery*) cat {host.folder}/offers ;; *install*) {stop} ;; esac')
    ended = host.run(f"echo $$ >{host.folder}/pid\n{INSTALL}", **VENDOR, DESIRED="26.1")
    assert ended.returncode == 143
    assert changes(host)[-1] == f"{LOCK} add docker-ce"


@pytest.mark.parametrize("going", ["moby-engine", ""])
def test_packages_go_only_once_rpm_has_tested_what_comes(host: Host, going: str) -> None:
    """A transaction that would fail leaves the engine that is there."""
    test = "--setopt=tsflags=test"
    offers = f"*repoquery*) cat {host.folder}/offers ;;"
    fails = f'case "$*" in {offers} *{test}*) echo "Error: x conflicts" >&2; exit 1 ;; esac'
    host.stand_in("dnf5", fails)
    ran = host.run(INSTALL, **VENDOR, GOING=going)
    assert (ran.returncode, host.called("rpm -e moby")) == ((1, []) if going else (0, []))
    assert ("conflicts" in ran.stderr) is bool(going)
    (host.folder / "calls").unlink()
    host.stand_in("dnf5", f'case "$*" in *repoquery*) cat {host.folder}/offers ;; esac')
    assert host.run(INSTALL, **VENDOR, GOING=going).returncode == 0
    order = [call.split()[0] for call in host.calls if "-e moby" in call or (" install " in call and " docker" in call)]
    order = [name for name in order if name in ("rpm", "dnf5")]
    assert [name == "rpm" for name in order] == ([False, True, False] if going else [False])


@pytest.mark.parametrize(
    "said",
    [
        "  - installing package docker-ce-3:28.5.2-1.el9.x86_64 needs 87MB more space on the / filesystem",
        "error: unpacking of archive failed on file /usr/bin/dockerd;1: cpio: write failed - No space left on device",
        "Curl error (23): Failed writing received data to disk/application for http://x/docker-ce.rpm",
    ],
)
def test_a_full_disk_is_named(host: Host, said: str) -> None:
    offers = f"*repoquery*) cat {host.folder}/offers ;;"
    host.stand_in("dnf5", f'case "$*" in {offers} *install*) echo "{said}" >&2; exit 1 ;; esac')
    ran = host.run(INSTALL, **VENDOR)
    assert ran.returncode == NO_ROOM, ran
    assert said.strip() in ran.stderr and "df -h" in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("text", [FETCH, INSTALL])
def test_dnf5_takes_the_options_of_a_command_behind_it_alone(host: Host, text: str) -> None:
    """dnf5 itself ends with "Unknown argument" otherwise. Source: dnf5, shared_options.hpp and main.cpp."""
    own = ("--setopt", "-q", "-y", "--disablerepo")
    before = [f'"$1" = {word}' for word in ("install", "repoquery", "versionlock")]
    host.stand_in(
        "dnf5",
        f"""case "$*" in *repoquery*) cat {host.folder}/offers ;; esac
        while [ $# -gt 0 ] && ! [ {" -o ".join(before)} ]; do
          case $1 in {"|".join(f"{word}*" for word in own)}) shift ;; *) echo "Unknown argument $1" >&2; exit 2 ;; esac
        done""",
    )
    ran = host.run(text, **VENDOR, GOING="podman")
    assert ran.returncode == 0, ran.stderr


LOCKED = """\
version = "1.0"

[[packages]]
name = "docker-ce"
comment = "Added by 'versionlock add' command on 2026-11-01 10:00:00"

[[packages.conditions]]
key = "evr"
comparator = "="
value = "3:28.5.2-1.fc43"

[[packages]]
name = "containerd.io"
[[packages.conditions]]
key = "evr"
comparator = "!="
value = "2.2.0-1.fc43"

[[packages]]
name = "docker-ce-cli"
conditions = [{comparator = "=",key = "evr",value = "1:28.5.2-1.fc43"}]
"""


def test_a_lock_of_dnf5_that_keeps_one_version_away_holds_nothing(host: Host, tmp_path: Path) -> None:
    names = ("docker-ce", "docker-ce-cli", "containerd.io")
    host.stand_in("rpm", "printf '%s installed 28.5.2-1.fc43\\n' " + " ".join(names))
    (tmp_path / "versionlock.toml").write_text(LOCKED)
    text = script("roles/engine/dnf/probe.sh").replace("/etc/dnf", str(tmp_path)).replace("dpkg-query", "no-dpkg")
    ran = host.run(text, RPMS=" ".join(names))
    assert ran.stdout.splitlines()[:3] == [
        "docker-ce installed 28.5.2-1.fc43 hold",
        "docker-ce-cli installed 28.5.2-1.fc43 hold",
        "containerd.io installed 28.5.2-1.fc43 install",
    ]
    (tmp_path / "bin/dnf").unlink()
    host.stand_in("dnf")
    assert "lacks versionlock" in host.run(text, RPMS=" ".join(names)).stdout.splitlines()
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/versionlock.conf").touch()
    assert "lacks versionlock" not in host.run(text, RPMS=" ".join(names)).stdout.splitlines()
