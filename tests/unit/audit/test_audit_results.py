"""Ids, severities and remedies of tests; what the inventory accepts; the report for CI; how an audit ends."""

import datetime
import textwrap
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from skep.audit.junit import text
from skep.audit.results import counts, idle, results_of
from skep.audit.rows import rows
from skep.commands.cluster.audit import refuse
from skep.errors import AuditFindings, AuditIncomplete
from skep.model import Accepted, Secret, Stack
from skep.ssh import Result as Answer
from skep.verify.check import Check
from skep.verify.plugin import LONGEST
from tests.unit.audit.conftest import CLUSTER, TODAY, engine, lines

OWN = """
    import pytest

    @pytest.mark.audit(id="own-backup", severity="low", remedy="systemctl start backup.timer")
    def test_backup(host, desired, cluster, facts, found):
        '''the backup ran'''
        found("ls /backup", facts.hostname or "nothing")
        assert desired.name != "m2", f"no backup on {desired.name} of {cluster.name}"

    def test_plain(host):
        '''all is well'''

    def test_the_light(host, desired):
        '''the light is on'''
        assert desired.name != "m3", "it is off"
"""


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "test_backup.py"
    file.write_text(textwrap.dedent(OWN))
    return {"audit/backup": file}


def test_tests_of_a_site_have_ids_severities_and_remedies(audit, own):
    results = audit(more=own)
    found = [(one.id, one.where, one.severity, one.fix) for one in results if one.status == "finding"]
    assert found == [
        ("own-backup-the-light", "m3", "medium", ""),
        ("own-backup", "m2", "low", "on m2: systemctl start backup.timer"),
    ]
    assert {one.id for one in results} == {"own-backup", "own-backup-plain", "own-backup-the-light"}
    assert [one.evidence for one in results if one.id == "own-backup"] == [(("ls /backup", "nothing"),)] * 3


LONG = """
    def test_it(host, found):
        found("x", "y" * LESS + "SECRET")
"""


def test_no_secret_is_in_a_command_or_a_remedy_and_none_is_cut_before_it_is_taken_out(audit, tmp_path):
    mirror = Secret("http://x:hunter2@10.0.0.9:5000")
    cluster = replace(CLUSTER, hosts=tuple(replace(one, daemon={"x": [mirror]}) for one in CLUSTER.hosts))
    file = tmp_path / "test_long.py"
    file.write_text(textwrap.dedent(LONG).replace("LESS", str(LONGEST - 20)).replace("SECRET", mirror.reveal()))
    info = engine(RegistryConfig={"Mirrors": [mirror.reveal()]})
    answers = {"docker info --format '{{json .}}'": lines(info), "/dev/tcp/": Answer(124, "", "")}
    results = audit("hosts", m1=answers, cluster=cluster, more={"audit/long": file})
    assert "hunter2" not in str(results)
    assert any(one.id == "mirror-silent" and "take *** out of" in one.fix for one in results)
    assert any(one.id == "own-long-it" and one.evidence[0][1].endswith("yyy***") for one in results)


def test_tests_beside_a_stack_are_about_that_stack_alone(audit, tmp_path):
    file = tmp_path / "verify.py"
    file.write_text("def test_it(stack, cluster):\n    '''is there'''\n    assert stack.name == 'other', stack.name\n")
    cluster = replace(CLUSTER, stacks=(Stack("web", ("c.yml",)), Stack("other", ("c.yml",))))
    (one,) = audit(more={"stacks/web": file}, cluster=cluster)
    assert (one.id, one.where, one.stack, one.status, one.message) == (
        "own-web-it", "web", "web", "finding", "web"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("remedy", "fix"),
    [
        ("systemctl start backup.service", "on m1: systemctl start backup.service"),
        ("invoke cluster.up", "invoke cluster.up"),
        ("on the console, look", "on the console, look"),
    ],
)
def test_what_fixes_a_host_by_a_test_of_ones_own_is_typed_there(remedy, fix):
    of_host = check("own-x", remedy=remedy)
    (one,) = results_of([replace(of_host, role="audit/machines")], [], TODAY)
    assert one.fix == fix
    (other,) = results_of([replace(of_host, role="ssh")], [], TODAY)
    assert other.fix == remedy


def check(identity="disk-use", outcome="failed", host="m1", message="full", **more):
    more.setdefault("remedy", "make room")
    return Check("hosts", host, "has room", outcome, message, 0.5, id=identity, **more)


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ({}, "accepted"),
        ({"hosts": frozenset({"m1"})}, "accepted"),
        ({"hosts": frozenset({"m2"})}, "finding"),
        ({"until": TODAY}, "accepted"),
        ({"until": TODAY - datetime.timedelta(days=1)}, "finding"),
        ({"id": "inode-use"}, "finding"),
    ],
)
def test_what_the_inventory_accepts_is_none_until_its_day_is_over(entry, status):
    given = Accepted(**{"id": "disk-use", "reason": "a spare", **entry})
    (one,) = results_of([check()], [given], TODAY)
    assert one.status == status
    assert (one.accepted is given) is (status == "accepted")
    assert (one.lapsed is given) is ("until" in entry and status == "finding")


def test_what_could_not_be_looked_at_is_so_wherever_it_is_left_out_for_that():
    unseen = check("host-unreachable", "error", message="no answer")
    results = results_of([unseen, check(outcome="skipped", message="no answer"), check(outcome="skipped")], [], TODAY)
    assert [one.status for one in results] == ["not seen", "not seen", "not applicable"]
    assert [one.fix for one in results[:2]] == ["make room", ""]


def test_findings_come_first_and_the_worst_of_them():
    checks = [check(outcome="passed"), check("a", severity="low"), check("b", severity="high"), check("c", "error")]
    results = results_of(checks, [], TODAY)
    assert [one.id for one in results] == ["b", "a", "c", "disk-use"]
    assert counts(results) == {
        "finding": 2, "not seen": 1, "accepted": 0, "to judge": 0, "passed": 1, "not applicable": 0
    }  # fmt: skip


def test_an_entry_that_accepts_nothing_there_is_is_named():
    entries = [Accepted(one, "so") for one in ("disk-use", "own-here", "own-gone", "image-tag-moves")]
    results = results_of([check("own-here")], [], TODAY)
    assert [*idle(entries, results, {"image-tag-moves": None}, TODAY)] == [
        "own-gone is the id of no warning and of no test"
    ]


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"until": TODAY - datetime.timedelta(days=1)}, "take it out, or write a later day"),
        ({"until": TODAY}, None),
        ({"hosts": frozenset({"m1"})}, "is about no single host: take hosts out"),
        ({"stacks": frozenset({"web"})}, "is about no stack: take stacks out"),
    ],
)
def test_an_entry_that_is_over_or_names_what_its_id_is_not_about_is_named(entry, why):
    entries = [Accepted("cis-7.3", "so", **entry)]
    found = [*idle(entries, results_of([check("cis-7.3", host=None)], [], TODAY), {}, TODAY)]
    assert [why in one for one in found] == ([True] if why else [])


@pytest.mark.parametrize(
    ("outcomes", "error", "code", "words"),
    [
        (["failed", "error"], AuditFindings, 11, "1 finding in 2 checks; 1 could not be seen"),
        (["error", "passed"], AuditIncomplete, 12, "1 could not be seen of 2 checks"),
    ],
)
def test_findings_and_what_could_not_be_seen_have_exit_codes_of_their_own(outcomes, error, code, words):
    results = results_of([check(outcome=one, message=one) for one in outcomes], [], TODAY)
    with pytest.raises(error, match=words) as raised:
        refuse(results)
    assert raised.value.exit_code == code
    assert raised.value.next_action


def test_all_right_is_no_error():
    refuse(results_of([check(outcome="passed"), check(outcome="skipped")], [], TODAY))
    refuse(results_of([check()], [Accepted("disk-use", "a spare")], TODAY))


def test_junit_counts_what_is_accepted_as_no_failure():
    checks = [
        check(evidence=(("df", "full \x1b[31m<&>"),)),
        check("inode-use"),
        check("mirror-silent", "error"),
        check(outcome="passed"),
    ]
    written = text(results_of(checks, [Accepted("inode-use", "a spare", owner="ops")], TODAY), suite="audit")
    suite = ElementTree.fromstring(written).find("testsuite")
    assert {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4", "failures": "1", "errors": "1", "skipped": "1"
    }  # fmt: skip
    assert suite.find(".//failure").attrib["message"] == "full"
    assert suite.find(".//failure").text == "fix: on m1: make room"
    assert suite.find(".//skipped").attrib["message"] == "accepted: a spare (ops)"
    held = {one.attrib["name"]: one.attrib["value"] for one in suite.iter("property")}
    assert held["$ df"] == "full \\x1b[31m<&>" and held["severity"] == "high"


def test_what_the_same_keeps_from_being_seen_shares_a_row():
    why = "no manager can answer for the cluster (m1: no answer within 20 s)"
    ids = ("disk-use", "inode-use", "mirror-silent")
    unseen = [check(one, "error", host=host, message=why) for one in ids for host in ("m1", "w1")]
    other = check("disk-use", "error", host="m2", message="another reason")
    assert rows(results_of([*unseen, other], [], TODAY), "not seen") == [
        ("high", "m1, w1", "3 checks, such as disk-use", why, ""),
        ("high", "m2", "disk-use", "another reason", ""),
    ]


def test_hosts_that_are_alike_share_a_row():
    checks = [check(host=host, message=f"the disk of {host} is full") for host in ("m1", "w1")]
    other = check(host="m2", message="the disk of m2 is very full")
    found = rows(results_of([*checks, other], [], TODAY), "finding")
    assert found == [
        ("high", "m1, w1", "disk-use", "the disk of each is full", "on each: make room"),
        ("high", "m2", "disk-use", "the disk of m2 is very full", "on m2: make room"),
    ]
    assert rows(results_of(checks, [], TODAY), "passed") == []
