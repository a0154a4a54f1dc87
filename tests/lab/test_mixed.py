"""One cluster of three engine versions, on hosts that are set up in ways that must not matter."""

from __future__ import annotations

import hashlib
import json
import shutil

import yaml

from bench.asking import READY, asked, move, stack
from bench.requests import TAG, newer
from tests.lab.rig.environment import Environment
from tests.lab.rig.tool import ROOT

VERSION = "docker version --format '{{.Server.Version}}'"

GERMAN = r"""
export DEBIAN_FRONTEND=noninteractive
apt-get -qq install --no-install-recommends locales >/dev/null && localedef -i de_DE -f UTF-8 de_DE.UTF-8
printf 'LANG=de_DE.UTF-8\nLC_ALL=de_DE.UTF-8\nLANGUAGE=de:fr\n' | tee /etc/default/locale >>/etc/environment
printf 'Defaults env_keep += "LC_ALL LANGUAGE"\n' >/etc/sudoers.d/locale
echo 'AcceptEnv LANG LC_* LANGUAGE' >/etc/ssh/sshd_config.d/locale.conf
"""
"""Every program of the host speaks German, to whoever logs in and behind sudo."""
GREETING = r"""
sed -i '1i echo "Welcome aboard"; echo "mind the gap" >&2; printf "no line end"' /home/admin/.bashrc
printf '#!/bin/sh\necho "Welcome once more"\n' >/etc/ssh/sshrc
"""
ELSEWHERE = r"""
echo DOCKER_HOST=tcp://192.0.2.1:2375 >>/etc/environment
printf 'Defaults env_keep += "DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG"\n' >/etc/sudoers.d/docker
for home in /root /home/admin; do
  mkdir -p $home/.docker && echo '{"currentContext": "far", "psFormat": "{{.ID}}"}' >$home/.docker/config.json
done
"""
"""Docker's CLI is pointed at another machine in the two ways there are."""
RUST = r"""
export DEBIAN_FRONTEND=noninteractive
apt-get -qq install --no-install-recommends sudo-rs rust-coreutils >/dev/null 2>&1
ln -sf /usr/lib/cargo/bin/sudo /usr/bin/sudo
cd /usr/lib/cargo/bin/coreutils
for name in *; do [ ! -e "/usr/bin/$name" ] || ln -sf "$PWD/$name" "/usr/bin/$name"; done
stat --version | grep -qv GNU && sudo --version | grep -q sudo-rs
"""
"""Sudo and the core utilities are those written in Rust, as on newer Ubuntus."""


def test_managers_with_three_engine_versions_make_one_cluster(mixed: Environment) -> None:
    for host, script in {"m1": GERMAN, "m2": GREETING, "m3": ELSEWHERE + RUST}.items():
        mixed.hosts.run(host, script)
    ran = mixed.up("--verify", "always")
    mixed.must_be_as_described()
    second = mixed.up()
    assert not second.steps, f"{second}"
    logs = mixed.tool("stack.logs", "web", "--tail", "1", json=False).must()
    assert "Welcome" not in logs.text, f"{logs}"
    mixed.hosts.run("m2", "rm /etc/ssh/sshrc")
    mixed.hosts.run("m3", "sed -i /DOCKER_HOST/d /etc/environment; rm -r /root/.docker")
    versions = {name: text.strip() for name, text in mixed.hosts.each(VERSION).items()}
    assert versions["m1"].startswith("20.10.") and versions["m2"].startswith("26.1."), f"{versions}\n{ran}"
    assert int(versions["m3"].split(".")[0]) >= 28, f"{versions}\n{ran}"
    mixed.hosts.must_be_one_swarm()
    mixed.page_must_answer()
    try:
        _must_lose_no_request(mixed)
    finally:
        shutil.rmtree(ROOT / "backups" / "mixed", ignore_errors=True)


def _must_lose_no_request(mixed: Environment) -> None:
    """While all engines restart for a setting, a stack gets another release, and two engines another version."""
    hosts = mixed.hosts
    hosts.each(READY)
    move(hosts.spec.registry, TAG, "1.35")
    _release(mixed, "1")
    mixed.document["stacks"] = {"ask": {"timeout": "5m"}}
    mixed.document["schedules"] = {"nightly": {"run": "stack.refresh", "when": "03:30", "stacks": ["ask"]}}
    mixed.with_inventory("mixed")("cluster.up", "--verify", "never").must()

    _release(mixed, "2")
    mixed.document["daemon"]["log-opts"] = {"max-size": "11m"}
    ran = mixed.with_inventory("mixed")("cluster.up", "--verify", "never").must()
    restarts = [step for step in ran.done if step.startswith("daemon/restart@")]
    assert len(restarts) == 3 and "stacks/update:ask/ask_web" in ran.done, f"{ran}"
    seen = asked(hosts.each)
    assert seen.sent > 50 and not seen.lost, f"{seen}\n{ran}"

    move(hosts.spec.registry, TAG, "1.36")
    nightly = mixed.with_inventory("mixed", env={"SKEP_STATE": str(mixed.folder / "state")})
    ran = nightly("schedule.run", "nightly").must()
    assert "stacks/update:ask/ask_web" in ran.done, f"the tag has moved, and nothing was rolled out\n{ran}"
    refreshed = asked(hosts.each)
    assert refreshed.sent > seen.sent and not refreshed.lost, f"{refreshed}\n{ran}"
    assert not nightly("schedule.run", "nightly").must().done, "a second night rolls out what runs already"
    seen = refreshed

    steps = {"m1": ("20.10.", "26.1"), "m2": ("26.1.", "28.5")}
    for name, releases in {"m1": ("bookworm", "trixie"), "m2": ("trixie", "forky")}.items():
        hosts.run(name, newer(*releases))
        mixed.document["hosts"][name]["engine"] = {"version": steps[name][1]}
    ran = mixed.with_inventory("mixed")("cluster.up", "--verify", "never").must()
    now = asked(hosts.each)
    assert now.sent > seen.sent and not now.lost, f"{now}\n{ran}"
    for name, (_, version) in steps.items():
        found = hosts.run(name, VERSION)
        assert found.startswith(f"{version}."), f"{name} runs {found}\n{ran}"

    [tar], [about] = ([*(ROOT / "backups" / "mixed").glob(f"*.{kind}")] for kind in ("tar", "json"))
    record, saved = json.loads(about.read_text()), tar.stem.rpartition("-")[2]
    assert record["engine"].startswith(steps[saved][0]) and record["address"] == hosts.address(saved), f"{record}"
    touched = [step for step in ran.done if step.startswith(("engine/backup@", "engine/install@"))]
    assert touched[0] == f"engine/backup@{saved}", (
        f"an engine was upgraded before the state was saved: {touched}\n{ran}"
    )
    assert hashlib.sha256(tar.read_bytes()).hexdigest() == record["sha256"], f"{record}"
    assert {path.stat().st_mode & 0o777 for path in (tar, about)} == {0o600}
    assert not hosts.run(saved, "ls /var/lib/skep | grep backup || true"), f"a copy is left on {saved}"
    mixed.must_be_as_described()


def _release(mixed: Environment, release: str) -> None:
    folder = mixed.folder / "stacks" / "ask"
    folder.mkdir(exist_ok=True)
    document = stack(release, image=f"busybox:{TAG}")
    (folder / "compose.yml").write_text(yaml.safe_dump(document, sort_keys=False))
