"""Tasks of this repository itself: show it, test it, measure it."""

from __future__ import annotations

from skep.cli.options import Option
from skep.commands.call import FOLDER, Call, called_from, task
from skep.shipped import at_home


@task(effect="acts", inventory=None, in_clone=True)
def demo(call: Call) -> None:
    """The main job on the embedded lab: five bare hosts, plan, up, verify, a stack that answers.

    Example: ./inv demo
    """
    from skep.commands.repository import demo as show

    if not (FOLDER / "lab.yml").exists():
        at_home()
    show.run(FOLDER / "lab.yml", call.roles, call.checks, call.tell)


@task(
    effect="acts",
    inventory=None,
    in_clone=True,
    only=Option(
        "static, unit or lab; or vm, a cluster of virtual machines, which is part of nothing else",
        "",
        "PART",
        ("static", "unit", "lab", "vm"),
    ),
    golden="write the texts that cases expect anew, and run nothing else",
)
def test(call: Call, only: str | None = None, keyword: str | None = None, golden: bool = False) -> None:
    """Everything CI runs: lint, types, import contracts, unit tests, and end to end on the lab.

    Example: ./inv test --only unit
    """
    from skep.commands.repository import testing

    at_home()
    if golden:
        testing.write_golden(call.tell, keyword)
    else:
        testing.run(call.tell, only=only, keyword=keyword)


@task(
    effect="acts",
    inventory=None,
    in_clone=True,
    only=Option("no-change, cold, cold-vendor, scale, stacks, requests or audit", "", "PART"),
    rounds="how often each is measured (default 5)",
)
def bench(call: Call, only: str | None = None, rounds: int = 5) -> None:
    """Measure against pyinfra, plain ssh and stock Testinfra on labs of its own; the table goes to bench/report.md too.

    Example: ./inv bench --only no-change --rounds 9
    """
    from importlib import import_module

    at_home()
    import_module("bench.run").run(only, rounds, call.tell.say)


@task(
    effect="acts",
    inventory=None,
    in_clone=True,
    check="write nothing, and fail where something would be written",
    html=Option("also build the docs site into this folder; needs MkDocs", "", "FOLDER"),
)
def manual(call: Call, check: bool = False, html: str | None = None) -> None:
    """Write docs/tasks.md, docs/compose.md, docs/findings.md and the man page docs/skep.1 anew.

    Example: ./inv manual --html /tmp/skep-docs
    """
    from skep.commands.repository import docs_site as site
    from skep.commands.repository import pages

    folder = called_from(html).resolve() if html else None
    at_home()
    pages.write(call.tell, check=check)
    if folder:
        site.build(folder, call.tell)


@task(
    "version",
    effect="acts",
    inventory=None,
    in_clone=True,
    version=Option("such as 0.4.0 (default: the next one)", "", "VERSION"),
)
def release(call: Call, version: str = "") -> None:
    """Make a release of what is committed: the version, its part of CHANGELOG.md, a commit and a tag. Pushes nothing.

    Example: ./inv release 0.4.0
    """
    from skep.commands.repository import releasing
    from skep.shipped import FOLDER as HOME

    releasing.release(HOME, version, call.tell)


TASKS = (demo, test, bench, manual, release)
