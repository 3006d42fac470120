"""The header and the footer: one line each."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from autod_tui.core.board import Board
from autod_tui.core.usage_words import usage_words
from autod_tui.tui import words
from autod_tui.tui.safe import clean
from autod_tui.tui.text import Row, Span, row, shorten, width_of
from autod_tui.tui.theme import role_style


class Bar(Widget):
    """One line of spans; what does not fit is cut with an ellipsis."""

    DEFAULT_CSS = "Bar { height: 1; width: 100%; background: $panel; }"

    def __init__(self, *, id: str | None = None) -> None:
        """Make an empty bar."""
        super().__init__(id=id)
        self.row: Row = row()
        self._drawn: tuple[Span, ...] = ()

    def show_row(self, shown: Row) -> None:
        """Draw `shown` from now on."""
        if shown != self.row:
            self.row = shown
            self.refresh()

    def text(self) -> str:
        """Return what stands in the bar."""
        return "".join(clean(text) for text, _ in self.row.spans).rstrip()

    def spans(self, width: int) -> tuple[Span, ...]:
        """Return what is drawn at `width` cells."""
        return self.row.spans

    def render_line(self, y: int) -> Strip:
        """Draw the one line."""
        width = self.size.width
        spans = self.spans(width)
        self._drawn = spans
        styles = {role: role_style(self, role) for role in {role for _, role in spans}}
        strip = Strip([Segment(clean(text), styles[role]) for text, role in spans])
        if strip.cell_length > width:
            mark = Segment("…", role_style(self, "dim"))
            strip = Strip([*strip.crop(0, width - 1), mark])
        return strip.adjust_cell_length(width, role_style(self, ""))


class HeaderBar(Bar):
    """Project, target, counts by state, and who waits."""

    board: Board | None = None
    place = ""

    def show_board(self, board: Board, place: str) -> None:
        """Tell about `board` on the screen called `place`."""
        self.board, self.place = board, place
        if self.spans(self.size.width) != self._drawn:
            self.refresh()

    def spans(self, width: int) -> tuple[Span, ...]:
        """Return project and target at the left, the counts at the right."""
        if self.board is None:
            return ()
        right = _counts(self.board, wide=width >= 100)
        room = width - width_of(right)
        name = shorten(PurePath(self.board.root).name, 28)
        left: list[Span] = [(" autod ", "title"), (f"{name} {words.glyph('arrow')} {self.board.target}", "bold")]
        if self.board.recalled:
            left.append(("  as last seen, looking again", "warn"))
        if self.place and room > width_of(left) + len(self.place) + 6:
            left.append((f"  {self.place}", "dim"))
        left.extend(_waiting(self.board, room - width_of(left) - 3))
        left.extend(_held(self.board, room - width_of(left) - 3))
        left.extend(_used(self.board, room - width_of(left) - 3))
        return (*left, (" " * max(room - width_of(left), 1), ""), *right)

    def text(self) -> str:
        """Return what stands in the bar."""
        return "".join(clean(text) for text, _ in self.spans(self.size.width)).rstrip()


def _counts(board: Board, *, wide: bool) -> list[Span]:
    spans: list[Span] = []
    for state, look in words.WORKSTREAM.items():
        number = sum(1 for view in board.workstreams if view.record.state is state)
        if number:
            spans.append((f"{look.mark} {number}{' ' + look.word if wide else ''}  ", look.role))
    return spans


def _waiting(board: Board, room: int) -> list[Span]:
    names = board.waiting
    merges = [f"merge of {view.name} (x)" for view in board.checkpoints if view.stuck]
    if not (names or merges) or room < 12:
        return []
    told = "; ".join([*merges, *([f"waiting for you (w): {', '.join(names)}"] if names else [])])
    return [("  ", ""), (shorten(told, room), "loud")]


def _held(board: Board, room: int) -> list[Span]:
    """Say what keeps new work from starting: the project's limit, which a person may raise, or rate limits."""
    if room < 12:
        return []
    if board.limit:
        return [("  ", ""), (shorten(board.limit, room), "loud")]
    return [("  ", ""), (shorten("; ".join(board.held), room), "warn")] if board.held else []


def _used(board: Board, room: int) -> list[Span]:
    told = usage_words(board.usage)
    return [(f"  {told}", "dim")] if told and room >= len(told) else []


_KEY_WORDS = {
    "question_mark": "?",
    "dollar_sign": "$",
    "escape": "esc",
    "right_square_bracket": "]",
    "slash": "/",
    "colon": ":",
    "plus": "+",
    "minus": "-",
    "left_square_bracket": "[",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}


def key_word(key: str) -> str:
    """Return a Textual key name as people write it: `?`, `ctrl+p`, `enter`."""
    return _KEY_WORDS.get(key, key)


class Hint(NamedTuple):
    """A key of a screen, for its footer."""

    key: str
    """Textual key name, or the words to show when `action` is empty."""
    title: str
    action: str = ""
    rank: int = 1
    """Where not all fit, those of a higher rank go first; within one, the later ones."""


ALWAYS = frozenset({"escape", "?"})
"""Keys that lead out or to all the others; where one of several ways out is named, it stays in sight."""


class FooterBar(Bar):
    """The keys that make sense now; a click on one does the same."""

    class Picked(Message):
        """An entry was clicked."""

        def __init__(self, action: str) -> None:
            """Carry the action: `command('id')` or a screen's own."""
            super().__init__()
            self.action = action

    def __init__(self, *, id: str | None = None) -> None:
        """Make an empty footer."""
        super().__init__(id=id)
        self._entries: list[Hint] = []
        self._spots: list[tuple[int, int, str]] = []

    def show_hints(self, hints: list[Hint]) -> None:
        """Offer `hints` in this order, which is also that of their importance within a rank."""
        if hints != self._entries:
            self._entries = hints
            self.refresh()

    def text(self) -> str:
        """Return what stands in the bar."""
        return "".join(text for text, _ in self.spans(self.size.width)).rstrip()

    def spans(self, width: int) -> tuple[Span, ...]:
        """Return the entries that fit; where some do not, the last words lead to the help."""
        shown = _fitting(self._entries, width)
        spans: list[Span] = []
        self._spots = []
        at = 0
        for hint in shown:
            spans += [(f" {key_word(hint.key)}", "key"), (f" {hint.title} ", "dim")]
            self._spots.append((at, at + _cells(hint), hint.action))
            at += _cells(hint)
        if len(shown) < len(self._entries):
            spans.append((_mark(shown), "dim"))
            self._spots.append((at, width, "command('help')"))
        return tuple(spans)

    def on_click(self, event: events.Click) -> None:
        """Run the entry under the pointer."""
        for start, end, action in self._spots:
            if start <= event.x < end and action:
                self.post_message(self.Picked(action))


def _cells(hint: Hint) -> int:
    return cell_len(key_word(hint.key)) + cell_len(hint.title) + 3


def _mark(hints: list[Hint]) -> str:
    """Return what tells that there are more keys, unless `hints` do."""
    return "" if any(hint.key == "?" for hint in hints) else "…"


def _fitting(hints: list[Hint], width: int) -> list[Hint]:
    """Return those of `hints` that fit, the most important chosen first, in their order."""
    if sum(map(_cells, hints)) <= width:
        return hints
    hints = [hint._replace(title="More") if hint.key == "?" else hint for hint in hints]
    room, chosen = width - cell_len(_mark(hints)), set[int]()
    for number, hint in sorted(enumerate(hints), key=lambda one: (one[1].key not in ALWAYS, one[1].rank, one[0])):
        if _cells(hint) <= room:
            room -= _cells(hint)
            chosen.add(number)
    return [hint for number, hint in enumerate(hints) if number in chosen]
