"""The site's ``.env``: variables for inventories and for what skep starts, which are not in git."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path

from skep.errors import UsageError

FILE = ".env"


def add_own(environ: MutableMapping[str, str]) -> None:
    """Add what the current folder's ``.env`` gives to the environment, which wins.

    Raises ``UsageError`` for a file that cannot be read; no value is shown.
    """
    file = Path(FILE)
    if not file.is_file():
        return
    from skep.compose.dotenv import read_dotenv
    from skep.compose.variables import Variables
    from skep.reading.findings import Findings

    findings = Findings((FILE,))
    variables = Variables({}, environ, findings)
    try:
        read_dotenv(FILE, file.read_bytes(), variables)
    except OSError as error:
        raise UsageError(f"{FILE} cannot be read", cause=error.strerror) from None
    if findings.errors:
        raise UsageError(
            f"{FILE} cannot be used", cause="; ".join(findings.errors), next_action="write NAME=value a line"
        )
    for name, (value, _) in variables.dotenv.items():
        environ.setdefault(name, value)
