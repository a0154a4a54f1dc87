"""Permissions of configs and secrets: octal where they are text; a decimal number that looks octal is warned of."""

from __future__ import annotations

import pytest

from skep.compose import convert
from tests.unit.compose.conftest import Problems, Read

TEXT = """services:
  app:
    image: a:1
    secrets: [{{source: s, target: k, mode: {}}}]
secrets: {{s: {{content: x}}}}
"""


@pytest.mark.parametrize(
    ("written", "mode", "expected"),
    [
        ("0400", 0o400, ""),
        ("0o440", 0o440, ""),
        ('"0400"', 0o400, ""),
        ('"0755"', 0o755, ""),
        ('"440"', 0o440, ""),
        ("256", 0o400, ""),
        ("288", 0o440, ""),
        ("420", 0o644, ""),
        ("0620", 0o620, ""),
        ("0", 0, ""),
        ("400", 0o620, "is a decimal number, which means 0620: write 0400 if that is meant"),
        ("644", 0o1204, "is a decimal number, which means 1204: write 0644 if that is meant"),
        ('"${MODE}"', 0o440, "is read as octal; Docker's CLI takes what a variable gives for a decimal number"),
    ],
)
def test_mode(read: Read, written: str, mode: int, expected: str) -> None:
    document = read(TEXT.format(written), variables={"MODE": "0440"})
    (secret,) = convert(document, "t").services["t_app"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert secret["File"]["Mode"] == mode
    assert [line.partition("mode: ")[2] for line in document.warnings] == ([expected] if expected else [])


@pytest.mark.parametrize("written", ['"0900"', '"rw"', "10000", "-1", "1.5", '""', "true", '"17777"'])
def test_what_is_no_mode(problems_of: Problems, written: str) -> None:
    (problem,) = problems_of({"compose.yml": TEXT.format(written)})
    assert "services.app.secrets[0].mode: must be permissions such as 0440" in problem
