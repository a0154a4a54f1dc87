"""Configs and secrets named by content."""

from dataclasses import replace

import yaml

from roles.stacks.rendering import rendered
from skep.model import Stack

COMPOSE = b"""\
version: "3.8"
services: {app: {image: busybox, ports: ["22:22"], configs: [page, own, far], secrets: [key]}}
configs:
  page: {file: ./sub/../page.html}
  own: {file: ./page.html, name: mine}
  far: {external: true}
secrets:
  key: {file: key.txt}
  gone: {file: nowhere.txt}
"""
STACK = Stack("web", ("compose.yml",), {"compose.yml": COMPOSE, "page.html": b"one", "key.txt": b"k"})


def names(stack):
    document = yaml.safe_load(rendered(stack)["compose.yml"])
    return {key: entry.get("name") for kind in ("configs", "secrets") for key, entry in document[kind].items()}


def test_only_what_comes_from_a_file_and_has_no_name_is_named():
    found = names(STACK)
    assert found["page"].startswith("web_page_")
    assert found["key"].startswith("web_key_")
    assert (found["own"], found["far"], found["gone"]) == ("mine", None, None)


def test_another_content_is_another_name_and_the_same_the_same():
    changed = replace(STACK, files={**STACK.files, "page.html": b"two"})
    assert names(changed)["page"] != names(STACK)["page"]
    assert names(changed)["key"] == names(STACK)["key"]
    assert names(STACK) == names(replace(STACK))


def test_everything_else_says_the_same():
    before, after = yaml.safe_load(COMPOSE), yaml.safe_load(rendered(STACK)["compose.yml"])
    assert before["services"] == after["services"]
    assert before["version"] == after["version"]


def test_a_file_without_such_entries_stays_as_it_is():
    plain = b"services: {a: {image: x}}  # as written\n"
    assert rendered(Stack("s", ("c.yml",), {"c.yml": plain}))["c.yml"] == plain
