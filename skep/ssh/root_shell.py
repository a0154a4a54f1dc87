"""One shell of root on a host that answers many commands over one channel, in the order in which they came."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future

import paramiko

from skep.dataclass import dataclass
from skep.errors import ConnectError, SkepError
from skep.shell import quoted
from skep.ssh.channels import drain, end
from skep.ssh.session import SPARE, Result, Session
from skep.workers import result

LIFE = 3600
"""Seconds after which a host ends a shell that nobody ended."""
MOST = 16 * 2**20
"""Bytes that a command may print to one stream."""
TURN = 0.2
"""Seconds to wait for one stream before the other is emptied: one that is not read holds the command up."""

_WORDS = f"timeout -k 5 {LIFE} sh -c {quoted('{ cat; kill -TERM 0; } | { sh -s; kill -TERM 0; }')}"
"""The shell reads through a ``cat`` that ends with the connection. With either of the two, all ends that still runs."""
_BEGIN = b"exec 5>&2 2>/dev/null\n"
"""The shell itself says nothing: its word on how a command ended is not the command's."""


@dataclass(frozen=True, slots=True)
class _Question:
    script: str
    timeout: float
    answer: Future[Result]


class RootShell:
    """Runs commands one after the other, each in a subshell of its own that reads nothing. Thread-safe; what is asked
    while another command runs is sent together. A host once lost is not tried again.

    Who asks what somebody else has asked and waits for gets the same answer. It is as new as one of their own would
    be: commands run in the order in which they are answered, so it runs after all that has been answered.
    """

    def __init__(self, session: Session) -> None:
        self.host = session.host
        self._session = session
        self._changed = threading.Condition()
        self._questions: deque[_Question] = deque()
        """Not answered, in the order in which they were asked."""
        self._sent = 0
        """How many of them the shell has."""
        self._shell: _Shell | None = None
        self._thread: threading.Thread | None = None
        self._lost: SkepError | None = None

    def run(self, script: str, *, timeout: float = 30.0) -> Result:
        """Run a POSIX sh script as root. After ``timeout`` seconds it is ended on the host (status 124).

        Raises ``ConnectError`` when the connection breaks, and ``SkepError`` where the script prints more than
        ``MOST`` bytes or ends the shell around it.
        """
        with self._changed:
            if self._lost:
                raise self._lost
            alike = (one for one in self._questions if (one.script, one.timeout) == (script, timeout))
            question = next(alike, None)
            if question is None:
                question = _Question(script, timeout, Future())
                self._questions.append(question)
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=f"shell of {self.host}", daemon=True)
                self._thread.start()
        return result(question.answer)

    def close(self) -> None:
        """End the shell and what still runs in it. Nothing can be asked any more."""
        self._lose(ConnectError("logged out: the run has ended", host=self.host))
        if self._shell:
            end(self._shell.channel)

    def _work(self) -> None:
        try:
            while self._send():
                self._answer()
        except SkepError as error:
            self._lose(error)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            self._lose(SkepError("the shell of root failed unexpectedly", host=self.host, cause=cause))
        finally:
            if self._shell:
                end(self._shell.channel)

    def _send(self) -> bool:
        """Give the shell all that was asked by now, once that is something; whether there is one to go on with."""
        with self._changed:
            self._changed.wait_for(lambda: self._questions or self._lost)
            if self._lost:
                return False
            questions = list(self._questions)
        if self._shell is None:
            self._shell, self._sent = _Shell(self._session.stream(_WORDS, timeout=LIFE)), 0
        new, self._sent = questions[self._sent :], len(questions)
        try:
            self._shell.send([question.script for question in new])
        except TimeoutError as error:
            raise self._session.broken(error, self._shell.channel) from None
        except OSError:
            pass  # it has ended; what is read next shows why
        return True

    def _answer(self) -> None:
        """Wait for the answer to the first question. The others are sent anew where it takes the shell with it."""
        with self._changed:
            if self._lost:
                return
            shell, question = self._shell, self._questions[0]
        assert shell is not None
        answer: Result | SkepError
        try:
            answer = shell.answer(question.timeout)
        except _Ended as error:
            answer = SkepError(str(error), host=self.host, step="run a command", next_action=error.next_action)
        except (OSError, EOFError, paramiko.SSHException) as error:
            raise self._session.broken(error, shell.channel) from None
        with self._changed:
            if self._lost:
                return
            self._questions.popleft()
            self._sent -= 1
        if shell.channel.closed:
            self._shell = None
        if isinstance(answer, SkepError):
            question.answer.set_exception(answer)
        else:
            question.answer.set_result(answer)

    def _lose(self, error: SkepError) -> None:
        with self._changed:
            self._lost = self._lost or error
            left = list(self._questions)
            self._questions.clear()
            self._changed.notify()
        for question in left:
            question.answer.set_exception(self._lost)


class _Ended(Exception):
    """The shell ended before its answer was complete, and the connection did not."""

    def __init__(self, message: str, next_action: str) -> None:
        super().__init__(message)
        self.next_action = next_action


class _Shell:
    """One shell that runs: what is sent to it, and where each answer ends in its two streams. Not thread-safe."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.channel = channel
        self._word = secrets.token_hex(8)
        self._out, self._err = bytearray(), bytearray()
        channel.settimeout(SPARE)
        channel.sendall(_BEGIN)

    def send(self, scripts: Sequence[str]) -> None:
        """Have these run. Each ends both streams of its answer with a line of ours, stderr's first."""
        self.channel.settimeout(SPARE)
        self.channel.sendall("".join(map(self._command, scripts)).encode(errors="surrogateescape"))

    def _command(self, script: str) -> str:
        said = f"printf '\\n{self._word}\\n' >&5; printf '\\n{self._word} %s\\n' $skep"
        return f"(eval {quoted(script)}) </dev/null 2>&5 5>&-; skep=$?; {said}\n"

    def answer(self, timeout: float) -> Result:
        """The next answer. Closes the channel where the command does not end in time; its status is then 124.

        Raises ``_Ended``, and what paramiko raises where the connection breaks.
        """
        deadline = time.monotonic() + timeout
        self.channel.settimeout(TURN)
        while not (answer := self._complete()):
            if time.monotonic() > deadline:
                return self._cut()
            self._read()
        return answer

    def _read(self) -> None:
        """Whatever comes next, or nothing in a moment."""
        end_of_out = self._out.find(f"\n{self._word} ".encode())
        out_is_whole = end_of_out >= 0 and self._out.find(b"\n", end_of_out + 1) >= 0
        err_next = self.channel.recv_stderr_ready() or out_is_whole
        receive, into = (self.channel.recv_stderr, self._err) if err_next else (self.channel.recv, self._out)
        try:
            data = receive(65536)
        except TimeoutError:
            return
        if not data:
            self._ended()
        into += data
        if max(len(self._out), len(self._err)) > MOST:
            end(self.channel)
            raise _Ended(f"a command printed more than {MOST >> 20} MiB", "let the check print less, such as by grep")

    def _ended(self) -> None:
        transport = self.channel.get_transport()
        end(self.channel)
        if not transport.is_active():
            raise EOFError("the connection closed before its end")
        words = self._err.decode(errors="replace").strip().splitlines()[-1:]
        raise _Ended(": ".join(["a command ended the shell around it", *words]), "look at what the check runs there")

    def _complete(self) -> Result | None:
        """The answer whose ends have both come."""
        out_end, err_end = f"\n{self._word} ".encode(), f"\n{self._word}\n".encode()
        if out_end not in self._out or err_end not in self._err:
            return None
        out, _, rest = self._out.partition(out_end)
        status, newline, more = rest.partition(b"\n")
        if not newline:
            return None
        err, _, self._err = self._err.partition(err_end)
        self._out = more
        return _result(int(status), out, err)

    def _cut(self) -> Result:
        """End the command, and the shell with it."""
        self.channel.shutdown_write()
        out, err = drain(self.channel, time.monotonic() + SPARE)
        end(self.channel)
        self._out += out
        self._err += err
        return self._complete() or _result(124, self._out, self._err)


def _result(status: int, out: bytes | bytearray, err: bytes | bytearray) -> Result:
    return Result(status, out.decode(errors="surrogateescape"), err.decode(errors="replace"))
