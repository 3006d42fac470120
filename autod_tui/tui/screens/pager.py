"""Pages of text: log, diff, event feed, report, help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from autod_tui.core.amounts import count
from autod_tui.core.desk import Update
from autod_tui.tui.safe import clean, clean_lines
from autod_tui.tui.screens.base import BoardWatcher, Page, titled
from autod_tui.tui.text import Row, row
from autod_tui.tui.widgets.ansi_view import AnsiView
from autod_tui.tui.widgets.bars import FooterBar, Hint
from autod_tui.tui.widgets.lines import LineView, Source
from autod_tui.tui.workers import start

SCROLL_HINTS = [
    Hint("slash", "Find", "seek"),
    Hint("↑↓ g G", "Scroll"),
    Hint("←→", "Sideways"),
    Hint("escape", "Back", "leave"),
]
FOUND_HINTS = [Hint("n", "Next", "found(1)"), Hint("N", "Previous", "found(-1)"), Hint("escape", "Done", "leave")]
SEEK_HINTS = [Hint("enter", "Find"), Hint("escape", "Leave it", "leave")]


class Pager(Page):
    """Shows rows under a title; `/` finds words in them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "seek", show=False),
        Binding("n", "found(1)", show=False),
        Binding("N", "found(-1)", show=False),
    ]

    def __init__(self, title: str, source: Source | None = None, subtitle: str = "") -> None:
        """Show what `source` makes for the width."""
        super().__init__()
        self._title = title
        self._subtitle = subtitle
        self._source = source
        self._found_at = -1

    def compose(self) -> ComposeResult:
        """Body, the line for words to find, footer."""
        yield from self.body()
        yield Input(id="sought", classes="sought", placeholder="words to find", compact=True)
        yield FooterBar(id="footer")

    def body(self) -> ComposeResult:
        """One view over the whole screen."""
        yield LineView(id="page", classes="panel")

    @property
    def seeker(self) -> Input:
        """The line for words to find; shown only while it is written in."""
        return self.query_one("#sought", Input)

    @property
    def view(self) -> LineView:
        """The view with the text."""
        return self.query_one("#page", LineView)

    def on_mount(self) -> None:
        """Show the text."""
        self.seeker.display = False
        super().on_mount()
        titled(self.view, self._title, self._subtitle)
        if self._source is not None:
            self.view.show_rows(self._source)
        self.view.focus()

    def show_hints(self) -> None:
        """Show the keys of finding while something is sought, else the page's own."""
        own = SEEK_HINTS if self.seeker.display else FOUND_HINTS if self.view.sought else self.hints()
        self.query_one(FooterBar).show_hints(own)

    def hints(self) -> list[Hint]:
        """How to move and how to leave."""
        return SCROLL_HINTS

    def action_seek(self) -> None:
        """Ask for words to find."""
        self.seeker.display = True
        self.seeker.focus()
        self.show_hints()

    @on(Input.Submitted, "#sought")
    def _seek(self, event: Input.Submitted) -> None:
        self.view.seek(event.value)
        self._found_at = int(self.view.scroll_offset.y) - 1
        self._stop_asking()
        if event.value:
            self.action_found(1)

    def _stop_asking(self) -> None:
        self.seeker.display = False
        self.view.focus()
        self.show_hints()

    def action_found(self, by: int) -> None:
        """Scroll to the next or the previous row that holds what is sought, round the end."""
        if not self.view.sought:
            return
        if not (rows := self.view.seek(self.view.sought)):
            titled(self.view, self._title, f"no {self.view.sought!r} here")
            return
        beyond = [y for y in rows if (y > self._found_at if by > 0 else y < self._found_at)] or rows
        self._found_at = beyond[0 if by > 0 else -1]
        titled(
            self.view,
            self._title,
            f"{rows.index(self._found_at) + 1} of {count(len(rows), 'line')} with {self.view.sought}",
        )
        self.view.scroll_to(y=max(self._found_at - self.view.size.height // 3, 0), animate=False)

    def action_leave(self) -> None:
        """Leave the line for words, then what was found, then the page."""
        if self.seeker.display:
            self._stop_asking()
        elif self.view.sought:
            self.view.seek("")
            titled(self.view, self._title, self._subtitle)
            self.show_hints()
        else:
            super().action_leave()


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
        """Scroll to the next or the previous file; while something is sought, to the next place of it."""
        if self.view.sought:
            self.action_found(by)
            return
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
        self._subtitle = count(len(lines), "line")
        titled(view, self._title, self._subtitle)
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
