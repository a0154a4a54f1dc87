"""The settings of a site: ``invoke.yaml`` in its folder, read by Invoke."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from invoke.config import Config
from invoke.exceptions import Exit

from skep.errors import UsageError

FILES = ("invoke.yaml", "invoke.yml", "invoke.json", "invoke.py")
"""Where Invoke looks for them, in its order."""


class Outer(Config):
    """Invoke's settings of the user and of the machine, which it reads before it knows of a site."""

    def load_user(self, merge: bool = True) -> None:
        """Raises ``Exit`` with code 2 for what cannot be used."""
        with _named("~/.invoke.yaml"):
            super().load_user(merge)

    def load_system(self, merge: bool = True) -> None:
        """Raises ``Exit`` with code 2 for what cannot be used."""
        with _named("/etc/invoke.yaml"):
            super().load_system(merge)


def read_settings(config: Config, site: Path, *, code: bool = True) -> None:
    """Read them; ``code``: also where they are a program. Raises ``UsageError``, which names the file, where they
    cannot be used."""
    file = next((name for name in FILES if (site / name).exists()), FILES[0])
    if file.endswith(".py") and not code:
        return
    config.set_project_location(str(site))
    try:
        config.load_project()
    except Exception as error:  # of YAML, of JSON, of Python, or of Invoke where it is no mapping
        raise _unusable(file, error) from None
    if "skep" in config and not hasattr(config["skep"], "items"):
        raise UsageError(
            f"{file}: skep: must be a mapping (key: value)",
            next_action="write keys under it, such as requires, or take the line out",
        )


class Named(Config):
    """Settings as Invoke's own program reads them, which ends with the file's name where they cannot be used."""

    def load_project(self, merge: bool = True) -> None:
        """Raises ``Exit`` with code 2: the one thing that Invoke's program prints, and does not trace, here."""
        with _named("invoke.yaml"):
            super().load_project(merge)


@contextmanager
def _named(file: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise Exit("\n".join(_unusable(file, error).lines()), code=2) from None


def _unusable(file: str, error: Exception) -> UsageError:
    cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return UsageError(
        f"{file} cannot be used", cause=cause, next_action="put that right, then run the same command again"
    )
