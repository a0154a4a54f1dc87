"""The tool as a user runs it: a process of its own in the repository, an inventory file, exit status and output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LIMIT = 900.0
"""Seconds after which a run counts as hung."""
SHOWN = 120
"""Lines of output that a failure shows."""


@dataclass(frozen=True, repr=False)
class Ran:
    """A run that ended. As text: what a failing test shows of it."""

    argv: list[str]
    exit: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err

    @property
    def events(self) -> list[dict[str, Any]]:
        """What ``--json`` printed; every line must be an object."""
        return [json.loads(line) for line in self.out.splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        """The events of that name, in order."""
        return [found for found in self.events if found["event"] == event]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps of the first plan it printed."""
        plans = self.named("plan")
        assert plans, f"no plan was printed\n{self}"
        return list(plans[0]["steps"])

    @property
    def ids(self) -> set[str]:
        """The ids of those steps."""
        return {step["id"] for step in self.steps}

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings of the first plan."""
        return list(self.named("plan")[0]["findings"])

    @property
    def done(self) -> list[str]:
        """Ids of all steps done, in order."""
        return [event["id"] for event in self.named("step") if event["kind"] == "done"]

    @property
    def error(self) -> dict[str, Any]:
        """The failure it ended with."""
        errors = self.named("error")
        assert len(errors) == 1, f"{len(errors)} errors were reported\n{self}"
        return errors[0]

    @property
    def bad_checks(self) -> list[dict[str, Any]]:
        """What ``cluster.verify`` found wrong."""
        rows = [row for event in self.named("verify") for row in event["checks"]]
        assert rows, f"nothing was verified\n{self}"
        return [row for row in rows if row["outcome"] not in ("passed", "skipped")]

    def must(self, exit_code: int = 0) -> Ran:
        """Itself, if it ended with that status."""
        found = self.exit
        assert found == exit_code, f"exit status {found}, expected {exit_code}\n{self}"
        return self

    def __repr__(self) -> str:
        return f"<{' '.join(self.argv[3:])}, exit {self.exit}>"

    def __str__(self) -> str:
        lines = [_readable(line) for line in self.out.splitlines()]
        shown = [line for line in lines if line][-SHOWN:]
        words = " ".join(self.argv[3:])
        return "\n".join([f"$ invoke {words}   (exit {self.exit})", *shown, *self.err.splitlines()[-SHOWN:]])


class Running:
    """A run that may still go on; its events are there as they come."""

    def __init__(self, argv: list[str], env: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self.argv = argv
        self._tell = tell
        self.process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_ctrl_c,
        )
        self._out: list[str] = []
        self._err: list[str] = []
        self._news = threading.Condition()
        streams = ((self.process.stdout, self._out), (self.process.stderr, self._err))
        self._readers = [threading.Thread(target=self._read, args=pair, daemon=True) for pair in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._news:
                lines.append(line)
                self._news.notify_all()
            if shown := _readable(line.rstrip()):
                self._tell(shown)
        with self._news:
            self._news.notify_all()

    def so_far(self) -> Ran:
        """What it said up to now."""
        with self._news:
            return Ran(self.argv, self.process.returncode or 0, "".join(self._out), "".join(self._err))

    def wait_for(self, what: str, holds: Callable[[Ran], bool], *, timeout: float = LIMIT) -> None:
        """Until its output so far shows something; ``AssertionError`` when it ends before."""
        deadline = time.monotonic() + timeout
        while not holds(self.so_far()):
            ended = not any(reader.is_alive() for reader in self._readers)
            assert not ended or holds(self.so_far()), f"ended before this was seen: {what}\n{self.so_far()}"
            assert time.monotonic() < deadline, f"not seen within {timeout:g} s: {what}\n{self.so_far()}"
            with self._news:
                self._news.wait(timeout=0.5)

    def wait_for_step(self, step: str, kind: str = "started") -> None:
        """Until a step whose id begins so has started, or whatever ``kind`` says."""
        self.wait_for(
            f"{step} {kind}",
            lambda ran: any(e["kind"] == kind and e["id"].startswith(step) for e in ran.named("step")),
        )

    def send(self, number: signal.Signals) -> None:
        """A signal to that one process."""
        self.process.send_signal(number)

    def stand_still(self) -> None:
        """Stop the process where it is; returns when all that it said has been read."""
        self.send(signal.SIGSTOP)
        while True:
            said = self.so_far().text
            time.sleep(1)
            if said == self.so_far().text and self._stands_still():
                return

    def _stands_still(self) -> bool:
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def end(self, *, timeout: float = LIMIT) -> Ran:
        """Wait for its end."""
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"did not end within {timeout:g} s\n{self.so_far()}") from None
        for reader in self._readers:
            reader.join(timeout=10)
        return Ran(self.argv, status, "".join(self._out), "".join(self._err))


def _heed_ctrl_c() -> None:
    """As at a terminal, even where these tests were started in the background of a shell, which ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Tool:
    """``invoke TASK -i INVENTORY``, with events on stdout unless asked otherwise."""

    tell: Callable[[str], None] = staticmethod(lambda _: None)
    """Takes what a run says, as it says it."""
    limit = LIMIT

    def __init__(self, inventory: Path, env: Mapping[str, str] | None = None) -> None:
        self.inventory = inventory
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SKEP_", "INVOKE_"))}
        self._env = {**kept, "PYTHONUNBUFFERED": "1", **(env or {})}

    def __call__(self, task: str, *options: str, json: bool = True, timeout: float | None = None) -> Ran:
        """Run it to its end."""
        with self.start(task, *options, json=json) as running:
            return running.end(timeout=self.limit if timeout is None else timeout)

    @contextmanager
    def start(self, task: str, *options: str, json: bool = True) -> Iterator[Running]:
        """Run it beside the test; it does not outlive the block."""
        argv = [
            sys.executable,
            "-m",
            "invoke",
            task,
            *options,
            "-i",
            str(self.inventory),
            *(["--json"] if json else []),
        ]
        running = Running(argv, self._env, self.tell)
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()


def _readable(line: str) -> str:
    """An event as a person would read it; nothing for a step's start and progress."""
    try:
        event = json.loads(line)
    except ValueError:
        return line
    match event.get("event"):
        case "plan":
            findings = [f"{f['level']}: {f['host'] or ''} {f['text']}" for f in event["findings"]]
            return "\n".join([*findings, *(f"plan: {step['id']}: {step['cause']}" for step in event["steps"])])
        case "step" if event["kind"] in ("started", "progress"):
            return ""
        case "step":
            return f"{event['kind']}: {event['id']} ({event['seconds']} s) {event['text']}"
        case "verify":
            bad = [row for row in event["checks"] if row["outcome"] not in ("passed", "skipped")]
            lines = [f"{row['outcome']}: {row['host']}: {row['role']}: {row['name']}: {row['message']}" for row in bad]
            return "\n".join([f"verify: {len(event['checks'])} checks, {len(bad)} bad", *lines])
        case "error":
            return "\n".join([f"error {event['kind']}", *event["lines"]])
    return line
