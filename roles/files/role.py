"""What stands around an engine: proxy of the package manager, certificates, modules and parameters of the kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial

from roles.files.content import BEGIN, DNF, END, TEXTS, WITH_DNF, File, Topics, described, files, parsed
from roles.files.kinds import KERNEL_SHARED, KINDS, PROXY_NOT_OF_PACKAGES
from skep import places
from skep.dataclass import dataclass
from skep.diff import lines
from skep.milestones import CONFIGURED, configured
from skep.model import Cluster, Host, Kernel
from skep.plan import Finding, Run, Step
from skep.questions import Answers
from skep.role import HostRole
from skep.secret import Secret, secrets_in
from skep.seen import Platform, Seen
from skep.shell import script
from skep.steps import Milestone, StepId

MEMORY = "/var/lib/skep/files"
"""On a host: lists the files that we own, by topic."""
MIB = 1 << 20
TITLES = {
    "packages": ("set the proxy of the package manager", "remove the proxy of the package manager"),
    "certificates": ("place certificates of registries", "remove certificates of registries"),
    "trust": ("place certificates that the host trusts", "remove certificates that the host trusted"),
    "modules": ("load kernel modules, at each boot, too", "load kernel modules at boot no more"),
    "sysctls": ("set kernel parameters, at each boot, too", "set kernel parameters at boot no more"),
}
"""By topic: the title of the step that puts it there, and of the one that removes it."""
SAYS = {
    "certificates": "read at the next pull; no restart is needed",
    "trust": "a running engine sees that at its next start",
}
STAYS = {"modules": "those that are loaded stay so", "sysctls": "the running kernel keeps its values"}
"""By topic: what does not change in the running kernel when it is removed."""
PLATFORMS = (Platform(packages="apt-get"), Platform(packages="dnf"))
"""The same probe is sent to all hosts, whatever their distribution."""


@dataclass(frozen=True, slots=True)
class There:
    """A file as it is; ``lines`` of those that are shown, which may hold a password."""

    digest: str = ""
    mode: int = 0
    lines: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class State:
    """``files`` by path; ``owned`` are paths of ours by topic; the rest is the kernel's. ``loadable`` are modules that
    it has and did not load; parameters that cannot be written are in ``fixed``."""

    files: Mapping[str, There] = field(default_factory=dict)
    owned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    loaded: frozenset[str] = frozenset()
    loadable: frozenset[str] = frozenset()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    """Files beside which lies what was there before ours."""
    own_proxy: bool = False
    """Whether dnf has a proxy that is not ours."""
    container: bool = False
    """Whether it shares the kernel of another machine, whose modules only that one can load."""


class Files(HostRole[State]):
    """Writes the files that the inventory asks for, and removes those that it no longer asks for."""

    name = "files"
    kinds = KINDS
    actions: tuple[str, ...] = tuple(TITLES)
    milestones: tuple[Milestone, ...] = (CONFIGURED,)

    def probe_of(self, cluster: Cluster) -> str:
        """Asks for what is desired on any host, and for what is remembered."""
        paths: dict[str, None] = {}
        for host in cluster.hosts:
            for kind in PLATFORMS:
                paths |= {file.path: None for found in files(cluster, host, kind).values() for file in found}
        kernels = [host.kernel for host in cluster.hosts]
        return places.probe(
            "roles/files/probe.sh",
            MEMORY=MEMORY,
            PATHS="\n".join(paths),
            TEXTS=" ".join(TEXTS),
            DNF=DNF,
            BEGIN=BEGIN,
            END=END,
            MODULES=" ".join(sorted({_name(module) for kernel in kernels for module in kernel.modules})),
            SYSCTLS=" ".join(sorted({key for kernel in kernels for key in kernel.sysctls})),
        )

    def desired(self, cluster: Cluster, host: Host) -> State:
        """The files of a host whose package manager is not known."""
        found = files(cluster, host, Platform())
        return State({file.path: There(file.digest, file.mode) for topic in found.values() for file in topic})

    def parse(self, text: str, answers: Answers) -> State | None:
        """From the probe's lines; ``None`` where nothing of all this is there, nor was asked for."""
        rows = [line.partition(" ")[::2] for line in text.splitlines() if line]
        if not rows:
            return None
        by_kind: dict[str, list[str]] = {}
        for kind, rest in rows:
            by_kind.setdefault(kind, []).append(rest)
        texts: dict[str, list[str]] = {}
        for row in by_kind.get("text", ()):
            path, _, line = row.partition(" ")
            texts.setdefault(path, []).append(line)
        modes = {path: int(mode, 8) for mode, _, path in (row.partition(" ") for row in by_kind.get("mode", ()))}
        sums = {path.strip(): digest for digest, _, path in (row.partition(" ") for row in by_kind.get("sum", ()))}
        owned: dict[str, list[str]] = {topic: [] for topic in by_kind.get("remembers", ())}
        for row in by_kind.get("owned", ()):
            topic, _, path = row.partition(" ")
            owned[topic].append(path)
        values = (row.removeprefix("/proc/sys/").partition(":")[::2] for row in by_kind.get("sysctl", ()))
        return State(
            files={path: There(digest, modes[path], tuple(texts.get(path, ()))) for path, digest in sums.items()},
            owned={topic: tuple(found) for topic, found in owned.items()},
            loaded=frozenset(by_kind.get("loaded", ())),
            loadable=frozenset(by_kind.get("loadable", ())),
            sysctls={place.replace("/", "."): " ".join(value.split()) for place, value in values},
            fixed=frozenset(by_kind.get("fixed", ())),
            kept=frozenset(by_kind.get("kept", ())),
            own_proxy="proxied" in by_kind,
            container="container" in by_kind,
        )

    def plan(self, cluster: Cluster, seen: Seen[State]) -> Sequence[Step | Finding]:
        """A step for each topic where something differs."""
        items: list[Step | Finding] = []
        for host in seen.hosts(cluster):
            have = seen.states[host.name] or State()
            platform = seen.platforms.get(host.name, Platform(packages="apt-get"))
            desired = files(cluster, host, platform)
            if have.own_proxy:
                desired = {**desired, "packages": tuple(one for one in desired.get("packages", ()) if one.path != DNF)}
            items += _unable(host, have, platform)
            for topic in TITLES:
                step = _step(host, topic, desired, have)
                items += [step] if step else []
        return items


def _name(module: str) -> str:
    """A module's name as the kernel spells it."""
    return module.replace("-", "_")


def _step(host: Host, topic: str, desired: Topics, have: State) -> Step | None:
    want, owned = desired.get(topic, ()), have.owned.get(topic, ())
    gone = [path for path in dict.fromkeys(owned) if path not in {file.path for file in want}]
    differing = [file for file in want if not _same(file, have.files.get(file.path))]
    load = _load(host.kernel, have) if topic == "modules" else []
    values = _values(host.kernel, have) if topic == "sysctls" else {}
    forgotten = bool(want) and set(owned) != {file.path for file in want}
    if not (gone or differing or load or values or forgotten):
        return None
    hides = tuple(secret for file in want for secret in file.hides)
    shown = [line for file in want for line in _shown(file, have.files.get(file.path))]
    shown += [f"{key}: {have.sysctls.get(key, 'unset')} → {value} in the kernel" for key, value in values.items()]
    shown += [f"load {module}" for module in load]
    shown += [_removal(path, have) for path in gone if path in have.files]
    strange = (file.path for file in want if file.path in have.files and file.path not in (*owned, DNF))
    shown += [f"keep what is there as {path}.before-skep" for path in strange]
    return Run(
        id=StepId("files", topic, host.name),
        host=host.name,
        title=TITLES[topic][0 if want else 1],
        cause=_cause(differing, gone, have, kernel=bool(load or values)),
        detail=tuple(filter(None, (*shown, SAYS.get(topic), None if want else STAYS.get(topic)))),
        script=script("roles/files/put.sh"),
        variables={
            "MEMORY": MEMORY,
            "TOPIC": topic,
            "GONE": "\n".join(gone),
            "LOAD": " ".join(load),
            "SET": " ".join(values),
            "DNF": DNF,
            "BEGIN": BEGIN,
            "END": END,
        },
        files={
            "list": "".join(f"{file.mode:o} {file.path}\n" for file in want).encode(),
            **{str(number): file.content for number, file in enumerate(want, 1)},
        },
        hides=(*hides, *secrets_in([_settings(file, have.files.get(file.path)) for file in want])),
        after=(StepId("files", "modules", host.name),) if topic == "sysctls" else (),
        provides=(configured(host.name),),
        writes={"/etc": MIB, "/usr": MIB, "/var/lib/skep": MIB},
        otherwise="do what the cause says, or change it in the inventory; then run the same command again",
    )


def _removal(path: str, have: State) -> str:
    if path == DNF:
        return f"take our lines out of {path}"
    return f"put {path}.before-skep back as {path}" if path in have.kept else f"remove {path}"


def _cause(differing: Sequence[File], gone: Sequence[str], have: State, *, kernel: bool) -> str:
    if differing:
        return "missing" if all(file.path not in have.files for file in differing) else "differs"
    if gone:
        return "no longer in the inventory"
    return "the kernel has other values" if kernel else "not known to be in force"


def _same(file: File, there: There | None) -> bool:
    if there is None or there.digest != file.digest:
        return False
    return there.mode == file.mode or (file.path == DNF and file.mode == OPEN)


OPEN = 0o644
"""The mode of files that everybody may read. A file that is not ours may be stricter."""


def _shown(file: File, there: There | None) -> Iterator[str]:
    """What changes in a file."""
    if _same(file, there):
        return
    yield file.path + (f" (mode {file.mode:o})" if file.mode != 0o644 else "")
    if file.settings is not None:
        yield from (f"  {line}" for line in lines(_settings(file, there), file.settings))
        return
    old = f"sha256 {there.digest[:12]}" if there else None
    if there and there.digest == file.digest:
        yield f"  mode: {there.mode:o} → {file.mode:o}"
    else:
        yield from (f"  {line}" for line in lines({"is": old}, {"is": described(file)}))


def _settings(file: File, there: There | None) -> Mapping[str, object]:
    """A file's present content; all of it is secret if only root may read it."""
    if there is None or file.settings is None:
        return {}
    found = parsed(file.path, list(there.lines))
    return {key: Secret(str(value)) for key, value in found.items()} if there.mode & 0o44 == 0 else found


def _load(kernel: Kernel, have: State) -> list[str]:
    return [module for module in kernel.modules if _name(module) in have.loadable and not have.container]


def _values(kernel: Kernel, have: State) -> dict[str, str]:
    """Parameters whose value differs from the desired one, and that can be set now or once a module is loaded."""
    loading = bool(_load(kernel, have))
    return {
        key: value
        for key, value in kernel.sysctls.items()
        if have.sysctls.get(key) != " ".join(value.split())
        and key not in have.fixed
        and (key in have.sysctls or loading)
    }


def _unable(host: Host, have: State, platform: Platform) -> Iterator[Finding]:
    """Modules and parameters that a host's kernel does not have, or does not allow to be set."""
    found = partial(Finding, host=host.name, role="files")
    modules = [one for one in host.kernel.modules if _name(one) not in have.loaded]
    values = [key for key, value in host.kernel.sysctls.items() if have.sysctls.get(key) != " ".join(value.split())]
    values = [key for key in values if key not in _values(host.kernel, have)]
    if have.container:
        for names, what in ((modules, "can be loaded"), (values, "can be set")):
            text = f"not checked: whether {', '.join(names)} {what}: this host is a container"
            if names:
                action = "check it on the machine that runs the container"
                yield found("note", text, standing=True, next_action=action, kind=KERNEL_SHARED)
        modules, values = [], []
    missing = [one for one in modules if _name(one) not in have.loadable]
    if missing:
        action = "take it out of kernel.modules for this host, or take a kernel that has it, such as the distribution's"
        yield found("error", f"its kernel has no module {', '.join(missing)}", next_action=action)
    fixed = [key for key in values if key in have.fixed]
    if fixed:
        action = "take it out of kernel.sysctls for this host: it can only be set at boot, on the kernel's command line"
        yield found("error", f"{', '.join(fixed)} can only be read", next_action=action)
    absent = [key for key in values if key not in have.sysctls]
    if absent:
        action = "correct its name in kernel.sysctls, or name the module it comes with in kernel.modules"
        yield found("error", f"its kernel has no parameter {', '.join(absent)}", next_action=action)
    if host.proxy and have.own_proxy and platform.packages in WITH_DNF:
        action = f"on {host.name}, take proxy and what belongs to it out of {DNF}: then that of the inventory is set"
        text = f"{DNF} has a proxy of its own, which stays"
        yield found("warning", text, next_action=action, kind=PROXY_NOT_OF_PACKAGES)
    if host.proxy and platform.packages not in ("", "apt-get", *WITH_DNF):
        action = f"if packages are to come through it, on {host.name} write proxy=URL into /etc/yum.conf"
        text = f"the proxy of {platform.packages} is not set: only those of apt and dnf are"
        yield found("warning", text, next_action=action, kind=PROXY_NOT_OF_PACKAGES)


role = Files()
