"""``stack.history`` and ``stack.diff``: the revisions that the swarm keeps of a stack."""

from __future__ import annotations

import base64

from skep.commands.listing import manager_client
from skep.compose.config_diff import HOLDS_SECRET, content_changes, replaced_config
from skep.converge import Site
from skep.errors import UsageError
from skep.report import Reporter
from skep.secret import secrets_in
from skep.swarm.comparing import differences, shown
from skep.swarm.labels import REVISION_OF, of_stack
from skep.swarm.revision import Revision, read_revision


def history(site: Site, tell: Reporter, *, name: str) -> None:
    """One row a revision, newest first."""
    rows = [
        (
            revision.number,
            f"{revision.time[:19]}Z",
            revision.who,
            revision.commit,
            "ran" if revision.done else "not seen to run",
            revision.error,
            revision.cause,
            "; ".join(revision.content["changes"][:3]) + (" …" if len(revision.content["changes"]) > 3 else ""),
        )
        for revision in reversed(_revisions(site, name))
    ]
    columns = ("revision", "time", "who", "commit", "state", "error", "cause", "changes")
    tell.table("revisions", columns, rows, spare=("commit", "who"))


def diff(site: Site, tell: Reporter, *, name: str, old: str, new: str) -> None:
    """What differs between two revisions, service by service, field by field."""
    revisions = _revisions(site, name)
    known = {str(revision.number): revision for revision in revisions}
    for number in (old, new):
        if number not in known:
            raise UsageError(
                f"stack {name} has no revision {number}",
                next_action=f"its revisions are: {', '.join(known)}",
            )
    before, after = (known[number].content["services"] for number in (old, new))
    hidden = frozenset(value.reveal() for value in secrets_in(site.cluster) if value.reveal())
    sealed = {config for revision in revisions for config in revision.content.get("sealed", ())}
    rows: list[tuple[object, ...]] = []
    pairs: dict[tuple[str, str], None] = {}
    for service in sorted({*before, *after}):
        if service not in before or service not in after:
            rows.append((service, "", *("there" if service in side else "none" for side in (before, after))))
            continue
        found = differences(before[service], after[service], {})
        pairs |= {pair: None for change in found if (pair := replaced_config(change))}
        changes = [shown(change, hidden) for change in found]
        rows += [(service, ".".join(change.path), *change.texts) for change in changes]
    if not rows:
        tell.done(f"revisions {old} and {new} of {name} do not differ")
        return
    tell.table("differences", ("service", "field", f"revision {old}", f"revision {new}"), rows)
    contents = _contents(site, name) if pairs else {}
    for one, other in pairs:
        if one in contents and other in contents:
            secret = not sealed.isdisjoint((one, other))
            inside = [HOLDS_SECRET] if secret else content_changes((contents[one], contents[other]), hidden)
            tell.document("\n".join([f"{one} → {other}", *(f"  {line}" for line in inside)]))


def _contents(site: Site, name: str) -> dict[str, bytes]:
    """What the configs of a stack hold, by name."""
    with manager_client(site) as api:
        configs = api.read("/configs", filters={"label": [of_stack(name)]})
    return {config["Spec"]["Name"]: base64.b64decode(config["Spec"].get("Data") or "") for config in configs}


def _revisions(site: Site, name: str) -> list[Revision]:
    with manager_client(site) as api:
        configs = api.read("/configs", filters={"label": [f"{REVISION_OF}={name}"]})
    found = [revision for config in configs if (revision := read_revision(config))]
    if not found:
        raise UsageError(
            f"the swarm keeps no revision of a stack {name}",
            next_action="the first is written by the first deploy that changes something; see: invoke stack.ls",
        )
    return sorted(found, key=lambda revision: revision.number)
