"""One look at every host: the joined script, and what each kind of answer becomes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from skep import preflight
from skep.errors import ConnectError, EngineSilent, ProbeError, SkepError, SudoError
from skep.model import Access, Cluster, Host
from skep.observe import join, observe, split
from skep.plan import Step
from skep.role import ClusterRole
from skep.ssh import Result

CLUSTER = Cluster("test", (Host("m1", "10.0.0.1", "manager"), Host("w1", "10.0.0.2", "worker")))
PREFLIGHT = "platform distribution debian\nclock 1000\nhostname m1\nmachine-id m\nfree 9999999\n"


class Probed(ClusterRole[tuple[int, list[str]]]):
    name = "one"
    probe = "echo one"
    questions = ("/nodes", "/info")

    def parse(self, text: str, answers: Any) -> tuple[int, list[str]]:
        return int(text.strip() or 0), sorted(answers)

    def plan(self, cluster: Cluster, seen: Any) -> list[Step]:
        return []


class Unprobed(Probed):
    name, probe, questions = "two", "", ("/nodes",)


class Session:
    """Answers each section from a table; without one, prints nothing for it. ``cut`` shortens the output."""

    def __init__(self, host: str, table: dict[str, str], status: int = 0, cut: int | None = None) -> None:
        self.host, self.table, self.status, self.cut = host, {"user": "0\nroot\n", **table}, status, cut
        self.access = Access(sudo=False)
        self.scripts: list[str] = []

    def open(self) -> None:
        if "down" in self.table:
            raise ConnectError("cannot be reached", host=self.host)

    def run(self, script: str, *, timeout: float) -> Result:
        self.scripts.append(script)
        mark = script.split("printf '\\n")[1].split()[0]
        names = [part.split("\\n'")[0] for part in script.split(f"printf '\\n{mark} ")[1:]]
        out = "".join(f"\n{mark} {name}\n{self.table.get(name, '')}" for name in names)
        return Result(self.status, out[: self.cut], "sh: something\n")


class Pool:
    def __init__(self, *sessions: Session) -> None:
        self.sessions = {session.host: session for session in sessions}
        self.hosts = tuple(self.sessions)

    def map(self, work: Callable[[Any], Any], hosts: Iterable[str]) -> dict[str, Any]:
        def one(name: str) -> Any:
            try:
                return work(self.sessions[name])
            except SkepError as error:
                return error

        return {name: one(name) for name in hosts}


def look(*sessions: Session, **more: Any) -> Any:
    return observe(CLUSTER, Pool(*sessions), [Probed(), Unprobed()], **more)  # type: ignore[arg-type]


def failure(*args: Any, **more: Any) -> SkepError:
    seen = look(Session("m1", *args, **more))
    assert seen.facts == {} and seen.states == {"one": {}, "two": {}}
    error: SkepError = seen.failures["m1"]
    assert error.host == "m1"
    return error


def test_who_is_missing_is_reported_after_each_answer() -> None:
    reported: list[Any] = []
    look(Session("m1", {"preflight": PREFLIGHT}), Session("w1", {"down": ""}), waiting=reported.append)
    assert reported == [("m1", "w1"), ("w1",), ()]


def test_states_by_role_and_host() -> None:
    seen = look(Session("m1", {"preflight": PREFLIGHT, "one": "7\n"}), Session("w1", {"down": ""}))
    assert seen.states == {"one": {"m1": (7, [])}, "two": {"m1": (0, [])}}
    assert seen.hosts == ("m1",)
    assert seen.facts["m1"].hostname == "m1"
    assert list(seen.failures) == ["w1"]


def test_one_script_a_host_and_each_question_once() -> None:
    session = Session("m1", {"preflight": PREFLIGHT})
    look(session)
    assert len(session.scripts) == 1
    assert [session.scripts[0].count(f"GET {path} ") for path in ("/info", "/nodes")] == [1, 1]
    assert "two" not in session.scripts[0].split("preflight")[1]


def test_a_role_plans_from_its_states_and_the_platform_of_each_host() -> None:
    seen = look(Session("m1", {"preflight": PREFLIGHT, "one": "7\n"}), Session("w1", {"down": ""})).of(Probed())
    assert (seen.states, seen.members, seen.manager, seen.swarm) == ({"m1": (7, [])}, {"m1": None}, None, None)
    assert seen.platforms["m1"].distribution == "debian"
    assert [host.name for host in seen.hosts(CLUSTER)] == ["m1"]


def test_only_the_hosts_asked_for() -> None:
    one, other = Session("m1", {"preflight": PREFLIGHT}), Session("w1", {"preflight": PREFLIGHT})
    assert look(one, other, hosts=["w1"]).hosts == ("w1",)
    assert one.scripts == []


@pytest.mark.parametrize("table", [{"preflight": PREFLIGHT, "one": "7\n"}, {}])
def test_a_login_that_is_not_root_is_an_error_of_that_host_and_nothing_it_saw_counts(table: dict[str, str]) -> None:
    error = failure({**table, "user": "1000\ndeploy\n"})
    assert isinstance(error, SudoError)
    assert error.lines() == [
        "m1: observe: runs scripts as deploy, which is not root",
        "  cause: what it may not read would look as if it were not there",
        "  next:  set ssh.sudo: true in the inventory for this host, or log in as root: ssh.user: root",
    ]
    assert [finding.level for finding in preflight.check(CLUSTER, {}, {"m1": error})] == ["error"]


def test_a_script_that_fails() -> None:
    error = failure({"preflight": PREFLIGHT}, status=124)
    assert isinstance(error, ProbeError)
    assert error.lines()[:2] == ["m1: observe: the observation ended with status 124", "  cause: sh: something"]


def test_an_output_cut_anywhere_is_never_a_state() -> None:
    table = {"preflight": PREFLIGHT, "one": "7\n"}
    whole = len(
        Session("m1", table).run(join(dict.fromkeys(["preflight", "one", "engine-api"], ""), "@@x"), timeout=1).out
    )
    for length in range(whole - 6):
        assert isinstance(failure(table, cut=length), ProbeError), length


@pytest.mark.parametrize(
    ("table", "probe"),
    [
        ({"preflight": PREFLIGHT, "one": "seven"}, "one"),
        ({"preflight": PREFLIGHT.replace("clock 1000", "clock 1.N")}, "preflight"),
        ({"preflight": PREFLIGHT.replace("free 9999999", "free")}, "preflight"),
        ({"preflight": PREFLIGHT + "address eth0\n"}, "preflight"),
        ({"preflight": PREFLIGHT + "listen tcp x\n"}, "preflight"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_this_hosts_failure_alone(table: dict[str, str], probe: str) -> None:
    error = failure(table)
    assert isinstance(error, ProbeError)
    assert error.message == f"the answer to the {probe} probe cannot be understood"
    assert error.cause


def test_an_engine_that_does_not_answer() -> None:
    error = failure({"preflight": PREFLIGHT, "engine-api": "--engine runs--\n"})
    assert isinstance(error, EngineSilent)
    assert "journalctl -u docker" in str(error)


def run(probes: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(["sh", "-c", join(probes, "@@x")], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    return split(done.stdout, "@@x")


def test_joined_probes_do_not_disturb_each_other() -> None:
    probes = {
        "first": "cd /; A=1; echo one; exit 3",
        "second": "echo ${A:-none}; echo oops >&2; set -e; false; echo no",
        "third": "printf 'no end of line'",
        "fourth": "echo @@x; echo; echo '@@y end'",
        "empty": "true",
        "last": "umask",
    }
    sections = run(probes)
    assert list(sections) == [*probes, "end"]
    assert [sections[name].strip() for name in ("first", "second", "third", "empty")] == [
        "one", "none", "no end of line", "",
    ]  # fmt: skip
    assert sections["fourth"] == "@@x\n\n@@y end\n"


def test_a_section_cut_short_is_not_among_them() -> None:
    text = "\n@@x a\n1\n\n@@x b\n2\n\n@@x end\n"
    assert split(text, "@@x") == {"a": "1\n", "b": "2\n", "end": ""}
    assert split(text[: text.index("2")], "@@x") == {"a": "1\n"}
    assert split("noise\n@@x a\n1", "@@x") == {}
    assert split("", "@@x") == {}


def test_an_engine_that_listens_elsewhere_is_a_mistake_to_fix_on_that_host() -> None:
    listens = "--engine runs--\n--listens--\n--unit--\n--file--\n" + '{"hosts": ["tcp://:2375"]}\n--more--\n'
    error = failure({"preflight": PREFLIGHT, "engine-api": listens})
    assert isinstance(error, ProbeError)
    assert "but on tcp://:2375" in str(error) and "hosts of /etc/docker/daemon.json" in str(error.next_action)
