"""Pages of text: log, diff, event feed, report, help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.strip import Strip

from autod_tui.core.desk import Update
from autod_tui.tui.safe import clean, clean_lines
from autod_tui.tui.screens.base import BoardWatcher, Page, titled
from autod_tui.tui.text import Row, row
from autod_tui.tui.theme import role_style
from autod_tui.tui.widgets.ansi import PLAIN, Pen, parse_row
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView, Source
from autod_tui.tui.workers import start

SCROLL_HINTS = [Hint("↑↓ pgup pgdn g G", "Scroll"), Hint("←→", "Sideways"), Hint("escape", "Back", "leave")]


class Pager(Page):
    """Shows rows under a title."""

    def __init__(self, title: str, source: Source | None = None, subtitle: str = "") -> None:
        """Show what `source` makes for the width."""
        super().__init__()
        self._title = title
        self._subtitle = subtitle
        self._source = source

    def body(self) -> ComposeResult:
        """One view over the whole screen."""
        yield LineView(id="page", classes="panel")

    @property
    def view(self) -> LineView:
        """The view with the text."""
        return self.query_one("#page", LineView)

    def on_mount(self) -> None:
        """Show the text."""
        super().on_mount()
        titled(self.view, self._title, self._subtitle)
        if self._source is not None:
            self.view.show_rows(self._source)
        self.view.focus()

    def hints(self) -> list[Hint]:
        """How to move and how to leave."""
        return SCROLL_HINTS


class DiffPage(Pager):
    """A unified diff in colours; n and N jump from file to file."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "file(1)", show=False),
        Binding("N", "file(-1)", show=False),
    ]

    def __init__(self, name: str, diff: str) -> None:
        """Show `diff` of workstream `name`."""
        rows = diff_rows(diff)
        files = sum(1 for line in diff.split("\n") if line.startswith("diff --git "))
        super().__init__(f"diff of {name}", lambda width: rows, f"{files} file{'s' if files != 1 else ''}")
        self._files = [y for y, entry in enumerate(rows) if entry.spans and entry.spans[0][0].startswith("diff --git ")]

    def action_file(self, by: int) -> None:
        """Scroll to the next or the previous file."""
        here = self.view.scroll_offset.y
        ahead = [y for y in self._files if (y > here if by > 0 else y < here)]
        if ahead:
            self.view.scroll_to(y=ahead[0] if by > 0 else ahead[-1], animate=False)

    def hints(self) -> list[Hint]:
        """How to go from file to file as well."""
        return [Hint("n", "Next file", "file(1)"), Hint("N", "Previous", "file(-1)"), *SCROLL_HINTS]


def diff_rows(diff: str) -> list[Row]:
    """Return a row per line of a unified diff, coloured by what the line says."""
    if not diff.strip():
        return [row(("nothing is changed", "dim"))]
    return [row((line, _diff_role(line))) for line in clean_lines(diff)]


def _diff_role(line: str) -> str:
    if line.startswith(("diff --git ", "index ", "--- ", "+++ ", "new file", "deleted file", "similarity", "rename ")):
        return "title" if line.startswith("diff ") else "dim"
    return {"+": "added", "-": "removed", "@": "info"}.get(line[:1], "")


class AnsiView(LineView):
    """Rows that keep the colours of the terminal they come from."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """Make an empty view."""
        super().__init__(id=id, classes=classes)
        self._lines: list[tuple[str, Pen]] = []

    def show_lines(self, lines: tuple[str, ...]) -> None:
        """Show terminal rows."""
        pen = PLAIN
        self._lines = []
        for line in lines:
            self._lines.append((line, pen))
            pen = parse_row(line, pen)[1]
        self.virtual_size = Size(self.content_size.width, len(lines))
        self.refresh()

    def text(self) -> str:
        """Return all rows as plain text."""
        return "\n".join("".join(part.text for part in parse_row(*line)[0]).rstrip() for line in self._lines)

    def render_line(self, y: int) -> Strip:
        """Draw one visible line."""
        width = self.content_size.width
        base = role_style(self, "")
        index = y + self.scroll_offset.y
        if index >= len(self._lines):
            return Strip.blank(width, base)
        strip = Strip(parse_row(*self._lines[index])[0])
        if strip.cell_length > width:
            strip = Strip([*strip.crop(0, width - 1), Segment("…")])
        return strip.adjust_cell_length(width).apply_style(base)


class LogPage(Pager):
    """A pane's scrollback; r reads it again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "read", show=False)]

    def __init__(self, name: str, read: Callable[[], Awaitable[tuple[str, ...]]]) -> None:
        """Show what `read` returns, from its end."""
        super().__init__(f"log of {name}")
        self._read = read

    def body(self) -> ComposeResult:
        """One view over the whole screen."""
        yield AnsiView(id="page", classes="panel")

    def on_mount(self) -> None:
        """Read the scrollback."""
        super().on_mount()
        self.action_read()

    def action_read(self) -> None:
        """Read the scrollback again."""
        start(self, self._load, exclusive=True)

    async def _load(self) -> None:
        lines = await self._read()
        view = self.query_one(AnsiView)
        view.show_lines(lines or (clean("the pane has printed nothing, or there is none"),))
        titled(view, self._title, f"{len(lines)} lines")
        view.call_after_refresh(view.scroll_end, animate=False)

    def hints(self) -> list[Hint]:
        """How to read again as well."""
        return [Hint("r", "Read again", "read"), *SCROLL_HINTS]


class FeedPage(Pager, BoardWatcher):
    """Everything that happened, growing while one looks."""

    def board_changed(self, update: Update) -> None:
        """Add what happened; stay at the end when one was there."""
        view = self.view
        at_end = view.scroll_offset.y >= view.max_scroll_y - 1
        if self._source is not None:
            view.show_rows(self._source)
        if at_end:
            view.call_after_refresh(view.scroll_end, animate=False)

    def on_mount(self) -> None:
        """Start at the end."""
        super().on_mount()
        self.view.call_after_refresh(self.view.scroll_end, animate=False)
