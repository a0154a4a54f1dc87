"""Delivery by a webhook of our own, a command, or apprise, which is imported only then; tried again after pauses."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

from skep.model import Notice
from skep.secret import Secret, reveal

TRIES = 4
PAUSE = 1.0
"""Seconds before the second try; before each further one four times as long."""
ANSWER = 10.0
"""Seconds that a receiver may take."""
COMMAND = 60.0
"""Seconds that a command may take."""
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which it may be tried again."""
EXTRA = "apprise"


class Undelivered(Exception):
    """Its text says why; ``final``: to try again is of no use."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class _Here(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: what is signed for one receiver is not for another."""

    def redirect_request(self, *_: object) -> None:
        return None


def send(notice: Notice, subject: str, text: str, facts: Mapping[str, object], id: str) -> None:
    """Deliver it to a target. Raises ``Undelivered``."""
    if notice.webhook is not None:
        body = json.dumps({**facts, "id": id, "subject": subject, "message": text}).encode()
        persist(lambda: post(reveal(notice.webhook or ""), body, signed(notice.secret, body, id)))
    elif notice.apprise is not None:
        url = notice.apprise.reveal()
        persist(lambda: _apprise(url, subject, text))
    else:
        body = json.dumps({**facts, "id": id, "subject": subject, "message": text}).encode()
        persist(lambda: _command(notice.command, body))


def persist(deliver: Callable[[], None], *, tries: int = TRIES, pause: Callable[[float], None] = time.sleep) -> None:
    """Until it is delivered, or of no use. Raises ``Undelivered``."""
    for number in range(tries):
        try:
            deliver()
            return
        except Undelivered as error:
            if error.final or number == tries - 1:
                raise
            pause(PAUSE * 4**number)


def signed(secret: Secret | None, body: bytes, id: str, now: float | None = None) -> dict[str, str]:
    """Headers by which a receiver knows that it is from us, of now, and not the second time."""
    headers = {"Content-Type": "application/json", "X-Skep-Delivery": id}
    if secret is None:
        return headers
    stamp = str(int(time.time() if now is None else now))
    digest = hmac.new(secret.reveal().encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {**headers, "X-Skep-Timestamp": stamp, "X-Skep-Signature": f"sha256={digest}"}


def post(url: str, body: bytes, headers: Mapping[str, str], answer: float = ANSWER) -> None:
    """One try. Raises ``Undelivered``, whose text names no more of the URL than its host."""
    at = urlsplit(url).hostname
    try:
        request = urllib.request.Request(url, body, {"User-Agent": "skep", **headers}, method="POST")
        with urllib.request.build_opener(_Here).open(request, timeout=answer):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise Undelivered(f"{at} answers {error.code}", final=error.code not in AGAIN) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise Undelivered(f"{at} cannot be reached: {reason}") from None
    except ValueError:
        raise Undelivered("it is no URL that can be asked", final=True) from None


def below(url: str, word: str) -> str:
    """The URL with one more word at its path's end."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{word}")) if word else url


def _command(words: tuple[str, ...], body: bytes) -> None:
    """What it writes goes to a file: a pipe would be waited for as long as any process that it leaves behind."""
    try:
        with tempfile.TemporaryFile() as errors:
            done = subprocess.run(
                words, input=body, stdout=subprocess.DEVNULL, stderr=errors, timeout=COMMAND, check=False
            )
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else f"it took longer than {COMMAND:.0f} s"
        final = isinstance(error, FileNotFoundError | PermissionError | subprocess.TimeoutExpired)
        raise Undelivered(f"{words[0]} cannot be run: {why}", final=final) from None
    if done.returncode:
        raise Undelivered(f"{words[0]} ended with {done.returncode}{f': {said[-1]}' if said else ''}")


def _apprise(url: str, subject: str, text: str) -> None:
    import logging

    try:
        import apprise
    except ImportError:
        raise Undelivered("apprise is not installed: pip install 'skep[apprise]'", final=True) from None
    logging.getLogger(EXTRA).propagate = False  # it logs addresses
    target = apprise.Apprise()
    if not target.add(url):
        raise Undelivered("apprise does not know such a URL", final=True)
    if not target.notify(title=subject, body=text):
        raise Undelivered("apprise could not deliver it")
