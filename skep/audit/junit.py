"""A report in JUnit's format, where what is accepted fails nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from xml.etree import ElementTree as Xml

from skep.audit.results import Result
from skep.visible import visible

TAGS = {"finding": "failure", "not seen": "error"}
"""What is neither is a case that was skipped, with the reason."""


def text(results: Sequence[Result], *, suite: str) -> bytes:
    """The whole file: a test case a result; evidence, severity and remedy are its properties."""
    count = {tag: sum(_tag(one) == tag for one in results) for tag in ("failure", "error", "skipped")}
    root = Xml.Element("testsuites")
    cases = Xml.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(results)),
        failures=str(count["failure"]),
        errors=str(count["error"]),
        skipped=str(count["skipped"]),
        time=f"{sum(one.seconds for one in results):.3f}",
    )
    for one in results:
        name = f"{one.id}[{visible(one.where)}]"
        case = Xml.SubElement(cases, "testcase", classname=visible(one.suite), name=name, time=f"{one.seconds:.3f}")
        held = Xml.SubElement(case, "properties")
        for key, value in _properties(one):
            Xml.SubElement(held, "property", name=key, value=visible(value))
        if tag := _tag(one):
            said = Xml.SubElement(case, tag, message=visible(_words(one)))
            said.text = visible(f"fix: {one.fix}") if one.fix and tag == "failure" else None
    Xml.indent(root)
    return cast("bytes", Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _tag(result: Result) -> str:
    return "" if result.status == "passed" else TAGS.get(result.status, "skipped")


def _words(result: Result) -> str:
    return f"accepted: {result.accepted}" if result.accepted else result.message or result.status


def _properties(result: Result) -> list[tuple[str, str]]:
    about = result.control
    given = about.as_json() if about and about.number else {}
    benchmark = [("benchmark" if key == "name" else key, str(value)) for key, value in given.items()]
    shown = [(f"$ {command}", value) for command, value in result.evidence]
    return [
        ("severity", result.severity),
        ("title", result.title),
        ("why", about.reason if about else ""),
        ("remedy", result.fix),
        *benchmark,
        *shown,
    ]
