"""The conflict matrix: workstreams against each other and the target, with the number of conflicting files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from autod_tui.core.amounts import count
from autod_tui.core.board import Board
from autod_tui.tui import words
from autod_tui.tui.text import Row, Span, fit, row, shorten
from autod_tui.tui.widgets.lines import LineView

CELL = 5


def conflicts(board: Board) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the conflicting files of each pair, in both directions."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for view in board.workstreams:
        for overlap in view.record.overlaps:
            found[view.name, overlap.other] = overlap.files
            found[overlap.other, view.name] = overlap.files
    return found


class Matrix(LineView):
    """The matrix with a cell cursor; tells which files the selected pair shares."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1, 0)", show=False),
        Binding("up,k", "step(-1, 0)", show=False),
        Binding("left,h", "step(0, -1)", show=False),
        Binding("right,l", "step(0, 1)", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        """Make an empty matrix."""
        super().__init__(id=id)
        self._names: list[str] = []
        self._heads: list[str] = []
        self._found: Mapping[tuple[str, str], tuple[str, ...]] = {}
        self.cell = (0, 0)

    def show_board(self, board: Board) -> None:
        """Show `board`'s conflicts; the cell cursor stays where it was."""
        self._names = [view.name for view in board.workstreams]
        self._heads = [*self._names, board.target]
        self._found = conflicts(board)
        self.cell = (min(self.cell[0], max(len(self._names) - 1, 0)), min(self.cell[1], len(self._heads) - 1))
        self.show_rows(self._make)

    def action_step(self, down: int, right: int) -> None:
        """Move the cell cursor."""
        if not self._names:
            return
        y = max(0, min(self.cell[0] + down, len(self._names) - 1))
        x = max(0, min(self.cell[1] + right, len(self._heads) - 1))
        self.cell = (y, x)
        self.show_rows(self._make)
        self.scroll_to(y=max(y + 2 - self.size.height, 0), animate=False)

    def on_focus(self) -> None:
        """Show the cell cursor."""
        self.show_rows(self._make)

    def on_blur(self) -> None:
        """Hide the cell cursor."""
        self.show_rows(self._make)

    def _make(self, width: int) -> list[Row]:
        if not self._names:
            return [row((" no workstreams yet", "dim"))]
        label = max(8, min(max(len(name) for name in self._heads) + 4, width - CELL * min(len(self._heads), 6) - 2, 30))
        first, last = self._columns(width - label)
        numbers = "".join(fit(self._head(x), CELL, right=True) for x in range(first, last))
        more = " …" if last < len(self._heads) else ""
        rows = [row((" " * label + numbers + more, "dim"))]
        rows += [self._line(y, label, first, last) for y in range(len(self._names))]
        return [*rows, *self._files(width)]

    def _columns(self, room: int) -> tuple[int, int]:
        """Return the range of columns shown: as many as fit, the cell cursor's among them."""
        fitting = max((room - 2) // CELL, 1)
        first = max(0, min(self.cell[1] - fitting + 1, len(self._heads) - fitting))
        return first, min(first + fitting, len(self._heads))

    def _head(self, x: int) -> str:
        return str(x + 1) if x < len(self._names) else shorten(self._heads[x], CELL - 1)

    def _line(self, y: int, label: int, first: int, last: int) -> Row:
        spans: list[Span] = [(fit(f"{y + 1:>3} {self._names[y]}", label), "")]
        for x in range(first, last):
            files = self._found.get((self._names[y], self._heads[x]), ())
            same = self._names[y] == self._heads[x]
            text = str(len(files)) if files else (" " if same else words.glyph("dot"))
            chosen = (y, x) == self.cell and self.has_focus
            role = "key" if chosen else "bad" if files else "faint"
            spans.append((fit(f"[{text}]" if chosen else f"{text} ", CELL, right=True), role))
        return row(*spans)

    def _files(self, width: int) -> list[Row]:
        if not self.has_focus:
            pairs = len({frozenset(pair) for pair in self._found})
            return [row((f" {count(pairs, 'conflicting pair') if pairs else 'no conflicting pairs'}", "dim"))]
        a, b = self._names[self.cell[0]], self._heads[self.cell[1]]
        files = self._found.get((a, b), ())
        if a == b:
            return [row((f" {a}", "dim"))]
        head = f" {a} and {b}: {'no conflict' if not files else ''}"
        return [row((head, "bold" if files else "dim")), *(row((f"   {path}", "warn")) for path in files)]
