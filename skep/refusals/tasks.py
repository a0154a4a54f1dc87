"""What managers take of a service, and every node refuses when it makes the container."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from skep.gotemplate import PAYLOAD_FUNCTIONS, TemplateError, parse
from skep.refusals.document import Thing
from skep.refusals.logs import Log
from skep.refusals.rule import Context, Path, Said

LEAST_MEMORY = 6 * 1024 * 1024
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_SIGNALS_TEXT = """
ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM
TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX
"""
_SIGNALS = frozenset(_SIGNALS_TEXT.split()) | {
    *(f"RTMIN+{number}" for number in range(1, 16)),
    *(f"RTMAX-{number}" for number in range(1, 15)),
}
_CAPABILITIES_TEXT = """
ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD
NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN
SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME
SYS_TTY_CONFIG WAKE_ALARM
"""
_CAPABILITIES = frozenset(_CAPABILITIES_TEXT.split())
_LIMITS_TEXT = """
as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack
"""
_LIMITS = frozenset(_LIMITS_TEXT.split())
_PARAMETERS_TEXT = """
kernel.domainname kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shm_rmid_forced kernel.shmall
kernel.shmmax kernel.shmmni
"""
_PARAMETERS = frozenset(_PARAMETERS_TEXT.split())
"""Kernel parameters of which each container has its own, besides those below ``net`` and ``fs.mqueue``."""


def memory(amount: int, context: Context) -> str | None:
    """A memory limit below the least that a container can have."""
    return "must be 6M or more: nodes refuse containers with less" if 0 < amount < LEAST_MEMORY else None


def working_dir(folder: str, context: Context) -> str | None:
    """A working folder that is not an absolute path."""
    absolute = not folder or folder.startswith("/") or _WINDOWS.match(folder)
    return None if absolute else f"must be an absolute path, not {context.quote(folder)}"


def stop_signal(text: str, context: Context) -> str | None:
    """A stop signal that is none by name or number."""
    if not text or (re.fullmatch(r"[+-]?[0-9]{1,18}", text, re.ASCII) and int(text)):
        return None
    known = text.upper().removeprefix("SIG") in _SIGNALS
    return None if known else f"must be a signal such as SIGTERM, not {context.quote(text)}"


def capability(name: str, context: Context) -> str | None:
    """A capability that Linux does not have. RESET is the CLI's own word."""
    bare = name.strip().upper().removeprefix("CAP_")
    known = bare in _CAPABILITIES or bare in ("", "RESET")
    return None if known else f"{context.quote(name)} is no capability of Linux"


def ulimits(limits: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Limits that the kernel does not have, or with the soft one above the hard one."""
    for name, limit in limits.items():
        if name.lower() not in _LIMITS:
            yield (name,), f"is no limit of Linux, which are {', '.join(sorted(_LIMITS))}"
        elif isinstance(limit, Mapping) and _is_reversed(limit.get("soft", 0), limit.get("hard", -1)):
            yield (name, "soft"), "must be at most the hard limit"


def sysctls(parameters: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Kernel parameters of the whole machine. Their parts stand between dots or slashes."""
    for name in parameters:
        known = name.replace("/", ".") if re.match(r"[^.]*/", name) else name
        if known == "kernel.hostname":
            yield (name,), "is said by hostname"
        elif known not in _PARAMETERS and not known.startswith(("net.", "fs.mqueue.")):
            yield (name,), "is of the whole machine, and no container may set it: kernel.sysctls of the inventory can"


def log_options(logging: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """Options that a log driver does not have, or not with that value."""
    driver, options = str(logging.get("driver") or ""), logging.get("options")
    if isinstance(options, Mapping):
        given = {name: str(value) for name, value in options.items() if value is not None}
        for name, said in Log(driver, given, lambda name, text: context.quote(text), whole=False).faults():
            yield ("options", name), said


def _is_reversed(soft: int, hard: int) -> bool:
    """-1 is no limit at all."""
    return hard != -1 and not -1 < soft <= hard


def environment(variables: Mapping[str, object], context: Context, path: Path) -> Iterator[Said]:
    """An environment variable without a name."""
    if "" in variables:
        yield (), "has a variable without a name"


def owner(text: object, context: Context) -> str | None:
    """An owner of a config or secret by name: nodes know numbers only."""
    number = re.fullmatch(r"[+-]?[0-9]{1,18}", str(text), re.ASCII)
    return None if number or text == "" else f"must be a number, not {context.quote(str(text))}: nodes look up no names"


def template_driver(name: str, context: Context) -> str | None:
    """A template driver other than the only one there is."""
    return None if name in ("golang", "") else f"must be golang, not {context.quote(name)}"


def payload(things: Mapping[str, Thing], context: Context, path: Path) -> Iterator[Said]:
    """Contents with ``template_driver`` that no node can read as a template."""
    for key, one in things.items():
        held = context.contents.get((str(path[-1]), key))
        if held is None or one.get("template_driver") != "golang":
            continue
        try:
            parse(held.decode(errors="replace"), more=PAYLOAD_FUNCTIONS)
        except TemplateError as problem:
            why = "" if path[-1] == "secrets" else f": {problem}"
            yield (key,), f"holds what is no template, and template_driver is golang{why}"
