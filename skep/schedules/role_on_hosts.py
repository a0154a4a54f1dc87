"""Schedules that run on hosts of the cluster, as a role: skep and the site are put there, and a key that logs in
everywhere. ``schedule.*`` ask it, and no other commands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from skep import places
from skep.model import Cluster, Host
from skep.plan import Finding, Run, Send, Step
from skep.questions import Answers
from skep.role import HostRole
from skep.schedules.host_files import Away, Program, Site, away
from skep.schedules.metrics import file_of
from skep.schedules.role import Schedules
from skep.schedules.role import State as Units
from skep.schedules.timers import Setting
from skep.secret import Secret
from skep.seen import Seen
from skep.shell import exported, script
from skep.steps import StepId

THERE = "/var/lib/skep/there"
"""On the host; apart from what schedules of its own, as a control machine, keep."""
NAMED = 6
"""Files that a plan names by themselves."""


class There(HostRole[Away]):
    """Of the ``cluster``'s schedules those that name a host; without ``program`` and ``site`` all of it is to go.
    ``credentials`` are those of the units; ``ports`` where sshd listens, by host; ``typed`` is how
    operators call skep, for what runs there say."""

    name = "schedules"
    actions: tuple[str, ...] = (*Schedules.actions, "key", "program", "site", "ways", "login", "try", "clear", "gone")

    def __init__(
        self,
        cluster: Cluster,
        program: Program | None,
        site: Site | None,
        credentials: Mapping[str, Secret],
        ports: Mapping[str, int],
        typed: str = "skep",
    ) -> None:
        self.environment = cluster.name
        self.program, self.site = program, site
        self.credentials = credentials
        self.names = {host.name: _known_as(host.address, ports.get(host.name, 22)) for host in cluster.hosts}
        self.ports, self.typed = ports, typed
        self.metrics = str(file_of(cluster.metrics, cluster.name)) if cluster.metrics else ""
        self.schedules = tuple(one for one in cluster.schedules if one.at) if program and site else ()
        units = Schedules(self._setting(""), self.schedules, at="")
        self.probe = units.probe_of(cluster) + exported(
            {"MARK": self._mark(""), "PYTHON": program.python if program else "3", "METRICS": self.metrics,
             "PROGRAM": program.folder if program else "none", "SITE": site.folder if site else "none"}
        ) + script("skep/schedules/role_on_hosts.sh", *places.FILES)  # fmt: skip

    @property
    def at(self) -> tuple[str, ...]:
        """Hosts that have schedules, in the inventory's order of these."""
        return tuple(dict.fromkeys(one.at for one in self.schedules))

    def desired(self, cluster: Cluster, host: Host) -> Away:
        """What is not observed; the rest is planned from what other hosts have."""
        return Away(Units())

    def parse(self, text: str, answers: Answers) -> Away | None:
        """From the probe's lines."""
        return away(text, Schedules(self._setting(""), self.schedules).parse(text, answers) or Units())

    def plan(self, cluster: Cluster, seen: Seen[Away]) -> Sequence[Step | Finding]:
        """On hosts with schedules all that these need, on all hosts the logins of those; elsewhere what was left."""
        have = {host.name: found for host in seen.hosts(cluster) if (found := seen.states.get(host.name))}
        hosts = {host.name: host for host in cluster.hosts}
        items: list[Step | Finding] = []
        for at in self.at:
            if at in have:
                items += self._refused(at, have)
        if any(isinstance(one, Finding) and one.level == "error" for one in items):
            return items
        logins = list(self._logins(have))
        items += logins
        for name, found in have.items():
            if name in self.at:
                items += self._on(hosts[name], have, [step.id for step in logins], whole=len(have) == len(hosts))
            elif found.there or found.units.owned:
                items += self._gone(name, found)
        return items

    def _refused(self, at: str, have: Mapping[str, Away]) -> Iterator[Finding]:
        assert self.program
        found = have[at]
        if not self._python(found):
            there = ", ".join(f"{version} ({machine})" for version, machine, _ in found.pythons) or "none"
            yield _error(at, f"it has no Python {self.program.python} for {self.program.machine}, as this machine has: "
                         f"{there}", f"install python{self.program.python} there, or run schedule.apply with a Python "
                         "that the host has, too")  # fmt: skip
        for name, other in have.items():
            if other.elsewhere:
                yield _error(name, f"its sshd reads no ~/.ssh/authorized_keys, but {other.elsewhere}",
                             "let AuthorizedKeysFile of its sshd_config have .ssh/authorized_keys, too")  # fmt: skip

    def _python(self, found: Away) -> str | None:
        desired = (self.program.python, self.program.machine) if self.program else ()
        return next((path for version, machine, path in found.pythons if (version, machine) == desired), None)

    def _on(
        self, host: Host, have: Mapping[str, Away], logins: Sequence[StepId], *, whole: bool
    ) -> Iterator[Step | Finding]:
        assert self.program and self.site
        at, found = host.name, have[host.name]
        steps: list[Step] = []
        if not found.key:
            steps.append(self._run(at, "key", "make a key for its schedules", "missing", _KEY))
        steps += self._sent(at, found)
        ways = self._ways(have)
        differ = [name for name, content in ways.items() if found.ways.get(name) != _sum(content)]
        if differ and (whole or not found.ways):
            steps.append(self._run(
                at, "ways", "write how its schedules log in", "missing" if not found.ways else "differs", _WAYS,
                files=ways, detail=tuple(f"write {name}" for name in differ)))  # fmt: skip
        yield from steps
        if not found.key:
            text = "its key may log in on the hosts, and its timers are installed, once the key is made"
            yield Finding("note", text, at, self.name, later=True)
            return
        ready = [*(step.id for step in steps), *logins]
        setting = self._setting(self._python(found) or "")
        own = tuple(one for one in self.schedules if one.at == at)
        there = list(Schedules(setting, own, at, self.credentials, stopped=True).steps(found.units))
        given = [one.id for one in there if isinstance(one, Run) and one.id.action == "credentials"]
        if whole and ready:
            tried = self._run(at, "try", "look at all hosts from there", "it is new there, or was changed", _TRY,
                              PYTHON=setting.program[0], INVENTORY=setting.inventory,
                              PROGRAM=self.program.folder, SITE=self.site.folder)  # fmt: skip
            reach = f"let {at} reach those hosts by the addresses of the inventory, then run the same command again"
            yield replace(tried, needs=(*ready, *given), timeout=300, otherwise=reach)
            ready.append(tried.id)
        for one in there:
            yield replace(one, needs=tuple(ready)) if isinstance(one, Run) and one.id.action == "units" else one
        yield from self._cleared(at, found, (*ready, *(one.id for one in there if isinstance(one, Run))))

    def _cleared(self, at: str, found: Away, ready: tuple[StepId, ...]) -> Iterator[Step | Finding]:
        """Earlier ones go once all units name the later one; those that a run uses stay for as long as it goes on."""
        if old := [name for name in found.old if found.program or not name.startswith("program.")]:
            detail = _few([f"remove {self._folder}/{name}" for name in old])
            clear = self._run(at, "clear", "remove what was sent earlier", "nothing uses it",
                              script("skep/schedules/clear.sh"), detail=detail, OLD="\n".join(old))  # fmt: skip
            yield replace(clear, needs=ready, timeout=300)
        if found.used:
            text = f"a run goes on from {', '.join(_few(found.used))}, which stays: the next schedule.apply removes it"
            yield Finding("note", text, at, self.name)

    def _sent(self, at: str, found: Away) -> Iterator[Step]:
        assert self.program and self.site
        if not found.program:
            cause = "another version is there" if found.earlier else "missing"
            archive = f"{self._folder}/program.tar.gz"
            sent = Send(
                id=StepId(self.name, "program", at, "archive"), host=at, title="send skep and what it needs",
                cause=cause, detail=(f"for Python {self.program.python} on {self.program.machine}",),
                source=self.program.archive, path=archive, size=self.program.size, sha256=self.program.sha256,
                mode=0o600, timeout=1800, writes={self._folder: self.program.size},
            )  # fmt: skip
            yield sent
            unpack = self._run(at, "program", "unpack it", cause, script("skep/schedules/program.sh"),
                               ARCHIVE=archive, NAME=self.program.folder.partition("/")[2])  # fmt: skip
            yield replace(unpack, needs=(sent.id,), writes={self._folder: 6 * self.program.size})
        if (found.current, found.site) != (self.site.folder, self.site.sums):
            lines = [*(f"{name}: {'changed' if name in found.site else 'new'}"
                       for name, digest in self.site.sums.items() if found.site.get(name) != digest),
                     *(f"remove {name}" for name in found.site if name not in self.site.sums)]  # fmt: skip
            cause = f"{len(lines)} differ" if lines else "they differ in which may be run"
            yield self._run(at, "site", f"send the site: {len(self.site.sums)} files",
                            cause if found.site else "missing", script("skep/schedules/site.sh"),
                            files={"site.tar": self.site.archive}, detail=_few(lines),
                            NAME=self.site.folder.partition("/")[2])  # fmt: skip

    def _logins(self, have: Mapping[str, Away]) -> Iterator[Run]:
        """On each host: the keys of those that have schedules. One that did not answer keeps what it has."""
        desired = {self._mark(at): f'restrict,from="{",".join(have[at].addresses)}" {have[at].key} {self._mark(at)}'
                   for at in self.at if at in have and have[at].key}  # fmt: skip
        silent = {self._mark(at) for at in self.at} - set(desired)
        for name, found in have.items():
            lines = {line.rpartition(" ")[2]: line for line in found.logins}
            old = [mark for mark in lines if mark not in silent and lines[mark] != desired.get(mark)]
            new = [mark for mark, line in desired.items() if lines.get(mark) != line]
            if old or new:
                marks = list(dict.fromkeys([*old, *new]))
                says = [f"{'let' if mark in new else 'no longer let'} schedules of {mark.rpartition(':')[2]} log in as "
                        f"{found.user}" for mark in marks]  # fmt: skip
                yield self._run(name, "login", "write ~/.ssh/authorized_keys", "differs" if old else "missing",
                                script("skep/schedules/login.sh"), files={"head": b""}, detail=tuple(says),
                                OLD="\n".join(marks), LINES="\n".join(desired[one] for one in new))  # fmt: skip

    def _ways(self, have: Mapping[str, Away]) -> dict[str, bytes]:
        users = {name: {"user": found.user, "port": self.ports.get(name, 22)} for name, found in have.items()}
        known = [f"{self.names[name]} {key}" for name, found in have.items() for key in found.host_keys]
        return {
            "access.json": (json.dumps(users, indent=1, sort_keys=True) + "\n").encode(),
            "known_hosts": "".join(f"{line}\n" for line in sorted(known)).encode(),
        }

    def _gone(self, name: str, found: Away) -> Iterator[Step | Finding]:
        """Under the lock no run changes the cluster: those that wait for it, or look, are stopped."""
        units = list(Schedules(self._setting(""), (), name, stopped=True).steps(replace(found.units, credentials={})))
        yield from units
        but = " but backups/, which holds what schedules saved" if found.backups else ""
        detail = [f"remove all in {self._folder}{but}", *([f"remove {self.metrics}"] if found.metrics else [])]
        gone = self._run(name, "gone", "remove skep, the site and its key", "no schedule runs there", _GONE,
                         detail=tuple(detail), METRICS=self.metrics)  # fmt: skip
        yield replace(gone, needs=tuple(one.id for one in units if isinstance(one, Run)))

    @property
    def _folder(self) -> str:
        return f"{THERE}/{self.environment}"

    def _mark(self, at: str) -> str:
        return f"skep-schedules:{self.environment}:{at}"

    def _setting(self, python: str) -> Setting:
        site = f"{self._folder}/{self.site.folder if self.site else 'site'}"
        return Setting(
            name=self.environment,
            site=site,
            inventory=f"{site}/{self.site.inventory if self.site else ''}",
            program=(python, "-m", "skep", "--site", site),
            state=THERE,
            source=self._folder,
            credentials=tuple(sorted(self.credentials)),
            environment=(
                ("PYTHONPATH", f"{self._folder}/{self.program.folder if self.program else 'program'}"),
                ("SKEP_ACCESS", self._folder),
                ("SKEP_TYPED", self.typed),
            ),
        )

    def _run(
        self, host: str, action: str, title: str, cause: str, text: str, *, files: Mapping[str, bytes] | None = None,
        detail: tuple[str, ...] = (), **variables: str,
    ) -> Run:  # fmt: skip
        return Run(
            id=StepId(self.name, action, host),
            host=host,
            title=title,
            cause=cause,
            detail=detail,
            script=text,
            files=dict(files or {}),
            variables={"FOLDER": self._folder, **variables},
            otherwise="do what the cause says, then run the same command again",
        )


_KEY = """set -eu
umask 077
mkdir -p "$FOLDER"
rm -f "$FOLDER/key" "$FOLDER/key.pub"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$FOLDER/key"
"""
_WAYS = f"""set -eu
{script("skep/replace.sh")}
umask 077
mkdir -p "$FOLDER"
for name in access.json known_hosts; do replace "$FILES/$name" "$FOLDER/$name" 600; done
"""
_GONE = """[ -z "$METRICS" ] || rm -f -- "$METRICS"
[ -d "$FOLDER" ] || exit 0
find "$FOLDER" -mindepth 1 -maxdepth 1 ! -name backups -exec rm -rf -- {} + || exit 1
rmdir -- "$FOLDER/backups" "$FOLDER" "${FOLDER%/*}" 2>/dev/null || :
"""
_TRY = """cd "$FOLDER/$SITE"
export PYTHONPATH="$FOLDER/$PROGRAM" SKEP_ACCESS="$FOLDER" SKEP_STATE="$FOLDER" HOME=/root
export CREDENTIALS_DIRECTORY="$FOLDER/credentials"
"$PYTHON" -m skep --site "$FOLDER/$SITE" cluster.plan --no-resolve -q -i "$INVENTORY" >&2
"""


def _few(lines: Sequence[str]) -> tuple[str, ...]:
    """As many as a plan shows."""
    return (*lines[:NAMED], *([f"and {len(lines) - NAMED} more"] if len(lines) > NAMED else []))


def _known_as(address: str, port: int) -> str:
    return address if port == 22 else f"[{address}]:{port}"


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _error(host: str, text: str, action: str) -> Finding:
    return Finding("error", text, host=host, role="schedules", next_action=action)
