"""The pytest plugin behind ``run``: what tests may ask for, on which hosts they run, and what they gave."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host as Remote

from skep.errors import SkepError
from skep.model import Cluster, Host, Network, Stack
from skep.plan import Plan
from skep.preflight import Facts
from skep.secret import Redaction, secrets_in
from skep.verify.about import AUDIT, about
from skep.verify.check import STACKS, Check, Outcome
from skep.verify.parallel import TestsAhead
from skep.verify.unreachable import REACH, Lost
from skep.verify.witness import Witness

ARGUMENTS = frozenset(
    {"host", "desired", "cluster", "manager", "network", "stack", "ask", "facts", "plan", "found", "remotes"}
)
"""A test that needs nothing else can run ahead."""
BY_ITSELF = frozenset({"skip", "skipif", "xfail", "usefixtures", "filterwarnings"})
"""Marks by which pytest decides whether or how a test runs."""
LONGEST = 2000
"""Characters of evidence that are kept of one command, once no secret is in them."""

Found = Callable[[str, str], None]
"""Notes a command and what it gave as evidence of what a test says."""


class Plugin:
    """One run of the checks. ``files`` maps each ``verify.py`` to its role; ``lost`` are hosts that did not answer."""

    def __init__(
        self,
        witness: Witness,
        files: Mapping[Path, str],
        *,
        hosts: Sequence[Host],
        lost: Mapping[str, SkepError],
        tell: Callable[[Check], None],
        plan: Callable[[], Plan] | None = None,
    ) -> None:
        self.checks: list[Check] = []
        self.broken: str | None = None
        self._witness = witness
        self._redaction = Redaction(secrets_in(witness.cluster))
        self._files = files
        self._lost = lost
        self._tell = tell
        self._plan = plan
        self._reported: set[str] = set()
        self._evidence: dict[pytest.Item, list[tuple[str, str]]] = {}
        self._ahead = TestsAhead([])
        self._turns: Mapping[str, Sequence[Host | Network | Stack]] = {
            "desired": hosts,
            "network": witness.cluster.networks,
            "stack": witness.cluster.stacks,
        }

    @pytest.fixture(scope="session")
    def cluster(self) -> Cluster:
        """The cluster as desired."""
        return self._witness.cluster

    @pytest.fixture(scope="session")
    def ask(self) -> Callable[..., list[Any]]:
        """Docker's answer, asked once a run."""
        return self._witness.ask

    @pytest.fixture(scope="session")
    def manager(self) -> Remote:
        """A manager in a quorum."""
        return self._witness.manager()

    @pytest.fixture(scope="session")
    def remotes(self) -> Mapping[str, Remote]:
        """The machines that can be asked, by name: those of the run."""
        return self._witness.remotes()

    @pytest.fixture(scope="session")
    def plan(self) -> Plan:
        """What differs from the inventory."""
        return self._planned()

    @pytest.fixture(scope="module")
    def facts(self, desired: Host) -> Facts:
        """What the host says of itself."""
        return self._witness.facts(desired.name)

    @pytest.fixture
    def found(self, request: pytest.FixtureRequest) -> Found:
        """Keeps evidence."""
        return partial(self._note, request.node)

    @pytest.fixture(scope="module")
    def host(self, desired: Host) -> Remote:
        """The machine under test."""
        return self._witness.host(desired.name)

    def pytest_configure(self, config: pytest.Config) -> None:
        """Known, so that a mark of another name is an error."""
        config.addinivalue_line("markers", f"{AUDIT}(id, severity, remedy): what a finding of the test is about")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each host, network and stack in turn."""
        for argument, things in self._turns.items():
            if argument in metafunc.fixturenames:
                names = [thing.name for thing in things] or ["none"]
                metafunc.parametrize(argument, list(things) or [None], ids=names, scope="module")

    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Drop the turns of which there are none; hosts that were lost come first, as one error each."""
        items[:] = [item for item in items if None not in _params(item).values() and self._is_about_its_stack(item)]
        items[:0] = [Lost.of(session, name, error) for name, error in self._lost.items()]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Start the tests, hosts in turn, then let pytest go through them."""
        by_host: dict[str | None, list[pytest.Item]] = {}
        for item in filter(_runs_ahead, session.items):
            by_host.setdefault(_host(item), []).append(item)
        turns = chain.from_iterable(zip_longest(*by_host.values()))  # the first of each host, then the second
        self._ahead = TestsAhead((item, partial(self._call, item)) for item in turns if item)
        try:
            return (yield)
        finally:
            self._ahead.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Take the result of a test that ran ahead."""
        if pyfuncitem not in self._ahead:
            return None
        self._ahead.result(pyfuncitem)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of a test; its time is its own, not how long pytest waited."""
        report = yield
        if call.when == "call" and item in self._ahead:
            report.duration = self._ahead.seconds(item)
        if call.when == "call" or report.outcome != "passed":
            outcome, message = self._judge(report, call)
            role = self._files.get(item.path.resolve(), "ssh")
            clean = self._redaction.clean
            message = clean(message)
            said = about(item, role, call.excinfo.value if call.excinfo else None)
            said["remedy"] = clean(said["remedy"])
            seen = self._evidence.get(item, ())
            self._add(
                Check(
                    role,
                    _host(item),
                    _name(item),
                    outcome,
                    message,
                    report.duration,
                    evidence=tuple((clean(command), clean(value)[:LONGEST]) for command, value in seen),
                    **said,
                )
            )
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be read is an error of its role."""
        if report.failed:
            role = next((role for path, role in self._files.items() if path.match(report.nodeid)), report.nodeid)
            lines = [line[1:].strip() for line in report.longreprtext.splitlines() if line.startswith("E")]
            self._add(
                Check(role, None, "verify.py can be read", "error", " ".join(lines[-1:]), 0.0, id=f"{role}-unreadable")
            )

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Kept for the caller; pytest itself says nothing."""
        self.broken = excinfo.exconly()
        return True

    def _call(self, item: Any) -> None:
        """A test with its arguments, as pytest would call it."""
        params = _params(item)
        makers: dict[str, Callable[[], Any]] = {
            "host": lambda: self._witness.host(params["desired"].name),
            "cluster": lambda: self._witness.cluster,
            "manager": self._witness.manager,
            "ask": lambda: self._witness.ask,
            "plan": self._planned,
            "facts": lambda: self._witness.facts(params["desired"].name),
            "found": lambda: partial(self._note, item),
        }
        names = inspect.signature(item.obj).parameters
        item.obj(**{name: params[name] if name in params else makers[name]() for name in names})

    def _planned(self) -> Plan:
        if self._plan is None:
            pytest.skip("only cluster.audit makes a plan")
        self._witness.manager()  # without one a plan waits for an election, and knows nothing of services
        found: Plan = self._witness.remember("plan", self._plan)
        return found

    def _note(self, item: pytest.Item, command: str, value: str) -> None:
        self._evidence.setdefault(item, []).append((command, value))

    def _is_about_its_stack(self, item: pytest.Item) -> bool:
        """A stack's own tests are not about another one."""
        role, stack = self._files.get(item.path.resolve(), ""), _params(item).get("stack")
        return stack is None or not role.startswith(STACKS) or role == f"{STACKS}{stack.name}"

    def _judge(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> tuple[Outcome, str]:
        """An assertion is a finding; anything else that was raised kept us from looking.

        What keeps us from looking at much is reported once, and comes again as ``skipped``.
        """
        if call.excinfo is None or report.passed:
            return "passed", ""
        error = call.excinfo.value
        if report.skipped:
            return "skipped", str(error)
        if isinstance(error, SkepError):
            cause = f"{error.message}: {error.cause}" if error.cause else error.message
            outcome: Outcome = "skipped" if cause in self._reported else "error"
            self._reported.add(cause)
            return outcome, cause
        if isinstance(error, (AssertionError, pytest.fail.Exception)):
            return "failed", _said(call.excinfo)
        place = call.excinfo.traceback[-1]
        return "error", f"{call.excinfo.exconly()} ({place.path}:{place.lineno + 1})"

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._tell(check)


def _runs_ahead(item: pytest.Item) -> bool:
    """Whether a test is a plain function that asks for no more than what is at hand."""
    if not isinstance(item, pytest.Function) or item.cls is not None:
        return False
    marks = list(item.iter_markers())
    plain = not any(mark.name in BY_ITSELF or mark.kwargs.get("indirect") for mark in marks)
    return plain and set(item.fixturenames) <= ARGUMENTS | set(_params(item))


def _params(item: pytest.Item) -> dict[str, Any]:
    spec = getattr(item, "callspec", None)
    return dict(spec.params) if spec else {}


def _host(item: pytest.Item) -> str | None:
    if isinstance(item, Lost):
        return item.name
    desired = _params(item).get("desired")
    return desired.name if desired else None


def _name(item: pytest.Item) -> str:
    """The docstring's first line, after the network or stack it is about."""
    if isinstance(item, Lost):
        return REACH
    function = getattr(item, "function", None)
    words = (getattr(function, "__doc__", None) or item.name.partition("[")[0].replace("_", " ")).strip()
    things = [thing.name for key, thing in _params(item).items() if key in ("network", "stack")]
    return ": ".join([*things, words.splitlines()[0].rstrip(".")])


def _said(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """The words of an assertion without pytest's own explanation; that, where it has no words."""
    text = str(excinfo.value)
    words = text.partition("\nassert ")[0].strip()
    return words or str(excinfo.traceback[-1].statement).strip()
