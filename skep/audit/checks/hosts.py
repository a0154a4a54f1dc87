"""What wears out on a host while it is part of a swarm."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from cryptography import x509
from testinfra.host import Host as Remote

from skep.audit.commands import for_each, info_of, root_of
from skep.audit.marking import asked, control, in_words, looked
from skep.audit.mirrors import answers
from skep.audit.upgrades import APT, APT_TIMER, DNF_EXCLUDES, PACKAGES, not_excluded, taken_by_apt
from skep.json_types import mapping
from skep.model import Cluster, Host
from skep.preflight import Facts
from skep.swarm.labels import NAMESPACE, REVISION
from skep.swarm.objects import Object, Service
from skep.swarm.service import container_of
from skep.swarm.spec import ServiceSpec
from skep.upkeep.pruning import from_files, image, needed, specs, unused
from skep.verify.ask import Ask
from skep.verify.check import NotSeen, Wrong
from skep.verify.plugin import Found

MOST = 90
"""Percent of a disk, or of its inodes."""
PLACES = "/ /boot /var /var/log /var/lib/containerd"
LEAVE = "on {0}: docker swarm leave --force; then: invoke cluster.up"
DEMOTED = "on another manager: docker node demote {0}; only where that is done, "
ALONE = "on {0}: docker swarm init --force-new-cluster --advertise-addr {1}; then: invoke cluster.up"
"""An only manager that leaves takes the whole swarm with it. Forced, it makes itself a new certificate, and keeps all
(swarmkit, node/node.go: loadSecurityConfig)."""
RENEWED = 0.2
"""Swarm renews a certificate when between half and four fifths of its time are over (swarmkit, ca/renewer.go)."""
IMAGES = for_each(
    "timeout 20 docker image ls --all --quiet --no-trunc --filter dangling=true",
    "timeout 20 docker image inspect --format"
    """ '{"Id":{{json .Id}},"Tags":{{json .RepoTags}},"Digests":{{json .RepoDigests}},"Size":{{json .Size}}}'""",
)
"""Clients of 29.0 and 29.1 list none without ``--all`` (docker/cli#6574, #6704)."""
USED = for_each(
    "timeout 20 docker ps --all --quiet --no-trunc",
    "timeout 20 docker inspect --type container --format '{{json .Image}}'",
)
"""Swarm pulls by digest: an image that runs may have no name."""
VOLUMES = "timeout 20 docker volume ls --filter dangling=true --format '{{json .}}'"
SERVICES = for_each("timeout 20 docker service ls --quiet", "timeout 20 docker service inspect --format '{{json .}}'")
MOUNTS = "docker service inspect --format '{{json .Spec.TaskTemplate.ContainerSpec.Mounts}}' $(docker service ls -q)"
REVISIONS = for_each(
    f"timeout 20 docker config ls --quiet --filter label={REVISION}",
    "timeout 20 docker config inspect --format '{{json .}}'",
)
OF_A_STACK = f"{NAMESPACE}="
TIMERS = "systemctl list-unit-files --state=enabled --no-legend --plain 'dnf*-automatic*.timer'"
INSTALLS = "dnf-automatic-install.timer"
OBEYING = ("dnf-automatic.timer", "dnf5-automatic.timer")
"""Those install where automatic.conf says so."""


@control("disk-use")
def test_disks(host: Remote, desired: Host, ask: Ask, found: Found) -> None:
    """no disk is more than 90% full"""
    root = root_of(host, desired, ask)
    full = _above(looked(host, found, f"df -P {PLACES} %s 2>/dev/null", root, may_end=(0, 1)))
    if full:
        look = "du -xhd1 {} | sort -h"
        raise Wrong(f"on {desired.name} {_listed(full)} full", _room(host, desired.name, root, full, look))


@control("inode-use")
def test_inodes(host: Remote, desired: Host, ask: Ask, found: Found) -> None:
    """no disk has more than 90% of its inodes in use"""
    root = root_of(host, desired, ask)
    full = _above(looked(host, found, f"df -P -i {PLACES} %s 2>/dev/null", root, may_end=(0, 1)))
    if full:
        text = f"inodes on {desired.name}: {_listed(full)} in use"
        raise Wrong(text, _room(host, desired.name, root, full, "du -x --inodes -d1 {} | sort -n"))


@control("node-certificate")
def test_certificate(host: Remote, desired: Host, cluster: Cluster, ask: Ask, found: Found) -> None:
    """the host's certificate of the swarm is renewed in time"""
    path = f"{root_of(host, desired, ask)}/swarm/certificates/swarm-node.crt"
    file = host.run("cat %s", path)
    if file.rc and (info_of(host, ask).get("Swarm") or {}).get("LocalNodeState") == "active":
        raise NotSeen(f"cat {path}: {file.stderr.strip()}")
    if file.rc:
        pytest.skip(f"it has no {path}: it is in no swarm")
    one = x509.load_pem_x509_certificates(file.stdout_bytes)[0]
    begin, end = one.not_valid_before_utc, one.not_valid_after_utc
    found(f"openssl x509 -noout -enddate -in {path}", f"notAfter={end:%b %d %H:%M:%S %Y} GMT")
    left = end - datetime.datetime.now(datetime.UTC)
    if left <= datetime.timedelta():
        text = f"the certificate of {desired.name} ended {end:%Y-%m-%d %H:%M} UTC: it is shut out of the swarm"
        raise Wrong(text, _let_in_again(cluster, desired))
    assert left > RENEWED * (end - begin), (
        f"the certificate of {desired.name} ends {end:%Y-%m-%d %H:%M} UTC and was not renewed,"
        " as swarm does when four fifths of its time are over"
    )


@control("clock-skew")
def test_clock(host: Remote, desired: Host, facts: Facts, found: Found) -> None:
    """the host's clock is at most a second from this machine's"""
    earliest, latest = facts.clock
    found("date +%s.%N", f"between {earliest:.3f} s and {latest:.3f} s ahead of this machine")
    if latest < -1 or earliest > 1:
        raise Wrong(
            f"the clock of {desired.name} is at least {abs(earliest if earliest > 0 else latest):.0f} s"
            f" {'ahead of' if earliest > 0 else 'behind'} this machine's",
            _kept_by_server(host),
        )


@control("clock-unsynchronised")
def test_time_server(host: Remote, desired: Host, found: Found) -> None:
    """the host's clock is kept by a time server"""
    if host.run("systemd-detect-virt --quiet --container").rc == 0:
        pytest.skip("the host is a container: its clock is kept by the machine below")
    state = looked(host, found, "timedatectl show --property NTPSynchronized --value")
    if state == "no" and not _kept_by_chrony(host, found):
        raise Wrong(f"no time server keeps the clock of {desired.name}", _kept_by_server(host))


@control("upgrades-unattended")
def test_upgrades(host: Remote, desired: Host, found: Found) -> None:
    """nothing upgrades the engine of its own accord"""
    if not host.exists("apt-config"):
        _of_dnf(host, desired, found)
        return
    settings = looked(host, found, APT)
    timer = looked(host, found, f"systemctl is-enabled {APT_TIMER}", may_end=range(5))
    if timer in ("disabled", "masked") or not taken_by_apt(settings, PACKAGES):
        return
    if not host.package("unattended-upgrades").is_installed:
        return
    there = [name for name in PACKAGES if host.package(name).is_installed]
    held = looked(host, found, "apt-mark showhold").split()
    free = [name for name in taken_by_apt(settings, there) if name not in held]
    if free:
        raise Wrong(
            f"unattended upgrades on {desired.name} may take {', '.join(free)}, which restarts the engine undrained",
            f"apt-mark hold {' '.join(free)}",
        )


@control("mirror-silent")
def test_mirrors(host: Remote, desired: Host, cluster: Cluster, ask: Ask, found: Found) -> None:
    """the registry mirrors answer"""
    info = info_of(host, ask)
    mirrors = (info.get("RegistryConfig") or {}).get("Mirrors") or []
    found("docker info --format '{{json .RegistryConfig.Mirrors}}'", in_words(mirrors))
    if not mirrors:
        pytest.skip("the engine has none")
    silent = [mirror.rstrip("/") for mirror in mirrors if not answers(host, desired, cluster, info, found, mirror)]
    if silent:
        raise Wrong(
            f"{', '.join(silent)} does not answer {desired.name}: images come from further away, or not at all",
            f"start it, or take {' and '.join(silent)} out of daemon.registry-mirrors in the inventory, then:"
            " invoke cluster.up",
        )


@control("unlock-key")
def test_locked(host: Remote, desired: Host, ask: Ask, found: Found) -> None:
    """a manager that restarts can be unlocked"""
    state = (info_of(host, ask).get("Swarm") or {}).get("LocalNodeState")
    found("docker info --format '{{json .Swarm.LocalNodeState}}'", in_words(state))
    assert state != "locked", f"{desired.name} restarted and waits for the swarm's unlock key"


@control("images-dangling")
def test_images(host: Remote, desired: Host, cluster: Cluster, manager: Remote, ask: Ask, found: Found) -> None:
    """no image lies there that has no name, and that no container, service or rollback needs"""
    used = set(map(str, asked(ask, host, found, USED)))
    unnamed = [image(cast("Mapping[str, Any]", one)) for one in asked(ask, host, found, IMAGES, kept=_ids)]
    known = needed(_specs(ask, manager)) | from_files(cluster) if unnamed else frozenset()
    stray = unused(unnamed, used, known)
    words = ", ".join(one.shown for one in stray[:5])
    assert not stray, f"{len(stray)} on {desired.name}: {words}"


@control("volumes-dangling")
def test_volumes(host: Remote, desired: Host, manager: Remote, ask: Ask, found: Found) -> None:
    """no volume lies there that no container, service, stack or rollback uses"""
    listed = map(mapping, asked(ask, host, found, VOLUMES, kept=_names))
    free = [str(one["Name"]) for one in listed if OF_A_STACK not in str(one.get("Labels"))]
    mounted = _mounted(_specs(ask, manager)) if free else []
    if free:
        found(MOUNTS, in_words(mounted))
    stray = [name for name in free if not any(_may_be(source, name) for source in mounted)]
    if stray:
        names = " ".join(stray)
        raise Wrong(
            f"{len(stray)} on {desired.name}, with their data: {', '.join(stray[:5])}",
            f"look first: docker volume inspect {names}; then: docker volume rm {names}",
        )


def _let_in_again(cluster: Cluster, desired: Host) -> str:
    """What a host with a certificate that has ended needs: no manager takes it for its renewal any more."""
    if cluster.managers == (desired,):
        return ALONE.format(desired.name, desired.advertise or desired.address)
    return f"{DEMOTED if desired.role == 'manager' else ''}{LEAVE}".format(desired.name)


def _ids(images: Sequence[object]) -> list[str]:
    return [str(mapping(one).get("Id")) for one in images]


def _names(volumes: Sequence[object]) -> list[str]:
    return [str(mapping(one).get("Name")) for one in volumes]


def _specs(ask: Ask, manager: Remote) -> list[ServiceSpec]:
    """What services ask for, and would by a rollback. Never evidence: variables may hold secrets."""
    services, revisions = (asked(ask, manager, lambda *_: None, one) for one in (SERVICES, REVISIONS))
    return specs(cast("Sequence[Service]", services), cast("Sequence[Object]", revisions))


def _mounted(specs: Sequence[ServiceSpec]) -> list[str]:
    """What services mount."""
    mounts = [mount for one in specs for mount in container_of(one).get("Mounts") or ()]
    return sorted({str(mount.get("Source") or "") for mount in mounts} - {""})


def _may_be(source: str, volume: str) -> bool:
    """Whether a service means that volume, whose name may differ by task: ``data-{{.Task.Slot}}``."""
    return bool(re.fullmatch(".*".join(map(re.escape, re.split(r"\{\{.*?\}\}", source))), volume))


def _kept_by_chrony(host: Remote, found: Found) -> bool:
    """It tells the kernel only where it is set up to (rtcsync)."""
    if not host.exists("chronyc"):
        return False
    return bool(re.search(r"^Leap status *: Normal", looked(host, found, "chronyc -n tracking", may_end=(0, 1)), re.M))


def _kept_by_server(host: Remote) -> str:
    """systemd switches on what is installed."""
    on = "timedatectl set-ntp true"
    if str(host.run("timedatectl show --property CanNTP --value").stdout).strip() != "no":
        return on
    install = "apt-get install -y systemd-timesyncd" if host.exists("apt-get") else "dnf -y install chrony"
    return f"{install} && {on}"


def _above(table: str) -> dict[str, int]:
    """Mount points that are fuller than they may be, by ``df``."""
    rows = [line.split(None, 5) for line in table.splitlines()[1:]]
    used = {row[5]: int(row[4].removesuffix("%")) for row in rows if len(row) == 6 and row[4].rstrip("%").isdigit()}
    return {mount: percent for mount, percent in used.items() if percent > MOST}


def _room(host: Remote, name: str, root: str, full: dict[str, int], look: str) -> str:
    """How to find what fills a disk. What the engine does not need any more fills that of its data alone."""
    first = f"look first: {'; '.join(look.format(mount) for mount in full)}; then"
    data = str(host.run("findmnt --noheadings --output TARGET --target %s", root).stdout).strip()
    prune = f"on {name}, {first}: invoke cluster.prune --limit {name}"
    return prune if data in full else f"{first} delete what nobody needs"


def _listed(full: dict[str, int]) -> str:
    return ", ".join(f"{mount} is {percent}%" for mount, percent in full.items())


def _of_dnf(host: Remote, desired: Host, found: Found) -> None:
    if not host.file("/etc/dnf/automatic.conf").exists or not host.exists("dnf"):
        return
    settings = looked(host, found, "grep -E '^ *apply_updates' /etc/dnf/automatic.conf", may_end=(0, 1))
    timers = looked(host, found, TIMERS, may_end=(0, 1)).split()
    applies = re.search(r"=\s*(yes|true|1|on)\b", settings, re.I) and {*OBEYING} & {*timers}
    if not applies and INSTALLS not in timers:
        return
    locked = looked(host, found, "dnf -q --disablerepo='*' versionlock list", may_end=(0, 1))
    excluded = looked(host, found, DNF_EXCLUDES, may_end=(0, 1, 2))
    there = [name for name in PACKAGES if host.package(name).is_installed]
    free = [name for name in not_excluded(excluded, there) if not _is_locked(name, locked)]
    if free:
        dnf5 = host.run('readlink -f "$(command -v dnf)"').stdout.strip().endswith("dnf5")
        plugin = "" if dnf5 else "dnf -y install python3-dnf-plugin-versionlock && "
        raise Wrong(
            f"dnf-automatic on {desired.name} may take {', '.join(free)}, which restarts the engine undrained",
            f"{plugin}dnf -y versionlock add {' '.join(free)}",
        )


def _is_locked(package: str, listed: str) -> bool:
    """By the list of dnf 4 (``docker-ce-3:28.5.2-1.el9.*``) or 5 (``Package name: docker-ce``)."""
    return bool(re.search(rf"^(Package name: )?{re.escape(package)}(-[0-9]+:|$)", listed, re.MULTILINE))
