"""What is kept of a schedule's runs on the machine where it runs: how the last ended, whether one has begun, pauses."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from skep.dataclass import dataclass
from skep.errors import OutputLost
from skep.files import put
from skep.schedules.timers import STATE


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Root's, or the user's own."""
    if os.geteuid() == 0:
        return Path(STATE)
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME") or "/nowhere", ".local", "state"))
    return Path(home, "skep", "schedules")


def keeping(write: Callable[[], None], note: Callable[[str], None]) -> None:
    """Write what is kept; where that cannot be, such as on a full disk, it is noted, and keeps no notice back."""
    try:
        write()
    except OutputLost as error:
        note(f"what is kept of the schedule: {error.reason}")


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of one schedule. A result is one line of JSON; what is not there or cannot be read is empty."""

    folder: Path
    name: str

    @classmethod
    def of(cls, inventory: str, name: str, environ: Mapping[str, str] = os.environ) -> Kept:
        """Where its units say (``SKEP_STATE``), or where they would."""
        return cls(Path(environ.get("SKEP_STATE") or state_folder(environ) / inventory), name)

    @property
    def last(self) -> dict[str, object]:
        """How the last run ended."""
        return self._read("json")

    @property
    def begun(self) -> dict[str, object]:
        """A run that has begun and not ended."""
        return self._read("begun")

    @property
    def known(self) -> dict[str, str]:
        """What each target of notices knows of how things stand."""
        return {name: str(state) for name, state in self._read("known").items()}

    def know(self, states: Mapping[str, str]) -> None:
        """Keep what targets know from now on."""
        self._write("known", json.dumps(states))

    @property
    def paused(self) -> bool:
        """Whether it does not run by itself."""
        return self._path("paused").exists()

    def begin(self, run: Mapping[str, object]) -> None:
        """Note a run's beginning."""
        self._write("begun", json.dumps(run))

    def end(self, result: Mapping[str, object]) -> None:
        """Note how it ended."""
        self._write("json", json.dumps(result))
        self._path("begun").unlink(missing_ok=True)

    def pause(self, who: str) -> None:
        """Leave the mark that its unit looks for."""
        self._write("paused", who)

    def resume(self) -> None:
        """Take it away."""
        self._path("paused").unlink(missing_ok=True)

    def _path(self, kind: str) -> Path:
        return self.folder / f"{self.name}.{kind}"

    def _read(self, kind: str) -> dict[str, object]:
        try:
            found = json.loads(self._path(kind).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, kind: str, line: str) -> None:
        put(self._path(kind), f"{line}\n", folder=0o700)
