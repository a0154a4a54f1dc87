"""One cluster of three engine versions, on hosts that are set up in ways that must not matter."""

from __future__ import annotations

from tests.lab.rig.environment import Environment

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
