"""Notices: never twice for the same state, signed, tried again, and without a secret; over real HTTP and SMTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from skep.model import Notice
from skep.notices import sending, telling
from skep.notices.deciding import event
from skep.notices.sending import Undelivered, below, persist, post, send
from skep.notices.telling import notify, ping
from skep.schedules.state import Kept
from skep.secret import Redaction, Secret

FAILED: dict[str, Any] = {
    "schedule": "nightly", "run": "stack.refresh web", "result": "failed", "exit": 5, "seconds": 3.2,
    "text": "1 step failed", "ended": "2026-11-28T03:31:00Z", "next": "look at: invoke stack.ps web",
    "undone": [], "steps": 0, "drift": 0,
}  # fmt: skip
WELL = {**FAILED, "result": "ok", "exit": 0, "text": "nothing to do", "next": None}
DRIFT = {**FAILED, "result": "drift", "exit": 10, "text": "2 steps differ", "about": ["stacks/x", "stacks/y"]}


@dataclass
class Receiver:
    """A web server on loopback: answers with the statuses given, the last for good, and keeps what it got."""

    statuses: list[int] = field(default_factory=lambda: [204])
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((self.path, dict(self.headers), body))
            status = found.statuses.pop(0) if len(found.statuses) > 1 else found.statuses[0]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{found.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        server.shutdown()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PAUSE", 0.001)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path, "nightly")


def test_the_same_state_is_reported_once_and_its_end() -> None:
    assert event(FAILED, "") == "failure"
    known = sending_state(FAILED)
    assert event({**FAILED, "text": "2 step failed", "seconds": 99}, known) is None
    assert event({**FAILED, "text": "m1 cannot be reached"}, known) == "failure"
    assert event(WELL, known) == "recovery"
    assert event(WELL, "") is None and event(WELL, sending_state(WELL)) is None
    assert event(DRIFT, known) == "drift"
    assert event({**DRIFT, "text": "3 steps differ"}, sending_state(DRIFT)) is None
    assert event({**DRIFT, "about": ["stacks/z"]}, sending_state(DRIFT)) == "drift"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("m1 could not be asked", "m2 could not be asked", False),
        ("cannot reach 10.0.0.1:22", "cannot reach 10.0.0.2:22", False),
        ("web: 3 tasks fail", "web2: 3 tasks fail", False),
        ("ended after 3.2 s", "ended after 14.0 s", True),
        ("step 3: no answer in 300ms", "step 4: no answer in 12s", True),
        ("left by eve since 2026-11-28T03:30:00Z", "left by eve since 2026-11-29T03:30:01Z", True),
        ("read tcp 10.0.0.1:43210->10.0.0.2:2377: timeout", "read tcp 10.0.0.1:51234->10.0.0.2:2377: timeout", True),
        ("read tcp 10.0.0.1:43210->10.0.0.2:2377: timeout", "read tcp 10.0.0.1:43210->10.0.0.3:2377: timeout", False),
    ],
)
def test_names_make_another_state_and_amounts_do_not(one: str, other: str, same: bool) -> None:
    assert (sending_state({**FAILED, "text": one}) == sending_state({**FAILED, "text": other})) is same
    stacks = [{**FAILED, "about": [f"web: {text}"]} for text in (one, other)]
    assert (sending_state(stacks[0]) == sending_state(stacks[1])) is same


def sending_state(result: dict[str, Any]) -> str:
    from skep.notices.deciding import state

    return state(result)


def tell(kept: Kept, result: dict[str, Any], *notices: Notice, secrets: tuple[str, ...] = ()) -> list[str]:
    notes: list[str] = []
    notify(notices, "prod", kept, result, Redaction([Secret(one) for one in secrets]), notes.append)
    return notes


def test_a_webhook_gets_each_state_once_signed(receiver: Receiver, kept: Kept) -> None:
    hook = Notice("ops", webhook=Secret(f"{receiver.url}/hook?token=hunter2"), secret=Secret("key"))
    for result in (WELL, FAILED, FAILED, DRIFT, WELL, WELL):
        assert tell(kept, result, hook) == []
    bodies = [json.loads(body) for _, _, body in receiver.got]
    assert [one["event"] for one in bodies] == ["failure", "drift", "recovery"]
    assert bodies[0]["next"] == "look at: invoke stack.ps web" and "next: look at" in bodies[0]["message"]
    path, headers, body = receiver.got[0]
    expected = hmac.new(b"key", headers["X-Skep-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert (path, headers["X-Skep-Signature"]) == ("/hook?token=hunter2", f"sha256={expected}")
    assert headers["X-Skep-Delivery"] == bodies[0]["id"] != bodies[1]["id"]


def test_it_is_tried_again_with_the_same_id(receiver: Receiver, kept: Kept) -> None:
    receiver.statuses = [503, 429, 200]
    assert tell(kept, FAILED, Notice("ops", webhook=receiver.url)) == []
    assert len({headers["X-Skep-Delivery"] for _, headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3


@pytest.mark.parametrize(("status", "tries"), [(403, 1), (302, 1), (500, sending.TRIES)])
def test_what_is_not_delivered_is_noted_and_sent_after_the_next_run(
    receiver: Receiver, kept: Kept, status: int, tries: int
) -> None:
    receiver.statuses = [status]
    (note,) = tell(kept, FAILED, Notice("ops", webhook=f"{receiver.url}/hunter2"))
    assert f"answers {status}" in note and "hunter2" not in note
    assert len(receiver.got) == tries
    receiver.statuses = [200]
    assert tell(kept, FAILED, Notice("ops", webhook=receiver.url)) == []
    assert len(receiver.got) == tries + 1


def test_what_was_not_delivered_is_reported_as_a_recovery_where_all_is_well_again(
    receiver: Receiver, kept: Kept
) -> None:
    hook = Notice("ops", webhook=receiver.url)
    receiver.statuses = [403]
    tell(kept, FAILED, hook)
    receiver.statuses = [200]
    receiver.got.clear()
    for result in (WELL, WELL):
        assert tell(kept, result, hook) == []
    assert [json.loads(body)["event"] for _, _, body in receiver.got] == ["recovery"]


def test_the_same_failure_after_what_is_not_reported_is_news(receiver: Receiver, kept: Kept) -> None:
    hook = Notice("ops", webhook=receiver.url, events=("failure", "recovery"))
    for result in (DRIFT, WELL, FAILED, DRIFT, DRIFT, FAILED, DRIFT, WELL, WELL):
        tell(kept, result, hook)
    assert [json.loads(body)["event"] for _, _, body in receiver.got] == ["failure", "failure", "recovery"]


def test_who_was_notified_before_a_run_was_killed_is_not_notified_again(
    receiver: Receiver, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = [Notice(name, webhook=receiver.url) for name in ("a", "b")]

    def killed(notice: Notice, *given: Any) -> None:
        if notice.name == "b":
            raise KeyboardInterrupt
        send(notice, *given)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(telling, "send", killed)
        tell(kept, FAILED, *hooks)
    tell(kept, FAILED, *hooks)
    assert len(receiver.got) == 2


def test_a_full_disk_keeps_no_notice_back(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    notes = tell(Kept(tmp_path / "file", "nightly"), FAILED, Notice("ops", webhook=receiver.url))
    assert len(receiver.got) == 1 and len(notes) == 1 and f"{tmp_path / 'file'}" in notes[0]


def test_nobody_listens() -> None:
    with pytest.raises(Undelivered, match=r"127.0.0.1 cannot be reached"):
        post("http://127.0.0.1:1/hunter2", b"", {})


def test_one_that_fails_keeps_no_other_back(receiver: Receiver, kept: Kept) -> None:
    notes = tell(kept, FAILED, Notice("a", command=("/nowhere/page",)), Notice("b", webhook=receiver.url))
    assert len(notes) == 1 and "/nowhere/page cannot be run" in notes[0]
    assert len(receiver.got) == 1


def test_events_and_schedules_of_a_target(receiver: Receiver, kept: Kept) -> None:
    only = Notice("ops", webhook=receiver.url, events=("failure",))
    other = Notice("other", webhook=receiver.url, schedules=("drift",))
    for result in (FAILED, WELL, DRIFT, FAILED):
        tell(kept, result, only, other)
    assert [json.loads(body)["event"] for _, _, body in receiver.got] == ["failure", "failure"]


def test_a_command_gets_it_on_its_standard_input(tmp_path: Path, kept: Kept) -> None:
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\ncat >{tmp_path}/got\n")
    script.chmod(0o755)
    assert tell(kept, FAILED, Notice("ops", command=(str(script),))) == []
    assert json.loads((tmp_path / "got").read_text())["event"] == "failure"


def test_a_command_may_leave_a_process_behind(tmp_path: Path, kept: Kept) -> None:
    script = tmp_path / "page"
    script.write_text(f"#!/bin/sh\nsleep 300 &\necho $! >>{tmp_path}/children\necho no >&2\nexit $1\n")
    script.chmod(0o755)
    try:
        assert tell(kept, FAILED, Notice("ops", command=(str(script), "0"))) == []
        assert len((tmp_path / "children").read_text().split()) == 1
        (note,) = tell(kept, FAILED, Notice("other", command=(str(script), "3")))
        assert "page ended with 3: no" in note
    finally:
        for child in (tmp_path / "children").read_text().split():
            os.kill(int(child), signal.SIGKILL)


def test_no_secret_is_in_a_notice(receiver: Receiver, kept: Kept) -> None:
    result = {**FAILED, "text": "login with hunter2 failed", "undone": ["hunter2"], "next": "use hunter2"}
    tell(kept, result, Notice("ops", webhook=receiver.url), secrets=("hunter2",))
    assert b"hunter2" not in receiver.got[0][2]


def test_a_dead_mans_switch(receiver: Receiver) -> None:
    notes: list[str] = []
    for word in ("start", "fail", ""):
        ping(Secret(f"{receiver.url}/uuid?rid=1"), word, "hunter2", Redaction([Secret("hunter2")]), notes.append)
    assert [path for path, _, _ in receiver.got] == ["/uuid/start?rid=1", "/uuid/fail?rid=1", "/uuid?rid=1"]
    assert receiver.got[1][2] == b"***"
    ping("http://127.0.0.1:1", "start", "", Redaction(), notes.append)
    assert len(notes) == 1
    assert below("https://example.com/", "fail") == "https://example.com/fail"


def test_pauses_grow() -> None:
    pauses: list[float] = []

    def never() -> None:
        raise Undelivered("no")

    with pytest.raises(Undelivered):
        persist(never, tries=3, pause=pauses.append)
    assert len(pauses) == 2 and pauses[1] > pauses[0]


class _Mail(socketserver.StreamRequestHandler):
    """SMTP as far as a client needs it."""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split(" ")[0].upper()
            if word == "DATA":
                self._say("354 go on")
                lines = []
                while (text := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(text)
                self.server.mails.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            if word == "QUIT":
                self._say("221 bye")
                return
            self._say("250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_apprise_sends_mail(kept: Kept) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail) as server:
        server.mails = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"mailto://127.0.0.1:{server.server_address[1]}?from=skep@example.com&to=ops@example.com"
        assert tell(kept, FAILED, Notice("mail", apprise=Secret(url))) == []
        server.shutdown()
        (mail,) = server.mails  # type: ignore[attr-defined]
    assert "Subject: prod: schedule nightly failed" in mail and "next: look at: invoke stack.ps web" in mail


def test_a_url_that_apprise_does_not_know_is_final() -> None:
    with pytest.raises(Undelivered, match="does not know") as error:
        send(Notice("x", apprise=Secret("nonsense://hunter2")), "", "", {}, "1")
    assert error.value.final


def test_what_a_killed_run_did_not_tell_is_told_by_the_next(
    receiver: Receiver, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Notice("ops", webhook=f"{receiver.url}/ops"), Notice("mail", webhook=f"{receiver.url}/mail")

    def killed(notice: Notice, *given: Any) -> None:
        if notice is second:
            raise SystemExit
        send(notice, *given)

    with monkeypatch.context() as context:
        context.setattr(telling, "send", killed)
        with pytest.raises(SystemExit):
            tell(kept, FAILED, first, second)
    assert tell(kept, WELL, first, second) == []
    assert [(path, json.loads(body)["event"]) for path, _, body in receiver.got] == [
        ("/ops", "failure"), ("/ops", "recovery"), ("/mail", "recovery"),
    ]  # fmt: skip


def test_a_command_that_finds_no_room_for_what_it_says_is_not_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> object:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("skep.notices.sending.tempfile.TemporaryFile", full)
    with pytest.raises(Undelivered, match="cannot be run: No usable temporary directory"):
        send(Notice("page", command=("/bin/true",)), "", "", {}, "1")
