"""What the swarm keeps of a stack's past, as tables."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from skep.commands.stack import revisions
from skep.errors import UsageError
from skep.model import Cluster
from skep.report import Reporter
from skep.swarm.revision import pack


def record(number: int, *, image: str = "busybox:1", done: bool = True, **more: Any) -> dict[str, Any]:
    env = [f"{key}={value}" for key, value in more.items()]
    service = {"Name": "web_app", "TaskTemplate": {"ContainerSpec": {"Image": image, "Env": env}}}
    services = {"web_app": service} | ({"web_db": service} if number > 2 else {})
    content = {"services": services, "changes": ["web_app: a", "web_app: b", "web_app: c", "web_app: d"][:number]}
    labels = {
        "skep.stack": "web",
        "skep.revision": str(number),
        "skep.state": "done" if done else "begun",
        "skep.who": "ada",
        "skep.commit": "abc",
        "skep.cause": "why",
    }
    spec = {"Name": f"skep.web.{number}", "Labels": labels, "Data": pack(content)}
    return {"ID": f"c{number}", "CreatedAt": f"2026-01-0{number}T10:11:12.345Z", "Spec": spec}


OTHER = {"ID": "x", "Spec": {"Name": "skep.web.abc", "Labels": {"skep.stack": "web", "skep.digest": "abc"}}}


class Recording(Reporter):
    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.ends: list[str] = []
        self.texts: list[str] = []

    def table(self, name: str, columns: Any, rows: Any, title: str = "", **_: Any) -> None:
        self.rows = [tuple(row) for row in rows]
        assert {len(row) for row in self.rows} == {len(columns)}

    def document(self, text: str) -> None:
        self.texts.append(text)

    def done(self, text: str) -> None:
        self.ends.append(text)


SITE: Any = SimpleNamespace(cluster=Cluster("test", hosts=()))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Configs of a swarm."""
    configs: list[dict[str, Any]] = []

    class Api:
        def read(self, path: str, *, filters: Any) -> Any:
            assert path == "/configs"
            key, _, value = filters["label"][0].partition("=")
            return [one for one in configs if one["Spec"]["Labels"].get(key) == value]

    @contextmanager
    def client(_: Any) -> Iterator[Api]:
        yield Api()

    monkeypatch.setattr(revisions, "manager_client", client)
    return configs


def test_history_is_newest_first(kept: list[Any]) -> None:
    kept += [record(1), record(10, done=False), record(2), OTHER, record(4)]
    tell = Recording()
    revisions.history(None, tell, name="web")  # type: ignore[arg-type]
    assert [row[0] for row in tell.rows] == [10, 4, 2, 1]
    assert [row[4] for row in tell.rows] == ["not seen to run", "ran", "ran", "ran"]
    assert tell.rows[-1] == (1, "2026-01-01T10:11:12Z", "ada", "abc", "ran", "", "why", "web_app: a")
    assert tell.rows[1][-1] == "web_app: a; web_app: b; web_app: c …"


def test_history_says_what_kept_a_revision_from_running(kept: list[Any]) -> None:
    failed = record(2, done=False)
    failed["Spec"]["Labels"]["skep.error"] = "web_app keeps failing: task web_app.1 on w1: exit 1"
    kept += [record(1), failed]
    tell = Recording()
    revisions.history(None, tell, name="web")  # type: ignore[arg-type]
    assert [row[5] for row in tell.rows] == ["web_app keeps failing: task web_app.1 on w1: exit 1", ""]


def test_two_revisions_field_by_field(kept: list[Any]) -> None:
    kept += [record(1, A="1"), record(2, A="2", image=f"busybox:2@sha256:{'a' * 64}"), record(3)]
    tell = Recording()
    revisions.diff(SITE, tell, name="web", old="1", new="2")  # type: ignore[arg-type]
    assert tell.rows == [("web_app", "Env.A", "1", "2"), ("web_app", "Image", "busybox:1", "busybox:2@aaaaaaaaaaaa")]
    revisions.diff(SITE, tell, name="web", old="2", new="3")  # type: ignore[arg-type]
    assert ("web_db", "", "none", "there") in tell.rows
    revisions.diff(SITE, tell, name="web", old="2", new="2")  # type: ignore[arg-type]
    assert tell.ends == ["revisions 2 and 2 of web do not differ"]


def config(name: str, text: str) -> dict[str, Any]:
    labels = {"com.docker.stack.namespace": "web"}
    return {"ID": name, "Spec": {"Name": name, "Labels": labels, "Data": base64.b64encode(text.encode()).decode()}}


def using(number: int, name: str, delay: int, sealed: list[str]) -> dict[str, Any]:
    files = [{"ConfigName": name, "File": {"Name": "/page", "Mode": 0o400 + number}}]
    template = {"ContainerSpec": {"Image": "busybox:1", "Configs": files}, "RestartPolicy": {"Delay": delay}}
    content = {"services": {"web_app": {"Name": "web_app", "TaskTemplate": template}}, "changes": [], "sealed": sealed}
    made = record(number)
    made["Spec"]["Data"] = pack(content)
    return made


@pytest.mark.parametrize("sealed", [False, True])
def test_numbers_have_units_and_configs_are_looked_into_but_for_secrets(kept: list[Any], sealed: bool) -> None:
    kept += [using(1, "web_page_1", 90 * 10**9, ["web_page_1"] if sealed else []), using(2, "web_page_2", 10**9, [])]
    kept += [config("web_page_1", "a\nb\n"), config("web_page_2", "a\nc\n")]
    tell = Recording()
    revisions.diff(SITE, tell, name="web", old="1", new="2")  # type: ignore[arg-type]
    assert tell.rows == [
        ("web_app", "Configs./page.Mode", "0401", "0402"),
        ("web_app", "Configs./page.Name", "web_page_1", "web_page_2"),
        ("web_app", "RestartPolicy.Delay", "90s", "1s"),
    ]
    inside = ["*** (holds a secret)"] if sealed else ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
    assert tell.texts == ["\n".join(["web_page_1 → web_page_2", *(f"  {line}" for line in inside)])]


def test_values_that_sound_like_secrets_are_stars(kept: list[Any]) -> None:
    kept += [record(1, DB_PASSWORD="old"), record(2, DB_PASSWORD="new")]
    tell = Recording()
    revisions.diff(SITE, tell, name="web", old="1", new="2")  # type: ignore[arg-type]
    assert tell.rows == [("web_app", "Env.DB_PASSWORD", "***", "***")]


def test_what_is_not_kept_is_said_with_what_is(kept: list[Any]) -> None:
    with pytest.raises(UsageError, match="no revision of a stack web"):
        revisions.history(None, Recording(), name="web")  # type: ignore[arg-type]
    kept += [record(1), record(2)]
    with pytest.raises(UsageError) as failure:
        revisions.diff(SITE, Recording(), name="web", old="1", new="7")  # type: ignore[arg-type]
    assert failure.value.message == "stack web has no revision 7"
    assert failure.value.next_action == "its revisions are: 1, 2"
