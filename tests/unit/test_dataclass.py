"""``skep.dataclass`` against the standard library's: the same class twice, and nobody can tell them apart."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from skep import dataclass as ours

T = TypeVar("T")
WORDS = ("frozen", "slots", "kw_only", "repr", "eq")
OPTIONS = [dict(zip(WORDS, values, strict=True)) for values in itertools.product((False, True), repeat=len(WORDS))]


def pair(make: Callable[[Any], type[Any]], **options: bool) -> tuple[type[Any], type[Any]]:
    """The class that ``make`` gives, by the one decorator and by the other."""
    return make(lambda cls: dataclasses.dataclass(cls, **options)), make(lambda cls: ours.dataclass(cls, **options))


def host(decorated: Any) -> type[Any]:
    @decorated
    class Host:
        """One."""

        kind: ClassVar[str] = "host"
        name: str
        labels: dict[str, str] = field(default_factory=dict)
        port: int = 22
        nonce: str = field(default="n", compare=False, repr=False)
        note: str = field(default="", hash=False)

    return Host


def outcome(act: Callable[[], object]) -> object:
    """What it gives, or the kind of what it raises."""
    try:
        return act()
    except (TypeError, AttributeError) as error:
        return type(error)


def shown(value: object) -> str:
    """How it prints, without where it lies in memory."""
    return re.sub("0x[0-9a-f]+", "", repr(value))


def seen(made: type[Any]) -> list[object]:
    """What a class and what is made of it answer."""
    one, other = made(name="a"), made(name="a", nonce="m")
    more = made(name="b", labels={"x": "y"}, port=23, note="t")

    def put(value: object) -> Callable[[], object]:
        return lambda: value.__setattr__("port", 24)

    def drop() -> None:
        del one.note

    return [
        outcome(lambda: made("a")) == one,
        outcome(lambda: shown(made("a", {}, 1))),
        [one == other, one != more, one == "a", one == one],
        [shown(one), shown(more)],
        outcome(lambda: hash(made(name="a", labels=())) == hash(made(name="a", labels=(), nonce="m", note="t"))),
        [made.__match_args__, made.kind, made.__doc__, made.__name__, made.__module__, hasattr(one, "__dict__")],
        [repr(given) for given in dataclasses.fields(made)],
        [dataclasses.asdict(more), dataclasses.astuple(more), dataclasses.replace(more, port=1).port],
        [outcome(made), outcome(lambda: made(name="a", nome="b")), outcome(lambda: made("a", name="b"))],
        outcome(lambda: made("a", {}, 1, "n", "t", "too many")),
        [shown(copy.copy(more)), shown(copy.deepcopy(more)), copy.deepcopy(more).labels is more.labels],
        [outcome(put(one)), one.port, outcome(drop), getattr(one, "note", "gone")],
        outcome(lambda: one.__setattr__("other", 1)) is None,  # with slots and frozen, theirs stumbles: a TypeError
    ]


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda given: "-".join(word for word in WORDS if given[word]) or "none"
)
def test_the_same_class_as_the_standard_librarys(options: dict[str, bool]) -> None:
    theirs, made = pair(host, **options)
    assert seen(made) == seen(theirs)


@pytest.mark.parametrize("frozen", [False, True])
def test_own_methods_stay(frozen: bool) -> None:
    def make(decorated: Any) -> type[Any]:
        @decorated
        class Own:
            """One."""

            name: str

            def __repr__(self) -> str:
                return "own"

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return 5

        return Own

    for made in pair(make, frozen=frozen):
        assert (repr(made("a")), made("a") == made("b"), hash(made("a"))) == ("own", True, 5)


def test_a_class_of_a_class_has_the_fields_of_both_in_order() -> None:
    def make(decorated: Any) -> type[Any]:
        @decorated
        class Base(Generic[T]):
            """One."""

            name: T
            port: int = 22

        @decorated
        class More(Base[str]):
            """Another."""

            note: str = field(default="", kw_only=True)
            port: int = 23

            def __post_init__(self) -> None:
                object.__setattr__(self, "note", self.note or "after")

        return More

    theirs, made = pair(make, frozen=True, slots=True)
    assert repr(made("a")) == repr(theirs("a")).replace(theirs.__qualname__, made.__qualname__)
    assert made("a", 1) == made("a", port=1, note="after") != made("b", 1)
    assert outcome(lambda: made("a", 1, "note")) is TypeError


def test_one_that_holds_itself_can_be_shown() -> None:
    @ours.dataclass
    class Node:
        """One."""

        below: list[Any]

    node = Node([])
    node.below.append(node)
    assert repr(node).endswith("Node(below=[...])")


def test_each_has_a_value_of_its_own_where_a_factory_makes_it() -> None:
    made = pair(host)[1]
    assert made("a").labels is not made("a").labels


def test_an_error_names_the_class_and_the_field() -> None:
    made = pair(host, frozen=True)[1]
    with pytest.raises(TypeError, match=r"Host\(\) needs 'name'"):
        made()
    with pytest.raises(TypeError, match=r"Host\(\) has no 'nome'"):
        made("a", nome="b")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        made("a").name = "b"
