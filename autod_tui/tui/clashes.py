"""Where in its two sides a conflicted file clashes; pure functions of texts."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import NamedTuple

LONGEST = 20_000
"""Lines beyond which no places are sought."""


class Clash(NamedTuple):
    """The lines, counted from 0, at which a clash begins in each side; those after it where a side has none."""

    ours: int
    theirs: int


class _Change(NamedTuple):
    """Lines of the base, and where in the side they stand."""

    start: int
    end: int
    at: int


def clashes(base: str | None, ours: str | None, theirs: str | None) -> list[Clash]:
    """Return the places at which both sides change the same lines of the base, in their order.

    Without a base every difference is one; none are sought where a side is missing or too long.
    """
    if ours is None or theirs is None or max(map(_length, (base, ours, theirs))) > LONGEST:
        return []
    if base is None:
        return [Clash(change.start, change.at) for change in _changes(ours, theirs)]
    return _meeting(_changes(base, ours), _changes(base, theirs))


def _length(text: str | None) -> int:
    return (text or "").count("\n")


def _changes(base: str, side: str) -> list[_Change]:
    codes = SequenceMatcher(None, base.split("\n"), side.split("\n")).get_opcodes()
    return [_Change(start, end, at) for kind, start, end, at, _ in codes if kind != "equal"]


def _meeting(ours: list[_Change], theirs: list[_Change]) -> list[Clash]:
    """Return where changes of both sides overlap or touch: git merges neither by itself."""
    found: list[Clash] = []
    for mine in ours:
        for other in theirs:
            if mine.start <= other.end and other.start <= mine.end:
                first = min(mine.start, other.start)
                found.append(Clash(max(mine.at - mine.start + first, 0), max(other.at - other.start + first, 0)))
                break
    return found
