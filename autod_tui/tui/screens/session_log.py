"""What a session prints, growing while it runs."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from autod_tui.core.desk import Update
from autod_tui.core.errors import AutodError
from autod_tui.tui.screens.answer import answer_agent
from autod_tui.tui.screens.base import BoardWatcher, titled
from autod_tui.tui.screens.pager import Pager
from autod_tui.tui.widgets.ansi_view import AnsiView
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.workers import start

KEPT = 1024 * 1024
"""Bytes of a log that are shown, counted from its end."""


class SessionLog(Pager, BoardWatcher):
    """A session's log; stays at the end while one looks at the end."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "answer", show=False)]

    def __init__(self, run: str, session: str) -> None:
        """Follow `session` of `run`."""
        super().__init__(f"log of {session}")
        self._run = run
        self._session = session
        self._text = b""

    def body(self) -> ComposeResult:
        """One view over the whole screen."""
        yield AnsiView(id="page", classes="panel")

    def on_mount(self) -> None:
        """Follow the log."""
        super().on_mount()
        start(self, self._follow)

    def board_changed(self, update: Update) -> None:
        """Tell whether it waits for an answer."""
        self.show_hints()

    def hints(self) -> list[Hint]:
        """Offer to answer while it waits."""
        run = self.autod.desk.runs.get(self._run)
        session = run.sessions.get(self._session) if run else None
        return [*([Hint("a", "Answer", "answer")] if session and session.waits else []), *super().hints()]

    def action_answer(self) -> None:
        """Answer what the session's agent asks."""
        start(self.app, partial(answer_agent, self.autod, f"{self._run}/{self._session}"), group="commands")

    async def _follow(self) -> None:
        try:
            async for piece in self.autod.desk.session_output(self._run, self._session):
                self._show((self._text + piece)[-KEPT:])
        except AutodError as error:
            self.autod.say(str(error), failed=True)
        titled(self.view, self._title, "the session has ended")

    def _show(self, text: bytes) -> None:
        self._text = text
        view = self.query_one(AnsiView)
        at_end = view.scroll_offset.y >= view.max_scroll_y - 1
        lines = tuple(text.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"))
        view.show_lines(lines)
        if at_end:
            view.call_after_refresh(view.scroll_end, animate=False)
