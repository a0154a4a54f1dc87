"""Docker's own packages on a host that has the distribution's engine, from mirrors that fail in all ways, and back to
right each time; engines are Debian's under the vendor's names."""

from __future__ import annotations

from skep.lab import packages
from tests.lab.rig import mirrors
from tests.lab.rig.environment import Document, Environment

TOUCHED = """
ls /etc/apt/sources.list.d /etc/apt/keyrings
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n' 'docker*' 'containerd*' runc | grep -v ' un '
docker info --format '{{.Swarm.NodeID}}'
docker volume ls -q
command -v gpg
true
"""
STALE = """
line='deb [signed-by=/usr/share/keyrings/docker.gpg] http://GATEWAY/linux/debian trixie stable'
older() {
  apt-get -qq -y --allow-downgrades --allow-change-held-packages install docker-ce-cli=5:26.1.5-1~debian.13~trixie 2>&1
}
cp /etc/apt/keyrings/docker.asc /usr/share/keyrings/docker.gpg
older >&2
apt-mark unhold containerd.io >&2
echo "$line" >/etc/apt/sources.list.d/docker.list
older | grep 'Conflicting values'
"""
CUT_OFF = """
apt-get -qq download docker-ce >&2 && dpkg --unpack docker-ce_*.deb >&2 && rm docker-ce_*.deb
systemctl stop docker.socket docker
"""


def test_from_the_distributions_engine_to_the_vendors(vendors: Environment) -> None:
    hosts, address = vendors.hosts, packages.address(vendors.hosts.spec)
    vendors.up()
    hosts.run("m1", "docker volume create keepsake")
    before = hosts.run("m1", TOUCHED)
    assert "gpg" not in before.splitlines()[-1], "this host is to have no gpg"
    ways = mirrors.make(hosts.spec)
    for what, (path, fingerprint, words) in ways.items():

        def source(document: Document, path: str = path, fingerprint: str = fingerprint) -> None:
            document["engine"] = {
                "source": "vendor",
                "repository": f"{address}/{path}".rstrip("/"),
                "fingerprint": fingerprint,
                "version": "28.5.*",
                "plugins": ["buildx"],
            }

        tool = vendors.with_inventory("vendors", source)
        ran = tool("cluster.up")
        if words:
            ran.must(5)
            assert words in ran.text, f"{what}: not named\n{ran}"
            after = hosts.run("m1", TOUCHED)
            assert after == before or path == "short", f"{what}: something was changed\n{after}"
    ran.must()
    after = hosts.run("m1", TOUCHED)
    assert set(before.splitlines()) & set(after.splitlines()) >= {"keepsake", before.splitlines()[-2]}, after
    assert not tool("cluster.plan").must().steps
    tool("cluster.verify").must()

    hosts.run("m1", STALE.replace("GATEWAY", address.removeprefix("http://")))
    assert tool("cluster.verify").must(8).bad_checks
    ran = tool("cluster.up").must()
    assert {"engine/source@m1", "engine/install@m1"} <= ran.ids, ran
    assert "removes /usr/share/keyrings/docker.gpg" in ran.text
    assert "docker-ce-cli is 5:26.1.5" in ran.text
    hosts.run("m1", CUT_OFF)
    tool("cluster.up", "--verify", "always").must()
    assert not tool("cluster.plan").must().steps
