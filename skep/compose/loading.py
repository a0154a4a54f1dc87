"""Compose files -> one document: read, filled in, merged and checked; every problem at once."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import field

from skep.compose.configs import Contents
from skep.compose.consistency import check
from skep.compose.dialect import Dialect
from skep.compose.dotenv import read_dotenv
from skep.compose.keys import every
from skep.compose.keys.options import KEY as OPTIONS
from skep.compose.keys.options import Options, check_options, drop_absent, options
from skep.compose.problems import ComposeError
from skep.compose.variables import Variables, read_env_file
from skep.dataclass import dataclass
from skep.model import Files, NoFile, Secret
from skep.reading.findings import Findings, Place, Remark
from skep.reading.mapping_kinds import Record
from skep.reading.tree import Entry, Reading
from skep.reading.value_kinds import At
from skep.reading.values import Fields, where
from skep.refusals import RULES, Context, SwarmFacts, faults

MAX_ENV_LINES = 200_000
"""Variables that all ``env_file`` of a load may give together."""


@dataclass(frozen=True)
class Document:
    """Compose files as one: merged, filled in, in long forms, and right.

    ``services`` and the others map names to their keys; every value is plain data, durations in nanoseconds, sizes
    in bytes.
    """

    data: Fields
    contents: Mapping[tuple[str, str], bytes]
    """What configs and secrets hold, by (``configs`` or ``secrets``, name)."""
    remarks: tuple[Remark, ...]
    """What is right and may not be meant so."""
    origins: Mapping[str, str]
    """Each variable used -> where its value came from: inventory, environment, ``file:line`` or not set."""
    hidden: frozenset[str] = field(repr=False)
    """Values of secrets that were put in: not to be shown."""
    record: Record = field(repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The texts of ``remarks``, each ``file:line: key.path: message``."""
        return tuple(one.text for one in self.remarks)

    def section(self, name: str) -> Fields:
        """``services``, ``networks``, ``volumes``, ``configs`` or ``secrets``."""
        return self.data.section(name)

    @property
    def options(self) -> Options:
        """What ``x-skep`` asks for."""
        return options(self.data)

    def where(self, *path: str | int) -> str:
        """``file:line`` of a key, such as ``("services", "web", "image")``, or of the nearest around it."""
        return str(where(self.data, path))


def load(
    files: Files,
    compose: Sequence[str],
    *,
    variables: Mapping[str, str | Secret],
    environment: Mapping[str, str] | None = None,
    shown: str = "",
    directory: str = "/",
    outputs: Mapping[tuple[str, ...], Secret] | None = None,
    swarm: SwarmFacts | None = None,
    stack: str = "",
) -> Document:
    """The document of compose files named in ``compose``, in merge order.

    ``files`` gives contents by name: compose files, env files, ``.env``, what configs and secrets hold. Names in the
    files are relative to the first compose file; what begins with ``~/`` is left to ``files``.
    ``variables`` win over ``environment``, that over ``.env``.
    ``shown`` is put before file names in messages, ``directory`` (absolute) before relative binds.
    ``outputs`` is what the commands of ``x-skep`` printed, by their words. ``swarm`` is what is known of the managers,
    ``stack`` the stack's name.
    Raises ``ComposeError`` with every problem.
    """
    printed = {} if outputs is None else outputs
    known = swarm or SwarmFacts()
    return _Loading(
        files, tuple(compose), variables, environment or {}, shown, directory, printed, known, stack
    ).document()


class _Loading:
    """One load."""

    def __init__(
        self,
        files: Files,
        compose: tuple[str, ...],
        variables: Mapping[str, str | Secret],
        environment: Mapping[str, str],
        shown: str,
        directory: str,
        outputs: Mapping[tuple[str, ...], Secret],
        swarm: SwarmFacts,
        stack: str,
    ) -> None:
        self.swarm = swarm
        self.stack = stack
        self.files = files
        self.compose = compose
        self.shown = shown
        self.outputs = outputs
        self.folder = posixpath.dirname(compose[0]) if compose else ""
        self.findings = Findings(tuple(self.name(file) for file in compose))
        dotenv = posixpath.join(self.folder, ".env")
        self.variables = Variables(variables, environment, self.findings)
        content = self._content(dotenv, At(self.findings), Place(self.name(dotenv), 1), required=False)
        if content is not None:
            read_dotenv(self.name(dotenv), content, self.variables)
        self.record = every.compose(posixpath.join(directory, self.folder), self._home(variables, environment))
        self.env_files: dict[str, dict[str, str | None]] = {}
        self.env_lines = MAX_ENV_LINES

    @staticmethod
    def _home(variables: Mapping[str, str | Secret], environment: Mapping[str, str]) -> str | None:
        home = variables.get("HOME", environment.get("HOME"))
        return home if isinstance(home, str) else None

    def name(self, file: str) -> str:
        """A file as messages call it."""
        return posixpath.join(self.shown, file)

    def document(self) -> Document:
        """The merged document, or ``ComposeError``."""
        merged: Fields | None = None
        reading = Reading(self.findings, Dialect(self.findings, self.variables))
        at = At(self.findings)
        for file in self.compose:
            one = self._read(file, reading, at)
            if one is None:
                continue
            merged = one if merged is None else self._merge(merged, one, at)
        if not self.compose:
            raise ComposeError(["no compose file is named"])
        contents = Contents(self.file, self.variables, self.findings, self.outputs)
        if merged is not None:
            contents.read(merged)
            check(merged, self.findings)
            self._refused(merged, contents)
            drop_absent(merged)
            check_options(merged, self.findings)
        if self.findings.errors or merged is None:
            raise ComposeError(self.findings.errors)
        return Document(
            merged,
            contents.found,
            tuple(self.findings.remarks),
            dict(sorted(self.variables.origins.items())),
            frozenset(self.findings.secrets),
            self.record,
        )

    def _refused(self, data: Fields, contents: Contents) -> None:
        """Note what Swarm would refuse."""
        context = Context(
            data,
            self.stack,
            swarm=self.swarm,
            quote=self.findings.value,
            hidden=self.findings.holds_secret,
            contents=contents.found,
            broken=self.findings.is_broken,
        )
        for fault in faults(RULES, context) if data.get("services") else ():
            self.findings.error(fault.path, fault.message, where(data, fault.path))

    def path(self, name: str) -> str:
        """A file named in a compose file, as ``files`` calls it."""
        return name if name.startswith("~/") else posixpath.normpath(posixpath.join(self.folder, name))

    def file(self, name: str, at: At, place: Place, *, required: bool = True) -> bytes | None:
        """What a file named in a compose file holds; ``None`` where there is none, after saying so if ``required``."""
        return self._content(self.path(name), at, place, required=required)

    def _content(self, path: str, at: At, place: Place, *, required: bool) -> bytes | None:
        try:
            return self.files[path]
        except KeyError as error:
            why = error if isinstance(error, NoFile) else NoFile("is not there", absent=True)
        if required or not why.absent:
            at.error(place, f"the file {self.findings.value(path)} {why.why}")
        return None

    def _read(self, file: str, reading: Reading, at: At) -> Fields | None:
        content = self._content(file, at, Place(self.name(file), 1), required=True)
        if content is None:
            return None
        pairs = reading.file(self.name(file), content)
        if pairs is None:
            return None
        data = self.record.read(Entry(Place(self.name(file), 1), pairs), at)
        assert isinstance(data, Fields)
        for name, service in data.get("services", {}).items():
            self._environment(service, at / "services" / name)
        return data

    def _merge(self, base: Fields, over: Fields, at: At) -> Fields:
        """Sections are merged; the version and extensions are the first file's."""
        both = Fields(base.place, base.items(), base.places)
        for key in ("services", "networks", "volumes", "configs", "secrets", OPTIONS):
            if key in over:
                there = over.where(key)
                kind = self.record.fields[key]
                value = kind.merge(both[key], over[key], at / key, there) if key in both else over[key]
                both.set(key, value, both.where(key) if key in both else there)
        return both

    def _environment(self, service: Fields, at: At) -> None:
        """Env files first, the service's own variables over them; what has no value is looked up."""
        given = service.get("environment")
        if given is None and "env_file" not in service:
            return
        found = Fields(service.where("environment" if given is not None else "env_file"))
        for one in service.get("env_file", ()):
            for name, value in self._env_file(one, at / "env_file").items():
                if value is None:
                    value = self.variables.peek(name)
                if value is not None:
                    found.set(name, self._filled(name, value), one.place)
        own: Fields = given or Fields(found.place)
        for name, value in own.items():
            found.set(name, self._filled(name, value), own.where(name))
        service.set("environment", found, found.place)

    def _filled(self, name: str, value: str | None) -> str | None:
        """An empty value or none gives way to a variable of that name, as in Docker's CLI."""
        if value:
            return value
        found = self.variables.peek(name)
        return value if found is None else found

    def _env_file(self, one: Fields, at: At) -> dict[str, str | None]:
        path = self.path(one["path"])
        if path not in self.env_files:
            content = self.file(one["path"], at, one.place, required=one.get("required", True)) or b""
            self.env_files[path] = read_env_file(self.name(path), content, self.findings)
        self.env_lines -= len(self.env_files[path])
        if self.env_lines < 0:
            at.error(one.place, f"more than {MAX_ENV_LINES} variables from env files")
            return {}
        return self.env_files[path]
