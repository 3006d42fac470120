"""What all screens share: a header, a footer, and being told about the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast
from weakref import WeakKeyDictionary

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from autod_tui.core.desk import Update
from autod_tui.tui.commands import BOARD_SCOPES, Selection, bindings, footer
from autod_tui.tui.safe import plain
from autod_tui.tui.widgets.bars import FooterBar, HeaderBar, Hint

if TYPE_CHECKING:
    from autod_tui.tui.app import AutodApp

_TITLES: WeakKeyDictionary[Widget, tuple[str, str]] = WeakKeyDictionary()
"""What stands in the borders now."""


class BoardWatcher:
    """Mixed into screens that are told about every change of the board."""

    def board_changed(self, update: Update) -> None:
        """Take the new board and what happened since the last one."""
        raise NotImplementedError

    @property
    def autod(self) -> AutodApp:
        """The app, with its desk."""
        return cast("AutodApp", cast("Screen[None]", self).app)


class BoardScreen(Screen[None], BoardWatcher):
    """A full screen on which the commands of the table work."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(BOARD_SCOPES)]
    PLACE = ""

    def compose(self) -> ComposeResult:
        """Header, body, footer."""
        yield HeaderBar(id="header")
        yield from self.body()
        yield FooterBar(id="footer")

    def body(self) -> ComposeResult:
        """Yield what stands between header and footer."""
        raise NotImplementedError

    def selection(self) -> Selection:
        """Return what commands act on."""
        raise NotImplementedError

    def action_command(self, id: str) -> None:
        """Run a command of the table."""
        self.autod.run_command(id)

    def show_footer(self) -> None:
        """Offer the keys that suit the selection."""
        self.query_one(FooterBar).show_hints(footer(self.selection()))

    def board_changed(self, update: Update) -> None:
        """Show the new header and footer."""
        self.query_one(HeaderBar).show_board(update.board, self.PLACE)
        self.show_footer()

    def on_mount(self) -> None:
        """Show what is known already."""
        self.call_after_refresh(self._first)

    def _first(self) -> None:
        if self.autod.board is not None:
            self.board_changed(Update(self.autod.board, ()))

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


class Page(Screen[None]):
    """A screen opened over the board, left by esc or q; its footer names its own keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", show=False),
        Binding("question_mark", "help", "Help", show=False),
    ]
    HINTS: ClassVar[list[Hint]] = [Hint("escape", "Back", "leave")]

    @property
    def autod(self) -> AutodApp:
        """The app, with its desk."""
        return cast("AutodApp", self.app)

    def compose(self) -> ComposeResult:
        """Body and footer."""
        yield from self.body()
        yield FooterBar(id="footer")

    def body(self) -> ComposeResult:
        """Yield what stands above the footer."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show the keys."""
        self.show_hints()

    def show_hints(self) -> None:
        """Show the keys that work now."""
        self.query_one(FooterBar).show_hints(self.hints())

    def hints(self) -> list[Hint]:
        """Return the keys that work now."""
        return self.HINTS

    def action_leave(self) -> None:
        """Go back to where one came from."""
        self.dismiss()

    def action_help(self) -> None:
        """Show all commands."""
        self.autod.run_command("help")

    def action_command(self, id: str) -> None:
        """Run a command of the table (a click in the footer)."""
        self.autod.run_command(id)

    @on(FooterBar.Picked)
    async def _picked(self, message: FooterBar.Picked) -> None:
        await self.run_action(message.action)


def titled(widget: Widget, title: str, subtitle: str = "") -> None:
    """Give a bordered widget its title and subtitle, whatever they contain.

    Setting one draws the whole widget again, so the same words are not set twice.
    """
    told = (title, subtitle)
    if _TITLES.get(widget) != told:
        _TITLES[widget] = told
        widget.border_title = plain(title)
        widget.border_subtitle = plain(subtitle)
