"""Retries on a screen: whether a line that speaks of one is drawn by the agent itself, or only words that it prints."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

SPINNER = 3
"""Different first characters by which a line is known to be drawn anew all the time; a mere bullet blinks by two."""
AROUND = 2
"""Lines of a screen that may change at most when a line takes the place of another one, hints below it included."""
FOOTER = 3
"""Lines below it that have to stay as they are when a line takes the place of another one."""
SEEN_AGAIN = 2
"""Look at which a line is no leftover of a screen that was about to change."""
LONGEST = 200
"""Characters of a row that are compared with a line."""
_NUMBERS = re.compile(r"\d+")


class Glance(Struct, frozen=True, kw_only=True):
    """One look at a screen."""

    rows: tuple[str, ...] = ()
    line: str = ""
    """The line that speaks of a retry; empty when there is none."""
    glyphs: frozenset[str] = frozenset()
    """First characters with which it was seen, all else being the same."""
    looks: int = 0
    """How often it was seen without a proof that it lives."""


def glance(before: Glance, rows: tuple[str, ...], line: str, *, own: bool = False) -> tuple[Glance, bool]:
    """Look again: return what to remember, and whether `line` lives.

    It does when it counts, when its spinner turns, when it has taken the place of another line while the screen
    around stood still, and when it is seen again where only the agent itself draws (`own`). Words that are printed
    push others away and stay as they are; what was there before, above a retry that is over, is no retry.
    """
    same = before.line[1:] == line[1:] and bool(before.line)
    if not line or (not same and _stands(before.rows, line)):
        return Glance(rows=rows), False
    beside = not same and _stands(rows, before.line)
    glyphs = frozenset(line[:1]) | (before.glyphs if same else frozenset())
    now = Glance(rows=rows, line=line, glyphs=glyphs, looks=1 if beside else before.looks + 1)
    if own and same and now.looks == SEEN_AGAIN:
        return now, True  # once: a line that stands still from then on proves nothing more
    anew = beside or not before.line
    lives = _took_a_place(before, now) if anew else _counts(before, now) or _turns(before, now)
    return (msgspec.structs.replace(now, looks=0), True) if lives else (now, False)


def _counts(before: Glance, now: Glance) -> bool:
    counts = _NUMBERS.findall(before.line) != _NUMBERS.findall(now.line) and not now.line.startswith(before.line)
    return counts and _row(now.rows, before.line) < 0


def _turns(before: Glance, now: Glance) -> bool:
    return before.line != now.line and len(now.glyphs) >= SPINNER


def _took_a_place(before: Glance, now: Glance) -> bool:
    at = _row(now.rows, now.line)
    if at < 0 or len(before.rows) != len(now.rows) or not before.rows[at].strip():
        return False
    changed = sum(1 for old, new in zip(before.rows, now.rows, strict=True) if old != new)
    footer = [new for old, new in zip(before.rows[at + 1 :], now.rows[at + 1 :], strict=True) if old == new]
    return changed <= AROUND and sum(1 for row in footer if row.strip()) >= FOOTER


def _stands(rows: tuple[str, ...], line: str) -> bool:
    return bool(line) and any(row.strip()[:LONGEST] == line for row in rows)


def _row(rows: tuple[str, ...], text: str) -> int:
    """Return the lowest row that holds `text`, -1 for none."""
    return next((at for at in reversed(range(len(rows))) if text in rows[at]), -1)
