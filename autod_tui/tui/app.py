"""The full-screen application: one desk, one board, screens that show it."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.reactive import Initialize, Reactive
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme
from textual.timer import Timer

from autod_tui.core.attention import Calls
from autod_tui.core.board import Board
from autod_tui.core.desk import Desk, Update
from autod_tui.core.errors import AutodError
from autod_tui.core.events import Recorded
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.run_sessions import waiting_sessions
from autod_tui.tui import foreground, words
from autod_tui.tui.bridge import BoardChanged, Bridge, PanesPrinted
from autod_tui.tui.commands import CommandProvider, Selection
from autod_tui.tui.run_news import News, RunNews
from autod_tui.tui.safe import ControlFilter, clean_block
from autod_tui.tui.screens.base import BoardScreen, BoardWatcher
from autod_tui.tui.screens.home import HomeScreen
from autod_tui.tui.screens.run_page import RunPage
from autod_tui.tui.theme import THEME
from autod_tui.tui.widgets.live_pane import LivePane
from autod_tui.tui.workers import start

if TYPE_CHECKING:
    from autod_tui.tui.actions import Action

KEPT_ENTRIES = 1000
MINUTE = 60.0
SECOND = 1.0
PAGES = Path(__file__).with_name("pages.tcss").resolve()


class AutodApp(App[int]):
    """The dashboard; leaving it leaves the agents at work."""

    TITLE = "autod"
    CSS_PATH = "app.tcss"
    COMMANDS = App.COMMANDS | {CommandProvider}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", show=False, priority=True),
        Binding("ctrl+c", "quit_hint", show=False),
    ]
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 6

    def _begin_with(self) -> str:
        return self._first_theme

    theme: Reactive[str] = Reactive(Initialize(_begin_with))

    def __init__(
        self,
        desk: Desk,
        *,
        clock: Callable[[], float] = time.time,
        shown: asyncio.Event | None = None,
        theme: str = "",
        keep_theme: Callable[[str], None] | None = None,
    ) -> None:
        """Show `desk`; `clock` gives Unix time in seconds; `shown` is set once the first frame stands.

        `theme` is what was chosen before, our own where it is unknown; `keep_theme` keeps what is chosen now, and is
        called beside the event loop.
        """
        self._first_theme = theme if theme in BUILTIN_THEMES else THEME.name  # before Textual works out its colours
        super().__init__()
        self._keep_theme = keep_theme
        self._keeping = asyncio.Lock()
        self.desk = desk
        self.clock = clock
        self._shown = shown or asyncio.Event()
        self.board: Board | None = None
        self.entries: list[Recorded] = []
        self._bridge = Bridge(desk, self)
        self._news = RunNews()
        self._last_door = ControlFilter()
        self._calls = Calls()
        self._told_title = ""
        self.jumped_to = ""
        """Who waits that `w` has gone to last."""
        self._countdown: Timer | None = None
        self.register_theme(THEME)
        self.add_class(f"-theme-{self._first_theme}")
        self.set_class(words.ASCII_ONLY, "ascii-only")

    def get_theme(self, theme_name: str) -> Theme | None:
        """Know our own theme before it can be registered: chosen later, all colours would be worked out twice."""
        return THEME if theme_name == THEME.name else super().get_theme(theme_name)

    def watch_theme(self) -> None:
        """Keep what was chosen for the next start."""
        start(self, self._keep_choice, group="theme")

    async def _keep_choice(self) -> None:
        async with self._keeping:  # the last choice shall be the one that stays
            if self._keep_theme is not None:
                try:
                    await asyncio.to_thread(self._keep_theme, self.theme)
                except AutodError as error:
                    self.say(str(error), failed=True)

    def read_pages(self) -> None:
        """Read the styles of all other screens, once; the first frame needn't wait for them."""
        if not self.stylesheet.has_source(str(PAGES)):
            self.stylesheet.read(PAGES)
            self.stylesheet.parse()

    def get_default_screen(self) -> Screen[Any]:
        """Home is always at the bottom."""
        return HomeScreen()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy for the terminal that a person sits at: what Textual writes would end in autod's own tmux."""
        self._clipboard = text
        foreground.copy(self, text)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Add the last door before the terminal to the filters of the app."""
        return [*super().get_line_filters(), self._last_door]

    def on_mount(self) -> None:
        """Show what is true now, then follow the desk."""
        self.board = self.desk.board()
        self.entries = self.desk.history(KEPT_ENTRIES)
        waiting = waiting_sessions(self.desk.runs.values())
        self._calls = Calls((view.record for view in self.board.workstreams), _limits(self.board), waiting)
        self._show_title(self.board)
        start(self, self._bridge.pump_updates, group="bridge")
        start(self, self._bridge.pump_outputs, group="bridge")
        self.set_interval(MINUTE, self._tell_screens)
        self._count_down(self.board)

    def on_ready(self) -> None:
        """Tell that the first frame stands, and then fetch what only a command needs."""
        self.call_after_refresh(self._shown.set)
        start(self, self._prepare, group="prepare")

    async def _prepare(self) -> None:
        await self._shown.wait()
        self.read_pages()
        await _actions()

    @on(BoardChanged)
    def _board_changed(self) -> None:
        update = self._bridge.take_update()
        if update is None:
            return
        self.board = update.board
        seen = self.entries[-1].seq if self.entries else 0
        fresh = [entry for entry in update.entries if entry.seq > seen]
        self.entries = [*self.entries, *fresh][-KEPT_ENTRIES:]
        self._tell_screens(tuple(fresh))
        self._show_title(update.board)
        self._count_down(update.board)
        self._call_attention(fresh)
        self._tell_news(self._news.find(fresh, self.desk.runs))

    @on(PanesPrinted)
    def _panes_printed(self) -> None:
        printed = self._bridge.take_printed()
        for screen in self.screen_stack:
            for pane in screen.query(LivePane) if isinstance(screen, HomeScreen) else ():
                if pane.workstream in printed:
                    pane.mark_dirty()

    def _tell_screens(self, entries: tuple[Recorded, ...] = ()) -> None:
        if self.board is None:
            return
        update = Update(self.board, entries)
        for screen in self.screen_stack:
            if isinstance(screen, BoardWatcher) and screen.is_mounted:
                screen.board_changed(update)

    def _count_down(self, board: Board) -> None:
        """While a rate limit lasts, tell each second what is left of it."""
        if board.held and self._countdown is None:
            self._countdown = self.set_interval(SECOND, self._look_again)
        elif not board.held and self._countdown is not None:
            self._countdown.stop()
            self._countdown = None

    def _look_again(self) -> None:
        self.board = self.desk.board()
        self._tell_screens()
        self._count_down(self.board)

    def _tell_news(self, news: list[News]) -> None:
        """Say what of the runs is worth a look, with one bell for all of it."""
        for one in news:
            self.say(one.text, failed=one.failed)
            foreground.tell_terminal(self, one.text)
        if news:
            self.bell()

    def _call_attention(self, entries: Sequence[Recorded]) -> None:
        """Ring and notify once when somebody begins to need a person, with one bell for all of them."""
        calls = [*self._calls.follow(entries), *self._calls.follow_limits(_limits(self.board))]
        for call in calls:
            foreground.tell_terminal(self, call.words)
        if calls:
            self.bell()

    def _show_title(self, board: Board) -> None:
        """Keep the number of those who wait in the terminal's title."""
        waiting = len(board.waiting)
        title = f"autod: {waiting} wait{'s' if waiting == 1 else ''}" if waiting else "autod"
        if title != self._told_title:
            self._told_title = title
            foreground.set_title(self, title)

    def selection(self) -> Selection:
        """Return what commands act on: the selection of the topmost board screen."""
        boards = [screen for screen in self.screen_stack if isinstance(screen, BoardScreen | RunPage)]
        return boards[-1].selection() if boards and self.board else Selection()

    def run_command(self, id: str) -> None:
        """Run a command of the table."""
        start(self, partial(self._carry_out, id, self.selection()), group="commands")

    async def _carry_out(self, id: str, selection: Selection) -> None:
        self.read_pages()
        try:
            await (await _actions())[id](self, selection)
        except AutodError as error:
            self.say(str(error), failed=True)

    async def ask(self, request: AnyRequest, *, quiet: bool = False) -> Answer:
        """Have a request carried out and tell its answer; with `quiet` only a failure is told."""
        answer = await self.desk.ask(request)
        if not (answer.ok and quiet):
            self.tell_answer(answer)
        return answer

    def tell_answer(self, answer: Answer) -> None:
        """Show an answer for a while."""
        text = answer.message + (f"\n{answer.hint}" if answer.hint else "")
        if text:
            self.say(text, failed=not answer.ok)

    def say(self, text: str, *, failed: bool = False) -> None:
        """Show a message for a while; errors stay longer."""
        self.notify(
            clean_block(text), severity="error" if failed else "information", timeout=12 if failed else 5, markup=False
        )

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer the choice of a theme besides the table's commands."""
        yield SystemCommand("Theme", "Choose the colours", self.action_change_theme)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In type mode no key but the pane's own means anything here."""
        if action in ("quit", "command_palette") and self._typing():
            return False
        return super().check_action(action, parameters)

    def _typing(self) -> bool:
        return isinstance(self.focused, LivePane) and self.focused.typing

    def action_quit_hint(self) -> None:
        """Say how to leave; ctrl+c alone is too easily pressed."""
        self.say("q leaves the dashboard; the agents go on")

    async def action_quit(self) -> None:
        """Leave the dashboard."""
        self.exit(0)


async def _actions() -> Mapping[str, Action]:
    """Return what each command does; the screens of all of them come along, which the first frame needn't wait for."""
    module = await asyncio.to_thread(importlib.import_module, "autod_tui.tui.actions")
    return cast("Mapping[str, Action]", module.ACTIONS)


def _limits(board: Board | None) -> dict[str, str]:
    """Return why the project (an empty name) and each workstream may use no more; empty words where they may."""
    return {"": board.limit, **{view.name: view.limit for view in board.workstreams}} if board else {}


def run_tui(desk: Desk) -> int:
    """Run the dashboard until the person leaves it; return the process exit code."""
    app = AutodApp(desk)
    result = app.run()
    return result if result is not None else (app.return_code or 0)
