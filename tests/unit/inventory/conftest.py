"""A folder with stacks and secrets to load inventories in, and a fixed environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skep.errors import InventoryError
from skep.inventory import Inventory, load

REPOSITORY = Path(__file__).parents[3]

ENVIRON = {
    "HOME": "/home/operator",
    "EMPTY": "",
    "PORT": "2222",
    "WORD": "hunter2-from-environment",
    "SSH_PASSWORD": "hunter2-ssh",
    "REGISTRY_PASSWORD": "hunter2-registry",
    "WEB_TOKEN": "hunter2-token",
}

Load = Callable[[str | bytes], Inventory]
Problems = Callable[[str | bytes], list[str]]


def make_world(folder: Path) -> Path:
    """An inventory folder with a few secrets, beside a stacks folder; gives the inventory folder."""
    inventory = folder / "inventory"
    (inventory / "secrets").mkdir(parents=True)
    (inventory / "secrets" / "sudo").write_text("hunter2-sudo\n")
    (inventory / "ssh_config").write_text("# of the operator\nHost *.example.com\n  User = admin\n")
    (inventory / "home" / ".ssh").mkdir(parents=True)
    (inventory / "home" / ".ssh" / "config").touch()
    (inventory / "binary").write_bytes(b"\xff\xfe hunter2")
    (inventory / "large").write_bytes(b"hunter2 " * 10_000)
    web = folder / "stacks" / "web"
    (web / "conf").mkdir(parents=True)
    (web / "compose.yml").write_text("services: {}\n")
    (web / "conf" / "page.html").write_bytes(b"<h1>\xff</h1>")
    large = folder / "stacks" / "large"
    large.mkdir()
    (large / "compose.yml").write_text("services: {}\n")
    (large / "dump").write_bytes(b"\0" * (1024 * 1024))
    (folder / "stacks" / "bare").mkdir()
    return inventory


def load_in(inventory: Path, text: str | bytes) -> Inventory:
    """Load a text as the world's file ``prod.yml``."""
    path = inventory / "prod.yml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(path, environ=ENVIRON)


def problems_in(inventory: Path, text: str | bytes) -> list[str]:
    """The problems of a text, each from its line number on; none if it loads."""
    try:
        load_in(inventory, text)
    except InventoryError as error:
        return [shortened(problem, inventory) for problem in error.problems]
    return []


def shortened(problem: str, inventory: Path) -> str:
    """A problem without its file's name, and ``…`` for the folder of the world."""
    file = f"{inventory / 'prod.yml'}:"
    assert problem.startswith(file)
    return problem.removeprefix(file).strip().replace(str(inventory.parent), "…")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inventory folder of a world."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def load_text(world: Path) -> Load:
    """Loads a text in the world."""
    return lambda text: load_in(world, text)


@pytest.fixture(scope="session")
def problems_of(world: Path) -> Problems:
    """Gives the problems of a text in the world."""
    return lambda text: problems_in(world, text)


@pytest.fixture(scope="session")
def warnings_of(world: Path) -> Problems:
    """Gives the warnings of a text in the world."""
    return lambda text: [shortened(warning, world) for warning in load_in(world, text).warnings]


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """The world's environment."""
    return dict(ENVIRON)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's folder."""
    return REPOSITORY
