"""What a task gets: the options that all tasks share, the reporter, and the site. ``task`` declares one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from skep.cli.command import Command, Effect
from skep.cli.ending import reporting
from skep.cli.options import ALL, CHANGING, ENVIRONMENT, Option
from skep.cli.spelling import spelled
from skep.errors import UsageError
from skep.site.place import INVENTORIES

if TYPE_CHECKING:
    from skep.commands.asking import Asking
    from skep.converge import Site
    from skep.inventory import Inventory
    from skep.kinds import Kind
    from skep.reading.documented import HostKeys
    from skep.report import Reporter
    from skep.role import AnyRole

FOLDER = Path(INVENTORIES)

VALUES = ("timeout", "wait_lock", "anyway")
"""Options of all that change the cluster which take a value."""


class Call:
    """One task at work. Options that its task does not take are as if they were not given."""

    def __init__(self, context: Context, tell: Reporter, given: Mapping[str, Any]) -> None:
        self.tell = tell
        self.program = str(context.config.get("skep", {}).get("program") or "invoke")
        self.json = bool(given.get("json"))
        self._yes, self._plan = bool(given.get("yes")), bool(given.get("plan"))
        self.timeout: str | None = given.get("timeout")
        self._anyway: str | None = given.get("anyway")
        self._wait_lock: str | None = given.get("wait_lock")
        self._inventory: str | None = given.get("inventory")
        self._config: Mapping[str, Any] = context.config.get("skep", {})

    @property
    def named(self) -> str | None:
        """What ``-i`` says, or its default."""
        return self._inventory

    @property
    def inventory(self) -> Path:
        """The inventory file: ``-i``, else ``SKEP_INVENTORY``, else invoke.yaml, else the only one there is."""
        from skep.inventory import choose

        configured = str(self._config.get("inventory") or "")
        return choose(self._inventory, environ=os.environ, configured=configured, folder=FOLDER)

    @property
    def asking(self) -> Asking:
        """Whether to ask before a plan is carried out, or only to show it."""
        from skep.commands.asking import Asking

        if self._anyway is not None and not self._anyway.strip():
            raise UsageError("--anyway is empty", next_action="say why: --anyway 'the shop is down'")
        return Asking(yes=self._yes, only_shown=self._plan, anyway=(self._anyway or "").strip())

    @property
    def roles(self) -> tuple[AnyRole, ...]:
        """All roles there are, in the order of observing and planning."""
        from skep.commands.own_roles import roles

        return roles(self._config.get("roles"))

    @property
    def host_keys(self) -> HostKeys:
        """The keys that roles bring along for hosts of the inventory."""
        from skep.commands.own_roles import host_keys

        return host_keys(self.roles)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """All that warnings may be about, by id."""
        from skep.commands.own_roles import kinds

        return kinds(self.roles)

    def ids(self) -> Collection[str]:
        """All that the inventory may accept: warnings, and what an audit looks at."""
        from skep.audit.controls import all_controls

        return {**self.kinds, **all_controls()}

    @property
    def checks(self) -> dict[str, Path]:
        """The file of each role with its Testinfra checks."""
        from skep.commands.own_roles import checks

        return checks(self.roles, self._config.get("roles"))

    @property
    def folder(self) -> Path:
        """The folder of the site."""
        return Path(str(self._config.get("site") or "."))

    @cached_property
    def found(self) -> Inventory:
        """The inventory as it is read. Raises ``InventoryError``."""
        from skep.inventory import load

        found = load(self.inventory, host_keys=self.host_keys, ids=self.ids)
        if folder := os.environ.get("SKEP_ACCESS"):
            from skep.commands.schedule_login import with_own_key

            return with_own_key(found, Path(folder))
        return found

    @contextmanager
    def site(self) -> Iterator[Site]:
        """The site an inventory describes, with sessions that open at first use."""
        from skep.accepting import remarked
        from skep.commands.command_outputs import with_outputs
        from skep.commands.wording import seconds_of
        from skep.converge import Site
        from skep.ssh import Pool

        patience = seconds_of("--wait-lock", self._wait_lock) or 0.0
        found = self.found
        if "x-lab" in found.extensions and "SKEP_ACCESS" not in os.environ:
            from skep.commands.lab_hosts import refuse_absent

            refuse_absent(found)
        self._remember(found.path)
        with Pool(found.cluster.hosts, found.access) as pool:
            roles = self.roles
            yield Site(
                with_outputs(found.cluster),
                pool,
                roles,
                roles,
                self.tell.note,
                self.tell.waiting,
                patience,
                remarked(found.remarks),
            )

    def _remember(self, inventory: Path) -> None:
        """What this user was shown of the environment before is not said again."""
        from skep.report.shown import Shown

        self.tell.shown = Shown.of(inventory, os.environ)


def called_from(name: str) -> Path:
    """A file that the user names: relative to where ``./inv`` was called."""
    return Path(os.environ.get("SKEP_FROM", ""), name)


def task(
    *words: str,
    effect: Effect = "reads",
    called: str | None = None,
    lacks: Collection[str] = (),
    inventory: str | None = "",
    in_clone: bool = False,
    **options: Option | str,
) -> Callable[[Callable[..., int | None]], Command]:
    """Declares a task: its ``words`` are taken without an option's name. Other parameters of the function are options,
    and described here unless they are described for all. ``lacks`` names options that others of its effect have, and
    that would mean nothing to it; without ``anyway`` maintenance windows and freezes do not hold for it.
    ``inventory``: the one to work on where none is given, or ``None`` for a task that needs none. ``in_clone``: it is
    about a clone of skep itself."""

    def declare(body: Callable[..., int | None]) -> Command:
        common: dict[str, object] = {} if inventory is None else {"inventory": inventory or None}
        if effect == "plans":
            common |= {one: None if one in VALUES else False for one in CHANGING if one not in lacks}
        common |= dict.fromkeys(ALL, False)
        described = {key: Option(one) if isinstance(one, str) else one for key, one in options.items()}
        if inventory:
            described["inventory"] = Option(f"{ENVIRONMENT} (default: {inventory})", "i", "NAME", names="inventories")
        return Command(
            body,
            name=called or body.__name__,
            words=words,
            options=described,
            common=common,
            effect=effect,
            run=_run,
            in_clone=in_clone,
        )

    return declare


def _run(
    body: Callable[..., int | None], context: Context, common: Mapping[str, Any], given: Mapping[str, object]
) -> None:
    program, inventory = str(context.config.get("skep", {}).get("program") or "invoke"), common.get("inventory")
    if typed := os.environ.get("SKEP_TYPED"):  # on a host: what is said is for those who called schedule.apply
        program, inventory = typed, Path(inventory or "").stem
    how = {name: common[name] for name in ("json", "verbose", "quiet")}
    with reporting(**how, spelled=partial(spelled, program=program, inventory=inventory)) as tell:
        code = body(Call(context, tell, common), **given)
    if code:
        raise Exit(code=code)
