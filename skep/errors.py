"""Every failure a user can meet: what broke, where, why, and what to do next. One exit code a kind."""

from __future__ import annotations

TYPE_CHECKING = False  # completion waits for what is imported here, ``typing`` included
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skep.holder import Holder

BELOW = " " * 9
"""Before the further lines of a message, a cause or a next action."""


class SkepError(Exception):
    """Base of all failures shown to a user.

    ``message`` is one sentence; ``host`` and ``step`` say where, ``cause`` why, ``state`` in what state something was
    left, ``next_action`` what to do.
    ``exit_code`` is the process's exit status for this kind of failure.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        host: str | None = None,
        step: str | None = None,
        cause: str | None = None,
        next_action: str | None = None,
        state: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        self.step = step
        self.cause = cause
        self.next_action = next_action
        self.state = state

    @property
    def reason(self) -> str:
        """The message with its cause, in one line."""
        return f"{self.message}: {self.cause}" if self.cause else self.message

    def lines(self) -> list[str]:
        """The failure as text lines: place and message first, then cause, state and next action."""
        place = ": ".join(part for part in (self.host, self.step) if part)
        lines = _below(f"{place}: {self.message}" if place else self.message)
        if self.cause:
            lines += _below(f"  cause: {self.cause}")
        if self.state:
            lines += _below(f"  state: {self.state}")
        if self.next_action:
            lines += _below(f"  next:  {self.next_action}")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _below(text: str) -> list[str]:
    """A text of several lines with the further ones set in: what a host said cannot pass for a line of ours."""
    first, *rest = text.split("\n")
    return [first, *(BELOW + line.removeprefix(BELOW) for line in rest)]


class OutputLost(SkepError):
    """All went well, and what there was to tell could not be written, such as to a full disk."""


class UsageError(SkepError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class InventoryError(SkepError):
    """The inventory file is wrong; carries every finding at once, each ``file:line: key.path: message``.

    ``warnings`` are shown beside the errors, and are none themselves.
    """

    exit_code = 2

    def __init__(self, problems: Iterable[str], warnings: Iterable[str] = ()) -> None:
        self.problems = list(problems)
        self.warnings = list(warnings)
        count = len(self.problems)
        super().__init__(f"the inventory has {count} error{'s' if count != 1 else ''}")

    def lines(self) -> list[str]:
        warnings = (f"warning: {warning}" for warning in self.warnings)
        return [*(line for text in (*self.problems, *warnings) for line in _below(text)), self.message]


class ConnectError(SkepError):
    """A host cannot be reached or logged in to."""

    exit_code = 3


class AccessError(ConnectError):
    """The host may well be up: it is the way in that is wrong, such as a key file that is not there. Waiting does not
    help."""


class HostKeyError(AccessError):
    """The host's key is unknown under a strict policy, has changed, or is revoked."""


class LoginError(AccessError):
    """The host answers and refuses the login."""


class SudoError(AccessError):
    """Logged in, but may not become root."""


class EngineSilent(ConnectError):
    """A host answers, the engine that runs on it does not."""


class ProbeError(SkepError):
    """A host answered the observation with something that cannot be understood."""

    exit_code = 3


class PreflightError(SkepError):
    """The plan holds findings that forbid to apply it; nothing was changed."""

    exit_code = 4
    found: tuple[tuple[str, str | None], ...] = ()
    """What each of them says, and what to do next: for where they are not seen above it."""


class StepFailed(SkepError):
    """A step was tried and failed; what needs it was skipped."""

    exit_code = 5


class EngineFailed(StepFailed):
    """An engine says that it failed (status 500 and above): for good, or as managers do while they elect a leader."""


class NotConverged(SkepError):
    """All steps ran, and the hosts still differ from the inventory."""

    exit_code = 6


class LockHeld(SkepError):
    """Somebody else is changing this cluster, or has changed it meanwhile: then there is no ``holder``."""

    exit_code = 7
    holder: Holder | None = None


class LockLost(SkepError):
    """The lock of this run went to somebody else, or ended, before the run did. What was done stays done."""

    exit_code = 7


class VerifyFailed(SkepError):
    """The independent check after the run found a difference."""

    exit_code = 8


class AuditFindings(SkepError):
    """An audit found what nobody has accepted."""

    exit_code = 11


class AuditIncomplete(SkepError):
    """An audit found nothing, and could not look at everything."""

    exit_code = 12


class LabError(SkepError):
    """The lab cannot be had on this machine, or one of its hosts did not come up."""

    exit_code = 9


class Interrupted(SkepError):
    """Stopped by Ctrl-C or SIGTERM."""

    exit_code = 130


def reasons(failures: Mapping[str, SkepError]) -> str:
    """Why hosts could not be asked: the same reason once, with the names of all it is true of."""
    hosts: dict[str, list[str]] = {}
    for name, error in failures.items():
        hosts.setdefault(error.reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in hosts.items())


def nobody(message: str, failures: Mapping[str, SkepError], otherwise: str) -> ConnectError:
    """The failure to ask any of several hosts. A wrong way in is a wrong way in for all of them: it gives the kind and
    what to do next; only where all are merely silent that is ``otherwise``."""
    first = next((error for error in failures.values() if isinstance(error, AccessError)), None)
    kind = type(first) if first else ConnectError
    action = first.next_action if first else otherwise
    return kind(message, cause=reasons(failures), next_action=action)
