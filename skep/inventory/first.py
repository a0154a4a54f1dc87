"""The text of a first inventory."""

from __future__ import annotations

from collections.abc import Sequence

from skep.dataclass import dataclass
from skep.errors import UsageError
from skep.inventory.checks.addresses import address_problem, as_address, is_host_name
from skep.inventory.checks.ssh import is_user
from skep.reading.wording import quoted

_HEAD = """\
# yaml-language-server: $schema={schema}
#
# One environment. Every key there is: inventory/example.yml.
# Next: inventory.check, then cluster.plan, then cluster.up.

# How to log in. Your ssh_config and agent are honoured.
{ssh}
#  key: ~/.ssh/id_ed25519
#  sudo-password: ${{env:SUDO_PASSWORD}}   # where sudo asks for one; only ever as a reference
#  host-keys: accept-new   # note unknown host keys at the first login; strict (the default) refuses them

# Keys of daemon.json on all hosts.
#daemon:
#  registry-mirrors: ["https://mirror.example.com"]

# Where overlay networks take their subnets: clear of the hosts' own networks. Holds from init on.
#swarm:
#  address-pools: ["10.64.0.0/12"]

# One or three managers: an odd number, so that a majority survives. The others are workers.
hosts:
"""

_TAIL = """
# Overlay networks that stacks share.
#networks:
#  front:
#    attachable: true

# Stacks: folders of stacks/.
"""

SCHEMA = "../docs/inventory.schema.json"
"""Where the JSON Schema is, as seen from the inventory."""


@dataclass(frozen=True)
class _Named:
    user: str | None
    address: str


def first_inventory(names: Sequence[str], *, stacks: Sequence[str] = (), schema: str = SCHEMA) -> str:
    """The text: the first one or three hosts are managers, the rest workers. ``stacks`` are what runs on them."""
    if not names:
        raise UsageError("name at least one host", next_action="for example: invoke inventory.init --hosts 10.0.0.11")
    hosts = [_parsed(name) for name in names]
    addresses = [host.address.casefold() for host in hosts]
    for position, address in enumerate(addresses):
        if address in addresses[:position]:
            raise UsageError(f"the host {quoted(address)} is named twice", next_action="name each host once")
    users = {host.user for host in hosts}
    common = users.pop() if len(users) == 1 else None
    managers = 3 if len(hosts) >= 3 else 1
    text = _HEAD.format(schema=schema, ssh=f"ssh:\n  user: {_word(common)}" if common else "#ssh:\n#  user: admin")
    taken = {name.casefold() for name in map(_own_name, addresses) if name}
    named: set[str] = set()
    for position, host in enumerate(hosts):
        is_manager = position < managers
        name = _name(host.address, f"m{position + 1}" if is_manager else f"w{position + 1 - managers}", taken, named)
        text += f"  {_word(name)}:\n    address: {_word(host.address)}\n"
        text += f"    role: {'manager' if is_manager else 'worker'}\n"
        if host.user and not common:
            text += f"    ssh: {{ user: {_word(host.user)} }}\n"
    listed = "".join(f"  {_word(stack)}: {{}}\n" for stack in stacks)
    return text + _TAIL + (f"stacks:\n{listed}" if listed else "#stacks:\n#  web: {}\n")


def _parsed(name: str) -> _Named:
    user, at, address = name.rpartition("@")
    if at and not is_user(user):
        raise UsageError(f"{quoted(name)}: {quoted(user)} is not a user name")
    problem = address_problem(address)
    if problem:
        raise UsageError(f"{quoted(name)}: {quoted(address)} {problem}")
    return _Named(user or None, address)


def _own_name(address: str) -> str | None:
    """The host name an address begins with, if it has one."""
    name = address.split(".")[0]
    return name if as_address(address) is None and is_host_name(name) else None


def _name(address: str, otherwise: str, taken: set[str], named: set[str]) -> str:
    """A host's name: its own, its whole address where another has that name, else ``m1``, ``w1`` ….

    ``taken``: names that hosts have of their own; ``named``: names given so far, to which this one is added.
    """
    own = _own_name(address)
    free = (f"{otherwise}{suffix}" for suffix in ("", *(f"-{number}" for number in range(2, 10_000))))
    candidates = [own, address.removesuffix(".")] if own else (name for name in free if name not in taken)
    found = next((name for name in candidates if is_host_name(name) and name.casefold() not in named), otherwise)
    named.add(found.casefold())
    return found


def _word(text: str) -> str:
    """A text as a YAML scalar."""
    return text if text.replace(".", "").replace("-", "").isalnum() else '"' + text.replace("\\", "\\\\") + '"'
