"""Hypothesis strategies for core values, made from their type hints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from autod_tui.core import events as ev
from autod_tui.core import run_events

EVENTS: tuple[type[ev.Event], ...] = tuple(ev.Event.__subclasses__())
assert run_events.RunStarted in EVENTS
NAMES = ("a", "b", "c")
"""Few names, so that events meet."""

_SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.sampled_from(NAMES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    int: st.integers(0, 2**31),
    float: st.floats(0, 1e9, allow_nan=False),
    bool: st.booleans(),
    NoneType: st.none(),
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for a Struct, an enum or a container of them."""
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of([values(one) for one in inner])
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(values(inner[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values(one) for one in inner))
    if origin in (dict, Mapping):
        return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)
    if issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: values(hints[field.name]) for field in msgspec.structs.fields(kind)})
    return st.sampled_from(list(kind))


def events() -> st.SearchStrategy[ev.Event]:
    """Return a strategy for any event."""
    return st.one_of([values(kind) for kind in EVENTS])
