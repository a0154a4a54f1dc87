"""The scripts that install package files, run by sh against stand-ins for apt, dnf and rpm that note their calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from skep.shell import script
from tests.roles.test_scripts import Host

APT, DNF = (
    {name: script(f"roles/engine/{folder}offline/{name}.sh") for name in ("check", "install")}
    for folder in ("", "dnf/")
)
EXACT = "docker-ce=5:28.5.2-1 docker-ce-cli=5:28.5.2-1 containerd.io=2.1.9-1"
ENGINE = {"ENGINE": "docker-ce", "CLIENT": "docker-ce-cli", "BESIDE": "containerd.io", "HOLD": "yes", "EXACT": EXACT}
UNMET = """\
Reading package lists...
The following packages have unmet dependencies:
 docker-ce : Depends: iptables but it is not installable
E: Unable to correct problems, you have held broken packages.
"""
DOWNGRADED = """\
The following packages will be DOWNGRADED:
  containerd.io
0 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 0 not upgraded.
E: Packages were downgraded and -y was used without --allow-downgrades.
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    for name in ("journalctl", "sleep", "systemctl", "find", "apt-get", "apt-mark", "dpkg", "dnf"):
        found.stand_in(name)
    found.stand_in("timeout", 'shift; exec "$@"')
    found.stand_in("dockerd", "exit 1")
    found.stand_in("dpkg-query", 'printf "%s installed\\n" docker-ce docker-ce-cli containerd.io')
    for name in ("docker-ce", "docker-ce-cli", "containerd.io", "iptables", "tar"):
        for kind in ("deb", "rpm"):
            (tmp_path / f"{name}.{kind}").touch()
    return found


def files(host: Host, kind: str) -> dict[str, str]:
    own = " ".join(f"{host.folder}/{name}.{kind}" for name in ("docker-ce", "docker-ce-cli", "containerd.io"))
    return {**ENGINE, "OWN": own, "OTHERS": f"{host.folder}/iptables.{kind} {host.folder}/tar.{kind}"}


def run(host: Host, text: str, kind: str, **more: str):
    text = text.replace("/var/lib/skep/engine", f"{host.folder}/sent").replace("/etc/dnf/plugins", str(host.folder))
    return host.run(text, **{**files(host, kind), **more})


@pytest.mark.parametrize("text", [*APT.values(), *DNF.values()])
def test_scripts_are_posix_sh(host: Host, text: str) -> None:
    checked = host.run(f"exec sh -n <<'SCRIPT'\n{text}\nSCRIPT")
    assert (checked.returncode, checked.stderr) == (0, "")


def test_apt_looks_at_nothing_but_the_files(host: Host) -> None:
    ran = run(host, APT["check"], "deb")
    assert ran.returncode == 0, ran.stderr
    assert host.called("apt-get") and not host.apt, "a check changes nothing"
    for call in host.called("apt-get"):
        assert "Dir::Etc::sourcelist=/dev/null" in call and "Dir::Etc::sourceparts=/dev/null" in call
        assert call.count("--with-source") == 5 and call.endswith(f" {EXACT}")


def test_apt_installs_exactly_these_and_they_are_held(host: Host) -> None:
    (host.folder / "sent").mkdir()
    ran = run(host, APT["install"], "deb", MORE="apparmor")
    assert ran.returncode == 0, ran.stderr
    (call,) = host.apt
    assert call.endswith(f"install {EXACT} apparmor") and "--no-remove" in call and call.count("--with-source") == 5
    assert host.called("apt-mark") == ["apt-mark hold docker-ce docker-ce-cli containerd.io"]
    assert not (host.folder / "sent").exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (UNMET, "docker-ce : Depends: iptables but it is not installable"),
        (DOWNGRADED, "newer here than in these files: containerd.io"),
        ("E: Unable to locate package docker-ce", "E: Unable to locate package docker-ce"),
    ],
)
@pytest.mark.parametrize("name", ["check", "install"])
def test_what_apt_lacks_is_named_and_nothing_changed(host: Host, name: str, said: str, words: str) -> None:
    host.stand_in("apt-get", f"cat <<'SAID'\n{said}\nSAID\nexit 100")
    ran = run(host, APT[name], "deb")
    assert ran.returncode == 65 and words in ran.stderr, ran
    assert "Reading" not in ran.stderr
    assert not host.apt and not [call for call in host.called("systemctl") if "start" in call or "stop" in call]


def test_files_that_are_gone_are_named(host: Host) -> None:
    for name in ("deb", "rpm"):
        (host.folder / f"tar.{name}").unlink()
    for text, kind in ((APT["install"], "deb"), (DNF["install"], "rpm")):
        ran = run(host, text, kind)
        assert ran.returncode == 70 and f"tar.{kind} is not there" in ran.stderr, ran
    assert not host.apt and not host.called("dnf")


def rpm(host: Host, installed: str, older: str = "", newer: str = "") -> None:
    """What is installed, and which files are older or newer than that."""
    host.stand_in(
        "rpm",
        f"""case "$*" in
          "-qp"*) for file; do :; done; basename "$file" .rpm ;;
          "-q --qf"*) echo docker-ce ;;
          "-q "*) case " {installed} " in *" $2 "*) echo $2 ;; *) exit 1 ;; esac ;;
          "-U --test --nodeps"*) name=$(basename "$4" .rpm)
            case " {newer} " in *" $name "*) exit 0 ;; esac
            case " {older} " in *" $name "*) echo "package $name-9 (which is newer than $name-1) "; exit 1 ;;
            esac
            case " {installed} " in *" $name "*) exit 1 ;; esac ;;
        esac""",
    )


def dnf(host: Host) -> list[list[str]]:
    """What dnf was to install, test transactions first: the names, and whether it was a test."""
    found = []
    for call in host.called("dnf"):
        if " install " in call:
            assert "--disablerepo=*" in call
            names = [Path(word).stem for word in call.split() if word.endswith(".rpm")]
            found.append([*(["test"] if "tsflags=test" in call else []), *names])
    return found


OWN = ["docker-ce", "docker-ce-cli", "containerd.io"]


def test_dnf_takes_of_the_others_what_the_host_lacks(host: Host) -> None:
    (host.folder / "versionlock.conf").touch()
    rpm(host, installed="tar", newer="tar")
    ran = run(host, DNF["check"], "rpm")
    assert ran.returncode == 0, ran.stderr
    assert dnf(host) == [["test", *OWN, "iptables"]]
    (host.folder / "calls").unlink()
    ran = run(host, DNF["install"], "rpm")
    assert ran.returncode == 0, ran.stderr
    assert dnf(host) == [["test", *OWN, "iptables"], [*OWN, "iptables"]]
    assert host.called("dnf")[-1].endswith("--disablerepo=* versionlock add docker-ce")


def test_what_the_host_has_older_is_taken_only_where_it_is_not_enough(host: Host) -> None:
    (host.folder / "versionlock.conf").touch()
    rpm(host, installed="tar iptables", newer="tar")
    host.stand_in(
        "dnf",
        'case "$*" in *tar.rpm*) ;; *test*) echo "  - nothing provides tar >= 2 needed by docker-ce-3"; exit 1;; esac',
    )
    ran = run(host, DNF["install"], "rpm")
    assert ran.returncode == 0, ran.stderr
    assert dnf(host) == [["test", *OWN], ["test", *OWN, "tar"], [*OWN, "tar"]]


def test_what_dnf_lacks_is_named_and_nothing_changed(host: Host) -> None:
    (host.folder / "versionlock.conf").touch()
    rpm(host, installed="tar iptables")
    said = "Error: \n Problem: conflicting\n  - nothing provides xz needed by docker-ce-3:28.5.2-1.x86_64 from @x"
    host.stand_in("dnf", f"case \"$*\" in *test*) cat <<'SAID'\n{said}\nSAID\nexit 1;; esac")
    for text in DNF.values():
        ran = run(host, text, "rpm")
        assert (ran.returncode, ran.stderr.strip()) == (65, "xz is missing, needed by docker-ce-3:28.5.2-1.x86_64"), ran
    assert all(call[0] == "test" for call in dnf(host))


def test_a_full_disk_is_no_missing_package(host: Host) -> None:
    (host.folder / "versionlock.conf").touch()
    rpm(host, installed="tar iptables")
    host.stand_in("dnf", 'case "$*" in *test*) echo "Error: No space left on device" >&2; exit 1 ;; esac')
    ran = run(host, DNF["check"], "rpm")
    assert ran.returncode == 73 and "No space left" in ran.stderr and "df -h" in ran.stderr, ran


def test_dnf_would_go_back_silently_and_we_do_not(host: Host) -> None:
    (host.folder / "versionlock.conf").touch()
    rpm(host, installed="docker-ce containerd.io", older="containerd.io")
    ran = run(host, DNF["check"], "rpm")
    assert ran.returncode == 65 and "newer here than in these files: containerd.io" in ran.stderr, ran
    assert not host.called("dnf")
    assert run(host, DNF["check"], "rpm", DOWNGRADE="yes").returncode == 0


def test_a_hold_without_the_plugin_is_refused_before_anything(host: Host) -> None:
    rpm(host, installed="tar iptables")
    ran = run(host, DNF["check"], "rpm")
    assert ran.returncode == 69 and "python3-dnf-plugin-versionlock" in ran.stderr and not host.called("dnf"), ran
    assert run(host, DNF["check"], "rpm", HOLD="no").returncode == 0


def test_a_check_leaves_the_plugin_among_the_files_to_the_installation(host: Host) -> None:
    """An engine is there, and would be held however the check ends; the plugin is not installed yet."""
    rpm(host, installed="docker-ce")
    plugin = host.folder / "python3-dnf-plugin-versionlock.rpm"
    plugin.touch()
    text = DNF["check"].replace("/etc/dnf/plugins", str(host.folder))
    ran = host.run(text, **{**files(host, "rpm"), "OTHERS": str(plugin)})
    assert ran.returncode == 0, ran.stderr
    assert dnf(host) == [["test", *OWN, plugin.stem]] and len(host.called("dnf")) == 1


def test_dnf5_releases_and_holds_what_comes_from_files(host: Host) -> None:
    (host.folder / "bin/dnf").unlink()
    host.stand_in("dnf5")
    (host.folder / "bin/dnf").symlink_to("dnf5")
    rpm(host, "iptables tar")
    ran = run(host, DNF["install"], "rpm")
    assert ran.returncode == 0, ran.stderr
    calls = [call.rpartition("versionlock ")[2] for call in host.called("dnf5 ") if " versionlock " in call]
    assert calls == ["delete docker-ce docker-ce-cli containerd.io", "add docker-ce"]
