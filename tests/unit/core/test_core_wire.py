"""Every event and request survives the way to JSON and back."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from autod_tui.core import requests as rq
from tests.support.values import EVENTS, values


def union(classes: tuple[type[Struct], ...]) -> Any:
    found: Any = classes[0]
    for one in classes[1:]:
        found |= one
    return found


REQUESTS = tuple(rq.Request.__subclasses__())


def test_any_request_names_every_request() -> None:
    assert set(get_args(rq.AnyRequest)) == set(REQUESTS)


@pytest.mark.parametrize("kind", [*EVENTS, *REQUESTS], ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_round_trip(kind: type[Struct], data: st.DataObject) -> None:
    value = data.draw(values(kind))
    family = union(EVENTS if kind in EVENTS else REQUESTS)
    raw = msgspec.json.encode(value)
    assert msgspec.json.decode(raw, type=family) == value
    assert msgspec.json.decode(raw)["type"] == kind.__name__


@pytest.mark.parametrize("kind", [*EVENTS, *REQUESTS], ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=1, deadline=None)
def test_frozen(kind: type[Struct], data: st.DataObject) -> None:
    value = data.draw(values(kind))
    for name in get_type_hints(kind):
        if not name.startswith("__"):
            with pytest.raises(AttributeError):
                setattr(value, name, None)
