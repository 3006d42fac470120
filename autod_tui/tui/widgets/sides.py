"""The two sides of a conflicted file as rows, and where in them one looks first."""

from __future__ import annotations

from collections.abc import Sequence

from autod_tui.core.desk import ConflictSides
from autod_tui.tui.clashes import Clash, clashes
from autod_tui.tui.safe import clean_lines
from autod_tui.tui.text import Row, row

BEFORE = 1
"""Lines seen before a clash."""
DIFFERS = "warn"
"""Role of a line that the other side lacks."""


def places(sides: Sequence[ConflictSides]) -> dict[str, list[Clash]]:
    """Return where each file clashes; long ones take their time."""
    return {side.path: clashes(side.base, side.ours, side.theirs) for side in sides}


def first_difference(rows: Sequence[Row]) -> int:
    """Return the first of a side's rows that the other side lacks; 0 without any."""
    return next((number for number, one in enumerate(rows) if one.spans[-1][1] == DIFFERS), 0)


def side_rows(text: str | None, other: str | None) -> list[Row]:
    """Return one side with line numbers; lines that the other side lacks stand out."""
    if text is None:
        return [row((" no text here: the file is binary, or this side deletes it", "dim"))]
    known = set((other or "").split("\n"))
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    rows = []
    for number, (raw, line) in enumerate(zip(lines, clean_lines("\n".join(lines)), strict=True), 1):
        role = "" if raw in known else DIFFERS
        rows.append(row((f"{number:>4} ", "faint"), (line, role)))
    return rows or [row((" empty", "dim"))]
