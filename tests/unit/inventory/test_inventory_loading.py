"""A right inventory becomes the model it describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skep.errors import AccessError
from skep.inventory import Inventory
from skep.inventory.stack_files import StackFiles
from skep.model import Access, Engine, Host, Network, Registry, Secret, Stack, Swarm, reveal
from skep.ssh.ssh_config import settings

Load = Callable[[str | bytes], Inventory]
ONE = "hosts:\n  m1: {address: 10.0.0.11, role: manager}\n"


def test_the_least_there_can_be(load_text: Load, world: Path) -> None:
    inventory = load_text(ONE)
    assert inventory.cluster.name == "prod"
    assert inventory.cluster.hosts == (Host(name="m1", address="10.0.0.11", role="manager"),)
    assert inventory.cluster.swarm == Swarm()
    assert inventory.access == {"m1": Access()}
    assert inventory.path == world / "prod.yml"
    assert inventory.warnings == ()
    assert inventory.extensions == {} == inventory.host_extensions


def test_empty_sections_are_none(load_text: Load) -> None:
    text = ONE + "ssh:\nengine:\ndaemon:\nswarm:\ngroups:\nnetworks:\nstacks:\nregistries:\n"
    assert load_text(text).cluster == load_text(ONE).cluster


def test_later_layers_override_earlier_ones_key_by_key(load_text: Load) -> None:
    inventory = load_text("""\
ssh: {user: top, port: 1, retries: 1}
engine: {version: 20.10}
daemon: {debug: true, dns: [10.0.0.1, 10.0.0.2], log-opts: {max-size: 10m, max-file: 3}}
swarm: {advertise: eth0}
groups:
  one: {hosts: [m1], availability: pause, labels: {a: one, b: one, c: one}, ssh: {user: one, port: 2}}
  two: {labels: {b: two, c: two}, ssh: {port: 3}, daemon: {dns: [10.0.0.3]}, advertise: eth2}
  three: {hosts: [m1], labels: {a: three}, role: manager}
hosts:
  m1:
    address: 10.0.0.11
    groups: [two, one]
    labels: {c: host}
    ssh: {retries: 9}
    engine: {version: 26.1}
""")
    (host,) = inventory.cluster.hosts
    assert host.groups == ("three", "two", "one")
    assert host.labels == {"a": "one", "b": "one", "c": "host"}
    assert (host.role, host.availability, host.advertise) == ("manager", "pause", "eth2")
    assert host.engine == Engine(version="26.1")
    assert host.daemon == {
        "debug": True,
        "dns": ["10.0.0.3"],
        "log-opts": {"max-size": "10m", "max-file": "3"},
    }
    assert inventory.access["m1"] == Access(user="one", port=2, retries=9)


def test_a_host_has_the_last_word_and_a_later_group_one_before(load_text: Load) -> None:
    inventory = load_text("""\
swarm: {advertise: eth0}
groups:
  first: {role: worker, availability: drain, advertise: eth1, ssh: {user: first}, engine: {version: 20.10}}
  second: {role: manager, availability: pause, advertise: eth2, ssh: {user: second}, engine: {version: 26.1}}
hosts:
  own:
    {address: 10.0.0.11, groups: [first], role: manager, availability: active, advertise: eth3, ssh: {user: own},
     engine: {version: 28.5}}
  later: {address: 10.0.0.12, groups: [first, second]}
  turned: {address: 10.0.0.13, groups: [second, first]}
""")
    found = {
        host.name: (host.role, host.availability, host.advertise, inventory.access[host.name].user, host.engine.version)
        for host in inventory.cluster.hosts
    }
    assert found == {
        "own": ("manager", "active", "eth3", "own", "28.5"),
        "later": ("manager", "pause", "eth2", "second", "26.1"),
        "turned": ("worker", "drain", "eth1", "first", "20.10"),
    }


def test_text_stays_as_it_is_written(load_text: Load) -> None:
    inventory = load_text("""\
engine: {version: 20.10}
hosts:
  no:
    address: 10.0.0.11
    role: manager
    labels: {ssd: yes, zone: 010, day: 2024-01-01, ratio: 1.50, empty: ""}
networks:
  on: {options: {mtu: 1400}}
""")
    (host,) = inventory.cluster.hosts
    assert host.name == "no"
    assert host.engine.version == "20.10"
    assert host.labels == {"ssd": "yes", "zone": "010", "day": "2024-01-01", "ratio": "1.50", "empty": ""}
    assert inventory.cluster.networks == (Network(name="on", options={"mtu": "1400"}),)


def test_daemon_keys_unknown_here_pass_as_they_are(load_text: Load) -> None:
    inventory = load_text(
        ONE + 'daemon: {zzz: {a: [1, 2.5, yes, null, "yes", 0x10]}, features: {cdi: true}, experimental: no}\n'
    )
    assert inventory.warnings == ()
    assert inventory.cluster.hosts[0].daemon == {
        "zzz": {"a": [1, 2.5, True, None, "yes", "0x10"]},
        "features": {"cdi": True},
        "experimental": False,
    }


def test_anchors_and_merge_keys(load_text: Load) -> None:
    inventory = load_text("""\
x-worker: &worker {role: worker, labels: &labels {zone: a}}
x-drained: &drained {availability: drain, role: manager}
hosts:
  m1: {address: 10.0.0.11, role: manager, labels: *labels}
  w1:
    <<: [*worker, *drained]
    address: 10.0.0.21
    labels: {<<: *labels, disk: ssd}
""")
    manager, worker = inventory.cluster.hosts
    assert manager.labels == {"zone": "a"}
    assert (worker.role, worker.availability) == ("worker", "drain")
    assert worker.labels == {"zone": "a", "disk": "ssd"}


def test_references(load_text: Load, world: Path) -> None:
    inventory = load_text("""\
ssh:
  user: ${env:NOPE:-admin}-${env:EMPTY:-x}
  port: ${env:PORT}
  password: ${env:SSH_PASSWORD}
  sudo-password: ${file:secrets/sudo}
  key: ~/keys/${env:PORT}
  known-hosts: ${env:EMPTY:-~/.cache}/known
  config: ssh_config
daemon:
  mtu: ${env:NOPE:-1400}
  debug: ${env:NOPE:-true}
  zzz: "${env:PORT}"
  data-root: /srv/$${literal}
hosts:
  m1: {address: 10.0.0.11, role: manager}
registries:
  r.example.com:5000: {username: puller, password: "${env:REGISTRY_PASSWORD}"}
stacks:
  web: {variables: {TOKEN: "${env:WEB_TOKEN}", PART: "a-${env:PORT}", PLAIN: 2, PRICE: "5$${x}"}}
""")
    access = inventory.access["m1"]
    assert access == Access(
        user="admin-x",
        port=2222,
        key=Path("/home/operator/keys/2222"),
        password=Secret("hunter2-ssh"),
        sudo_password=Secret("hunter2-sudo"),
        known_hosts=Path("/home/operator/.cache/known"),
        config=world / "ssh_config",
    )
    daemon = inventory.cluster.hosts[0].daemon
    assert daemon == {"mtu": 1400, "debug": True, "zzz": Secret("2222"), "data-root": "/srv/${literal}"}
    assert inventory.cluster.registries == (Registry("r.example.com:5000", "puller", Secret("hunter2-registry")),)
    variables = inventory.cluster.stacks[0].variables
    assert variables["PLAIN"] == "2" and variables["PRICE"] == "5${x}"
    assert isinstance(variables["TOKEN"], Secret) and isinstance(variables["PART"], Secret)
    assert reveal(variables["PART"]) == "a-2222"
    assert "hunter2" not in repr(inventory) + str(inventory)


def test_text_in_daemon_from_a_reference_is_a_secret_wherever_it_stands(load_text: Load) -> None:
    found = load_text("""\
daemon:
  log-driver: splunk
  log-opts: {splunk-token: "${env:WEB_TOKEN}", tag: x}
  registry-mirrors: ["https://${env:NOPE:-p}.example.com", "https://plain.example.com"]
  proxies: {http-proxy: "http://me:${env:WEB_TOKEN}@p"}
  runtimes: {own: {path: "${env:NOPE:-/bin/own}", runtimeArgs: [a, "${env:WEB_TOKEN}"]}}
  default-address-pools: [{base: "${env:NOPE:-172.30.0.0/16}", size: 24}]
  unknown: {deep: [{token: "${env:WEB_TOKEN}"}, 1, yes]}
groups:
  g: {daemon: {data-root: "${env:NOPE:-/srv/docker}"}}
hosts:
  m1: {address: 10.0.0.11, role: manager, groups: [g], daemon: {http-proxy: "${env:WEB_TOKEN}"}}
""")
    token = "hunter2-token"
    assert found.cluster.hosts[0].daemon == {
        "log-driver": "splunk",
        "log-opts": {"splunk-token": Secret(token), "tag": "x"},
        "registry-mirrors": [Secret("https://p.example.com"), "https://plain.example.com"],
        "proxies": {"http-proxy": Secret(f"http://me:{token}@p")},
        "runtimes": {"own": {"path": Secret("/bin/own"), "runtimeArgs": ["a", Secret(token)]}},
        "default-address-pools": [{"base": Secret("172.30.0.0/16"), "size": 24}],
        "unknown": {"deep": [{"token": Secret(token)}, 1, True]},
        "data-root": Secret("/srv/docker"),
        "http-proxy": Secret(token),
    }
    assert token not in repr(found)


def test_swarm_settings(load_text: Load) -> None:
    inventory = load_text(
        ONE
        + """\
swarm:
  advertise: eth1
  address-pools: [10.64.0.0/12, 10.192.0.0/12]
  subnet-size: 26
  data-path-port: 4790
  task-history: 0
  cert-expiry: 90d
  autolock: true
"""
    )
    assert inventory.cluster.swarm == Swarm(
        address_pools=("10.64.0.0/12", "10.192.0.0/12"),
        subnet_size=26,
        data_path_port=4790,
        task_history=0,
        cert_expiry=90 * 86400,
        autolock=True,
    )
    assert inventory.cluster.hosts[0].advertise == "eth1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("2160h", 7776000), ("1h30m", 5400), ("1w", 604800), ("7200", 7200), ("7200.5", 7200.5)],
)
def test_durations(text: str, seconds: float, load_text: Load) -> None:
    assert load_text(ONE + f"swarm: {{cert-expiry: {text}}}\n").cluster.swarm.cert_expiry == seconds


def test_networks_and_stacks_keep_their_order(load_text: Load) -> None:
    inventory = load_text(
        ONE
        + """\
networks:
  front: {subnet: 10.90.0.0/24, gateway: 10.90.0.1, attachable: true, labels: {team: 7}}
  back: {internal: true, encrypted: true, driver: overlay}
stacks:
  web:
  again: {folder: web, compose: [compose.yml, conf/page.html], timeout: 1m}
"""
    )
    assert inventory.cluster.networks == (
        Network("front", subnet="10.90.0.0/24", gateway="10.90.0.1", attachable=True, labels={"team": "7"}),
        Network("back", internal=True, encrypted=True),
    )
    folder = inventory.cluster.stacks[0].directory
    assert folder.endswith("/stacks/web")
    web, again = inventory.cluster.stacks
    assert web == Stack("web", ("compose.yml",), web.files, directory=folder)
    assert again == Stack("again", ("compose.yml", "conf/page.html"), again.files, timeout=60.0, directory=folder)
    for stack in (web, again):
        assert (stack.files["compose.yml"], stack.files["conf/page.html"]) == (b"services: {}\n", b"<h1>\xff</h1>")


def test_folders_that_files_may_come_from(load_text: Load) -> None:
    inventory = load_text(f"{ONE}stacks:\n  web: {{files-from: [../shared, ~/certs, /srv/x]}}\n")
    (stack,) = inventory.cluster.stacks
    assert isinstance(stack.files, StackFiles) and stack.files.roots
    shared, certs, absolute = stack.files.roots
    assert shared == inventory.path.absolute().parent / "../shared"
    assert certs.name == "certs" and certs.is_absolute() and absolute == Path("/srv/x")


def test_gateways(load_text: Load) -> None:
    access = load_text("""\
ssh: {gateway: [admin@outer:2222, inner]}
groups:
  far: {ssh: {gateway: near}}
hosts:
  m1: {address: 10.0.0.11, role: manager}
  inner: {address: 10.0.0.12, role: worker}
  near: {address: 10.0.0.13, role: worker, ssh: {gateway: []}}
  deep: {address: 10.0.0.14, role: worker, groups: [far]}
  deeper: {address: 10.0.0.15, role: worker, ssh: {gateway: "deep"}}
  six: {address: 10.0.0.16, role: worker, ssh: {gateway: "admin@[fd00::1]:22"}}
""").access
    assert access["m1"].gateways == ("admin@outer:2222", "inner")
    assert access["inner"].gateways == ("admin@outer:2222",)
    assert access["near"].gateways == ()
    assert access["deep"].gateways == ("near",)
    assert access["deeper"].gateways == ("near", "deep")
    assert access["six"].gateways == ("admin@[fd00::1]:22",)


def test_extensions_are_raw(load_text: Load) -> None:
    inventory = load_text("""\
x-lab: {subnet: 10.83.0.0/24, count: 5, note: "${env:NOPE}", list: [yes, a]}
hosts:
  m1: {address: 10.0.0.11, role: manager, x-rack: 12, x-note: "${what}"}
  w1: {address: 10.0.0.21, role: worker}
""")
    assert inventory.extensions == {
        "x-lab": {"subnet": "10.83.0.0/24", "count": 5, "note": "${env:NOPE}", "list": [True, "a"]}
    }
    assert inventory.host_extensions == {"m1": {"x-rack": 12, "x-note": "${what}"}}


def test_a_byte_order_mark_and_windows_line_ends(load_text: Load) -> None:
    text = b"\xef\xbb\xbf" + ONE.replace("\n", "\r\n").encode()
    assert load_text(text).cluster == load_text(ONE).cluster


def test_two_machines_behind_one_address_by_port(load_text: Load) -> None:
    inventory = load_text("""\
hosts:
  m1: {address: gate.example.com, role: manager, ssh: {port: 2201}}
  w1: {address: gate.example.com, role: worker, ssh: {port: 2202}}
""")
    assert inventory.warnings == ()


def test_a_thousand_hosts_in_reasonable_time(load_text: Load) -> None:
    hosts = "".join(
        f"  w{number}: {{address: 10.{number // 250}.0.{number % 250 + 1}, role: worker, groups: [g]}}\n"
        for number in range(1000)
    )
    inventory = load_text("groups: {g: {labels: {zone: a}}}\n" + ONE.replace("10.0.0.11", "10.200.0.1") + hosts)
    assert len(inventory.cluster.hosts) == 1001


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("\n# c\nHost a b\n\tUser=me\n  Port = 22\n", None),
        ("caf\udce9 = x\n", 1),
        ('Host *\n  IdentityFile "a b\n', 2),
        ("Host *\n  ProxyCommand x 'it is' %h\n  Port 22 # it's\n", None),
        ("ProxyCommand it's\n", 1),
        ('Host "a\n', 1),
        ("User me\nMatch host 'a\n", 2),
        ("User\n", 1),
    ],
)
def test_an_ssh_config_is_judged_as_it_is_read(
    load_text: Load, problems_of: Callable[[str], list[str]], world: Path, content: str, line: int | None
) -> None:
    file = world / "other_config"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    text = ONE + "ssh: {config: other_config}\n"
    try:
        settings("m1", Access(config=file))
        assert line is None
        assert load_text(text).access["m1"].config == file
    except AccessError as error:
        assert str(error.cause).replace(": line", " line").startswith(f"{file} line {line}: ")
        assert [problem.partition(": ")[2] for problem in problems_of(text)] == [
            f"ssh.config: 'other_config' cannot be used: its line {line} cannot be understood"
        ]


def test_what_stands_around_an_engine_is_joined_from_file_group_and_host(load_text: Load) -> None:
    loaded = load_text("""
proxy: {http: "http://u:${env:WORD}@10.0.0.9:3128", no-proxy: [.example.com]}
kernel: {modules: [overlay], sysctls: {vm.swappiness: 10, net.ipv4.ip_forward: 1}}
certificates: {registries: {a.example.com: {ca: secrets/registry-ca.pem}}, trust: [secrets/company-ca.pem]}
groups:
  inside: {proxy: {http: ""}, kernel: {sysctls: {vm.swappiness: 1}}, hosts: [w1]}
hosts:
  m1: {address: 10.0.0.11, role: manager}
  w1:
    address: 10.0.0.21
    role: worker
    certificates: {registries: {b.example.com: {client-cert: secrets/client.pem, client-key: secrets/client.key}}}
""")
    m1, w1 = loaded.cluster.hosts
    assert isinstance(m1.proxy.http, Secret)
    assert not w1.proxy
    assert w1.kernel.sysctls == {"vm.swappiness": "1", "net.ipv4.ip_forward": "1"}
    assert w1.kernel.modules == m1.kernel.modules == ("overlay",)
    assert list(w1.certificates.registries) == ["a.example.com", "b.example.com"]
    assert list(m1.certificates.trust) == ["company-ca"]
    assert isinstance(w1.certificates.registries["b.example.com"].key, Secret)


def test_a_certificate_may_come_from_a_reference(world: Path, load_text: Load) -> None:
    given = '{a.example.com: {client-cert: "${file:secrets/client.pem}", client-key: "${file:secrets/client.key}"}}'
    text = f"certificates: {{registries: {given}}}\nhosts:\n  m1: {{address: 10.0.0.11, role: manager}}\n"
    made = load_text(text).cluster.hosts[0].certificates.registries["a.example.com"]
    assert made.client == (world / "secrets" / "client.pem").read_text()
    assert made.key == Secret((world / "secrets" / "client.key").read_text())


def test_a_certificate_that_expires_soon_is_a_warning(warnings_of: Callable[[str], list[str]]) -> None:
    text = "certificates: {trust: [secrets/soon.pem]}\nhosts:\n  m1: {address: 10.0.0.11, role: manager}\n"
    (warning,) = warnings_of(text)
    assert warning.startswith("1: certificates.trust[0]: expires on 20")
