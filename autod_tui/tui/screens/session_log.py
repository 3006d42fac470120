"""What a session prints, growing while it runs."""

from __future__ import annotations

from textual.app import ComposeResult

from autod_tui.core.errors import AutodError
from autod_tui.tui.screens.base import titled
from autod_tui.tui.screens.pager import Pager
from autod_tui.tui.widgets.ansi_view import AnsiView
from autod_tui.tui.workers import start

KEPT = 1024 * 1024
"""Bytes of a log that are shown, counted from its end."""


class SessionLog(Pager):
    """A session's log; stays at the end while one looks at the end."""

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
