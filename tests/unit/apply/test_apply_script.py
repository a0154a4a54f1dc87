"""The scripts that steps become, run by the local shell in folders of the test."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from skep.apply.script import put_script, run_script
from skep.holder import me
from skep.lock.fence import REFUSED, fenced, read_fence
from skep.model import Secret
from skep.plan import Put, Run
from skep.shell import NO_ROOM
from tests.steps import step_id
from tests.timing import having_begun

AWKWARD = 'it\'s "$HOME" `id` \\n $(id) ! # é 漢\n\n\tnext\n'


@pytest.fixture
def shell(tmp_path: Path) -> Any:
    """Runs a step's script as a session does, with ``/run`` in the test's folder."""
    (tmp_path / "run").mkdir()

    def run(script: str, **more: Any) -> subprocess.CompletedProcess[str]:
        body = "{\n" + script.replace("/run/", f"{tmp_path}/run/") + "\n} </dev/null\n"
        argv = more.pop("argv", ["/bin/sh", "-s"])
        return subprocess.run(argv, input=body, capture_output=True, text=True, timeout=120, check=False, **more)

    return run


def step(script: str, **more: Any) -> Run:
    return Run(id=step_id("x/y@m1"), host="m1", title="t", cause="c", script=script, **more)


def put(path: Path, content: bytes, mode: int = 0o644) -> Put:
    return Put(id=step_id("x/y@m1"), host="m1", title="t", cause="c", path=str(path), content=content, mode=mode)


def left(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "run").iterdir()]


@pytest.mark.parametrize("value", ["plain", "", AWKWARD, "-n", "x" * 100_000])
def test_a_secret_arrives_as_it_is(shell: Any, value: str) -> None:
    done = shell(run_script(step('printf "%s" "$KEY"', variables={"KEY": Secret(value)})))
    assert (done.stdout, done.stderr, done.returncode) == (value, "", 0)


def test_plain_variables_and_secrets_are_exported(shell: Any) -> None:
    done = shell(run_script(step("sh -c 'echo $A $B'", variables={"B": "two", "A": Secret("one")})))
    assert done.stdout == "one two\n"


def test_files_lie_there_for_the_script_and_for_nobody_else(shell: Any, tmp_path: Path) -> None:
    files = {"a": b"", "sub dir/b's": b"\x00\xff\n", "sub dir/c": AWKWARD.encode(), "big": b"x" * 300_000}
    text = 'cd "$FILES"; find . -type f | sort; stat -c "%a %n" . a; cat "sub dir/c"; wc -c <big; od -An -tx1 sub*/b*'
    done = shell(run_script(step(text, files=files)))
    assert done.returncode == 0
    assert done.stdout == (
        f"./a\n./big\n./sub dir/b's\n./sub dir/c\n700 .\n600 a\n{AWKWARD}300000\n 00 ff 0a\n"
    )  # fmt: skip
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    "script", ["exit 7", "false; exit 7", "set -e; (exit 7); echo no", "sh -c 'exit 7'", "( exit 7"]
)
def test_the_status_is_the_scripts_and_nothing_stays(shell: Any, tmp_path: Path, script: str) -> None:
    done = shell(run_script(step(script, files={"a": b"x"})))
    assert done.returncode == (2 if script == "( exit 7" else 7)
    assert left(tmp_path) == []


def test_a_script_that_is_ended_leaves_nothing(shell: Any, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    script = run_script(step(f"touch {begun}; sleep 300", files={"key": b"secret"}))
    done = having_begun(
        begun.exists, lambda seconds: shell(script, argv=["timeout", "-k", "5", f"{seconds}", "sh", "-s"])
    )
    assert done.returncode == 124
    assert left(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_a_script_that_is_hung_up_leaves_nothing(shell: Any, tmp_path: Path, number: int) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # what is ignored here, as under nohup, is so there
    try:
        done = shell(run_script(step(f"kill -{int(number)} $$; sleep 0.1", files={"key": b"secret"})))
    finally:
        signal.signal(number, before)
    assert done.returncode == 143
    assert left(tmp_path) == []


def test_no_place_for_files_is_an_error_before_the_script(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "run").rmdir()
    done = shell(run_script(step("echo ran", files={"a": b""})))
    assert (done.returncode, done.stdout) == (73, "")


def test_new_files_of_the_script_are_readable_by_all(shell: Any, tmp_path: Path) -> None:
    shell(run_script(step(f"echo x >{tmp_path}/new", variables={"A": "b"})))
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


def test_commands_read_nothing(shell: Any) -> None:
    assert shell(run_script(step("cat; echo after"))).stdout == "after\n"


def test_a_comment_or_here_document_may_end_a_script(shell: Any) -> None:
    assert shell(run_script(step("cat <<END\nx\nEND"))).stdout == "x\n"
    assert shell(run_script(step("echo x # that is all"))).stdout == "x\n"


@pytest.mark.parametrize("content", [b"", b"{}\n", bytes(range(256)), b"x" * 300_000])
def test_put_writes_content_and_mode(shell: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "etc dir" / "it's.json"
    assert shell(put_script(put(path, content, 0o640))).returncode == 0
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_put_replaces_in_one_move(shell: Any, tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    path.write_text("old")
    before = path.stat().st_ino
    with path.open() as reader:
        shell(put_script(put(path, b"new")))
        assert reader.read() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_ino != before


def test_a_put_that_fails_says_so_and_keeps_the_old_file(shell: Any, tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    path.write_text("old")
    done = shell(put_script(put(path, b"new")).replace("base64 -d", "false"))
    assert done.returncode != 0
    assert path.read_text() == "old"
    (tmp_path / "file").write_text("")
    assert shell(put_script(put(tmp_path / "file" / "x", b""))).returncode != 0


def test_a_host_takes_no_script_of_an_older_run(shell: Any, tmp_path: Path) -> None:
    def sent(number: int, what: str) -> subprocess.CompletedProcess[str]:
        script = fenced(number, me(what), run_script(step("echo ran", files={"a": b"x"})))
        return shell(script.replace("/var/lib/skep", f"{tmp_path}/skep"))  # type: ignore[no-any-return]

    kept = tmp_path / "skep" / "fence"
    for number in (7, 7, 12):
        assert sent(number, "cluster.up").stdout == "ran\n"
        assert kept.read_text().startswith(f"{number} ")
    older = sent(11, "stack.deploy web")
    assert (older.returncode, older.stdout) == (REFUSED, "")
    number, holder = read_fence(older.stderr)
    assert (number, holder and holder.what) == (12, "cluster.up")
    assert left(tmp_path) == []
    kept.write_text("spoilt")
    assert sent(3, "cluster.up").stdout == "ran\n"


def test_a_script_whose_number_cannot_be_kept_does_not_run(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = shell(fenced(7, me("x"), "echo ran").replace("/var/lib/skep", f"{tmp_path}/file/skep"))
    assert (done.returncode, done.stdout) == (70, "")
    assert "mkdir" in done.stderr


def test_put_goes_through_a_link_and_not_into_a_folder(shell: Any, tmp_path: Path) -> None:
    target, link, folder = tmp_path / "target", tmp_path / "link", tmp_path / "folder"
    target.write_text("old")
    link.symlink_to("target")
    assert shell(put_script(put(link, b"new", 0o600))).returncode == 0
    assert (link.is_symlink(), target.read_text(), target.stat().st_mode & 0o777) == (True, "new", 0o600)
    folder.mkdir()
    done = shell(put_script(put(folder, b"new")))
    assert done.returncode == NO_ROOM
    assert done.stderr == f"{folder} is a folder where a file belongs\n"
    assert list(folder.iterdir()) == []
