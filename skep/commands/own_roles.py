"""The roles there are: those that come with skep, and the site's own in ``roles/``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from skep import shipped
from skep.errors import UsageError
from skep.inventory.schema import GROUP, HOST
from skep.kinds import Kind
from skep.kinds import shipped as shipped_kinds
from skep.reading.documented import Key
from skep.role import AnyRole, Role

PACKAGE = "roles"
AUDIT = Path("tests/audit")


def roles(instead: str | None) -> tuple[AnyRole, ...]:
    """All roles in the order of observing and planning; the site's own come last, by name. ``instead`` is a package
    that lists all itself (``skep.roles`` of invoke.yaml).

    Raises ``UsageError`` for an own role that cannot be used, and for a package that lists none.
    """
    if instead:
        try:
            return tuple(import_module(str(instead)).ROLES)
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"invoke.yaml: skep.roles: {instead} cannot be used",
                cause=str(error),
                next_action="name a package that has ROLES, or take the line out",
            ) from None
    package = _shipped()
    ours: tuple[AnyRole, ...] = tuple(package.ROLES)
    names = {role.name for role in ours}
    own = Path(PACKAGE).absolute()
    if not own.is_dir() or own.samefile(shipped.FOLDER / PACKAGE):
        return ours
    if str(own) not in package.__path__:
        package.__path__.append(str(own))
    return (*ours, *(_own(path.parent.name, names) for path in sorted(own.glob("*/role.py"))))


def host_keys(known: Iterable[AnyRole]) -> dict[str, Key]:
    """The keys that roles bring along for hosts. Raises ``UsageError`` where a name is taken."""
    found: dict[str, Key] = {}
    for role in known:
        for name, key in role.host_keys.items():
            if name in found or name in HOST.fields or name in GROUP.fields:
                raise UsageError(
                    f"{PACKAGE}/{role.name}/role.py: there is a host key {name} already",
                    next_action="give the role's key another name",
                )
            found[name] = key
    return found


def kinds(known: Iterable[AnyRole]) -> dict[str, Kind]:
    """Everything that a warning may be about, by id."""
    found = [*shipped_kinds(), *(kind for role in known for kind in role.kinds)]
    return {kind.id: kind for kind in sorted(found, key=lambda kind: kind.id)}


def checks(known: Iterable[AnyRole], instead: str | None) -> dict[str, Path]:
    """The file of each role with its Testinfra checks, where it has one; and the site's own, of ``AUDIT``."""
    folders = [Path(folder) for folder in sys.modules[instead or PACKAGE].__path__]
    files = ((role.name, folder / role.name / "verify.py") for role in known for folder in folders)
    own = {f"audit/{file.stem.removeprefix('test_')}": file.absolute() for file in sorted(AUDIT.glob("test_*.py"))}
    return {**{name: file for name, file in files if file.is_file()}, **own}


def _shipped() -> ModuleType:
    """The package ``roles`` that comes with skep, whatever else is called so here."""
    file = shipped.FOLDER / PACKAGE / "__init__.py"
    found = sys.modules.get(PACKAGE)
    if found is not None and found.__file__ is not None and Path(found.__file__).resolve() == file.resolve():
        return found
    spec = spec_from_file_location(PACKAGE, file, submodule_search_locations=[str(file.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {file}")
    module = sys.modules[PACKAGE] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _own(name: str, taken: set[str]) -> AnyRole:
    place = f"{PACKAGE}/{name}/role.py"
    if name in taken:
        raise UsageError(f"{place}: skep has a role of that name", next_action="give the folder another name")
    try:
        role = import_module(f"{PACKAGE}.{name}.role").role
        if not isinstance(role, Role):
            raise TypeError("role is neither a HostRole nor a ClusterRole of skep.role")
    except Exception as error:
        raise UsageError(
            f"{place} cannot be used",
            cause=f"{type(error).__name__}: {error}",
            next_action="it has to end with role = …, as in CONTRIBUTING.md of skep: Add a role in three steps",
        ) from None
    if role.name != name:
        raise UsageError(f"{place}: the role calls itself {role.name}", next_action=f'write name = "{name}"')
    return role
