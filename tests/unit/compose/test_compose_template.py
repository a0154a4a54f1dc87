"""Variables in values: all forms, and the same outcome as the expression Docker's CLI searches with."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skep.compose.template import BadTemplate, fill

VALUES = {"SET": "value", "EMPTY": "", "other_2": "o"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("$SET", "value"),
        ("a$SET.b", "avalue.b"),
        ("${SET}s", "values"),
        ("$$SET $$", "$SET $"),
        ("$${SET}", "${SET}"),
        ("${NOPE}", ""),
        ("$other_2/${other_2}", "o/o"),
        ("${NOPE:-d e}", "d e"),
        ("${EMPTY:-d}", "d"),
        ("${SET:-d}", "value"),
        ("${NOPE-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${SET-d}", "value"),
        ("${NOPE:-}", ""),
        ("${SET:+alt}", "alt"),
        ("${EMPTY:+alt}", ""),
        ("${NOPE:+alt}", ""),
        ("${SET+alt}", "alt"),
        ("${EMPTY+alt}", "alt"),
        ("${NOPE+alt}", ""),
        ("${SET:?x}${SET?x}${EMPTY?x}", "valuevalue"),
        ("${NOPE:-${SET}}", "value"),
        ("${NOPE:-${NOPE:-${SET}-x}y}z", "value-xyz"),
        ("${NOPE:-$SET}", "value"),
        ("${SET:+${EMPTY:-deep}}", "deep"),
        ("${SET:-${NOPE?not asked}}", "value"),
        ("${NOPE:-a$$b}", "a$b"),
        ("${NOPE:-http://h:80/?a=b}", "http://h:80/?a=b"),
        ("}${SET}}", "}value}"),
        ("${SET:-$2y$05$oZcj}", "value"),
        ("${SET:-a$}b", "valueb"),
        ("${NOPE:+$2y$05}b", "b"),
        ("${NOPE:-$2y$05$oZcj}", "$2y$05$oZcj"),
        ("${NOPE:-$apr1$x1$Zz/}", "$apr1$x1$Zz/"),
        ("${NOPE:-${SET}$6$ab}", "${SET}$6$ab"),
        ("${NOPE:-${NOPE?why}$6$}", "${NOPE?why}$6$"),
        ("${NOPE:-u:${NOPE:-$2a$10$e}}", "u:$2a$10$e"),
        ("${NOPE:-$SET/$other_2}", "value/o"),
        ("{{.Node}} ${SET}", "{{.Node}} value"),
    ],
)
def test_forms(text: str, filled: str) -> None:
    assert fill(text, VALUES.get).text == filled


@pytest.mark.parametrize(
    "text",
    ["$", "a$ b", "${", "${}", "${A", "${1}", "${A!}", "${A:}", "${A:=b}", "${NOPE?}", "${EMPTY:?}", "$-", "${A:-${B}"],
)
def test_what_is_no_form(text: str) -> None:
    with pytest.raises(BadTemplate):
        fill(text, VALUES.get)


def test_unset_variables_are_reported() -> None:
    assert fill("$A ${B} ${C:-c} $SET", VALUES.get).unset == ["A", "B"]


def test_an_operator_after_an_unbraced_variable_counts_and_is_reported() -> None:
    filled = fill("x/$SET-api:1", VALUES.get)
    assert filled.text == "x/value"
    assert filled.remarks == ["Docker takes what follows $SET for its default: write ${SET} if that is not meant"]
    assert fill("$NOPE-api}:1", VALUES.get).text == "api}:1"


def test_a_variable_in_a_default_is_filled_in_and_reported() -> None:
    reported = "Docker's CLI takes the default of ${NOPE} as it stands, with its '$'; here it is filled in"
    for text in ("${NOPE:-$SET}", "${NOPE-${SET}}", "${SET:+${NOPE:-$SET}}", "${NOPE:-a$$}"):
        assert fill(text, VALUES.get).remarks == [reported]
    assert not fill("${NOPE:-x}${SET:+$SET}${SET:?$SET}", VALUES.get).remarks


def test_without_the_habits_of_dockers_cli() -> None:
    assert fill("$SET-b/$NOPE?", VALUES.get, as_cli=False).text == "value-b/?"


# What docker/cli's template.go searches for: one expression, and an operator inside what it finds.
_SEARCHED = r"[_a-z][_a-z0-9]*(?::?[-?][^}]*)?"
_PATTERN = re.compile(rf"\$(?:(\$)|({_SEARCHED})|\{{({_SEARCHED})\}}|())", re.IGNORECASE | re.ASCII)


def by_docker(text: str) -> str | None:
    """The text as Docker's CLI fills it in; ``None`` where it refuses."""
    failed = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal failed
        found = match[2] or match[3]
        if match[1] or not found:
            failed |= not match[1]
            return "$"
        for operator in (":-", "-", ":?", "?"):
            if operator in found:
                name, _, rest = found.partition(operator)
                value = VALUES.get(name)
                missing = value is None or (not value and operator.startswith(":"))
                failed |= missing and "?" in operator
                return rest if missing else value or ""
        return VALUES.get(found, "")

    filled = _PATTERN.sub(replaced, text)
    return None if failed else filled


names = st.sampled_from(["SET", "EMPTY", "NOPE", "other_2"])
words = st.text("ab /.@\\{=0é", max_size=6)
forms = st.one_of(
    words,
    st.just("$$"),
    st.just("}"),
    st.just("$"),
    names.map("${}".format),
    names.map(lambda name: f"${{{name}}}"),
    st.builds(
        lambda name, operator, word: f"${{{name}{operator}{word}}}",
        names,
        st.sampled_from(["-", ":-", "?", ":?"]),
        words,
    ),
    st.builds(
        lambda name, operator, word: f"${name}{operator}{word}", names, st.sampled_from(["-", ":-", "?", ":?"]), words
    ),
)


@given(st.lists(forms, max_size=6).map("".join))
def test_like_docker_where_docker_knows_the_form(text: str) -> None:
    if any(_ambiguous(match.group()) for match in _PATTERN.finditer(text)):
        return
    try:
        ours: str | None = fill(text, VALUES.get).text
    except BadTemplate:
        ours = None
    assert ours == by_docker(text)


def _ambiguous(found: str) -> bool:
    """More than one operator, or a variable in a default: there Docker's search goes astray, and we do not follow."""
    rest = re.sub(r"^\$\{?[_a-zA-Z0-9]+:?[-?]", "", found)
    return rest != found and any(char in rest for char in "$-?")


@given(st.text("${}:-?+Aa ", max_size=30))
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        fill(text, {"A": "x"}.get)
    except BadTemplate as problem:
        assert str(problem)


def test_a_default_that_is_no_template_is_reported() -> None:
    filled = fill("admin:${HASH:-$apr1$x1$Zz/}", VALUES.get)
    assert filled.text == "admin:$apr1$x1$Zz/"
    assert filled.unset == []
    assert filled.remarks == [
        "the default of ${HASH} is taken as it stands, as Docker's CLI does: not every '$' in it begins a variable that"
        " is set; write $$ for a plain $"
    ]
    assert fill("${SET:-$apr1$x1$Zz/}", VALUES.get).remarks == [], "one that is not used is not looked at"


def test_all_that_is_needed_at_once() -> None:
    with pytest.raises(BadTemplate) as raised:
        fill("${A?first}${SET}${B:?second}$A?third", VALUES.get)
    assert raised.value.args == (
        "the variable A is needed: first",
        "the variable B is needed: second",
        "the variable A is needed: third",
    )
