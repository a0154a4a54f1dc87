"""A run of checks: what is reported, what is written, and that a surrounding pytest does not notice."""

import os
import sys
import threading
from dataclasses import replace

import pytest

from skep.errors import SkepError
from skep.model import Network
from skep.verify import run

THREE = """
    import pytest

    def test_good(host):
        '''all is well.'''

    def test_bad(host, desired):
        '''the light is on

        More than the operator needs.
        '''
        light = "off"
        assert light == "on", f"the light on {desired.name} is {light}"

    def test_of_the_cluster(cluster):
        pytest.skip("nothing to see")
"""


def brief(checks):
    return [(check.host, check.name, check.outcome, check.message) for check in checks]


def test_checks_come_with_host_words_outcome_and_message(verify):
    checks = verify(THREE)
    assert brief(checks) == [
        ("m1", "all is well", "passed", ""),
        ("m1", "the light is on", "failed", "the light on m1 is off"),
        ("w1", "all is well", "passed", ""),
        ("w1", "the light is on", "failed", "the light on w1 is off"),
        (None, "test of the cluster", "skipped", "nothing to see"),
    ]
    assert {check.role for check in checks} == {"thing"}
    assert all(0 <= check.seconds < 5 for check in checks)
    assert [check.good for check in checks] == [True, False, True, False, True]


def test_only_the_hosts_asked_for(verify):
    assert {check.host for check in verify(THREE, hosts=["w1"])} == {"w1", None}


def test_no_host_leaves_what_is_the_clusters(verify):
    assert [check.host for check in verify(THREE, hosts=[])] == [None]


def test_nothing_is_printed(verify, capfd):
    verify(THREE + "\n    def test_broken(nonsense):\n        pass\n")
    assert capfd.readouterr() == ("", "")


def test_each_check_is_reported_when_it_is_done(verify, capsys):
    reported = []
    checks = verify(THREE, tell=lambda check: (reported.append(check), print(check.name)))
    assert reported == checks
    assert "all is well" in capsys.readouterr().out


def test_an_unreachable_host_is_one_error_and_the_others_are_checked(verify, pool, unreachable):
    checks = verify(THREE, on=pool(m1={}, w1={"": unreachable}))
    assert brief(checks)[0] == (
        "w1",
        "can be reached and lets us become root",
        "error",
        "cannot be reached: 10.0.0.2 port 22: no answer in time",
    )
    assert [check.host for check in checks] == ["w1", "m1", "m1", None]


def test_a_host_lost_on_the_way_is_reported_once(verify, pool, unreachable):
    text = """
        def test_one(host):
            assert host.run("look").succeeded

        def test_two(host):
            assert host.run("look").succeeded
    """
    checks = verify(text, on=pool(m1={}, w1={"look": unreachable}))
    assert [(check.host, check.outcome) for check in checks] == [
        ("m1", "passed"),
        ("m1", "passed"),
        ("w1", "error"),
        ("w1", "skipped"),
    ]


def test_a_mistake_in_a_check_is_an_error_with_its_place(verify):
    (check,) = verify("def test_it(cluster):\n    {}['x']\n")
    assert check.outcome == "error"
    assert check.message.startswith("KeyError: 'x' (")
    assert check.message.endswith("verify.py:2)")


def test_an_assertion_without_words_shows_itself(verify):
    (check,) = verify("def test_it(cluster):\n    assert cluster.name == 'other'\n")
    assert check.outcome == "failed"
    assert check.message.startswith("assert ")
    assert "cluster.name == 'other'" in check.message or "'test' == 'other'" in check.message


def test_a_file_that_cannot_be_read_is_an_error_of_its_role(verify, pool, pair, tmp_path):
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "verify.py").write_text("def test_it(cluster):\n    pass\n")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "verify.py").write_text("import nonsense_that_is_not_there\n")
    roles = {name: tmp_path / name / "verify.py" for name in ("good", "bad")}
    checks = run(pair, pool(m1={}, w1={}), roles, hosts=["m1"])
    assert [(check.role, check.outcome) for check in checks] == [("bad", "error"), ("good", "passed")]
    assert "nonsense_that_is_not_there" in checks[0].message


def test_networks_come_in_turn_and_none_gives_no_check(verify, pair):
    text = "def test_it(network):\n    '''is there'''\n"
    assert verify(text) == []
    cluster = replace(pair, networks=(Network("front"), Network("back")))
    assert [check.name for check in verify(text, role="other", cluster=cluster)] == [
        "front: is there",
        "back: is there",
    ]


def test_files_may_have_fixtures_of_their_own(verify):
    text = """
        import pytest

        @pytest.fixture(scope="module")
        def answer(host, desired):
            return desired.name

        @pytest.mark.parametrize("number", [1, 2])
        def test_it(answer, desired, number):
            assert answer == desired.name
    """
    assert [check.outcome for check in verify(text)] == ["passed"] * 4


def test_hosts_are_checked_at_once(verify):
    sys.modules["skep_test_barrier"] = barrier = threading.Barrier(2, timeout=60)
    try:
        checks = verify("import sys\n\ndef test_it(host):\n    sys.modules['skep_test_barrier'].wait()\n")
    finally:
        del sys.modules["skep_test_barrier"]
    assert [check.outcome for check in checks] == ["passed", "passed"]
    assert not barrier.broken


def test_tests_of_one_host_are_run_at_once(verify):
    text = """
        import sys

        import pytest

        def wait():
            sys.modules['skep_test_barrier'].wait()

        def test_one(host):
            wait()

        @pytest.mark.parametrize("number", [1, 2])
        @pytest.mark.severity("low")
        def test_many(host, number):
            assert number in (1, 2)
            wait()
    """
    sys.modules["skep_test_barrier"] = barrier = threading.Barrier(3, timeout=60)
    try:
        checks = verify(text, hosts=["m1"])
    finally:
        del sys.modules["skep_test_barrier"]
    assert [check.outcome for check in checks] == ["passed"] * 3
    assert not barrier.broken


def test_marks_by_which_pytest_decides_are_kept(verify):
    text = """
        import sys

        import pytest

        @pytest.fixture
        def number(request):
            return request.param * 2

        @pytest.mark.skip(reason="not here")
        def test_skipped(host):
            sys.modules["skep_test_ran"] = True

        @pytest.mark.parametrize("number", [1], indirect=True)
        def test_indirect(host, number):
            assert number == 2

        @pytest.mark.parametrize("one", [1, pytest.param(2, marks=pytest.mark.skip(reason="nor there"))])
        def test_some(host, one):
            assert one == 1
    """
    checks = verify(text, hosts=["m1"])
    assert [check.outcome for check in checks] == ["skipped", "passed", "passed", "skipped"]
    assert "skep_test_ran" not in sys.modules


def test_settings_around_do_not_leak_in(verify, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "conftest.py").write_text("raise RuntimeError\n")
    before = dict(os.environ)
    assert [check.outcome for check in verify("def test_it(cluster):\n    pass\n")] == ["passed"]
    assert dict(os.environ) == before


def test_a_surrounding_pytest_goes_on_undisturbed(verify, request, tmp_path):
    hooks, path = list(sys.meta_path), list(sys.path)
    verify(THREE)
    assert (sys.meta_path, sys.path) == (hooks, path)
    assert request.node.name in os.environ["PYTEST_CURRENT_TEST"]
    with pytest.raises(AssertionError, match=r"assert 1 == 2"):
        assert len("a") == len("ab")


def test_ctrl_c_goes_through(verify):
    with pytest.raises(KeyboardInterrupt):
        verify("def test_it(cluster):\n    raise KeyboardInterrupt\n")


def test_what_keeps_pytest_from_running_is_reported(verify, capfd):
    with pytest.raises(SkepError, match="the checks could not be run") as caught:
        verify("def pytest_generate_tests(metafunc):\n    raise SystemExit('no')\n\ndef test_it(cluster):\n    pass\n")
    assert "SystemExit" in caught.value.cause
    assert "Traceback" not in capfd.readouterr().err


def test_no_roles_no_checks(pair, pool):
    assert run(pair, pool(m1={}, w1={}), {}, hosts=["m1"]) == []
