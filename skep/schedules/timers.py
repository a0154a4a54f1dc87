"""Units of systemd that run schedules. Pure."""

from __future__ import annotations

from skep.dataclass import dataclass
from skep.model import Schedule

STATE = "/var/lib/skep/schedules"
UNITS = "/etc/systemd/system"
STOPPING = 600.0
"""Seconds for which a run that was stopped may go on, to send its notices."""
CREDENTIALS_FROM = 247
"""The first version of systemd with LoadCredential."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where schedules of one inventory run, and how. ``program`` are the words that call skep, ``inventory`` the file.
    ``credentials`` names the files with what runs are given, ``environment`` are variables that they get. ``own``: by
    the user's own systemd."""

    name: str
    site: str
    inventory: str
    program: tuple[str, ...]
    units: str = UNITS
    state: str = STATE
    credentials: tuple[str, ...] = ()
    own: bool = False
    source: str = ""
    """What units name in their second line, where that is not the file that runs read: such as a folder that stays."""
    environment: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        """What is kept there of this inventory: results, pauses, credentials."""
        return f"{self.state}/{self.name}"

    @property
    def systemctl(self) -> str:
        """The command."""
        return "systemctl --user" if self.own else "systemctl"


def unit(setting: Setting, schedule: str) -> str:
    """The name of a schedule's units, less their ending."""
    return f"skep-{setting.name}-{schedule}"


def failed(setting: Setting) -> str:
    """The unit that is started where a run did not come to its own end. A control machine that is a host, too, has that
    of either."""
    return f"skep-{setting.name}-ended{'' if setting.source else '-here'}@.service"


def units(setting: Setting, schedules: tuple[Schedule, ...], systemd: int) -> dict[str, dict[str, str]]:
    """Text by file name, by schedule; under an empty name what all share. ``systemd`` is its version there."""
    if not schedules:
        return {}
    return {
        "": {failed(setting): _ended(setting, systemd)},
        **{
            one.name: {
                f"{unit(setting, one.name)}.service": _service(setting, one, systemd),
                f"{unit(setting, one.name)}.timer": _timer(setting, one),
            }
            for one in schedules
        },
    }


def _head(setting: Setting, description: str, *, instance: bool = False) -> str:
    """The probe reads the inventory from its second line."""
    return (
        "# Written by skep: change the inventory instead, then: schedule.apply\n"
        f"# Inventory: {setting.source or setting.inventory}\n[Unit]\n"
        f"Description={_text(description, instance=instance)}\n"
    )


def _service(setting: Setting, one: Schedule, systemd: int) -> str:
    """``deadline`` is systemd's: SIGTERM ends a run cleanly. A run that ends by itself reports itself; one that is
    killed is reported by ``OnFailure``."""
    network = "" if setting.own else "Wants=network-online.target\nAfter=network-online.target\n"
    return (
        f"{_head(setting, f'skep: {one} of {setting.name} (schedule {one.name})')}{network}"
        f"ConditionPathExists=!{_text(setting.folder)}/{one.name}.paused\n"
        f"OnFailure={failed(setting).replace('@.', f'@{one.name}.')}\n\n"
        f"[Service]\n{_work(setting, systemd)}TimeoutStartSec={one.deadline:.0f}\n"
        f"TimeoutStopSec={STOPPING:.0f}\nSuccessExitStatus=10 11\n"
        f"ExecStart={_call(setting, one.name)}\n"
    )


def _ended(setting: Setting, systemd: int) -> str:
    return (
        f"{_head(setting, f'skep: look how schedule %i of {setting.name} ended', instance=True)}\n"
        f"[Service]\n{_work(setting, systemd)}TimeoutStartSec=300\n"
        f"ExecStart={_call(setting, None, '--ended')}\n"
    )


def _work(setting: Setting, systemd: int) -> str:
    """systemd gives units of root no HOME, where they name no user."""
    lines = [
        "Type=oneshot",
        f"WorkingDirectory={_text(setting.site)}",
        f"Environment={_word(f'SKEP_STATE={setting.folder}')}",
        *(f"Environment={_word(f'{name}={value}')}" for name, value in setting.environment),
        *(() if setting.own else ("Environment=HOME=%h",)),
    ]
    if setting.credentials:
        folder = f"{setting.folder}/credentials"
        lines += (
            [f"LoadCredential={name}:{_text(folder)}/{name}" for name in setting.credentials]
            if systemd >= CREDENTIALS_FROM and not setting.own
            else [f"Environment={_word(f'CREDENTIALS_DIRECTORY={folder}')}"]
        )
    return "".join(f"{line}\n" for line in lines)


def _call(setting: Setting, schedule: str | None, *options: str) -> str:
    program, *words = setting.program
    called = [_word(program), *(_argument(word) for word in (*words, "schedule.run"))]
    return " ".join([*called, schedule or "%i", "-i", _argument(setting.inventory), *options])


def _timer(setting: Setting, one: Schedule) -> str:
    """Persistent: a machine that was off catches up once."""
    when = "".join(f"OnCalendar={_text(text)}\n" for text in one.calendars)
    jitter = f"RandomizedDelaySec={one.jitter:.0f}\n" if one.jitter else ""
    return (
        f"{_head(setting, f'skep: when {one} of {setting.name} runs (schedule {one.name})')}\n"
        f"[Timer]\n{when}{jitter}AccuracySec=1s\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n"
    )


def _text(text: str, *, instance: bool = False) -> str:
    """As a unit takes it: a per cent sign would name something."""
    doubled = text.replace("%", "%%")
    return doubled.replace("%%i", "%i") if instance else doubled


def _word(text: str) -> str:
    """A program's path, or a word of ``Environment=``."""
    escaped = _text(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _argument(text: str) -> str:
    """A word after the program, where a dollar would name a variable."""
    return _word(text).replace("$", "$$")
