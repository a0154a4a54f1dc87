"""``x-skep``: what it asks for, and what it may not."""

from __future__ import annotations

import pytest

from skep.compose import ComposeError, Document, convert, load, render
from skep.secret import Secret

ORDERED = """
x-skep: {waves: true, prune: true, on-failure: rollback, keep: 3}
services:
  web: {image: web, depends_on: [api]}
  api: {image: api, depends_on: {db: {condition: service_healthy}}}
  db: {image: db}
  cache: {image: cache}
  migrate: {image: api, x-skep: {hook: before}}
"""


def document(text: str, *more: str, outputs: dict[tuple[str, ...], Secret] | None = None) -> Document:
    files = {f"{number}.yml": one.encode() for number, one in enumerate((text, *more))}
    return load(files, list(files), variables={}, outputs=outputs)


def problems(text: str) -> list[str]:
    with pytest.raises(ComposeError) as failure:
        document(text)
    return failure.value.problems


def test_all_of_it() -> None:
    found = document(ORDERED)
    options = found.options
    assert (options.prune, options.on_failure, options.keep) == (True, "rollback", 3)
    assert options.order == (("cache", "db", "migrate"), ("api",), ("web",))
    assert options.hooks == {"migrate": "before"}
    assert not [warning for warning in found.warnings if "depends_on" in warning]
    assert (
        convert(found, "s").services["s_migrate"]["Mode"]
        == {"ReplicatedJob": {}} | convert(found, "s").services["s_migrate"]["Mode"]
    )
    assert "ReplicatedJob" in convert(found, "s").services["s_migrate"]["Mode"]


def test_what_a_dependency_says_is_kept_or_reported() -> None:
    text = """
x-skep: {waves: true}
services:
  web:
    image: web
    depends_on:
      migrate: {condition: service_completed_successfully}
      api: {condition: service_started, restart: true}
      cache: {condition: service_completed_successfully, required: false}
      gone: {condition: service_healthy, required: false}
  api: {image: api, depends_on: [migrate]}
  cache: {image: cache}
  migrate: {image: api, deploy: {mode: replicated-job}}
"""
    found = document(text)
    assert found.warnings == (
        "0.yml:8: services.web.depends_on.api.restart: is ignored by Swarm",
        "0.yml:9: services.web.depends_on.cache.condition:"
        " has no effect: cache is no job, and the next wave begins when it runs",
    )
    assert found.options.order == (("cache", "migrate"), ("api",), ("web",))
    assert "depends_on:\n      - migrate\n      - api\n      - cache\n  api:" in (shown := render(found))
    assert "gone" not in shown


def test_nothing_is_asked_where_nothing_is_said() -> None:
    found = document("services: {web: {image: web, depends_on: [db]}, db: {image: db}}")
    assert (found.options.waves, found.options.prune, found.options.on_failure, found.options.keep) == (
        False,
        None,
        None,
        None,
    )
    assert found.options.order == ()
    assert "x-skep: {waves: true}" in found.warnings[0] and found.warnings[0].startswith("0.yml:1: services.web")


def test_a_later_file_says_it_anew() -> None:
    found = document(ORDERED, "x-skep: {keep: 7}\nservices: {web: {image: web:2}}")
    assert (found.options.keep, found.options.waves) == (7, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "x-skep: {wave: true}\nservices: {a: {image: a}}",
            "0.yml:1: x-skep.wave: ",
        ),
        ("x-skep: {keep: 0}\nservices: {a: {image: a}}", "0.yml:1: x-skep.keep: "),
        (
            "x-skep: {on-failure: retry}\nservices: {a: {image: a}}",
            "0.yml:1: x-skep.on-failure: ",
        ),
        (
            "services:\n  a: {image: a, x-skep: {hook: during}}",
            "0.yml:2: services.a.x-skep.hook: ",
        ),
        ("services:\n  a: {image: a, x-skep: {}}", "0.yml:2: services.a.x-skep.hook: is missing"),
        (
            "services:\n  a: {image: a, deploy: {mode: global}, x-skep: {hook: after}}",
            "0.yml:2: services.a.x-skep: a hook is a replicated-job, and this is global",
        ),
        (
            "x-skep: {waves: true}\nservices:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [a]}",
            "services wait for each other",
        ),
        (
            "x-skep: {waves: true}\nservices:\n  web: {image: a, depends_on: [apx]}\n  api: {image: b}",
            "0.yml:3: services.web.depends_on: there is no service 'apx'",
        ),
        (
            "services:\n  a:\n    image: a\n    depends_on:\n      b: {conditon: service_started}\n",
            "0.yml:5: services.a.depends_on.b.conditon: ",
        ),
        (
            "services:\n  a:\n    image: a\n    depends_on:\n      b: {condition: x, required: maybe}\n",
            "0.yml:5: services.a.depends_on.b.condition: ",
        ),
        (
            "services:\n  a:\n    image: a\n    depends_on:\n      b: {condition: service_started, required: maybe}\n",
            "0.yml:5: services.a.depends_on.b.required: ",
        ),
        (
            "services: {a: {image: a}}\nconfigs:\n  c: {file: f, x-skep: {command: [x]}}",
            "0.yml:3: configs.c: has file and command: only one can be",
        ),
        (
            "services: {a: {image: a}}\nsecrets:\n  s: {x-skep: {command: [pass, show, it]}}",
            "0.yml:3: secrets.s.x-skep.command: has no output: it was not run",
        ),
    ],
)
def test_what_cannot_be(text: str, problem: str) -> None:
    found = problems(text)
    assert any(problem in one for one in found), found


def test_what_a_command_printed_is_the_content() -> None:
    text = "services: {a: {image: a, secrets: [s]}}\nsecrets: {s: {x-skep: {command: [pass, show, it]}}}"
    found = document(text, outputs={("pass", "show", "it"): Secret("hunter2\n")})
    assert found.contents["secrets", "s"] == b"hunter2\n"
