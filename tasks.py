"""Invoke tasks: ``invoke --list`` shows them, ``invoke --help TASK`` explains one. Bodies are a few lines."""

from pathlib import Path

from invoke import Collection, Exit

from skep.cli import FOLDER, at_site, called_from, chosen, task, told

COMMON = {
    "inventory": "environment: a name in inventory/ or a file (else $SKEP_INVENTORY, invoke.yaml, the only one)",
    "json": "events one a line on stdout, and nothing else there",
    "verbose": "every step's start, progress and order; tracebacks of bugs",
    "limit": "only these hosts or groups, comma-separated",
    "replace_network": "networks that may be removed and created anew, comma-separated",
    "allow_quorum_loss": "restart managers that none can stand in for: nothing can be changed until they are back",
    "yes": "do not ask",
    "resolve": "ask registries for the images' digests; --no-resolve deploys tags as they are",
    "timeout": "how long services may take to run as wanted, such as 90s or 5m (default: the inventory's)",
    "wait_lock": "how long to wait where somebody else is at work, such as 90s or 5m (default: not at all)",
    "on_failure": "keep what failed (default), or rollback: the whole stack as it was",
}
GONE = "how long a stack may take to be gone, such as 90s or 5m (default: the inventory's)"
VERIFY = {name: Path("roles") / name / "verify.py" for name in ("engine", "daemon", "swarm", "networks", "stacks")}


def helps(*names, **more):
    """Help texts for the options of a task, the common ones by name."""
    return {name.replace("_", "-"): COMMON[name] for name in names} | {
        key.replace("_", "-"): text for key, text in more.items()
    }


def site(c, inventory, json, verbose, wait_lock=None):
    """The site with all roles, which only tasks.py knows."""
    from roles import ROLES

    return at_site(c, inventory, ROLES, json=json, verbose=verbose, wait_lock=wait_lock)


@task(
    help=helps(
        "inventory", "limit", "json", "verbose", "replace_network", "allow_quorum_loss",
        resolve="ask registries for the images' digests, and tell which tags have moved; --no-resolve asks none",
        exit_code="exit 10 if something would change",
    )
)  # fmt: skip
def cluster_plan(
    c, inventory=None, limit=None, json=False, verbose=False, replace_network=None, resolve=True, exit_code=False,
    allow_quorum_loss=False,
):  # fmt: skip
    """Show what would change, per host, with the cause of each step. Changes nothing.

    Example: invoke cluster.plan -i lab --limit north
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import cluster

        here = cluster.allowing(here, replace_network, quorum_loss=allow_quorum_loss)
        code = cluster.show_plan(here, tell, limit=limit, resolve=resolve, exit_code=exit_code)
    if code:
        raise Exit(code=code)


@task(
    help=helps(
        "inventory", "limit", "json", "verbose", "timeout", "wait_lock", "replace_network", "allow_quorum_loss",
        "resolve", verify="always, changed (default) or never",
    )
)  # fmt: skip
def cluster_up(
    c, inventory=None, limit=None, verbose=False, json=False, verify="changed", timeout=None, wait_lock=None,
    replace_network=None, allow_quorum_loss=False, resolve=True,
):  # fmt: skip
    """Make the hosts what the inventory says: plan, apply, observe again, verify.

    Example: invoke cluster.up -i prod --verify always
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import cluster

        here = cluster.allowing(here, replace_network, quorum_loss=allow_quorum_loss)
        cluster.up(here, tell, VERIFY, limit=limit, verify=verify, timeout=timeout, resolve=resolve)


@task(help=helps("inventory", "limit", "json", "verbose", junit="also write a JUnit XML report to this file"))
def cluster_verify(c, inventory=None, limit=None, junit=None, json=False, verbose=False):
    """Check the hosts with Testinfra, independently of what cluster.up looked at.

    Example: invoke cluster.verify -i prod --junit report.xml
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import cluster

        cluster.verify(here, tell, VERIFY, limit=limit, junit=called_from(junit) if junit else None)


@task(help=helps("inventory", "json", "verbose"))
def cluster_status(c, inventory=None, json=False, verbose=False):
    """Show nodes, networks and stacks, and what differs from the inventory.

    Example: invoke cluster.status -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import cluster

        cluster.status(here, tell)


@task(help=helps("inventory", "yes", "json", "verbose", "wait_lock", timeout=GONE))
def cluster_down(c, inventory=None, timeout=None, wait_lock=None, yes=False, json=False, verbose=False):
    """Remove stacks, networks and the swarm. Engines and volumes stay. Asks first.

    Example: invoke cluster.down -i lab --yes
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import cluster

        cluster.down(here, tell, yes=yes, timeout=timeout)


@task(help=helps("inventory", "yes", "json", "verbose"))
def cluster_unlock(c, inventory=None, yes=False, json=False, verbose=False):
    """Remove the cluster lock, whoever holds it. Asks first.

    Example: invoke cluster.unlock -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import cluster

        cluster.unlock(here, tell, yes=yes)


@task(help=helps("inventory", "json", "verbose", last="how many lines (default 50)"))
def cluster_history(c, inventory=None, last=50, json=False, verbose=False):
    """Show what was done, when and by whom.

    Example: invoke cluster.history -i prod --last 20
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import cluster

        cluster.show_history(here, tell, last=last)


@task(
    positional=["name"],
    help=helps(
        "inventory", "json", "verbose", "resolve", name="a stack of the inventory (default: all)",
        exit_code="exit 10 if something would change",
    ),
)  # fmt: skip
def stack_plan(c, name="all", inventory=None, resolve=True, exit_code=False, json=False, verbose=False):
    """Show what a deploy would change, service by service, field by field. Changes nothing.

    Example: invoke stack.plan web -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import rollouts

        code = rollouts.show_plan(here, tell, name=name, resolve=resolve, exit_code=exit_code)
    if code:
        raise Exit(code=code)


@task(
    positional=["name"],
    help=helps(
        "inventory", "json", "verbose", "resolve", "timeout", "wait_lock", "on_failure",
        name="a stack of the inventory", prune="remove services that are no longer in the compose files",
    ),
)  # fmt: skip
def stack_deploy(
    c,
    name,
    inventory=None,
    prune=False,
    resolve=True,
    timeout=None,
    wait_lock=None,
    on_failure=None,
    json=False,
    verbose=False,
):
    """Bring one stack to what its compose files say, touching only what differs, and wait until it runs.

    Example: invoke stack.deploy web -i prod --on-failure rollback
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import rollouts

        rollouts.deploy(here, tell, name=name, prune=prune, resolve=resolve, timeout=timeout, on_failure=on_failure)


@task(
    positional=["name"],
    help=helps(
        "inventory", "json", "verbose", "timeout", "wait_lock", "on_failure", name="a stack of the inventory, or all"
    ),
)
def stack_refresh(c, name, inventory=None, timeout=None, wait_lock=None, on_failure=None, json=False, verbose=False):
    """Ask registries what the tags are now, and roll out images that have moved: for scheduled redeploys.

    Example: invoke stack.refresh all -i prod --on-failure rollback
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import rollouts

        rollouts.refresh(here, tell, name=name, timeout=timeout, on_failure=on_failure)


@task(
    positional=["name", "counts"],
    help=helps(
        "inventory", "json", "verbose", "timeout", "wait_lock", name="a stack", counts="SERVICE=NUMBER, comma-separated"
    ),
)
def stack_scale(c, name, counts, inventory=None, timeout=None, wait_lock=None, json=False, verbose=False):
    """Set the number of tasks of services, until the next deploy sets what the files say.

    Example: invoke stack.scale web app=3,worker=5 -i prod
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import rollouts

        rollouts.scale(here, tell, name=name, counts=counts.split(","), timeout=timeout)


@task(
    positional=["name", "services"],
    help=helps(
        "inventory", "json", "verbose", "timeout", "wait_lock", name="a stack", services="its services, comma-separated"
    ),
)
def stack_restart(c, name, services, inventory=None, timeout=None, wait_lock=None, json=False, verbose=False):
    """Replace the tasks of services one after the other, as their update_config says.

    Example: invoke stack.restart web app -i prod
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import rollouts

        rollouts.restart(here, tell, name=name, services=services.split(","), timeout=timeout)


@task(
    positional=["name", "revision"],
    help=helps(
        "inventory", "json", "verbose", "timeout", "wait_lock", "yes", name="a stack",
        revision="a number of stack.history (default: the one before what runs)",
    ),
)  # fmt: skip
def stack_rollback(
    c, name, revision=0, inventory=None, timeout=None, wait_lock=None, yes=False, json=False, verbose=False
):
    """Take the whole stack back to a revision: services, configs and secrets as they were. Asks first.

    Example: invoke stack.rollback web 4 -i prod
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import rollouts

        rollouts.rollback(here, tell, name=name, revision=revision or None, timeout=timeout, yes=yes)


@task(positional=["name"], help=helps("inventory", "json", "verbose", name="a stack"))
def stack_history(c, name, inventory=None, json=False, verbose=False):
    """List the revisions of a stack: when, by whom, from which commit, and what changed.

    Example: invoke stack.history web -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import revisions

        revisions.history(here, tell, name=name)


@task(
    positional=["name", "old", "new"],
    help=helps("inventory", "json", "verbose", name="a stack", old="a revision", new="another revision"),
)
def stack_diff(c, name, old, new, inventory=None, json=False, verbose=False):
    """Show what differs between two revisions of a stack.

    Example: invoke stack.diff web 3 5 -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import revisions

        revisions.diff(here, tell, name=name, old=old, new=new)


@task(help=helps("inventory", "json", "verbose"))
def stack_ls(c, inventory=None, json=False, verbose=False):
    """List the services of all stacks with running and wanted tasks.

    Example: invoke stack.ls -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import stack

        stack.show(here, tell)


@task(positional=["name"], help=helps("inventory", "json", "verbose", name="a stack", all="tasks that are over, too"))
def stack_ps(c, name, inventory=None, all=False, json=False, verbose=False):
    """List the tasks of a stack, with errors.

    Example: invoke stack.ps web -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import ps

        ps.show(here, tell, name=name, history=all)


@task(
    positional=["name"], iterable=["service"],
    help=helps(
        "inventory", "json", "verbose", name="a stack", service="only this service of it; again for more",
        colour="keep the colours that tasks print (all other control characters are shown as such)",
        follow="go on until Ctrl-C", tail="lines of each task from the end, or all (default 100)",
        since="such as 10m, 2h or 2025-06-01T12:00:00Z", timestamps="each line with its time",
    ),
)  # fmt: skip
def stack_logs(
    c, name, inventory=None, service=None, follow=False, tail="100", since=None, timestamps=False, colour=False,
    json=False, verbose=False,
):  # fmt: skip
    """Show what the tasks of a stack print, all services in one stream by time.

    Example: invoke stack.logs web -i prod --follow --since 10m
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import logs

        shown = {"timestamps": timestamps, "colour": colour}
        logs.show(here, tell, name=name, services=service, follow=follow, tail=tail, since=since, **shown)


@task(
    positional=["name"],
    help=helps(
        "inventory", "yes", "json", "verbose", "wait_lock", name="a stack", timeout=GONE,
        volumes="also remove these volumes of it, on every host, comma-separated",
    ),
)  # fmt: skip
def stack_rm(c, name, inventory=None, volumes=None, timeout=None, wait_lock=None, yes=False, json=False, verbose=False):
    """Remove a stack and wait until it is gone. Volumes stay, but for those named. Asks first.

    Example: invoke stack.rm web -i lab --yes
    """
    with site(c, inventory, json, verbose, wait_lock) as (here, tell):
        from skep.commands import stack

        stack.remove(here, tell, name=name, volumes=volumes, timeout=timeout, yes=yes)


@task(
    positional=["name"], iterable=["file"],
    help=helps(
        "inventory", "verbose", json="the specs as they would be sent to the Engine",
        name="a stack (default with --file: its folder's name)",
        file="a compose file instead of an inventory; again for more, in merge order",
    ),
)  # fmt: skip
def stack_render(c, name="", inventory=None, file=None, json=False, verbose=False):
    """Show a stack's compose files as one: merged, filled in, checked. Needs no host.

    Example: invoke stack.render web --file compose.yml --file override.yml --json
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import render

        if file:
            render.of_files(tell, [str(called_from(one)) for one in file], name=name, json=json)
        else:
            render.of_inventory(tell, chosen(c, inventory), name=name, json=json)


@task(help=helps("inventory", "json", "verbose"))
def node_ls(c, inventory=None, json=False, verbose=False):
    """List the nodes of the swarm.

    Example: invoke node.ls -i prod
    """
    with site(c, inventory, json, verbose) as (here, tell):
        from skep.commands import stack

        stack.nodes(here, tell)


@task(help=helps("inventory", "json", "verbose"))
def inventory_check(c, inventory=None, json=False, verbose=False):
    """Check an inventory and its stacks' compose files: every error at once.

    Example: invoke inventory.check -i prod
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import inventory as inventories

        inventories.check(chosen(c, inventory), tell)


@task(help=helps("json", "verbose", hosts="host names or addresses, comma-separated", name="environment to write"))
def inventory_init(c, hosts, name="prod", json=False, verbose=False):
    """Write a first inventory from host names.

    Example: invoke inventory.init --hosts m1.example.com,m2.example.com,m3.example.com,w1.example.com
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import inventory as inventories

        inventories.init(hosts, name, FOLDER, tell)


@task
def inventory_docs(c):
    """Write docs/inventory.md and docs/inventory.schema.json from the schema.

    Example: invoke inventory.docs
    """
    with told() as tell:
        from skep.commands import inventory as inventories

        inventories.docs(Path("docs"), tell)


@task(help=helps("verbose"))
def demo(c, verbose=False):
    """The main job on the embedded lab: five bare hosts, plan, up, verify, a stack that answers.

    Example: ./inv demo
    """
    from roles import ROLES

    with told(verbose=verbose) as tell:
        from skep.commands import demo as show

        show.run(Path("inventory") / "lab.yml", ROLES, VERIFY, tell)


@task(help={"only": "static, unit or lab", "keyword": "only lab or unit tests of that name (pytest -k)"})
def test(c, only=None, keyword=None):
    """Everything CI runs: lint, types, import contracts, unit tests, and end to end on the lab.

    Example: ./inv test --only unit
    """
    with told() as tell:
        from skep.commands import testing

        testing.run(tell, only=only, keyword=keyword)


@task(help={"only": "no-change, cold, scale or stacks", "rounds": "how often each is measured (default 5)"})
def bench(c, only=None, rounds=5):
    """Measure against pyinfra and plain ssh on labs of its own; ends with a table, left in bench/report.md too.

    Example: ./inv bench --only no-change --rounds 9
    """
    with told() as tell:
        from bench.run import run

        run(only, rounds, tell.say)


LAB = helps("inventory", "verbose")
HOST = {"host": "a host of the lab"}


@task(help=LAB | helps("json", hosts="how many hosts (default: those of the inventory)", suite="Debian release"))
def lab_up(c, inventory="lab", hosts=0, suite=None, json=False, verbose=False):
    """Boot the lab's hosts on this machine: systemd, sshd, and a registry. Needs root on Linux.

    Example: invoke lab.up --hosts 3 --suite trixie
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import lab

        lab.up(chosen(c, inventory), tell, hosts=hosts or None, suite=suite)


@task(help=LAB | helps("json"))
def lab_down(c, inventory="lab", json=False, verbose=False):
    """End the lab; nothing stays but the cached base file systems.

    Example: invoke lab.down
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import lab

        lab.down(chosen(c, inventory), tell)


@task(help=LAB | helps("json"))
def lab_status(c, inventory="lab", json=False, verbose=False):
    """List the lab's hosts and whether they answer.

    Example: invoke lab.status
    """
    with told(json=json, verbose=verbose) as tell:
        from skep.commands import lab

        lab.status(chosen(c, inventory), tell)


@task(positional=["host"], help=LAB | HOST)
def lab_ssh(c, host, inventory="lab", verbose=False):
    """Log in to a lab host.

    Example: invoke lab.ssh m1
    """
    with told(verbose=verbose):
        from skep.commands import lab

        lab.ssh(chosen(c, inventory), host=host)


def fault(what, summary):
    """A task that does one kind of harm, or undoes it."""

    def harm(c, host, inventory="lab", json=False, verbose=False):
        with told(json=json, verbose=verbose) as tell:
            from skep.commands import lab

            lab.fault(chosen(c, inventory), tell, what=what, host=host)

    harm.__name__ = f"lab_{what}"
    harm.__doc__ = f"{summary}\n\nExample: invoke lab.{what} w1"
    return task(name=what, positional=["host"], help=LAB | HOST | helps("json"))(harm)


def collection(name, **tasks):
    """A named collection of tasks."""
    found = Collection(name)
    for verb, body in tasks.items():
        found.add_task(body, name=verb)
    return found


namespace = Collection(
    demo,
    test,
    bench,
    collection(
        "cluster", plan=cluster_plan, up=cluster_up, verify=cluster_verify, status=cluster_status, down=cluster_down,
        unlock=cluster_unlock, history=cluster_history,
    ),
    collection(
        "stack", plan=stack_plan, deploy=stack_deploy, refresh=stack_refresh, scale=stack_scale,
        restart=stack_restart, rollback=stack_rollback, history=stack_history, diff=stack_diff, ls=stack_ls,
        ps=stack_ps, logs=stack_logs, rm=stack_rm, render=stack_render,
    ),
    collection("node", ls=node_ls),
    collection("inventory", check=inventory_check, init=inventory_init, docs=inventory_docs),
    collection(
        "lab", up=lab_up, down=lab_down, status=lab_status, ssh=lab_ssh,
        cut=fault("cut", "Cut a lab host off the network."),
        heal=fault("heal", "Connect a lab host again."),
        kill=fault("kill", "Take a lab host's power away."),
        boot=fault("boot", "Boot a lab host again."),
    ),
)  # fmt: skip
