"""What is rendered is read by Docker's CLI, too, whose YAML knows more booleans and numbers than ours."""

from __future__ import annotations

import pytest
import yaml

from skep.compose import load, render
from skep.visible import visible_lines

TEXTS = [
    "y", "N", "yes", "off", "true", "null", "~", "1", "007", "0o17", "-0b11", "0x1f", "1_000", "1e3", "1E-3", "+1",
    ".5", "-.5e1", "3.8", "1.", ".inf", "-.Inf", ".NaN", "1:30", "2001-01-01", "=", "<<", "",
]  # fmt: skip
PLAIN = ["ya", "no!", "10.0.0.1", "1.2.3", "1e", "e3", "0o8", "v1", "-", "a b", "1s", "0.5s", "+x", "-x", ".x"]


def rendered(text: str) -> str:
    compose = yaml.safe_dump({"services": {"app": {"image": "a", "environment": {"KEY": text}}}}, default_style='"')
    shown = render(load({"compose.yml": compose.encode()}, ["compose.yml"], variables={}))
    assert yaml.safe_load(shown)["services"]["app"]["environment"] == {"KEY": text}
    return next(line for line in shown.splitlines() if "KEY" in line).partition(": ")[2]


@pytest.mark.parametrize("text", TEXTS)
def test_what_another_reader_may_take_for_something_else_is_quoted(text: str) -> None:
    assert rendered(text) in (f"'{text}'", f'"{text}"')


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_are_not(text: str) -> None:
    assert rendered(text) in (text, f"'{text}'" if text == "-" else text)


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\u202eb", "\u200b", "\u2028", "a\tb\x7f"])
def test_what_cannot_be_seen_is_escaped_as_yaml_does_and_read_again_as_it_was(text: str) -> None:
    compose = yaml.safe_dump({"services": {"app": {"image": "a", "environment": {"KEY": text}}}})
    shown = render(load({"compose.yml": compose.encode()}, ["compose.yml"], variables={}))
    printed = "\n".join(visible_lines(shown))
    assert yaml.safe_load(printed)["services"]["app"]["environment"] == {"KEY": text}
