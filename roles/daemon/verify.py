"""The engine's configuration: the file it really reads, and what the running engine says it does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from testinfra.host import Host as Remote

from roles.daemon import mirrors
from roles.daemon.kinds import MIRROR_FAILS
from skep.json_types import text, texts
from skep.model import Cluster, Host
from skep.secret import revealed, veiled
from skep.shell import exported, script
from skep.swarm.engine_info import EngineInfo
from skep.verify.ask import Ask, engine_info

FILE = "/etc/docker/daemon.json"
PROXY = "/etc/docker/skep-proxy.env"


def test_file(host: Remote, desired: Host) -> None:
    """daemon.json holds what the inventory asks for"""
    _something(desired)
    file = host.run("cat %s", FILE)
    assert file.succeeded, f"there is no {FILE} on {desired.name}"
    try:
        found = json.loads(file.stdout)
    except ValueError as error:
        pytest.fail(f"{FILE} on {desired.name} is not JSON: {error}")
    wrong = [
        _differs(key, found[key], value) if key in found else f"{key} is missing"
        for key, value in desired.daemon.items()
        if key not in found or found[key] != revealed(value)
    ]
    assert not wrong, f"{FILE} on {desired.name}: {'; '.join(wrong)}"


def test_file_in_use(host: Remote, desired: Host, ask: Ask) -> None:
    """the engine reads that file and no other"""
    _something(desired)
    engine_info(host, ask)
    unit = host.service("docker.service").systemd_properties
    words = host.run("cat %s", f"/proc/{unit.get('MainPID', 'none')}/cmdline")
    assert words.succeeded, f"docker.service has no process on {desired.name}"
    options = iter(words.stdout.replace("=", "\0").split("\0"))
    other = next((next(options, "") for word in options if word == "--config-file"), FILE)
    assert other == FILE, f"the engine on {desired.name} was started with --config-file {other}"


def test_file_valid(host: Remote, desired: Host, ask: Ask) -> None:
    """the engine would start with that file again"""
    _something(desired)
    version = engine_info(host, ask)["ServerVersion"]
    if int(version.partition(".")[0]) < 23:
        pytest.skip(f"dockerd --validate came with 23.0, and this is {version}")
    answer = host.run("timeout 20 dockerd --validate --config-file %s", FILE)
    assert answer.rc == 0, f"dockerd on {desired.name} refuses {FILE}: {answer.stderr.strip()}"


def test_in_force(host: Remote, desired: Host, ask: Ask) -> None:
    """the running engine does what daemon.json says, as far as it reports it"""
    _something(desired)
    info = engine_info(host, ask)
    wrong = [
        _differs(key, IN_FORCE[key](info), value, " in the running engine")
        for key, value in desired.daemon.items()
        if key in IN_FORCE and not _agrees(key, revealed(value), IN_FORCE[key](info))
    ]
    assert not wrong, f"{desired.name}: {'; '.join(wrong)}"


def test_proxy(host: Remote, desired: Host, ask: Ask) -> None:
    """the running engine has the proxy of the inventory, and nobody but root can read it"""
    if not desired.proxy:
        pytest.skip("the inventory names no proxy")
    engine_info(host, ask)
    process = host.service("docker.service").systemd_properties.get("MainPID", "none")
    words = host.run("cat %s", f"/proc/{process}/environ").stdout.split("\0")
    found = dict(word.partition("=")[::2] for word in words)
    given = {"HTTP_PROXY": desired.proxy.http, "HTTPS_PROXY": desired.proxy.https}
    wrong = [name for name, value in given.items() if value and found.get(name) != revealed(value)]
    assert not wrong, f"the engine on {desired.name} has another {' and '.join(wrong)} than desired"
    missing = {*desired.proxy.none, "localhost"} - set(found.get("NO_PROXY", "").split(","))
    assert not missing, f"NO_PROXY of the engine on {desired.name} lacks {', '.join(sorted(missing))}"
    mode = host.file(PROXY).mode
    assert mode & 0o77 == 0, f"{PROXY} on {desired.name} can be read by others: mode {mode:o}"


def test_mirrors(host: Remote, desired: Host, cluster: Cluster, ask: Ask) -> None:
    """each registry mirror gives the image of engine.canary, asked anew"""
    if not mirrors.image(desired):
        pytest.skip("the inventory names no registry mirrors, or no engine.canary")
    if any(entry.id == MIRROR_FAILS.id for entry in cluster.accepted):
        pytest.skip("the inventory accepts mirrors that fail")
    engine_info(host, ask)
    known: dict[str, str | int] = {"IMAGE": mirrors.image(desired), "PATIENCE": 8}
    through = f"{exported(known)}{script('roles/daemon/through.sh')}through "
    wrong: list[str] = []
    for number in mirrors.numbers(desired):
        asked = host.run(through + str(number))
        assert asked.rc == 0, f"mirror {number} cannot be asked on {desired.name}: {asked.stderr.strip()}"
        wrong += [one.text for one in mirrors.findings(desired, mirrors.answers(asked.stdout.splitlines()))]
    assert not wrong, "\n".join(f"on {desired.name}: {text}" for text in wrong)


def _something(desired: Host) -> None:
    if not desired.daemon:
        pytest.skip("the inventory asks for nothing in daemon.json")


def _insecure(info: EngineInfo) -> list[str]:
    registries = info["RegistryConfig"] or {}
    hosts = [name for name, index in (registries.get("IndexConfigs") or {}).items() if index.get("Secure") is False]
    return sorted([*hosts, *(registries.get("InsecureRegistryCIDRs") or [])])


def _driver_option(info: EngineInfo) -> list[str]:
    return [f"native.cgroupdriver={info.get('CgroupDriver')}"]


def _pools(info: EngineInfo) -> list[dict[str, object]]:
    return [{"base": pool["Base"], "size": pool["Size"]} for pool in info.get("DefaultAddressPools") or []]


IN_FORCE: Mapping[str, Callable[[EngineInfo], object]] = {
    "data-root": lambda info: info["DockerRootDir"],
    "debug": lambda info: info["Debug"],
    "default-address-pools": _pools,
    "default-runtime": lambda info: info["DefaultRuntime"],
    "exec-opts": _driver_option,
    "experimental": lambda info: info["ExperimentalBuild"],
    "insecure-registries": _insecure,
    "labels": lambda info: sorted(info.get("Labels") or []),
    "live-restore": lambda info: info["LiveRestoreEnabled"],
    "log-driver": lambda info: info["LoggingDriver"],
    "registry-mirrors": lambda info: [_plain_url(url) for url in (info["RegistryConfig"] or {}).get("Mirrors") or []],
    "runtimes": lambda info: sorted(info.get("Runtimes") or {}),
    "storage-driver": lambda info: info["Driver"],
}
"""Keys of daemon.json and where the Engine API's ``/info`` reports their value in force."""
AT_LEAST = ("exec-opts", "insecure-registries", "runtimes")
"""Where the engine has more of its own."""


def _agrees(key: str, value: object, found: object) -> bool:
    desired = _plain(key, value)
    if key == "exec-opts":
        desired = [option for option in texts(desired) if option.startswith("native.cgroupdriver=")]
    if key in AT_LEAST:
        return set(_names(desired)) <= set(texts(found))
    if key == "data-root":  # user namespaces put a folder below it
        return f"{found}/".startswith(f"{text(desired).rstrip('/')}/")
    return desired == found


def _plain(key: str, value: object) -> object:
    """A desired value in the order and spelling that the comparison has."""
    if key == "registry-mirrors":
        return [_plain_url(url) for url in texts(value)]
    return sorted(_names(value)) if key in ("insecure-registries", "labels", "runtimes") else value


def _names(value: object) -> list[str]:
    """Texts of a list, or the names of a mapping."""
    return list(value) if isinstance(value, Mapping) else texts(value)


def _plain_url(url: str) -> str:
    return url.rstrip("/")


def _differs(key: str, found: object, desired: object, where: str = "") -> str:
    """What is wrong, without a secret, and without what was found in the place of one."""
    have, want = _text(veiled(found, desired)), _text(desired)
    return (
        f"{key} is {have}{where}, desired {want}" if have != want else f"{key} holds another secret{where} than desired"
    )


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)
