"""What can be broken by hand on a cluster as described: where it shows, and what fixes it."""

from __future__ import annotations

from dataclasses import dataclass

FILE = "/etc/docker/daemon.json"
OTHER_FILE = f"""set -e
cp -p {FILE} /root/kept
sed -i 's,http://10,https://10,' {FILE}
systemctl reload docker.service
until docker info | grep -q https://10; do sleep 0.1; done
mv /root/kept {FILE}
"""
"""The engine has read another daemon.json than the one that lies there."""


@dataclass(frozen=True)
class Breakage:
    """``script`` is run by root on ``on``. ``step`` is what the plan must then hold, and nothing about other objects.

    Verify must tell it for ``role`` and ``host`` (none: the cluster as a whole) in ``words``; with ``alone`` other
    roles have nothing to complain of. ``restarts`` are hosts whose engine may be restarted by the fixing. ``undo``
    fixes by hand what cluster.up does not manage; there is no ``step`` then.
    """

    role: str
    on: str
    script: str
    host: str | None
    words: str
    step: str | None
    alone: bool = True
    restarts: tuple[str, ...] = ()
    undo: str | None = None


BREAKAGES = {
    "engine-stopped": Breakage(
        role="engine", on="w1", script="systemctl stop docker.socket docker.service",
        host="w1", words="not running", step="engine/start@w1", alone=False, restarts=("w1",),
    ),
    "engine-disabled": Breakage(
        role="engine", on="m3", script="systemctl disable --quiet docker.service",
        host="m3", words="not enabled", step="engine/start@m3",
    ),
    "daemon-file": Breakage(
        role="daemon", on="w2", script=f"sed -i 's,http://10,https://10,' {FILE} && grep -q https: {FILE}",
        host="w2", words="registry-mirrors", step="daemon/reload@w2",
    ),
    "daemon-in-force": Breakage(
        role="daemon", on="m2",
        script=OTHER_FILE,
        host="m2", words="registry-mirrors", step="daemon/reload@m2",
    ),
    "swarm-label": Breakage(
        role="swarm", on="m2", script="docker node update --label-add zone=moon w1",
        host="w1", words="zone", step="swarm/node@w1",
    ),
    "swarm-availability": Breakage(
        role="swarm", on="m1", script="docker node update --availability pause m2",
        host="m2", words="pause", step="swarm/node@m2",
    ),
    "swarm-demoted": Breakage(
        role="swarm", on="m2", script="docker node demote m1",
        host="m1", words="worker", step="swarm/promote@m1",
    ),
    "swarm-promoted": Breakage(
        role="swarm", on="m1", script="docker node promote w2",
        host="w2", words="manager", step="swarm/demote@w2",
    ),
    "swarm-left": Breakage(
        role="swarm", on="w1", script="docker swarm leave",
        host="w1", words="no swarm", step="swarm/join@w1", alone=False,
    ),
    "networks-gone": Breakage(
        role="networks", on="m1", script="docker network rm back",
        host=None, words="back", step="networks/create:back",
    ),
    "stacks-service-gone": Breakage(
        role="stacks", on="m1", script="docker service rm web_web",
        host=None, words="web_web", step="stacks/create:web/web_web",
    ),
    "stacks-image": Breakage(
        role="stacks", on="m1", script="docker service update --quiet --detach --image busybox:1.35 web_web",
        host=None, words="busybox:1.35", step="stacks/update:web/web_web",
    ),
    "stacks-port-silent": Breakage(
        role="stacks", on="w2", script="iptables -I OUTPUT -p tcp -m multiport --dports 80,8080 -j REJECT",
        host="w2", words="8080", step=None,
        undo="iptables -D OUTPUT -p tcp -m multiport --dports 80,8080 -j REJECT",
    ),
}  # fmt: skip

TOGETHER = (
    ("engine-disabled", "daemon-file", "swarm-label", "networks-gone", "stacks-service-gone"),
    ("daemon-in-force", "swarm-availability", "stacks-image"),
)
"""Those that have nothing to do with each other are looked at and fixed at once."""
GROUPS = [*TOGETHER, *((name,) for name in BREAKAGES if name not in [one for group in TOGETHER for one in group])]
