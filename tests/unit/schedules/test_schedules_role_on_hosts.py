"""Schedules on hosts of the cluster: what is sent where, who may log in, and what is taken away."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from skep.model import Cluster, Host, Schedule
from skep.plan import Finding, Plan, Run, Send
from skep.schedules.host_files import Away, Program, Site
from skep.schedules.role import Timer
from skep.schedules.role_on_hosts import There
from skep.schedules.timers import units
from skep.secret import Secret
from skep.seen import Seen
from tests.steps import roles

HOSTS = tuple(Host(name, f"10.0.0.{place}", "manager") for place, name in enumerate(("m1", "m2", "m3"), 1))
NIGHTLY = Schedule("nightly", "stack.refresh", ("03:30",), at="m2")
CLUSTER = Cluster("prod", HOSTS, schedules=(NIGHTLY, Schedule("here", "drift", ("hourly",))))
PROGRAM = Program("digest", "3.11", "x86_64", "/tmp/a.tar.gz", 9, "sum")
SITE = Site("inventory/prod.yml", {"inventory/prod.yml": "1", "stacks/web/compose.yml": "2"}, b"tar")
KEY = "ssh-ed25519 AAAA"
MARK = "skep-schedules:prod:m2"


def role(cluster: Cluster = CLUSTER, program: Program = PROGRAM, **credentials: Secret) -> There:
    gone = not any(one.at for one in cluster.schedules)
    return There(cluster, None if gone else program, None if gone else SITE, credentials, {"m3": 2222})


def parsed(*lines: str) -> Away:
    found = role().parse("\n".join(["systemd 252", "user admin", "python 3.11 x86_64 /usr/bin/python3.11", *lines]), {})
    assert found is not None
    return found


def address(name: str) -> str:
    return f"address 10.0.0.{name[1]}"


def bare() -> dict[str, Away]:
    return {host.name: parsed(address(host.name), f"hostkey ssh-ed25519 K{host.name}") for host in HOSTS}


def planned(have: dict[str, Away], cluster: Cluster = CLUSTER, program: Program = PROGRAM) -> Plan:
    return Plan(
        role(cluster, program).plan(cluster, Seen(dict(have))), roles("schedules"), [host.name for host in HOSTS]
    )


def done(have: dict[str, Away]) -> dict[str, Away]:
    """As it is once a plan was carried out."""
    ways = {name: hashlib.sha256(content).hexdigest() for name, content in role()._ways(have).items()}
    made = units(role()._setting("/usr/bin/python3.11"), (NIGHTLY,), 252)
    texts = {name: text for one in made.values() for name, text in one.items()}
    systemd = replace(
        have["m2"].units,
        units={name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
        owned=tuple(texts),
        timers={"nightly": Timer("active", "enabled")},
    )
    line = f'restrict,from="10.0.0.2" {KEY} {MARK}'
    have = {name: replace(found, logins=(line,)) for name, found in have.items()}
    m2 = replace(
        have["m2"], there=True, key=KEY, program=True, current=SITE.folder, site=SITE.sums, ways=ways, units=systemd
    )
    return {**have, "m2": m2}


def test_at_first_all_is_sent_and_who_may_log_in_follows_once_there_is_a_key() -> None:
    plan = planned(bare())
    assert {str(step.id) for step in plan} == {
        "schedules/key@m2", "schedules/program:archive@m2", "schedules/program@m2", "schedules/site@m2",
        "schedules/ways@m2",
    }  # fmt: skip
    assert plan.later and "once the key is made" in plan.later[0].text
    [sent] = [step for step in plan if isinstance(step, Send)]
    assert (sent.source, sent.size) == ("/tmp/a.tar.gz", 9)

    plan = planned({**bare(), "m2": replace(bare()["m2"], key=KEY, there=True)})
    logins = [step for step in plan if step.id.action == "login"]
    assert [step.host for step in logins] == ["m1", "m2", "m3"]
    assert {step.variables["LINES"] for step in logins if isinstance(step, Run)} == {
        f'restrict,from="10.0.0.2" {KEY} {MARK}'
    }
    assert [str(step.id) for step in plan][-2:] == ["schedules/try@m2", "schedules/units:nightly@m2"]
    assert plan.ahead(plan.steps[-2].id) >= {one.id for one in logins}


def test_what_references_give_is_there_before_the_inventory_is_read_there() -> None:
    have = {**bare(), "m2": replace(bare()["m2"], key=KEY, there=True)}
    items = role(TOKEN=Secret("hunter22")).plan(CLUSTER, Seen(dict(have)))
    plan = Plan(items, roles("schedules"), ["m1", "m2", "m3"])
    tried = next(step for step in plan if step.id.action == "try")
    assert "schedules/credentials@m2" in plan.ahead(tried.id)
    assert tried.id in plan.ahead(plan.steps[-1].id) and plan.steps[-1].id.action == "units"


def test_host_keys_are_known_by_the_addresses_of_the_inventory() -> None:
    known = role()._ways(bare())["known_hosts"].decode().splitlines()
    assert known == ["10.0.0.1 ssh-ed25519 Km1", "10.0.0.2 ssh-ed25519 Km2", "[10.0.0.3]:2222 ssh-ed25519 Km3"]


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert not len(planned(done(bare())))


def test_files_that_were_edited_there_and_another_commit_are_sent_again() -> None:
    have = done(bare())
    edited = {**SITE.sums, "stacks/web/compose.yml": "other", "stray": "3"}
    plan = planned({**have, "m2": replace(have["m2"], site=edited)})
    step = next(step for step in plan if step.id.action == "site")
    assert step.cause == "2 differ" and step.detail == ("stacks/web/compose.yml: changed", "remove stray")
    assert [step.id.action for step in plan] == ["site", "try"]


def test_a_site_of_the_same_files_is_sent_for_which_of_them_may_be_run() -> None:
    have = done(bare())
    plan = planned({**have, "m2": replace(have["m2"], current=replace(SITE, programs=frozenset(SITE.sums)).folder)})
    step = next(step for step in plan if step.id.action == "site")
    assert step.cause == "they differ in which may be run" and not step.detail


def test_a_later_skep_lies_beside_the_earlier_until_all_units_name_it() -> None:
    have = done(bare())
    earlier = replace(have["m2"], program=False, old=("program/digest", "program.new"))
    plan = planned({**have, "m2": earlier}, program=replace(PROGRAM, digest="newer", archive="/tmp/b.tar.gz"))
    order = [step.id.action for step in plan]
    assert order == ["program", "program", "try", "units", "clear"]
    assert plan.steps[0].cause == "another version is there"
    clear = plan.steps[-1]
    assert isinstance(clear, Run) and clear.variables["OLD"] == "program/digest", "what comes now is not yet old"
    assert plan.ahead(clear.id) >= {step.id for step in plan.steps[:-1]}
    units = plan.steps[-2]
    assert isinstance(units, Run)
    assert b"there/prod/program/newer" in units.files["units/skep-prod-nightly.service"]  # type: ignore[operator]


def test_what_a_run_uses_stays_and_is_named() -> None:
    have = done(bare())
    plan = planned({**have, "m2": replace(have["m2"], used=("site/0123",))})
    assert not len(plan) and "a run goes on from site/0123" in plan.findings[0].text
    plan = planned({**have, "m2": replace(have["m2"], old=("site/0123", "site.old"))})
    [clear] = plan
    assert clear.detail[0] == "remove /var/lib/skep/there/prod/site/0123" and len(clear.detail) == 2


def test_units_whose_folder_is_gone_go_as_well() -> None:
    """Somebody removed it by hand: what units say in their second line is enough to know them."""
    have = bare()
    left = parsed("owned skep-prod-nightly.timer", "sum 1 skep-prod-nightly.timer", address("m2"))
    plan = planned({**have, "m2": left}, replace(CLUSTER, schedules=()))
    assert [step.id.action for step in plan] == ["remove", "gone"]


def test_a_login_with_other_addresses_is_written_anew_and_that_of_a_silent_host_stays() -> None:
    have = done(bare())
    old = f'restrict,from="10.9.9.9" {KEY} {MARK}'
    plan = planned({**have, "m1": replace(have["m1"], logins=(old, f"{old[:-2]}m9"))})
    [step] = [step for step in plan if step.id.action == "login"]
    assert isinstance(step, Run) and step.host == "m1"
    assert step.variables["OLD"].split("\n") == [MARK, "skep-schedules:prod:m9"]  # type: ignore[union-attr]
    silent = {name: found for name, found in have.items() if name != "m2"}
    assert not len(planned(silent)), "m2 did not answer"


@pytest.mark.parametrize("others", [(), (Schedule("nightly", "drift", ("daily",), at="m1"),)])
def test_a_host_that_has_none_any_more_is_cleared(others: tuple[Schedule, ...]) -> None:
    plan = planned(done(bare()), replace(CLUSTER, schedules=others))
    assert {"schedules/remove@m2", "schedules/gone@m2"} <= {str(step.id) for step in plan}
    gone = next(step for step in plan if step.id.action == "gone")
    assert isinstance(gone, Run) and gone.detail == ("remove all in /var/lib/skep/there/prod",)
    remove = next(step for step in plan if step.id.action == "remove")
    assert isinstance(remove, Run) and remove.variables["STOP"] and remove.id in plan.ahead(gone.id)
    assert remove.timeout > remove.patience > 600, "as long as a run may take to stop"
    have = done(bare())
    saved = {**have, "m2": replace(have["m2"], backups=True, metrics=True)}
    cluster = replace(CLUSTER, schedules=others, metrics="/srv/metrics")
    [gone] = [step for step in planned(saved, cluster) if step.id.action == "gone"]
    assert gone.detail == (
        "remove all in /var/lib/skep/there/prod but backups/, which holds what schedules saved",
        "remove /srv/metrics/skep-prod.prom",
    )
    assert [step.host for step in plan if step.id.action == "login"] == ["m1", "m2", "m3"]


def test_a_host_that_is_a_control_machine_itself_keeps_its_own() -> None:
    own = parsed(
        "other skep-prod-here.timer /srv/inventory/prod.yml",
        "sum 1 skep-prod-here.timer",
        address("m1"),
        "hostkey ssh-ed25519 Km1",
    )
    assert not len(planned({**done(bare()), "m1": replace(own, logins=done(bare())["m1"].logins)}))


def _refused(**changes: object) -> list[str]:
    have = bare()
    have["m2"] = replace(have["m2"], **changes)  # type: ignore[arg-type]
    items = role().plan(CLUSTER, Seen(dict(have)))
    assert all(isinstance(one, Finding) for one in items)
    return [f"{one.host}: {one.text}" for one in items if isinstance(one, Finding)]


def test_what_cannot_work_is_refused_by_name() -> None:
    old = (("3.9", "x86_64", "/usr/bin/python3"), ("3.11", "aarch64", "/usr/bin/python3.11"))
    assert _refused(pythons=old) == [
        "m2: it has no Python 3.11 for x86_64, as this machine has: 3.9 (x86_64), 3.11 (aarch64)"
    ]
    assert _refused(pythons=())[0].endswith("has: none")
    assert "authorized_keys" in _refused(elsewhere="/etc/ssh/keys/%u")[0]
