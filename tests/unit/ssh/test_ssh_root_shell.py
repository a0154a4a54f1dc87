"""One shell that answers many commands: each answer is its own command's, and as a login of its own would give it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from skep.errors import ConnectError, SkepError
from skep.ssh import Result, RootShell, Session, root_shell
from skep.ssh.connection import UNREACHED
from skep.waiting import until
from tests.timing import having_begun
from tests.unit.ssh.servers import Server

Serve = Callable[..., Server]
Login = Callable[..., Session]


@pytest.fixture
def shell(serve: Serve, login: Login) -> Iterator[Callable[..., RootShell]]:
    shells: list[RootShell] = []

    def make(server: Server | None = None) -> RootShell:
        shells.append(RootShell(login(server or serve())))
        return shells[-1]

    yield make
    for one in shells:
        one.close()


ODD = {
    "both streams": "echo out; echo err >&2; exit 3",
    "nothing": ":",
    "no newline": "printf x; printf y >&2",
    "empty lines": r"printf '\n\na\n\n\n'; printf '\n\n' >&2",
    "no text": r"printf '\377\000\303\251'",
    "quotes": """echo "a'b" 'c"d' \\$HOME; printf '%s' '$(id)'""",
    "several lines": "a=1\n# it's a comment\nif [ $a = 1 ]; then\n  echo yes\nfi",
    "document": "cat <<'END'\n$not 'expanded'\nEND",
    "no input": "cat; read x; echo $?",
    "ends early": "exit 7; echo never",
    "replaced": "exec sh -c 'echo replaced; exit 5'",
    "not found": "no-such-command-here",
    "not encodable": "printf %s '\udcff'",
    "pipe": "printf 'b\\na\\n' | sort",
    "closed": "exec 1>&-; echo late >&2; exit 4",
    "options": "set -eu; false; echo never",
    "signal": "sh -c 'kill -9 $$'",
}


@pytest.mark.parametrize("program", ["dash", "bash"])
def test_an_answer_is_the_one_that_a_channel_of_its_own_gives(
    shell: Callable[..., RootShell], serve: Serve, login: Login, program: str
) -> None:
    if not (found := shutil.which(program)):
        pytest.skip(f"no {program} here")
    server = serve()
    (server.path / "sh").symlink_to(found)
    alone, here = login(server), shell(server)
    for name, script in ODD.items():
        its, own = here.run(script), alone.run(script)
        assert (its.status, its.out) == (own.status, own.out), name
        assert _words(its.err) == _words(own.err), name
        assert here.run("echo after").out == "after\n", f"something of {name} is left for the next"


def test_what_a_command_changes_in_its_shell_is_gone_for_the_next(shell: Callable[..., RootShell]) -> None:
    here = shell()
    before = here.run("pwd; umask").out
    here.run("cd /usr; umask 0; x=1; set -f; trap 'echo trapped' EXIT; f() { echo f; }; exec 5>&1 6>&1")
    assert here.run("pwd; umask").out == before
    assert here.run('echo "$x" *; f; echo >&6').err.count("\n") >= 2


def test_a_command_that_the_shell_cannot_read_fails_alone(shell: Callable[..., RootShell]) -> None:
    here = shell()
    for script in ("if", "echo 'a", "(", "}"):
        assert here.run(script).status == 2
        assert here.run("echo on").out == "on\n"


def test_many_threads_one_login_one_channel(shell: Callable[..., RootShell], serve: Serve) -> None:
    server = serve()
    here = shell(server)
    with ThreadPoolExecutor(16) as threads:
        outs = [one.out for one in threads.map(here.run, [f"echo {n}; echo {n} >&2" for n in range(200)])]
    assert outs == [f"{number}\n" for number in range(200)]
    assert (server.logins, len(server.commands)) == (1, 1)


def test_what_waits_for_its_answer_is_not_run_twice_and_what_has_it_is_run_again(
    shell: Callable[..., RootShell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, file, on, asked = shell(), tmp_path / "file", tmp_path / "on", list[int]()
    count = f"echo x >>{file}; until [ -e {on} ]; do sleep 0.05; done; cat {file}"
    result = root_shell.result
    monkeypatch.setattr(root_shell, "result", lambda answer: (asked.append(1), result(answer))[1])
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(here.run, count) for _ in range(4)]
        assert until(lambda: len(asked) == 4, seconds=60, every=0.01)
        on.touch()
        assert {one.result().out for one in waiting} == {"x\n"}
    assert here.run(count).out == "x\nx\n"


def test_big_scripts_and_big_answers_on_both_streams(shell: Callable[..., RootShell]) -> None:
    size = 3_000_000
    answer = shell().run(f"# {'x' * size}\nhead -c {size} /dev/zero >&2\nhead -c {size} /dev/zero")
    assert (answer.status, len(answer.out), len(answer.err)) == (0, size, size)


def test_a_command_beyond_its_time_is_ended_and_the_others_are_answered(
    shell: Callable[..., RootShell], tmp_path: Path
) -> None:
    here, begun = shell(), tmp_path / "begun"

    def cut_off(seconds: float) -> Result:
        with ThreadPoolExecutor(3) as threads:
            script = f"echo begun; echo words >&2; touch {begun}; sleep 300 & wait"
            slow = threads.submit(here.run, script, timeout=seconds)
            others = [threads.submit(here.run, f"echo {number}") for number in range(2)]
            assert [other.result().out for other in others] == ["0\n", "1\n"]
            return slow.result()

    slow = having_begun(begun.exists, cut_off)
    assert (slow.status, slow.out) == (124, "begun\n")
    assert slow.err.startswith("words\n")


def test_a_command_that_prints_without_end_is_an_error_and_the_next_is_answered(
    shell: Callable[..., RootShell], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(root_shell, "MOST", 2**20)
    here = shell()
    for script in ("yes", "yes >&2"):
        with pytest.raises(SkepError, match="a command printed more than 1 MiB") as failure:
            here.run(script)
        assert (failure.value.host, here.run("echo on").out) == ("m1", "on\n")


def test_a_command_that_ends_the_shell_is_an_error_and_the_others_are_answered(
    shell: Callable[..., RootShell],
) -> None:
    here = shell()
    with ThreadPoolExecutor(2) as threads:
        ends = threads.submit(here.run, "sleep 0.3; kill -9 $$; sleep 5")
        other = threads.submit(here.run, "echo on")
        with pytest.raises(SkepError, match="a command ended the shell around it"):
            ends.result()
        assert other.result().out == "on\n"


def test_a_connection_that_breaks_is_the_answer_to_all_and_not_tried_again(
    shell: Callable[..., RootShell], serve: Serve, tmp_path: Path
) -> None:
    server, begun = serve(), tmp_path / "begun"
    here = shell(server)
    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(here.run, f"touch {begun}; sleep 12{number}", timeout=120) for number in range(3)]
        assert until(begun.exists, seconds=60, every=0.05)
        server.drop()
        for one in running:
            with pytest.raises(ConnectError, match="the connection broke"):
                one.result()
    with pytest.raises(ConnectError, match="the connection broke"):
        here.run("echo on")
    assert server.logins == 1


def test_a_host_that_is_not_there_is_reported(shell: Callable[..., RootShell], serve: Serve) -> None:
    server = serve()
    server.close()
    here = shell(server)
    for _ in range(2):
        with pytest.raises(ConnectError, match=UNREACHED):
            here.run("true")


@pytest.mark.parametrize("way", ["close", "drop"])
def test_nothing_runs_on_after_it(shell: Callable[..., RootShell], serve: Serve, tmp_path: Path, way: str) -> None:
    server, begun = serve(), tmp_path / "begun"
    here = shell(server)
    marked = f"sleep 600.{time.monotonic_ns()}"
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(here.run, f"touch {begun}; {marked} & wait", timeout=120)
        assert until(begun.exists, seconds=60, every=0.05)
        here.close() if way == "close" else server.drop()
        with pytest.raises(ConnectError):
            running.result()
    assert until(lambda: marked not in _processes(), seconds=60, every=0.1), "left behind"
    with pytest.raises(ConnectError):
        here.run("true")


def _words(err: str) -> str:
    """Without the place in the script that a shell names before its own words, and without its word on a signal."""
    lines = [line for line in err.splitlines(keepends=True) if "Killed" not in line]
    return "".join(re.sub(r"^\S*sh: (line )?\d+: (eval: )?", "", line) for line in lines)


def _processes() -> str:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(found)
