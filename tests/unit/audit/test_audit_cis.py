"""The benchmark: every recommendation has exactly one place, and what is broken is exactly that finding."""

import json
from dataclasses import replace

import pytest

from skep.audit.checks.cis_services import NODE_LOCAL
from skep.audit.controls import controls
from skep.audit.remaking import remade
from skep.model import Network
from skep.ssh import Result as Answer
from skep.swarm.hardening import RULES, SHOWN
from tests.unit.audit.conftest import CLUSTER, CONFINED, certificate, lines

CIS = controls("cis")
SPEC = {
    "Name": "web_web",
    "Labels": {"com.docker.stack.namespace": "web"},
    "EndpointSpec": {"Ports": [{"PublishedPort": 8080, "Protocol": "tcp"}]},
    "TaskTemplate": {
        "Networks": [{"Target": "n1"}],
        "Resources": {"Limits": {"MemoryBytes": 1, "NanoCPUs": 1, "Pids": 9}},
        "ContainerSpec": {
            "Image": "busybox:1.36",
            "User": "1000",
            "ReadOnly": True,
            "CapabilityDrop": ["ALL"],
            "CapabilityAdd": ["CAP_CHOWN"],
            "Healthcheck": {"Test": ["CMD", "true"]},
            "Privileges": {"NoNewPrivileges": True},
            "Mounts": [{"Type": "bind", "Source": "/srv/data"}, {"Type": "volume", "Source": "data"}],
        },
    },
}
NO = Answer(1, "", "")
DAEMON = {
    "icc": False, "userland-proxy": False, "no-new-privileges": True, "authorization-plugins": ["p"]
}  # fmt: skip
INFO = {
    "Driver": "overlay2", "LoggingDriver": "syslog",
    "SecurityOptions": ["name=seccomp,profile=default", "name=userns", *CONFINED],
    "RegistryConfig": {"IndexConfigs": {"docker.io": {"Secure": True}}, "InsecureRegistryCIDRs": ["127.0.0.0/8"]},
    "ExperimentalBuild": False,
}  # fmt: skip
ENGINE = "docker info --format '{{json .}}'"
RIGHT = {
    "/proc/7/cmdline": "/usr/sbin/dockerd\0-H\0fd://\0",
    "auditctl -l": "-w /usr/sbin/dockerd -p wa -k docker\n-a always,exit -F path=/etc/docker -F perm=wa\n",
    "command -v auditctl": "/sbin/auditctl\n",
    "command -v dockerd": "/usr/sbin/dockerd\n",
    "command -v ": Answer(1, "", ""),
    "systemctl show docker.service": "MainPID=7\nFragmentPath=/lib/systemd/system/docker.service\n",
    "systemctl show docker.socket": "FragmentPath=\n",
    "ls -d /etc/docker/certs.d": "",
    "cat -- /etc/docker/daemon.json": json.dumps(DAEMON),
    "test -e /etc/default": Answer(1, "", ""),
    "test -e /etc/sysconfig": Answer(1, "", ""),
    "test -e /run/containerd": Answer(1, "", ""),
    "test -e /var/lib/docker": Answer(1, "", ""),
    "test -e /etc/containerd": Answer(1, "", ""),
    "test -e /lib/systemd": "",
    "stat -Lc %U /run/docker.sock": "root\n",
    "stat -Lc %G /run/docker.sock": "docker\n",
    "stat -Lc %a /run/docker.sock": "660\n",
    "stat -Lc %a /etc/docker/daemon.json": "644\n",
    "stat -Lc %a /etc/docker": "755\n",
    "stat -Lc %a": "644\n",
    "stat -Lc %U": "root\n",
    "stat -Lc %G": "root\n",
    "findmnt": "/var/lib/docker\n",
    "ps -eo": "",
    ENGINE: lines(INFO),
    "json .Spec}": lines(SPEC),
    "swarm-host": lines("host"),
    "swarm-bridge": lines("bridge"),
    "docker network inspect --format '{{json .Name}}'": lines("front"),
    "role=manager": lines("m1", "m2", "m3"),
    "ss --no-header": "LISTEN 0 4096 10.0.0.1:2377 0.0.0.0:*\nLISTEN 0 4096 10.0.0.1:7946 0.0.0.0:*\n",
    "docker-state.json": json.dumps({"AdvertiseAddr": "10.0.0.1", "DataPathAddr": ""}),
    "TrustRoot": lines(certificate(3, 4000)),
    "NodeCertExpiry": lines(90 * 24 * 3600 * 10**9),
    "UpdatedAt": lines("2026-11-28T10:00:00.5Z"),
    "docker network ls": lines({"Name": "front", "Options": {"encrypted": ""}}),
    "AutoLockManagers": lines(True),
    "docker system df": lines({"Type": "Images", "TotalCount": "1"}, {"Type": "Containers", "TotalCount": "1"}),
    "docker secret ls": lines("one"),
}
PATHS = ("/usr/sbin/dockerd", "/etc/docker", "/run/docker.sock", "/etc/docker/daemon.json")
WATCHED = "".join(f"-w {path} -p wa\n" for path in (*PATHS, "/lib/systemd/system/docker.service"))


def bad(results):
    return [(one.id, one.where) for one in results if one.status in ("finding", "not seen")]


@pytest.fixture
def cis(audit):
    def go(m1=None, *files, **more):
        m1 = {**(m1 or {}), **RIGHT, "auditctl -l": WATCHED, ENGINE: lines(INFO), **(m1 or {})}
        return audit(*files or ("cis_hosts", "cis_daemon"), m1=m1, hosts=("m1",), **more)

    return go


def spec(**container):
    return {**SPEC, "TaskTemplate": {**SPEC["TaskTemplate"], "ContainerSpec": {
        **SPEC["TaskTemplate"]["ContainerSpec"], **container}}}  # fmt: skip


def resources(**limits):
    return {**SPEC, "TaskTemplate": {**SPEC["TaskTemplate"], "Resources": {
        "Limits": {**SPEC["TaskTemplate"]["Resources"]["Limits"], **limits}}}}  # fmt: skip


def test_each_recommendation_is_looked_at_in_one_way_or_says_why_not():
    ways = ("watch", "path", "service", "daemon", "swarm", "show", "why_not")
    assert len(CIS) == 118
    assert [one.id for one in CIS.values() if sum(bool(getattr(one, way)) for way in ways) != 1] == []
    assert [one.id for one in CIS.values() if one.path and bool(one.owner) is bool(one.mode)] == []
    assert [one.id for one in CIS.values() if not (one.why_not or one.remedy)] == []
    assert {one.service for one in CIS.values() if one.service} == {*RULES, *SHOWN, *NODE_LOCAL}
    assert all(one.id == f"cis-{one.number}" and one.level in (1, 2) for one in CIS.values())


def test_a_right_cluster_has_no_finding_and_every_recommendation_a_result(cis):
    results = cis(None, "cis_hosts", "cis_daemon", "cis_services", "cis_swarm")
    assert bad(results) == []
    assert {one.id for one in results} == set(CIS)
    judged = {one.id for one in results if one.status == "to judge"}
    assert judged >= {"cis-1.1.2", "cis-6.1", "cis-7.4", "cis-5.9"}
    reasons = {one.id: one.message for one in results if one.status == "not applicable"}
    assert "on purpose" in reasons["cis-5.1"] and "live-restore" in reasons["cis-2.16"]
    assert [one.id for one in results if one.status in ("passed", "to judge") and not one.evidence] == []


HOSTS = [
    ("cis-3.6", {"stat -Lc %a /etc/docker/daemon.json": "644\n", "stat -Lc %a /etc/docker": "775\n"},
     "mode 755", "on m1: chmod 755 /etc/docker"),
    ("cis-3.15", {"stat -Lc %G /run/docker.sock": "users\n"}, "root:docker",
     "on m1: chown root:docker /run/docker.sock"),
    ("cis-1.1.6", {"auditctl -l": WATCHED.replace("-w /etc/docker ", "-w /etc/other ")}, "no rule for /etc/docker",
     "on m1: echo '-w /etc/docker -p wa -k docker' >> /etc/audit/rules.d/docker.rules && augenrules --load"),
    ("cis-1.1.1", {"findmnt": "/\n"}, "the file system of /", None),
    ("cis-5.7", {"ps -eo": "sshd 0::/system.slice/docker-1.scope\n"}, "sshd", None),
    ("cis-2.8", {"/proc/7/cmdline": "dockerd\0-H\0fd://\0-H\0tcp://0.0.0.0:2375\0"}, "tcp://0.0.0.0:2375",
     "on m1: take -H tcp://0.0.0.0:2375 out of docker.service (systemctl cat docker.service shows where it stands),"
     " drain the node, then: systemctl daemon-reload && systemctl restart docker"),
]  # fmt: skip


@pytest.mark.parametrize(("identity", "answers", "words", "fix"), HOSTS, ids=[one[0] for one in HOSTS])
def test_what_is_broken_on_a_host_is_exactly_that_finding(cis, identity, answers, words, fix):
    results = cis(answers)
    assert bad(results) == [(identity, "m1")]
    (one,) = [one for one in results if one.status == "finding"]
    assert words in one.message and one.evidence
    assert fix is None or one.fix == fix


@pytest.mark.parametrize(
    ("identity", "key", "value"),
    [
        ("cis-2.2", "icc", True),
        ("cis-2.3", "log-level", "debug"),
        ("cis-2.4", "iptables", False),
        ("cis-2.11", "cgroup-parent", "/x"),
        ("cis-2.12", "storage-opts", ["dm.basesize=20G"]),
        ("cis-2.13", "authorization-plugins", []),
        ("cis-2.15", "no-new-privileges", False),
        ("cis-2.17", "userland-proxy", True),
        ("cis-2.8", "hosts", ["tcp://0.0.0.0:2375"]),
    ],
)
def test_each_setting_of_the_engine(cis, identity, key, value):
    assert bad(cis({"cat -- /etc/docker/daemon.json": json.dumps({**DAEMON, key: value})}, "cis_daemon")) == [
        (identity, "m1")
    ]


@pytest.mark.parametrize(
    ("identity", "key", "value"),
    [
        ("cis-2.6", "Driver", "aufs"),
        ("cis-2.7", "Driver", "devicemapper"),
        ("cis-2.10", "SecurityOptions", ["name=seccomp"]),
        ("cis-2.18", "SecurityOptions", ["name=userns"]),
        ("cis-2.18", "SecurityOptions", ["name=userns", "name=seccomp,profile=unconfined"]),
        ("cis-2.14", "LoggingDriver", "json-file"),
        ("cis-2.19", "ExperimentalBuild", True),
        ("cis-2.5", "RegistryConfig", {"IndexConfigs": {"r:5000": {"Secure": False}}}),
        ("cis-2.5", "RegistryConfig", {"InsecureRegistryCIDRs": ["10.0.0.0/8"]}),
    ],
)
def test_each_answer_of_the_engine(cis, identity, key, value):
    assert bad(cis({ENGINE: lines({**INFO, key: value})}, "cis_daemon")) == [(identity, "m1")]


AUDITD = "-w /etc/docker -p wa -k docker' >> /etc/audit/rules.d/docker.rules && augenrules --load"


@pytest.mark.parametrize(
    ("apt", "install"), [("/usr/bin/apt-get", "apt-get install -y auditd"), (NO, "dnf -y install audit")]
)
def test_a_host_without_auditd_is_said_how_to_install_it(cis, apt, install):
    results = cis({"which auditctl": NO, "which apt-get": apt}, "cis_hosts")
    (one,) = [one for one in results if one.id == "cis-1.1.6"]
    assert one.fix == f"on m1: {install} && echo '{AUDITD}"


def test_what_skep_refuses_or_cannot_do_is_no_remedy(cis):
    plain = [{"Name": name, "Options": None} for name in ("ingress", "front")]
    found = {}
    for count in (1, 2):
        results = cis({"docker network ls": lines(*plain[:count])}, "cis_swarm")
        found[count] = next(one for one in results if one.id == "cis-7.3")
    assert found[1].fix.startswith("accept it: Swarm makes ingress without encryption")
    assert found[2].fix == "on a manager, remove the services in it, then: docker network rm front"
    assert CIS["cis-2.10"].remedy.startswith("accept it: a node cannot change it")


def test_other_words_of_dockerd_and_other_keys_of_its_file_are_no_evidence(cis):
    file = {**DAEMON, "default-ulimits": {"nofile": {"Soft": 9}}, "proxies": {"http-proxy": "http://hunter2@proxy"}}
    words = "dockerd\0--log-opt\0token=hunter2\0-H\0fd://\0--host=unix:///x\0--tlsverify\0"
    results = cis({"cat -- /etc/docker/daemon.json": json.dumps(file), "/proc/7/cmdline": words})
    assert "hunter2" not in str(results)
    seen = {one.id: (one.status, str(one.evidence)) for one in results}
    assert seen["cis-2.9"][0] == "to judge" and "Soft" in seen["cis-2.9"][1]
    assert "fd://, unix:///x" in seen["cis-2.8"][1]


SERVICES = [
    ("cis-4.1", spec(User="root:root")),
    ("cis-5.2", spec(Privileges={"NoNewPrivileges": True, "AppArmor": {"Mode": "disabled"}})),
    ("cis-5.3", spec(Privileges={"NoNewPrivileges": True, "SELinuxContext": {"Disable": True}})),
    ("cis-5.4", spec(CapabilityAdd=["CAP_NET_ADMIN"])),
    ("cis-5.4", spec(CapabilityDrop=None, CapabilityAdd=None)),
    ("cis-5.4", spec(CapabilityAdd=["NET_RAW"])),
    ("cis-5.6", spec(Mounts=[{"Type": "bind", "Source": "/etc/ssl"}])),
    ("cis-5.6", spec(Mounts=[{"Type": "bind", "Source": "/var/lib"}])),
    ("cis-5.8", {**SPEC, "EndpointSpec": {"Ports": [{"PublishedPort": 80, "Protocol": "tcp"}]}}),
    ("cis-5.10", {**SPEC, "TaskTemplate": {**SPEC["TaskTemplate"], "Networks": [{"Target": "swarm-host"}]}}),
    ("cis-5.30", {**SPEC, "TaskTemplate": {**SPEC["TaskTemplate"], "Networks": [{"Target": "swarm-bridge"}]}}),
    ("cis-5.11", resources(MemoryBytes=0)),
    ("cis-5.12", resources(NanoCPUs=0)),
    ("cis-5.13", spec(ReadOnly=False)),
    ("cis-5.20", spec(Mounts=[{"Type": "bind", "Source": "/a", "BindOptions": {"Propagation": "rshared"}}])),
    ("cis-5.22", spec(Privileges={"NoNewPrivileges": True, "Seccomp": {"Mode": "unconfined"}})),
    ("cis-5.26", spec(Privileges=None)),
    ("cis-5.27", spec(Healthcheck={"Test": ["NONE"]})),
    ("cis-5.28", spec(Image="busybox")),
    ("cis-5.29", resources(Pids=0)),
    ("cis-5.32", spec(Mounts=[{"Type": "bind", "Source": "/var/run/docker.sock"}])),
]


@pytest.mark.parametrize(("identity", "broken"), SERVICES)
def test_each_thing_that_a_service_asks_for(cis, identity, broken):
    results = cis({"json .Spec}": lines(broken)}, "cis_services")
    assert bad(results) == [(identity, "web")]
    (one,) = [one for one in results if one.status == "finding"]
    assert one.message.startswith("web_web ") and "STACK" not in one.fix


def test_a_service_of_no_stack_is_looked_at_too_and_no_secret_is_evidence(cis):
    other = {**spec(CapabilityAdd=["CAP_SYS_ADMIN"], Env=["PASSWORD=hunter2"]), "Name": "stray", "Labels": {}}
    results = cis({"json .Spec}": lines(SPEC, other)}, "cis_services")
    assert bad(results) == [("cis-5.4", "cluster")]
    assert "hunter2" not in str(results)


@pytest.mark.parametrize(
    ("identity", "where", "answers"),
    [
        ("cis-7.1", "cluster", {"role=manager": lines("m1", "m2")}),
        ("cis-7.1", "cluster", {"role=manager": lines(*map(str, range(9)))}),
        ("cis-7.2", "m1", {"ss --no-header": "LISTEN 0 4096 *:2377 *:*\n"}),
        ("cis-7.2", "m1", {"ss --no-header": "LISTEN 0 4096 10.0.0.1:2377 *:*\nLISTEN 0 4096 *:7946 *:*\n"}),
        ("cis-7.3", "cluster", {"docker network ls": lines({"Name": "front", "Options": None})}),
        ("cis-7.5", "cluster", {"AutoLockManagers": lines(False)}),
    ],
)
def test_each_thing_of_the_swarm(cis, identity, where, answers):
    results = cis(answers, "cis_swarm")
    assert bad(results) == [(identity, where)]
    assert next(one for one in results if one.status == "finding").evidence


def test_managers_that_are_too_few_for_the_inventory_are_made_so_by_cluster_up(cis):
    def fix(cluster):
        results = cis({"role=manager": lines("m1", "m2")}, "cis_swarm", cluster=cluster)
        return next(one.fix for one in results if one.id == "cis-7.1")

    assert fix(CLUSTER) == "invoke cluster.up"
    assert fix(replace(CLUSTER, hosts=CLUSTER.hosts[:2])) == "change roles in the inventory, then: invoke cluster.up"


def test_one_manager_is_as_the_benchmark_wants_it(cis):
    assert bad(cis({"role=manager": lines("m1")}, "cis_swarm")) == []


def test_what_a_person_judges_is_shown_in_words(cis):
    shown = {one.id: [value for _, value in one.evidence] for one in cis(None, "cis_swarm") if one.status == "to judge"}
    assert shown["cis-7.7"] == ["they are valid for 90 days"] and shown["cis-7.6"] == ["not rotated since 2026-11-28"]
    assert shown["cis-7.4"] == ["Swarm has one"] and shown["cis-7.9"] == ["both use one address"]
    assert shown["cis-7.8"][0].startswith("made 20") and ", ends 20" in shown["cis-7.8"][0]
    apart = cis(
        {"docker-state.json": json.dumps({"AdvertiseAddr": "10.0.0.1", "DataPathAddr": "10.1.0.1"})}, "cis_swarm"
    )
    assert [one.evidence[0][1] for one in apart if one.id == "cis-7.9"] == [
        "containers use 10.1.0.1, the swarm 10.0.0.1"
    ]
    open_key = cis({"AutoLockManagers": lines(False)}, "cis_swarm")
    assert [one.status for one in open_key if one.id == "cis-7.6"] == ["not applicable"]


def test_an_image_by_its_digest_alone_is_a_version(cis):
    image = f"busybox@sha256:{'0' * 64}"
    assert bad(cis({"json .Spec}": lines(spec(Image=image))}, "cis_services")) == []
    assert bad(cis({"json .Spec}": lines(spec(Image=image.replace("@", ":latest@")))}, "cis_services")) == [
        ("cis-5.28", "web")
    ]


def test_a_remedy_takes_rights_away_and_gives_none(cis):
    files = "/etc/docker/certs.d/r/ca.crt\n/etc/docker/certs.d/r/client.key\n"
    answers = {"ls -d /etc/docker/certs.d": files, "stat -Lc %a /etc/docker/certs.d/r/client.key": "600\n"}
    (one,) = [one for one in cis(answers) if one.status == "finding"]
    assert (one.id, one.fix) == (
        "cis-3.8",
        "on m1: chmod 444 /etc/docker/certs.d/r/ca.crt && chmod 400 /etc/docker/certs.d/r/client.key",
    )


def test_files_of_the_engine_are_also_those_that_its_flags_name(cis):
    command = "dockerd\0-H\0fd://\0--tlskey=/etc/key.pem\0"
    results = cis({"/proc/7/cmdline": command, "stat -Lc %a /etc/key.pem": "644\n"}, "cis_hosts")
    assert [(one.id, one.fix) for one in results if one.status == "finding"] == [
        ("cis-3.14", "on m1: chmod 400 /etc/key.pem")
    ]


UP = "then: invoke cluster.up"
STANDS = "out of docker.service (systemctl cat docker.service shows where it stands)"


@pytest.mark.parametrize(
    ("words", "file", "own", "fix"),
    [
        (["--icc"], {}, {}, f"on m1, take --icc {STANDS} and type: systemctl daemon-reload; then write daemon.icc:"
         f" false in the inventory, {UP}"),
        (["-D"], {}, {}, f"on m1: take -D {STANDS}, drain the node, then: systemctl daemon-reload &&"
         " systemctl restart docker"),
        ([], {"debug": True}, {}, "on m1: take debug out of /etc/docker/daemon.json, drain the node, then:"
         " systemctl restart docker"),
        ([], {"debug": True}, {"debug": True}, f"take daemon.debug out of the inventory, {UP}"),
        ([], {"log-level": "warn"}, {}, f"write daemon.log-level: info in the inventory, {UP}"),
        ([], {"cgroup-parent": "/x"}, {}, "on m1: take cgroup-parent out of /etc/docker/daemon.json, drain the node,"
         " then: systemctl restart docker"),
        ([], {"cgroup-parent": "/x"}, {"cgroup-parent": "/x"}, f"take daemon.cgroup-parent out of the inventory, {UP}"),
        (["--cgroup-parent", "/x"], {}, {}, f"on m1: take --cgroup-parent /x {STANDS}, drain the node, then:"
         " systemctl daemon-reload && systemctl restart docker"),
    ],
)  # fmt: skip
def test_a_remedy_is_about_the_place_where_a_setting_stands(cis, words, file, own, fix):
    hosts = tuple(replace(host, daemon=own) for host in CLUSTER.hosts)
    answers = {
        "/proc/7/cmdline": "\0".join(["dockerd", *words, ""]),
        "cat -- /etc/docker/daemon.json": json.dumps({**DAEMON, **file}),
    }
    (one,) = [
        one for one in cis(answers, "cis_daemon", cluster=replace(CLUSTER, hosts=hosts)) if one.status == "finding"
    ]
    assert one.fix == fix


def test_networks_are_made_anew_in_the_place_where_they_are_described():
    cluster = replace(CLUSTER, networks=(Network("front"), Network("back")))
    of_stack = {"Name": "web_inner", "Labels": {"com.docker.stack.namespace": "web"}}
    assert remade(cluster, [{"Name": "front"}, {"Name": "back"}], "encrypted: true").endswith(
        "then: invoke cluster.up --replace-network front,back"
    )
    assert remade(cluster, [of_stack], "a larger subnet") == (
        "write a larger subnet for the network inner in the compose file, then: invoke stack.rm web;"
        " invoke stack.deploy web"
    )


def test_a_compose_file_says_encrypted_in_its_own_words():
    of_stack = {"Name": "web_inner", "Labels": {"com.docker.stack.namespace": "web"}}
    fix = remade(CLUSTER, [of_stack], "encrypted: true", compose='driver_opts: {encrypted: "true"}')
    assert fix.startswith('write driver_opts: {encrypted: "true"} for the network inner in the compose file, then: ')


def test_no_remedy_removes_a_stack_that_skep_cannot_deploy_again():
    of_others = {"Name": "other_inner", "Labels": {"com.docker.stack.namespace": "other"}}
    assert remade(CLUSTER, [of_others], "a larger subnet") == (
        "on a manager, once FILE of stack other, which is not in the inventory, says a larger subnet for its network"
        " inner: docker stack rm other, and when it is gone: docker stack deploy --compose-file FILE other"
    )


def test_a_file_with_a_space_in_its_name_is_one_file(cis):
    path = "/etc/docker/certs.d/r/my ca.crt"
    answers = {"ls -d /etc/docker/certs.d": f"{path}\n", f"stat -Lc %a '{path}'": "644\n"}
    (one,) = [one for one in cis(answers) if one.status in ("finding", "not seen")]
    assert one.fix == f"on m1: chmod 444 '{path}'"


def test_a_manager_that_does_not_listen_was_not_looked_at(cis):
    (one,) = [one for one in cis({"ss --no-header": ""}, "cis_swarm") if one.status == "not seen"]
    assert (one.id, one.where) == ("cis-7.2", "m1")
    assert "2377" in one.message


@pytest.mark.parametrize(
    ("identity", "flags"),
    [
        ("cis-2.2", ["--icc"]),
        ("cis-2.3", ["--log-level=debug"]),
        ("cis-2.3", ["-l", "debug"]),
        ("cis-2.3", ["-D"]),
        ("cis-2.4", ["--iptables=false"]),
        ("cis-2.8", ["-H", "0.0.0.0:2375"]),
        ("cis-2.8", ["-H0.0.0.0:2375", "--tlsverify=false"]),
        ("cis-2.8", ["--host=tcp://0.0.0.0:2376", "--tls"]),
        ("cis-2.11", ["--cgroup-parent", "/x"]),
        ("cis-2.12", ["--storage-opt", "dm.basesize=20G"]),
        ("cis-2.15", ["--no-new-privileges=0"]),
        ("cis-2.17", ["--userland-proxy=true"]),
    ],
)
def test_each_flag_of_dockerd_counts_before_the_file(cis, identity, flags):
    command = "\0".join(["/usr/sbin/dockerd", *flags, "--log-opt", "token=hunter2"])
    results = cis({"/proc/7/cmdline": command}, "cis_daemon")
    assert bad(results) == [(identity, "m1")]
    assert "hunter2" not in str(results)


def test_an_engine_whose_clients_are_checked_may_listen(cis):
    command = "dockerd\0--tlsverify\0-H\0fd://\0-H\0tcp://0.0.0.0:2376\0"
    assert bad(cis({"/proc/7/cmdline": command}, "cis_daemon")) == []


def test_processes_that_cannot_be_listed_are_no_pass(cis):
    (one,) = [one for one in cis({"ps -eo": Answer(127, "", "ps: not found")}, "cis_daemon") if one.id == "cis-5.7"]
    assert (one.status, "ps: not found" in one.message) == ("not seen", True)


def test_what_no_engine_has_confines_nothing_and_an_engine_without_is_named(audit):
    def of(*bare):
        table = {**RIGHT, ENGINE: lines({**INFO, "SecurityOptions": ["name=apparmor"]})}
        tables = {name: table if name in bare else {**RIGHT, ENGINE: lines(INFO)} for name in ("m1", "m2", "m3")}
        results = audit("cis_services", hosts=("m1",), **tables)
        return [(one.status, one.message) for one in results if (one.id, one.where) == ("cis-5.3", "web")]

    assert of("m2") == [("finding", "engines without SELinux: m2")]
    assert of("m1", "m2", "m3") == [("not applicable", "no engine has SELinux")]
