"""What names a step, and what steps wait for: values that a role makes, and that nobody takes apart as text."""

from __future__ import annotations

from dataclasses import dataclass, replace


class StepId(str):
    """The name of a step: which role does what, about which object, on or about which host.

    It is its text, ``role/action:object@host``, as plans and histories show it. ``object`` may be a part of another:
    ``web/web_app``.
    """

    __slots__ = ("action", "host", "object", "role")

    role: str
    action: str
    host: str | None
    object: str | None

    def __new__(cls, role: str, action: str, host: str | None = None, object: str | None = None) -> StepId:
        """A name; hosts and objects are left out where a step is about none."""
        text = f"{role}/{action}" + (f":{object}" if object else "") + (f"@{host}" if host else "")
        made = super().__new__(cls, text)
        made.role, made.action, made.host, made.object = role, action, host, object
        return made

    def __getnewargs__(self) -> tuple[str, str, str | None, str | None]:  # type: ignore[override]
        return self.role, self.action, self.host, self.object

    @property
    def whole(self) -> str | None:
        """The object that its own is a part of, or that itself."""
        return self.object and self.object.partition("/")[0]

    @property
    def without_host(self) -> str:
        """Its text for where the host stands beside it."""
        return StepId(self.role, self.action, None, self.object)


@dataclass(frozen=True, slots=True)
class Milestone:
    """What steps of any role bring about, and others wait for without knowing whose steps these are.

    It is reached once every step in the plan that provides it is done; where none does, it is so already. ``of`` is the
    host, or the object, that it is about; one without is provided by the steps of all of them.

    ``in_turn``: several roles bring it about, each in its turn, in the order of the roles. Then it is waited for as far
    as the roles before the one that waits bring it about.
    """

    name: str
    of: str | None = None
    in_turn: bool = False

    def __str__(self) -> str:
        return self.name + (f"@{self.of}" if self.of else "")

    def about(self, what: str | None) -> Milestone:
        """The same of one host or object."""
        return replace(self, of=what)

    def is_met_by(self, provided: Milestone) -> bool:
        """Whether a step that provides that one is to be waited for."""
        return self.name == provided.name and (self.of is None or provided.of in (None, self.of))


Edge = StepId | Milestone

EARLIER = Milestone("earlier_roles", in_turn=True)
"""All steps of the roles before: whatever has to come last, or takes hosts out of service, waits for it. Each step
provides it."""
