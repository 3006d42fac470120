"""Habits: what a screen in nobody's known words tells by how it changes.

A row whose spinner turns, or that counts and names the key that interrupts, is drawn by an agent at work. Once such a
row is known, the agent works while it stands there, and rests on a screen that stands still without it. A clock or a
cursor that blinks is no work; words that are printed turn no spinner.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

STILL_FOR = 0.2
"""Seconds without a new row after which a screen stands still."""
FEW = 2
"""Rows that may change at rest: somebody types, a hint takes another one's place."""
MOST_KNOWN = 12
"""Rows of work that are remembered; the latest ones."""

TURNING = "⠁-⣿◐-◓◴-◷◜-◟◠◡✢✣✤✥✦✧✱-✽⏳⌛🌑-🌘🕐-🕛"
"""Characters that turn in spinners, as in a class of a regular expression."""
_SPIN = re.compile(rf"[{TURNING}⠀]+|^[|/\\-](?=\s)|[░▒▓█▉■□▪▫⬝⬞━╸╺]{{2,}}|(?<=\w)\.{{1,5}}$|…$")
"""What turns: a glyph of spinners, a line that turns before a row, a bar, dots at the end of a word."""
_TURNS = "⠿"
_DRAWN = re.compile(r"[▏▎▍▌▋▊█▐▕│┃║╭╮╰╯┌┐└┘─━═╌_\s]+")
"""What tells nothing: cursors, edges, blanks."""
_UNIT = r"\s?(?:ms|[hmskKM])\b"
_NUMBER = re.compile(rf"[<>~≈]?\d+(?:[.,:]\d+)*(?:{_UNIT}(?:\s?\d+{_UNIT})*)?")
"""A number with its unit: what took seconds takes minutes and seconds later."""
_COUNTING = re.compile(r"(?i)\b(?:esc(?:ape)?|ctrl.?c|\^c)\b.*\b(?:interrupt|cancel|stop|abort)")
"""A row that counts while the agent works: a mere clock names no key."""
EDGES = " \t│┃║"
"""What may stand at both ends of a row in a box."""
_PROMPT = re.compile(
    r"^\s*(?:[│┃]\s*)?(?:[\w./~@()\[\] -]{0,30})?[>❯›»λ]\s*$|^\s*(?:user|you|human|me|input|prompt)\s*[:>]\s*$", re.I
)
"""A bare prompt that somebody shall write behind."""


class Shown(StrEnum):
    """What a look tells."""

    BUSY = "busy"
    STILL = "still"
    """It rests: what is drawn at work is gone, or a bare prompt waits for words."""
    SAME = "same"
    """Nothing that counts has changed."""
    MOVES = "moves"
    """Rows change, in no known way."""


class Habit(Struct, frozen=True, kw_only=True):
    """What is known of one agent's screen."""

    rows: tuple[str, ...] = ()
    """Those of the last look, in no colours."""
    shape: tuple[str, ...] = ()
    moved: float = 0.0
    """When rows were last seen to change."""
    known: tuple[str, ...] = ()
    """Shapes of rows that it draws at work."""
    busy: bool = False
    """One of them stood there at the last look."""


def watch(before: Habit, rows: Sequence[str], cursor: tuple[int, int] | None, now: float) -> tuple[Habit, Shown]:
    """Look again at a screen (plain rows): return what to remember, and what it tells."""
    rows = tuple(row.rstrip() for row in rows)
    shapes = tuple(map(shape_of, rows))
    alive = _alive(before, rows, shapes) if before.rows else ()
    known = tuple(dict.fromkeys((*before.known, *alive)))[-MOST_KNOWN:]
    still = tuple(_without_cursor(shapes, rows, cursor))
    changed = sum((Counter(still) - Counter(before.shape)).values()) if before.rows else FEW + 1
    busy = any(shape in known for shape in shapes)
    moved = now if changed or busy or before.busy else before.moved  # it may only be drawn anew
    after = Habit(rows=rows, shape=still, moved=moved, known=known, busy=busy)
    if busy:
        return after, Shown.BUSY
    if now - after.moved >= STILL_FOR and (known or prompt_stands(rows, cursor)):
        return after, Shown.STILL
    return after, Shown.MOVES if changed > FEW else Shown.SAME


def shape_of(row: str) -> str:
    """Return what stays of a row that is drawn anew: its words, a mark for what turns, another one for each number."""
    inner = row.strip(EDGES)
    if key := _COUNTING.search(inner):  # what it says of its work is another thing each time
        inner = f"{' '.join(_SPIN.findall(inner[: key.start()]))} {key[0]}"
    return _DRAWN.sub(" ", _NUMBER.sub("0", _SPIN.sub(_TURNS, inner))).strip()


def prompt_stands(rows: Sequence[str], cursor: tuple[int, int] | None) -> bool:
    """Tell whether the cursor stands behind a bare prompt in the last row that holds anything."""
    if cursor is None or cursor[1] >= len(rows):
        return False
    column, at = cursor
    below = any(row.strip() for row in rows[at + 1 :])
    return not below and 0 < len(rows[at].rstrip()) <= column and _PROMPT.match(rows[at]) is not None


def _alive(before: Habit, rows: Sequence[str], shapes: Sequence[str]) -> tuple[str, ...]:
    """Return the shapes of rows that were there before, and have turned or counted since."""
    old = {shape_of(row): row for row in before.rows}
    seen = set(before.rows)
    found = []
    for row, shape in zip(rows, shapes, strict=True):
        if row in seen or shape not in old:
            continue
        if _turned(old[shape], row) or (_COUNTING.search(row) and _NUMBER.findall(old[shape]) != _NUMBER.findall(row)):
            found.append(shape)
    return tuple(found)


def _turned(old: str, new: str) -> bool:
    one, other = (_SPIN.findall(row.strip(EDGES)) for row in (old, new))
    return bool(one) and len(one) == len(other) and one != other


def _without_cursor(shapes: Sequence[str], rows: Sequence[str], cursor: tuple[int, int] | None) -> list[str]:
    """Return the shapes that hold anything, but for the row that somebody may be writing in."""
    at = cursor[1] if cursor is not None else -1
    return [shape for place, shape in enumerate(shapes) if shape and place != at]
