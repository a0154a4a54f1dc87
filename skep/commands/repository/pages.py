"""What is written from tasks, keys and warnings: pages in ``docs/``, the man page ``docs/skep.1``, and what
completion offers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from invoke.collection import Collection
from invoke.parser.context import ParserContext

from skep.cli.described import Described, Rows, common_options, described
from skep.cli.known_tasks import TASKS
from skep.cli.program import Program
from skep.cli.spelling import spelled
from skep.cli.task_table import CORE, written
from skep.commands.repository.audit_page import page as audit_page
from skep.commands.repository.manpage import man_page
from skep.errors import SkepError
from skep.files import put
from skep.kinds import shipped
from skep.manual import entries
from skep.manual.markdown import compose_page
from skep.report import Reporter

DOCS = Path("docs")
ABOUT = {
    "": "Help and completion",
    "cluster": "The cluster",
    "stack": "Stacks",
    "node": "Nodes",
    "inventory": "The inventory",
    "lab": "The lab",
    "site": "A repository of one's own",
}
"""Headings by noun; a noun that is missing here is its own heading."""

INTRODUCTION = """\
# Tasks

<!-- Made from skep/commands by `./inv manual`. Do not edit. -->

`skep --list` lists them, `skep help TASK` explains one, and `man skep` is this page as a manual. In a clone of skep the
program is `./inv`. Arguments and options follow the task; options may be in any order.

## Options of several tasks
"""


FINDINGS = """\
# Warnings

<!-- Made from skep/kinds and roles/*/kinds.py by `./inv manual`. Do not edit. -->

A warning stops nothing. It ends with its id in brackets, such as `[image-tag-moves]`; `skep docs image-tag-moves`
explains it. If it is fine as it is, accept it in the inventory, with the reason:

```yaml
accept:
  - id: image-tag-moves
    reason: the registry keeps this tag as it is
    until: 2027-03-31     # the last day, if not for good
    owner: ops@example.com
    hosts: [w1]           # hosts or groups, if not all
    stacks: [web]         # stacks, if not all
```

Accepted warnings are only shown by `cluster.status`, with `--verbose` and in `--json`. After `until` they are back.
Warnings about lasting conditions (a file, a kernel, a route) are shown to you once, and again if they change or come
back; `cluster.status` and `--verbose` always show them. Errors cannot be accepted.

"""


def write(tell: Reporter, *, check: bool) -> None:
    """Write the files again. ``check``: write nothing, and raise ``SkepError`` if one is out of date."""
    for name, text in texts().items():
        path = DOCS / name
        same = path.exists() and path.read_text() == text
        if check and not same:
            raise SkepError(f"{path} is out of date", next_action="./inv manual")
        if not same:
            put(path, text)
            tell.done(f"wrote {path}")


def texts() -> dict[str, str]:
    """Each file's text, by its path from ``docs/``. Tasks that only the clone has are left out."""
    groups = grouped()
    readme = Path("README.md").read_text()
    page = man_page([one for found in groups.values() for one in found], exit_codes(readme))
    return {
        "tasks.md": "\n".join(_markdown(groups)) + "\n",
        "compose.md": compose_page(),
        "findings.md": _findings(),
        "audit.md": audit_page(),
        "skep.1": page,
        "../skep/cli/keys.txt": _keys(),
        "../skep/cli/tasks.txt": _tasks(),
    }


def _keys() -> str:
    """What completion offers after ``docs``."""
    ids = ["findings", *(one.id for one in shipped())]
    return "\n".join(dict.fromkeys([*(one.key for one in entries() if one.usable), *ids])) + "\n"


def _tasks() -> str:
    """What completion knows of tasks."""
    lines = [written(CORE, ParserContext(args=Program(namespace=Collection()).core_args()))]
    for name, one in TASKS.items():
        lines.append(written(name, ParserContext(name=name, args=one.get_arguments()), in_clone=one.in_clone))
    return "\n".join(lines) + "\n"


def _findings() -> str:
    """The page on warnings: those of skep and of the roles that come with it."""
    from skep.commands.own_roles import kinds, roles

    rows = [f"| `{one.id}` | {_cell(one.meaning)} | {_cell(one.fix)} |" for one in kinds(roles(None)).values()]
    return FINDINGS + "\n".join(["| id | meaning | fix |", "|---|---|---|", *rows]) + "\n"


def grouped() -> dict[str, list[Described]]:
    """Tasks by noun, the main ones first."""
    found: dict[str, list[Described]] = {}
    for name, one in TASKS.items():
        if not one.in_clone:
            found.setdefault(name.rpartition(".")[0], []).append(described(name, one))
    return {**{noun: tasks for noun, tasks in found.items() if noun}, "": found[""]}


def exit_codes(readme: str) -> Rows:
    """Code and meaning, as README's table has them."""
    table = readme.partition("## Exit codes")[2].partition("\n## ")[0]
    return tuple((code, meaning.strip()) for code, meaning in re.findall(r"^\| (\d+) \| (.*) \|$", table, re.MULTILINE))


def _markdown(groups: Mapping[str, list[Described]]) -> Iterator[str]:
    common = common_options([one for found in groups.values() for one in found])
    yield INTRODUCTION
    yield from _table(common.items())
    for noun, tasks in groups.items():
        yield f"\n## {ABOUT.get(noun, noun)}"
        for one in tasks:
            yield f"\n### {one.name}\n"
            yield _cell(one.text)
            yield f"\n    skep {one.usage}\n"
            yield from _table((*one.words, *one.own(common)), "word or option" if one.words else "option")
            yield f"Also: {', '.join(f'`{name}`' for name in one.shared(common))}"
            yield f"\nExample: `{spelled(one.example, 'skep').replace('./inv ', 'skep ')}`"


def _table(rows: Iterable[tuple[str, str]], head: str = "option") -> Iterator[str]:
    lines = [f"| `{written}` | {_cell(text)} |" for written, text in rows]
    if lines:
        yield "\n".join([f"| {head} | meaning |", "|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
