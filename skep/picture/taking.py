"""Looking at an environment for its page: one observation, one manager's lists, one script a host, the history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skep import __version__, history
from skep.converge import Site, look
from skep.errors import ConnectError, SkepError, reasons
from skep.observe import Observation
from skep.picture import outlook, reading
from skep.picture.audits import past_audits
from skep.picture.model import Outlook, Picture
from skep.picture.reading import Answered
from skep.swarm.quorum import quorum

if TYPE_CHECKING:
    from skep.engine import EngineClient

RUNS = 20
LINES = 2000
"""Lines of the history that are read for the last runs."""

Asking = Callable[[Site, Observation], "AbstractContextManager[EngineClient]"]


def take(site: Site, ask: Asking, *, commit: str) -> Picture:
    """What there is to see now. ``ask`` gives a client of a manager in a quorum.

    Where no manager answers, the page has what the hosts said, and why there is no more.
    """
    observation, plan = look(site)
    failures = dict(observation.failures)
    unasked = [reasons(failures)] if failures else []
    try:
        with ask(site, observation) as api:
            answered = Answered(
                api.nodes(), api.services(status=True), api.tasks(), api.networks(filters={"scope": "swarm"})
            )
        standing = quorum(answered.nodes)
        word, at_risk = str(standing), standing.at_risk
    except ConnectError as error:
        answered, word, at_risk = Answered(), "no manager in a quorum answers", True
        unasked.append(error.reason)
    outlooks = outlook.ask(site.pool, site.cluster, observation.hosts)
    entries, silent = history.read(site.pool, site.manager_names, LINES)
    audits, _ = history.read(site.pool, site.manager_names, history.AUDITS_KEPT, history.AUDITS)
    unasked += [f"{name}: {error.reason}" for name, error in silent.items() if name not in failures]
    return Picture(
        environment=site.cluster.name,
        taken=datetime.now(UTC),
        version=__version__,
        commit=commit,
        quorum=word,
        at_risk=at_risk,
        machines=reading.machines(site.cluster, answered, _answers(outlooks), failures, _identities(observation)),
        networks=reading.networks(answered),
        services=reading.services(answered),
        differences=reading.differences(plan),
        notes=reading.notes(plan),
        runs=reading.runs(entries, RUNS),
        audits=past_audits(audits),
        listed=bool(answered.nodes),
        unasked=tuple(unasked),
    )


def _identities(observation: Observation) -> dict[str, str]:
    return {name: one.node for name, one in observation.members.items() if one and one.node}


def _answers(outlooks: Mapping[str, Outlook | SkepError]) -> dict[str, Outlook]:
    return {name: one for name, one in outlooks.items() if isinstance(one, Outlook)}
