"""What an audit finds: each thing broken by hand, and remedies typed as they are printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tests.lab.rig.environment import Document, Environment
from tests.lab.rig.hosts import until
from tests.lab.rig.tool import Tool

Place = tuple[str, str | None]
"""The id of a finding, and the host or stack that it is about, if any."""
Found = Mapping[Place, Mapping[str, Any]]

WRITE = re.compile(r"write (?P<key>[\w.-]+): (?P<value>.+?) in the inventory\b.*, then: (?P<then>.+)")
TAKE = re.compile(
    r"(?:.*or )?take (?:(?P<item>\S+) out of )?(?P<key>daemon[\w.-]+)(?: out of| in) the inventory, then: (?P<then>.+)"
)
FLAG = re.compile(r"take (?P<flag>\S+ \S+) out of docker\.service \(.*\), drain the node, then: (?P<then>.+)")
BY_PERSON = re.compile(r"(?:write|take|change) .* (?:in|out of) the (?:compose file|inventory)\b.*, then: (?P<then>.+)")
LOOK = re.compile(r"(?:on \S+, )?look first: (?P<look>.+); then(?:, if nobody needs it)?(?:: (?P<then>.+)| .+)")
DROP_IN = "/etc/systemd/system/docker.service.d/flag.conf"
"""Where flags are added to dockerd."""
ORDER = ("cluster.prune", "stack.refresh", "stack.rm", "stack.deploy", "cluster.up")


@dataclass(frozen=True)
class Break:
    """``script`` is run by root on ``on``. ``after`` is what a person does of the remedy, where that is no command."""

    on: str
    script: str
    after: str = ""


class Audited:
    """An environment of which two hosts, and the swarm as a whole, are audited, broken and fixed. ``own`` is the host
    whose daemon.json the inventory sets."""

    def __init__(self, environment: Environment, own: str, other: str, document: Document) -> None:
        self.environment = environment
        self.own = own
        self.document = document
        self._limit = f"{own},{other}"

    @property
    def tool(self) -> Tool:
        """The tool with the inventory as it is now."""
        return self.environment.with_inventory("audited", lambda document: document.update(self.document))

    def audit(self) -> Found:
        """What is found, by id and place."""
        until("what runs has arrived", self._has_arrived)
        ran = self.tool("cluster.audit", "--profile", "cis", "--limit", self._limit)
        assert ran.exit in (0, 11), f"{ran}"
        (event,) = ran.named("audit")
        return {(one["id"], one["host"] or one["stack"]): one for one in event["results"] if one["status"] == "finding"}

    def _has_arrived(self) -> bool:
        """Each service runs its tasks, but for one that never will."""
        rows = self.environment.hosts.run("m1", "docker service ls --format '{{.Name}} {{.Replicas}}'").splitlines()
        counts = [row.split()[1].split("/") for row in rows if not row.startswith("stray ")]
        return all(running == wished for running, wished in counts)

    def fix(self, found: Iterable[Mapping[str, Any]], by_person: Mapping[Place, Callable[[], object]]) -> None:
        """What is printed is done: edits first, then each command once."""
        here: dict[str, None] = {}
        for one in found:
            assert one["remedy"], f"nothing to type: {one}"
            act = by_person.get((one["id"], one["host"] or one["stack"]))
            if act:
                act()
            for command in filter(None, self._typed(one, person=act is not None).split("; ")):
                here.setdefault(command)
        for command in sorted(here, key=lambda command: ORDER.index(command.split()[1])):
            program, task, *words = command.split()
            assert program == "invoke", command
            self.tool(task, *words, *(["--yes"] if task in ("cluster.prune", "stack.rm") else [])).must()

    def _typed(self, one: Mapping[str, Any], *, person: bool) -> str:
        """Runs what is typed on a host; gives what is typed where the tool runs."""
        remedy, on = re.sub(r" -i \S+", "", one["remedy"]), "m1" if one["on"] == "manager" else one["host"] or "m1"
        if match := WRITE.fullmatch(remedy):
            self._write(match["key"], yaml.safe_load(match["value"]))
        elif match := TAKE.fullmatch(remedy):
            self._take(match["key"], match["item"])
        elif match := FLAG.fullmatch(remedy):
            self.environment.hosts.run(on, f"grep -q -e '{match['flag']}' {DROP_IN} && rm {DROP_IN}; {match['then']}")
            return ""
        elif match := LOOK.fullmatch(remedy):
            then = match["then"] or ":"
            here = then.startswith("invoke ")
            self.environment.hosts.run(on, match["look"] if here else f"{match['look']}; {then}")
            assert match["then"] or person, f"nobody does what this says: {one}"
            return then if here else ""
        elif match := BY_PERSON.fullmatch(remedy):
            assert person, f"nobody does what this says: {one}"
        elif remedy.startswith("invoke "):
            return str(remedy)
        else:
            assert one["on"] in ("host", "manager"), f"{one}"
            if not person:
                self.environment.hosts.run(on, remedy)
            return ""
        return match["then"]

    def _write(self, key: str, value: object) -> None:
        *path, last = key.split(".")
        place = self.document["hosts"][self.own] if path == ["daemon"] else self.document
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value

    def _take(self, key: str, item: str | None) -> None:
        """An item of a list, or the whole key; on this host what all hosts have is emptied."""
        name = key.removeprefix("daemon.")
        daemon = self.document["hosts"][self.own]["daemon"]
        if item:
            daemon[name] = [one for one in daemon[name] if one != item]
        elif name in daemon:
            del daemon[name]
        else:
            daemon[name] = []
