"""daemon.json on a host: owned keys merged into what is there, in force in the running engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from roles.daemon import data_folder, flags, live_restore, mirrors, proxies, registries
from roles.daemon.kinds import KINDS
from roles.daemon.reported import reported, reported_form
from roles.daemon.state import State, as_it_is, differing_keys, merge, remembered_keys, veiled_keys
from skep import places
from skep.diff import lines
from skep.json_types import mapping
from skep.milestones import CONFIGURED, ENGINE_UP, SWARM_SETTINGS, configured, engine_up
from skep.model import Cluster, Host
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.request import RequestedCluster
from skep.role import HostRole
from skep.rolling import ACTIONS, MILESTONES, rolling
from skep.secret import marked, revealed, secrets_in
from skep.seen import Seen
from skep.shell import script
from skep.steps import Milestone, StepId

How = Literal["keep", "reload", "restart"]
FILE = "/etc/docker/daemon.json"
FIX = "do what the cause says, or fix daemon in the inventory if it names a setting; then run the same command again"
MEMORY = "/var/lib/skep/daemon.json"
"""What this tool last put in force: the keys it owns, with hashes in place of secrets."""

STARTING = 16 << 20
"""Bytes an engine may write into its data root when it starts."""
WRITES = {FILE: 1 << 20, "/var/lib/skep": 1 << 20}
"""What a step writes, in bytes at most."""

RELOADABLE = frozenset(
    {
        "authorization-plugins",
        "debug",
        "default-runtime",
        "features",
        "insecure-registries",
        "labels",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)
"""Keys a SIGHUP puts in force. Source: Docker's dockerd reference, "Configuration reload behavior"."""


class Daemon(HostRole[State]):
    """Owns the keys the inventory names, and no others."""

    name = "daemon"
    kinds = KINDS
    actions: tuple[str, ...] = ("write", "reload", "restart", "mirrors", *ACTIONS)
    milestones: tuple[Milestone, ...] = (CONFIGURED, ENGINE_UP, *MILESTONES)
    questions: tuple[str, ...] = ("/info",)
    probe = places.probe(
        "roles/daemon/probe.sh",
        FILE=FILE,
        MEMORY=MEMORY,
        PROXY=proxies.FILE,
        DROP_IN=proxies.DROP_IN,
        ASKED=mirrors.FILE,
    )

    def desired(self, cluster: Cluster, host: Host) -> State:
        """The inventory's ``daemon`` and ``proxy`` of that host."""
        return State(keys={**host.daemon, **proxies.desired(cluster, host)})

    def parse(self, text: str, answers: Answers) -> State | None:
        """From our own memory on the first line, lines with a mark, the file after them, and the engine's report."""
        memory, _, rest = text.partition("\n")
        marked_lines, file = _marked(rest)
        passed, config_file = flags.read(marked_lines)
        keys, broken = _read(file)
        keys |= proxies.parse(line.removeprefix("-- proxy ") for line in marked_lines if line.startswith("-- proxy "))
        found = [line.removeprefix("-- is ") for line in marked_lines if line.startswith("-- is ")]
        info = answers.get("/info")
        return State(
            keys=keys,
            applied=_read(memory)[0],
            live=data_folder.as_written(reported(info), keys, marked_lines) if info else {},
            running=bool(info),
            version=info.get("ServerVersion") or "" if info else "",
            broken=f"it is {found[0]}" if found else broken,
            flags=passed,
            config_file=config_file,
            node="-- node" in marked_lines,
            asked=tuple(line.removeprefix("-- asked ") for line in marked_lines if line.startswith("-- asked ")),
        )

    def plan(self, cluster: RequestedCluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """Write before the first start; reload where that suffices; restart host by host where it does not."""
        steps: list[Step | Finding] = []
        restarts: dict[str, Step] = {}
        for name, want in self.desired_on(cluster, seen).items():
            have, is_member = seen.states[name] or State(keys={}), seen.members.get(name) is not None
            if have.broken:
                steps.append(_unreadable(name, have.broken))
                continue
            merged = merge(have, want.keys, running=have.running)
            refusal = _not_for_it(name, have, merged, want, is_member=is_member)
            if refusal:
                steps.append(refusal)
                continue
            steps += mirrors.items(cluster, cluster.host(name), have.asked)
            steps += registries.items(cluster.host(name), merged, have.version)
            if not have.running:
                steps += self._write(name, have, merged, want)
                continue
            differing = differing_keys(have, merged, want.keys)
            if not differing:
                continue
            reload = differing <= RELOADABLE & set(merged) and _store(have.keys) == _store(merged)
            kept = differing == {proxies.KEY} and _only_hosts(have, want)
            how: How = "keep" if kept else "reload" if reload else "restart"
            step = self._apply(name, have, merged, want, differing, how)
            if how == "restart":
                step = replace(step, writes={**WRITES, cluster.host(name).data_root: STARTING})
            if how != "restart" or not is_member:
                steps.append(step)
            else:
                restarts[name] = replace(step, needs=(SWARM_SETTINGS,))
        return [*steps, *rolling(cluster, restarts, seen.members)]

    def _write(self, host: str, have: State, merged: Mapping[str, object], want: State) -> list[Step]:
        if revealed(merged) == dict(have.keys) and remembered_keys(have, want.keys) == marked(want.keys):
            return []
        old = veiled_keys(have, merged)
        return [
            Run(
                id=StepId("daemon", "write", host),
                host=host,
                title=f"write {FILE}",
                cause="before the first start, which then has it",
                detail=lines(old, merged),
                script=script("roles/daemon/write.sh"),
                variables=_variables(merged),
                files=_files(merged, want),
                hides=(*secrets_in(old), *secrets_in(merged)),
                provides=(configured(host), engine_up(host)),
                otherwise=FIX,
                writes=WRITES,
            )
        ]

    def _apply(
        self, host: str, have: State, merged: Mapping[str, object], want: State, keys: frozenset[str], how: How
    ) -> Step:
        old = veiled_keys(have, merged)
        before = {key: as_it_is(have, old, key, merged.get(key)) for key in keys}
        after = {key: merged.get(key) for key in keys}
        what = proxies.FILE if keys == {proxies.KEY} else FILE
        return Run(
            id=StepId("daemon", "write" if how == "keep" else how, host),
            host=host,
            title=f"write {what}" + ("; no restart is needed" if how == "keep" else f" and {how} docker"),
            cause=f"{', '.join(sorted(keys))} {'differs' if len(keys) == 1 else 'differ'}",
            detail=lines(before, after)
            or tuple(f"{key}: in the file, not known to be in force" for key in sorted(keys)),
            script=script("roles/daemon/apply.sh"),
            variables={**_variables(merged), "HOW": how},
            files=_files(merged, want),
            hides=(*secrets_in(old), *secrets_in(merged)),
            after=(engine_up(host),),
            provides=(engine_up(host),),
            otherwise=FIX,
            timeout=180,
            writes=WRITES,
            restarts=how == "restart",
        )


def _store(keys: Mapping[str, object]) -> object:
    """Who is asked to keep images: an engine changes that only when it starts, though ``features`` can be reloaded."""
    return mapping(keys.get("features")).get("containerd-snapshotter")


def _only_hosts(have: State, want: State) -> bool:
    """Whether the proxy differs in which hosts there are, and no registry is at one that came or went."""
    key = proxies.KEY
    if key not in want.keys or have.live.get(key) != reported_form(key, want.keys[key]):
        return False
    pairs = ((have.applied.get(key), marked(want.keys[key])), (have.keys.get(key), revealed(want.keys[key])))
    return all(proxies.only_hosts(mapping(one), mapping(other)) for one, other in pairs)


def _variables(merged: Mapping[str, object]) -> dict[str, str]:
    return {
        "FILE": FILE,
        "MEMORY": MEMORY,
        "MODE": _mode(_file(merged)),
        "PROXY": proxies.FILE,
        "DROP_IN": proxies.DROP_IN,
    }


def _files(merged: Mapping[str, object], want: State) -> dict[str, bytes | Mapping[str, object]]:
    proxy = {"proxy.env": proxies.file(mapping(merged[proxies.KEY]))} if proxies.KEY in merged else {}
    return {"daemon.json": _file(merged), "memory.json": mapping(marked(want.keys)), **proxy}


def _file(merged: Mapping[str, object]) -> dict[str, object]:
    """What stands in daemon.json."""
    return {key: value for key, value in merged.items() if key != proxies.KEY}


def _mode(merged: Mapping[str, object]) -> str:
    """Who may read the file: only root where it holds a secret; else that stays as it is."""
    return "600" if any(True for _ in secrets_in(merged)) else ""


def _read(text: str) -> tuple[dict[str, object], str | None]:
    if not text.strip():
        return {}, None
    try:
        value = json.loads(text)
    except ValueError as error:
        return {}, "it begins with a byte order mark (BOM)" if text.startswith("\ufeff") else str(error)
    return (value, None) if isinstance(value, dict) else ({}, "not a JSON object")


def _marked(text: str) -> tuple[list[str], str]:
    """The lines before the file, each with a mark, and the file."""
    lines = text.split("\n")
    count = next((place for place, line in enumerate(lines) if line and not line.startswith("-- ")), len(lines))
    return [line for line in lines[:count] if line], "\n".join(lines[count:])


def _not_for_it(
    host: str, have: State, merged: Mapping[str, object], want: State, *, is_member: bool
) -> Finding | None:
    """What docker.service passes to dockerd, where the engine would not start with the file then, or not read it."""
    refusal = partial(Finding, "error", host=host, role="daemon")
    service = f"out of docker.service (on {host}: systemctl cat docker.service, then systemctl daemon-reload)"
    if have.config_file not in (None, FILE) and (want.keys or have.applied):
        text = f"docker.service has {flags.CONFIG_FILE} {have.config_file}: what stands in {FILE} does not count"
        return refusal(text, next_action=f"take {flags.CONFIG_FILE} {service}")
    if proxies.KEY in want.keys and "proxies" in merged:
        text = f"{FILE} has proxies, which go before the inventory's proxy"
        action = f"take proxies out of {FILE} on {host}, or proxy out of the inventory"
        return refusal(text, next_action=action)
    if refused := live_restore.refusal(host, merged, have, FILE):
        return refused
    keys = flags.in_both(have.flags, merged)
    if not keys:
        if not (have.node or is_member):
            return None
        return data_folder.refusal(host, merged, have.keys, have.live, have.flags)
    options = ", ".join(have.flags[key] for key in keys)
    twice = ", ".join(keys)
    text = f"docker.service has {options}, and {twice} would stand in {FILE}, too: the engine does not start with both"
    place = "daemon in the inventory" if set(keys) & set(want.keys) else FILE
    return refusal(text, next_action=f"take {twice} out of {place}, or {options} {service}")


def _unreadable(host: str, why: str) -> Finding:
    return Finding(
        "error",
        f"{FILE} cannot be read: {why}",
        host=host,
        role="daemon",
        next_action=f"fix or remove {FILE} on {host}; nothing was changed there",
    )


role = Daemon()
