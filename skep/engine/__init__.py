"""The Engine API over SSH: the only room that knows the Docker SDK. What plans may call is listed here."""

from skep.engine.clients import Clients
from skep.engine.conditions import CONDITIONS, Progress
from skep.engine.failures import engine_errors
from skep.engine.inquire import inquire
from skep.engine.logins import Logins
from skep.engine.operations import OPERATIONS
from skep.engine.refs import SECRET, resolve
from skep.engine.transport import EngineClient

__all__ = [
    "CONDITIONS",
    "OPERATIONS",
    "SECRET",
    "Clients",
    "EngineClient",
    "Logins",
    "Progress",
    "engine_errors",
    "inquire",
    "resolve",
]
