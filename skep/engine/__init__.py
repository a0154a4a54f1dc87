"""The Engine API over SSH: the only room that knows the Docker SDK. What plans may call is listed here."""

from skep.engine.clients import Clients
from skep.engine.conditions import CONDITIONS, watch
from skep.engine.failures import engine_errors
from skep.engine.inquire import inquire
from skep.engine.operations import OPERATIONS
from skep.engine.overdue import Overdue
from skep.engine.progress import Progress, ServiceRow
from skep.engine.refs import SECRET, resolve
from skep.engine.registry_logins import Logins
from skep.engine.stack_watch import StackWatch
from skep.engine.transport import EngineClient

__all__ = [
    "CONDITIONS",
    "OPERATIONS",
    "SECRET",
    "Clients",
    "EngineClient",
    "Logins",
    "Overdue",
    "Progress",
    "ServiceRow",
    "StackWatch",
    "engine_errors",
    "inquire",
    "resolve",
    "watch",
]
