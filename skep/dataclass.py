"""``dataclass`` as the standard library's, with methods that are written once, here: that one compiles them anew for
each class, which was a sixth of what a run without a change cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from functools import cache, partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass

    from _typeshed import DataclassInstance
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, repr=True, eq=True):
        """The class with a constructor and the methods that its fields give it, as ``dataclasses.dataclass`` does."""
        if cls is None:
            return partial(dataclass, frozen=frozen, slots=slots, kw_only=kw_only, repr=repr, eq=eq)
        hashed = vars(cls).get("__hash__")
        made = dataclasses.dataclass(cls, init=False, repr=False, eq=False, kw_only=kw_only, slots=slots)
        methods = {"__init__": _init}
        if repr:
            methods["__repr__"] = _repr
        if frozen:
            methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if frozen and slots:
            methods |= {"__getstate__": _state, "__setstate__": _put_state}
        if eq:
            methods["__eq__"] = _eq
        for name, method in methods.items():
            if name not in vars(cls):
                setattr(made, name, method)
        if eq and hashed is None:
            made.__hash__ = _hash if frozen else None
        return made


_put = object.__setattr__


def _init(self: DataclassInstance, /, *values: object, **named: object) -> None:
    cls = type(self)
    positional, others = _parameters(cls)
    if len(values) > len(positional):
        raise TypeError(f"{cls.__qualname__}() takes at most {len(positional)} values, and was given {len(values)}")
    for field, value in zip(positional, values, strict=False):
        if field.name in named:
            raise TypeError(f"{cls.__qualname__}() was given two values for {field.name!r}")
        _put(self, field.name, value)
    lacking = []
    for field in (*positional[len(values) :], *others):
        if field.init and field.name in named:
            _put(self, field.name, named.pop(field.name))
        elif field.default is not MISSING:
            _put(self, field.name, field.default)
        elif field.default_factory is not MISSING:
            _put(self, field.name, field.default_factory())
        elif field.init:
            lacking.append(repr(field.name))
    if lacking or named:
        wrong = f"needs {', '.join(lacking)}" if lacking else f"has no {', '.join(map(repr, named))}"
        raise TypeError(f"{cls.__qualname__}() {wrong}")
    after: Callable[[], None] | None = getattr(self, "__post_init__", None)
    if after:
        after()


@cache
def _parameters(cls: type[DataclassInstance]) -> tuple[tuple[Field[object], ...], tuple[Field[object], ...]]:
    """The fields that a constructor takes by place, and the others."""
    found = fields(cls)
    placed = tuple(one for one in found if one.init and not one.kw_only)
    return placed, tuple(one for one in found if one not in placed)


@cache
def _compared(cls: type[DataclassInstance]) -> Callable[[object], object]:
    return _values([one.name for one in fields(cls) if one.compare])


@cache
def _hashed(cls: type[DataclassInstance]) -> Callable[[object], object]:
    return _values([one.name for one in fields(cls) if (one.compare if one.hash is None else one.hash)])


def _values(names: Sequence[str]) -> Callable[[object], object]:
    return attrgetter(*names) if names else lambda _: ()


def _eq(self: DataclassInstance, other: object) -> object:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(type(self))
    return values(self) == values(other)


def _hash(self: DataclassInstance) -> int:
    return hash(_hashed(type(self))(self))


@recursive_repr()
def _repr(self: DataclassInstance) -> str:
    shown = (f"{one.name}={getattr(self, one.name)!r}" for one in fields(type(self)) if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(self: DataclassInstance, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: DataclassInstance, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: DataclassInstance) -> list[object]:
    return [getattr(self, one.name) for one in fields(self)]


def _put_state(self: DataclassInstance, state: Sequence[object]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        _put(self, one.name, value)
