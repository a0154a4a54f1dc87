"""What is wrong with a site: all of it at once, and nothing of it is run against hosts."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from skep import __version__
from skep.accepting import judged, remarked
from skep.cli.aliases import aliases
from skep.cli.known_tasks import TASKS
from skep.commands.inventory_files import stack_problems
from skep.commands.own_roles import host_keys, roles
from skep.compose import ComposeError, document_of
from skep.dataclass import dataclass
from skep.errors import InventoryError, SkepError, UsageError
from skep.inventory import environments as environments_in
from skep.inventory import load
from skep.inventory.bases import whole
from skep.inventory.which_file import EXAMPLE
from skep.model import Stack
from skep.reading.documented import HostKeys
from skep.reading.plain import plain, text_of
from skep.shell import quoted
from skep.site.git import Git
from skep.site.layout import EXAMPLE as EXAMPLE_FILE
from skep.site.layout import SCHEMA, STACKS, compatible, example_text, schema_text
from skep.site.place import INVENTORIES
from skep.site.requires import refuse_other

SETTINGS = "invoke.yaml"
KNOWN = {"aliases", "inventory", "requires", "roles"}
"""Keys under ``skep`` in that file."""
KEY = re.compile(rb"-----BEGIN (?!ENCRYPTED )[A-Z ]*PRIVATE KEY-----")
SECRET = re.compile(r"^[^#\n]*(?:password|secret|token|passphrase)[^#\n]*\$\{file:([^}\n]+)\}", re.MULTILINE)
"""A line of an inventory that takes a secret from a file."""
DEFAULT = re.compile(r"\$\{env:(\w+):-")
"""A variable that an inventory can do without."""
LARGEST = 64 * 1024
"""Bytes of a file that may be a private key."""


class SiteError(SkepError):
    """A site is wrong; carries everything at once."""

    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"the site has {len(problems)} error{'s' if len(problems) != 1 else ''}")

    def lines(self) -> list[str]:
        return [*self.problems, self.message]


@dataclass
class Found:
    """What is wrong, and what may be on purpose."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Elsewhere(Mapping[str, str]):
    """The environment, with a value for every variable but those ``without``: secrets are set where hosts are changed,
    not where files are checked."""

    def __init__(self, environ: Mapping[str, str], without: Collection[str] = ()) -> None:
        self._environ = environ
        self._without = {"HOME", "XDG_CACHE_HOME", "CREDENTIALS_DIRECTORY", *without}
        self.unset: dict[str, None] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._environ and name not in self._without:
            self.unset[name] = None
            return "unset"
        return self._environ[name]

    def gave(self, problem: str) -> bool:
        """Whether something is wrong with a value that is not the one of where hosts are changed."""
        return any(re.search(rf"\$\{{env:{name}\b", problem) for name in self.unset)

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


def inventories(site: Path) -> list[Path]:
    """The environments of a site."""
    return [path for path in environments_in(site / INVENTORIES) if path.stem != EXAMPLE]


def examined(site: Path) -> Found:
    """Everything that is wrong with a site."""
    found = Found()
    git = Git(site)
    environments, settings = inventories(site), Found()
    keys = _settings(site, {path.stem for path in environments}, settings)
    if not environments:
        found.errors.append(
            f"{INVENTORIES}/: there is no environment in it; write a first one with: invoke inventory.init"
        )
    read = [_inventory(path, git, keys, found) for path in environments]
    stacks = [stack for of_one in read for stack in of_one or ()]
    for stack in {stack.directory: stack for stack in stacks}.values():
        _secrets(stack, git, found)
    named = {Path(stack.directory).resolve() for stack in stacks}
    for folder in sorted((site / STACKS).glob("*/")):
        if folder.is_dir() and folder.resolve() not in named and environments and None not in read:
            found.warnings.append(f"{STACKS}/{folder.name}: no environment names this stack")
    found.errors += settings.errors
    found.warnings += settings.warnings
    _repository(git, found)
    for name, text in ((SCHEMA, partial(schema_text, keys)), (EXAMPLE_FILE, example_text)):
        file = site / name
        if file.is_file() and file.read_text(encoding="utf-8", errors="replace") != text():
            of = f"skep {__version__}" + (" and of the site's roles" if keys and name == SCHEMA else "")
            found.warnings.append(f"{name} is not that of {of}: rm {name}, then invoke site.init")
    return found


def _inventory(path: Path, git: Git, keys: HostKeys, found: Found) -> list[Stack] | None:
    """The stacks of an environment, with everything wrong with it and them noted; ``None`` where it cannot be read."""
    name = git.short(path)
    text = "\n".join(text_of(one.read_bytes(), "replace") for one in whole(path) if one.is_file())
    environ = Elsewhere(os.environ, DEFAULT.findall(text))
    for given in SECRET.findall(text):
        _committed(path.parent / given, f"{name} takes a secret from it", git, found)
    try:
        inventory = load(path, environ=environ, host_keys=keys)
    except InventoryError as error:
        own = [problem for problem in error.problems if not environ.gave(problem)]
        found.errors += own
        found.warnings += error.warnings
        if not own:
            found.warnings.append(f"{name}: its stacks were not checked; set the variables to check them")
        return None
    except UsageError as error:
        found.errors.append(error.reason)
        return None
    finally:
        if environ.unset:
            found.warnings.append(f"{name}: not set here, so not checked: {', '.join(environ.unset)}")
    accepted, today = inventory.cluster.accepted, date.today()
    remarks = zip(inventory.remarks, remarked(inventory.remarks), strict=True)
    found.warnings += [str(one) for one, finding in remarks if not judged(finding, accepted, today).accepted]
    for stack in inventory.cluster.stacks:
        found.errors += [problem for problem in stack_problems(stack) if problem not in found.errors]
    return list(inventory.cluster.stacks)


def _secrets(stack: Stack, git: Git, found: Found) -> None:
    """Files of a stack's secrets that are in git."""
    try:
        secrets: Mapping[str, Mapping[str, object]] = document_of(stack).section("secrets")
    except ComposeError:
        return
    for name, secret in secrets.items():
        if isinstance(file := secret.get("file"), str):
            _committed(Path(stack.directory, file), f"it is secret {name} of stack {stack.name}", git, found)


def _committed(file: Path, why: str, git: Git, found: Found) -> None:
    name = git.short(Path(os.path.normpath(file)))
    if name in git.files:
        found.errors.append(
            f"{name}: {why}, and it is in git in plain text: change the secret, then git rm --cached {quoted(name)}"
            " and add it to .gitignore"
        )


def _settings(site: Path, environments: set[str], found: Found) -> HostKeys:
    """What invoke.yaml says, and the keys of the site's roles that it leads to; none where they cannot be used."""
    own = _own(site, found)
    if own is not None:
        _values(site, own, environments, found)
    try:
        return host_keys(roles((own or {}).get("roles")))
    except UsageError as error:
        found.errors.append(error.reason)
        return {}


def _own(site: Path, found: Found) -> Mapping[str, Any] | None:
    """What stands under ``skep`` in invoke.yaml; ``None`` where that cannot be used."""
    try:
        document = plain((site / SETTINGS).read_bytes()) or {}
    except FileNotFoundError:
        document = {}
    except (OSError, ValueError) as error:
        found.errors.append(f"{SETTINGS}: cannot be read: {' '.join(str(error).split())}")
        return None
    own = document.get("skep") or {} if isinstance(document, dict) else None
    if not isinstance(own, dict):
        found.errors.append(f"{SETTINGS}: skep: must be a mapping (key: value)")
        return None
    return own


def _values(site: Path, own: Mapping[str, object], environments: set[str], found: Found) -> None:
    known = ", ".join(sorted(KNOWN))
    found.errors += [f"{SETTINGS}: skep.{key}: unknown key; known are {known}" for key in own if key not in KNOWN]
    chosen = own.get("inventory")
    if chosen and str(chosen) not in environments and not (site / str(chosen)).is_file():
        found.errors.append(f"{SETTINGS}: skep.inventory: there is no environment {chosen}")
    if own.get("requires") is None:
        advice = f'requires: "{compatible(__version__)}"'
        found.warnings.append(f"{SETTINGS}: any version of skep may work here; write {advice} under skep")
    try:
        aliases(own.get("aliases"), TASKS)
    except UsageError as error:
        found.errors.append(error.reason)
    try:
        if own.get("requires") is not None:
            refuse_other(own["requires"], __version__)
    except UsageError as error:
        found.errors.append(error.reason)


def _repository(git: Git, found: Found) -> None:
    """What git keeps that it should not."""
    if git.problem:
        found.warnings.append(f"what is in git was not checked: {git.problem}")
        return
    if ".env" in git.files:
        found.errors.append(".env is in git: change the secrets in it, then git rm --cached .env")
    if not git.ignores(".env"):
        found.errors.append(".gitignore: .env is not in it, so the next git add takes its secrets along")
    for name in git.files:
        file = git.folder / name
        if file.is_file() and file.stat().st_size <= LARGEST and KEY.search(file.read_bytes()):
            found.errors.append(
                f"{name}: a private key is in git: make a new one, then git rm --cached {quoted(name)} and add it to"
                " .gitignore"
            )
