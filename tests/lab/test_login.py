"""Who may log in and become root: a sudo password, a wrong one, none, and a host whose key is another."""

from __future__ import annotations

from pathlib import Path

from skep.lab import folders
from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.tool import Tool
from tests.lab.rig.witness import watching

PASSWORD = "straw-hive"  # that of the lab's user oncall
WRITTEN = """
cat /var/lib/skep/* /etc/docker/* 2>/dev/null
find /tmp /run /home -xdev -type f ! -path '/run/log/*' ! -path '/run/docker*' -exec cat {} + 2>/dev/null
journalctl --quiet --no-pager --output=cat
"""


def test_a_user_whose_sudo_asks_for_a_password_and_the_password_shows_nowhere(cluster: Environment) -> None:
    cluster.hosts.run("m1", "docker node update --label-add zone=moon w1")
    cluster.hosts.run("w2", "systemctl disable --quiet docker.service")
    tool = _oncall(cluster, PASSWORD)
    with watching() as arguments:
        runs = [tool("cluster.up", "--verbose", "--verify", "always").must(), tool("cluster.plan", json=False).must()]
        runs += [tool("cluster.status").must(), tool("cluster.history").must()]
    assert {"swarm/node@w1", "engine/start@w2"} <= set(runs[0].done), f"{runs[0]}"
    leaking = [ran for ran in runs if PASSWORD in ran.text]
    assert not leaking, f"the password is in the output of {leaking}"
    assert not arguments.holding(PASSWORD), f"{arguments.holding(PASSWORD)}"
    assert any("sudo" in words for words in arguments.seen), "the watcher of arguments saw nothing of sudo"
    where = [name for name, text in cluster.hosts.each(WRITTEN).items() if PASSWORD in text]
    assert not where, f"the password is written down or logged on {where}"
    cluster.must_be_as_described()


def test_a_wrong_sudo_password_is_reported_for_every_host_and_nothing_hangs(cluster: Environment) -> None:
    wrong = "hive-of-straw"
    ran = _oncall(cluster, wrong)("cluster.up", timeout=300)
    assert ran.exit not in (0, 1), f"{ran}"
    refused = {finding["host"]: finding["text"] for finding in ran.findings if finding["level"] == "error"}
    assert set(cluster.hosts.names) <= set(refused), f"{ran}"
    assert all("may not become root" in refused[name] for name in cluster.hosts.names), f"{ran}"
    assert "ssh.sudo-password" in ran.text and wrong not in ran.text, f"{ran}"
    assert not ran.named("step")


def test_no_sudo_password_where_one_is_asked_for_is_reported_as_that(cluster: Environment) -> None:
    ran = cluster.with_inventory("oncall", lambda document: document["ssh"].update(user="oncall"))("cluster.up")
    assert ran.exit not in (0, 1), f"{ran}"
    assert "may not become root" in ran.text and "set ssh.sudo-password" in ran.text, f"{ran}"


def test_a_changed_host_key_is_refused_and_nothing_is_changed(cluster: Environment) -> None:
    lines = folders.known_hosts(cluster.hosts.spec.name).read_text().splitlines()
    other = next(line.split()[1:] for line in lines if line.startswith(f"{cluster.hosts.address('m1')},"))
    known = Path(cluster.folder / "known_hosts")
    w1 = cluster.hosts.address("w1")
    known.write_text("\n".join(" ".join([line.split()[0], *other]) if w1 in line else line for line in lines) + "\n")

    def change(document: Document) -> None:
        document["ssh"]["known-hosts"] = str(known)

    cluster.hosts.run("m1", "docker node update --label-add zone=moon m2")
    text = known.read_text()
    for policy in ("strict", "accept-new"):
        tool = cluster.with_inventory("other-key", lambda d, p=policy: [change(d), d["ssh"].update({"host-keys": p})])
        ran = tool("cluster.up")
        assert ran.exit not in (0, 1), f"{ran}"
        errors = [finding for finding in ran.findings if finding["host"] == "w1" and finding["level"] == "error"]
        assert errors and "host key has changed" in errors[0]["text"], f"{ran}"
        assert f"ssh-keygen -R {w1}" in errors[0]["next"], f"{ran}"
        assert not ran.named("step"), f"{ran}"
        assert known.read_text() == text, "the file of known keys was changed"
    assert cluster.hosts.node("m1", "m2")["Spec"]["Labels"]["zone"] == "moon"
    cluster.up("--verify", "never")


def _oncall(cluster: Environment, password: str) -> Tool:
    settings = {"user": "oncall", "sudo-password": "${env:ONCALL_PASSWORD}"}
    return cluster.with_inventory("oncall", lambda d: d["ssh"].update(settings), env={"ONCALL_PASSWORD": password})
