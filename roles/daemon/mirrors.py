"""Registry mirrors proven: when they change, one image is pulled through each of them, from the host itself. What they
answered is kept there, so that nothing is asked where nothing changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from roles.daemon.kinds import MIRROR_FAILS
from skep.dataclass import dataclass
from skep.json_types import texts
from skep.milestones import engine_up
from skep.model import Host
from skep.plan import Finding, Run, Step
from skep.request import RequestedCluster
from skep.secret import Secret, revealed, secrets_in
from skep.shell import script
from skep.steps import StepId
from skep.swarm.image import parts

FILE = "/var/lib/skep/mirrors"
"""File on a host: when the mirrors were asked for what, and a line for each mirror."""
MIRRORS = "registry-mirrors"
THEN = "; the engine takes images from Docker Hub then"
FIRST = ("write", "reload", "restart", "return")
"""Actions that put the mirrors in force; the mirrors are asked after them."""
EACH = 120
"""Seconds a mirror may take: two tries, and what comes around them."""
WRITES = {"/var/lib/skep": 1 << 20, "/var/lib/containerd": 64 << 20}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked last: by the run of that ``stamp``, of the mirrors and for the image of that ``mark``. ``answers``
    are by the mirror's number from 1 on."""

    stamp: str
    mark: str
    answers: Mapping[int, str]


def answers(lines: Sequence[str]) -> dict[int, str]:
    """What each mirror answered, from the lines that ``through.sh`` prints."""
    rows = [line.partition(" ")[::2] for line in lines]
    return {int(number): answer for number, answer in rows if number.isdecimal()}


def read(lines: Sequence[str]) -> Asked | None:
    """The file's lines read; ``None`` where they cannot be understood."""
    if not lines:
        return None
    stamp, _, mark = lines[0].partition(" ")
    return Asked(stamp, mark, answers(lines[1:]))


def image(host: Host) -> str:
    """The image that mirrors are asked for, as registries name it; empty where they are not asked."""
    found = parts(host.engine.canary or "")
    if not (found and host.daemon.get(MIRRORS)):
        return ""
    _, path, tag, digest = found
    return f"{path}@{digest}" if digest else f"{path}:{tag or 'latest'}"


def items(cluster: RequestedCluster, host: Host, lines: Sequence[str]) -> list[Step | Finding]:
    """A step where the mirrors are not known to give the image, and what there is to say of those that did not."""
    if not image(host):
        return []
    known, mark = read(lines), _mark(host)
    if known is None or known.mark != mark:
        return [_ask(cluster, host, "not asked since they, or the image, are these")]
    found = findings(host, known.answers)
    failed = [one for one in found if one.level == "warning"]
    again = known.stamp != cluster.stamp and not any(entry.id == MIRROR_FAILS.id for entry in cluster.accepted)
    return [_ask(cluster, host, f"last time {failed[0].text.partition(THEN)[0]}")] if failed and again else [*found]


def numbers(host: Host) -> range:
    """Numbers of the mirrors, in the order in which an engine tries them."""
    return range(1, len(_urls(host)) + 1)


def findings(host: Host, answers: Mapping[int, str]) -> list[Finding]:
    """What is to be said of mirrors that did not give the image."""
    return [one for number, answer in sorted(answers.items()) if (one := _finding(host, number, answer))]


def _urls(host: Host) -> list[str]:
    """The mirrors' URLs as the engine reports them: each once."""
    return list(dict.fromkeys(url.rstrip("/") for url in texts(revealed(host.daemon[MIRRORS]))))


def _shown(host: Host) -> list[str]:
    """Names of the mirrors; those that came from a reference are not shown."""
    hidden = any(True for _ in secrets_in(host.daemon[MIRRORS]))
    return [f"mirror {number}" if hidden else url for number, url in enumerate(_urls(host), 1)]


def _mark(host: Host) -> str:
    return hashlib.sha256(repr((image(host), _urls(host))).encode()).hexdigest()[:12]


def _ask(cluster: RequestedCluster, host: Host, cause: str) -> Step:
    shown = _shown(host)
    return Run(
        id=StepId("daemon", "mirrors", host.name),
        host=host.name,
        title=f"pull {host.engine.canary} through each registry mirror",
        cause=cause,
        detail=tuple(shown),
        script=script("roles/daemon/mirrors.sh"),
        variables={"MEMORY": FILE, "IMAGE": image(host)},
        files={"asked": f"{cluster.stamp} {_mark(host)}\n".encode()},
        hides=tuple(secrets_in([host.daemon, host.proxy.http, host.proxy.https])),
        needs=(*(StepId("daemon", action, host.name) for action in FIRST), engine_up(host.name)),
        timeout=60 + EACH * len(shown),
        writes=WRITES,
        otherwise=f"on {host.name} look at: systemctl status docker containerd; then run the same command again",
    )


def _finding(host: Host, number: int, answer: str) -> Finding | None:
    """The warning about one mirror; ``None`` where it gave the image."""
    shown = _shown(host)
    if answer == "ok" or number > len(shown):
        return None
    name, canary = shown[number - 1], host.engine.canary
    how, _, more = answer.partition(" ")
    if how != "http" and _has_secret(more, host):
        more = "the reason holds a secret"
    if how == "unchecked":
        return Finding("note", f"not checked: whether {name} has {canary}: {more}", host.name, "daemon", standing=True)
    what, fix = _words(how, more, name, canary or "")
    return Finding(
        "warning",
        f"{name} {what} for {canary}{THEN}",
        host.name,
        "daemon",
        next_action=f"{fix}; then: invoke cluster.up",
        kind=MIRROR_FAILS,
        outcome=True,
    )


def _has_secret(text: str, host: Host) -> bool:
    secrets: list[Secret] = [*secrets_in([host.daemon, host.proxy.http, host.proxy.https])]
    return any(secret.reveal() in text for secret in secrets)


def _words(how: str, more: str, name: str, canary: str) -> tuple[str, str]:
    """In words: what the mirror answered, and what helps."""
    if how == "timeout":
        return "gave no whole answer in time", f"see that its hosts reach {name}, through their proxy if they have one"
    if how == "tls":
        return (
            f"has a certificate that is not trusted ({more})",
            f"name its CA under certificates.registries in the inventory, or fix the certificate of {name}",
        )
    if how != "http":
        return f"could not be asked ({more})", f"see that {name} runs, and that the host reaches it"
    fixes = {
        "401": f"let {name} be read without a login, or take it out of {MIRRORS}",
        "403": f"let {name} be read by this host, or take it out of {MIRRORS}",
        "404": f"see that {name} is a mirror of Docker Hub; or set engine.canary to an image that it has",
        "429": f"wait, or give {name} a login at Docker Hub: it limits how often is pulled",
    }
    return f"answered {more}", fixes.get(more[:3], f"look at the log of {name}")
