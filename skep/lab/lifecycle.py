"""What can be done with a lab: bring it up, take it down, look at it, break it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from skep.errors import LabError
from skep.lab import base, cgroups, folders, hosts, keys, network, snapshots, this_machine, virtual_machines
from skep.lab.spec import STAND_INS, HostStatus, Lab, LabHost
from skep.lab.system import Say, ignore, require, run

_AT_ONCE = 16


def up(lab: Lab, *, say: Say = ignore) -> None:
    """Makes the lab run as described; what runs already stays as it is.

    Returns when every host's SSH server answers. Hosts that are down are booted with the disk they have, hosts
    whose address or release changed are made anew, hosts no longer named are removed, pulled cables are plugged
    in. Leftovers of a killed ``up`` are cleaned on the way. `LabError` names every host that failed.
    """
    with folders.locked("packages"):  # two labs that come up at once would be in each other's way
        require(say, lab.backend, rpms=any(host.suite in STAND_INS for host in lab.hosts))
    with folders.locked(f"lab-{lab.name}"):
        folders.refuse_foreign(lab.name)
        network.refuse_overlap(lab)
        key = keys.client()
        bare = [host for host in lab.hosts if not hosts.has_disk(lab, host, key)]
        bases = {suite: base.ensure(suite, say, lab.backend) for suite in sorted({host.suite for host in bare})}
        from skep.lab import registry  # only here: HTTP is slow to import

        tools = registry.ensure_programs(say)
        _retire(lab)
        folders.save(lab)
        cgroups.make(cgroups.root(lab.name))
        this_machine.prepare()
        network.connect(lab)
        for host in bare:
            say(f"making {host.name} ({host.suite}, {host.address})")
        _each(bare, lambda host: hosts.make_disk(lab, host, bases[host.suite], key))
        _each(lab.hosts, lambda host: _ready_disk(lab, host))
        keys.write_known_hosts(lab)
        still = [host for host in lab.hosts if not hosts.is_up(lab, host)]
        kept = [host for host in still if snapshots.is_restored(lab, host)]
        for host in still:
            say(f"{host.name} goes on as it was kept" if host in kept else f"booting {host.name}")
        _each(still, lambda host: hosts.boot(lab, host))
        _in_turn(kept, lambda host: snapshots.go_on(lab, host))
        for host in lab.hosts:
            if network.is_cut(lab, host):
                network.switch(lab, host, on=True)
        registry.ensure(lab, tools)
        _offer_packages(lab, say)
        until = hosts.deadline(lab)
        _in_turn(lab.hosts, lambda host: hosts.wait(lab, host, until))
        _in_turn(kept, lambda host: snapshots.set_clock(lab, host))
        new = [host for host in bare if host not in kept]
        if new and lab.backend == "vm" and not virtual_machines.accelerated():
            say("keeping what has booted, for the next lab of these hosts")
            _in_turn(new, lambda host: snapshots.keep(lab, host))
        say(f"lab {lab.name} is up: {len(lab.hosts)} hosts, images at {lab.registry}")


def _offer_packages(lab: Lab, say: Say) -> None:
    """The vendor's packages of engines, where the lab has them."""
    if lab.packages:
        from skep.lab import rpms, vendor

        rpms.ensure(lab, say)
        vendor.ensure(lab, say)


def _retire(lab: Lab) -> None:
    """Removes what an earlier lab of this name had and the present one has not."""
    before = folders.saved(lab.name)
    if before is None:
        return
    if before.subnet != lab.subnet:
        _clear(lab.name)
        return
    if before.registry_port != lab.registry_port:
        cgroups.end(cgroups.of_service(lab.name, "registry"))
    for host in before.hosts:
        if host not in lab.hosts:
            hosts.remove(before, host)
    if before.packages and not lab.packages:
        cgroups.end(cgroups.of_service(lab.name, "packages"))


def _ready_disk(lab: Lab, host: LabHost) -> None:
    hosts.mount(lab, host)
    hosts.name_neighbours(lab, host)
    if lab.backend == "vm":
        snapshots.restore(lab, host)


def down(name: str, *, say: Say = ignore) -> None:
    """Ends the lab and deletes all of it but the cache of bases, programs and the login key.

    Also right when the lab is half there or not there at all.
    """
    with folders.locked(f"lab-{name}"):
        folders.refuse_foreign(name)
        say(f"taking lab {name} down")
        _clear(name)
        this_machine.restore()


def _clear(name: str) -> None:
    before = folders.saved(name)
    cgroups.end(cgroups.root(name))
    network.disconnect(name)
    if before is not None:
        for host in before.hosts:
            hosts.end(before, host)
    for mounted in folders.mounts_below(folders.run(name)):
        run(["umount", mounted], step="take the lab down")
    folders.known_hosts(name).unlink(missing_ok=True)
    folders.remove(folders.run(name))


def status(lab: Lab) -> list[HostStatus]:
    """How each host of the lab is found, in the lab's order; takes about a second when hosts do not answer."""
    if not lab.hosts:
        return []
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda host: hosts.status(lab, host), lab.hosts))


def cut(name: str, host: str) -> None:
    """Pulls the network cable of a running host."""
    lab = _known(name)
    network.switch(lab, lab.host(host), on=False)


def heal(name: str, host: str) -> None:
    """Plugs the network cable of a running host in again."""
    lab = _known(name)
    network.switch(lab, lab.host(host), on=True)


def kill(name: str, host: str) -> None:
    """Cuts a host's power: all its processes die at once, its disk stays, it does not come back by itself."""
    lab = _known(name)
    with folders.locked(f"lab-{name}"):
        hosts.end(lab, lab.host(host))


def boot(name: str, host: str) -> None:
    """Starts a host that is down and returns when its SSH server answers; nothing when it runs."""
    lab = _known(name)
    with folders.locked(f"lab-{name}"):
        if not hosts.is_up(lab, lab.host(host)):
            hosts.boot(lab, lab.host(host))
        hosts.wait(lab, lab.host(host), hosts.deadline(lab))


def _known(name: str) -> Lab:
    lab = folders.saved(name)
    if lab is None:
        raise LabError(f"lab {name} is not up", next_action="invoke lab.up")
    return lab


def _each(targets: Iterable[LabHost], act: Callable[[LabHost], None]) -> None:
    """Does something for all hosts at once; afterwards one `LabError` names all that failed."""
    from concurrent.futures import ThreadPoolExecutor  # only here and in status: slow to import

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        _gather([(host, pool.submit(act, host).result) for host in targets])


def _in_turn(targets: Iterable[LabHost], act: Callable[[LabHost], None]) -> None:
    """The same for one host after the other: for waits, which Ctrl-C ends at once here."""
    _gather([(host, partial(act, host)) for host in targets])


def _gather(acts: Iterable[tuple[LabHost, Callable[[], None]]]) -> None:
    failures = []
    for host, act in acts:
        try:
            act()
        except LabError as error:
            failures.append(error)
        except OSError as error:
            failures.append(LabError(str(error), host=host.name))
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise LabError(f"{len(failures)} hosts failed:\n" + "\n".join(str(failure) for failure in failures))
