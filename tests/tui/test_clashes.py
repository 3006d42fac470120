"""Where two sides of a file clash."""

from __future__ import annotations

import pytest

from autod_tui.tui.clashes import LONGEST, Clash, clashes


def text(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


BASE = text("a", "b", "c", "d", "e", "f")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "found"),
    [
        (BASE, text("a", "b", "c", "D", "e", "f"), text("a", "b", "c", "X", "e", "f"), [Clash(3, 3)]),
        (BASE, text("0", "a", "b", "c", "D", "e", "f"), text("a", "b", "c", "X", "e", "f"), [Clash(4, 3)]),
        (BASE, text("a", "b", "c", "e", "f"), text("a", "b", "c", "X", "e", "f"), [Clash(3, 3)]),
        (BASE, text("a", "B", "c", "D", "e", "f"), text("a", "b", "c", "d", "e", "F"), []),
        (BASE, text("A", "b", "c", "d", "e", "F"), text("0", "b", "c", "d", "e", "1"), [Clash(0, 0), Clash(5, 5)]),
        (BASE, text("a", "B", "C", "d", "e", "f"), text("a", "b", "1", "d", "e", "f"), [Clash(1, 1)]),
        (None, text("a", "b"), text("a", "c"), [Clash(1, 1)]),
        (BASE, None, text("a"), []),
        (BASE, "x\n" * (LONGEST + 1), text("a"), []),
    ],
)
def test_places(base: str | None, ours: str | None, theirs: str | None, found: list[Clash]) -> None:
    assert clashes(base, ours, theirs) == found
