"""What the pages about runs share: a list of commands by scope, the selection they act on, following the board."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from autod_tui.core.commands import COMMANDS
from autod_tui.core.desk import Update
from autod_tui.core.run import RunRecord
from autod_tui.tui.commands import Selection, relevant
from autod_tui.tui.screens.base import BoardWatcher, Page
from autod_tui.tui.widgets.bars import Hint
from autod_tui.tui.widgets.lines import LineView

REST = 0.15
"""Seconds between two looks at a run whose tasks end faster than anyone reads; keys are answered meanwhile."""

FIRST = dict.fromkeys(("session_answer", "run_review", "approve", "changes"), 0)
"""Ranks of the keys by which a person answers what waits."""


class RunPage(Page, BoardWatcher):
    """A page on which the commands of SCOPES work on what it has selected."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("W", "command('next_waiting')", show=False)]
    SCOPES: ClassVar[frozenset[str]] = frozenset()
    ORDER: ClassVar[tuple[str, ...]] = ()
    """Ids that the footer shows, the most important first."""

    _later: Timer | None = None
    _shown_at = 0.0

    def selection(self) -> Selection:
        """Return what commands act on."""
        raise NotImplementedError

    def show(self) -> None:
        """Show what is true now."""
        raise NotImplementedError

    def run_called(self, id: str) -> RunRecord | None:
        """Return a run as it is now."""
        return self.autod.desk.runs.get(id)

    def on_mount(self) -> None:
        """Show what is known already, once the sizes are."""
        super().on_mount()
        self.call_after_refresh(self._refreshed)

    def on_screen_resume(self) -> None:
        """Show what has changed behind another screen."""
        self._refreshed()

    def board_changed(self, update: Update) -> None:
        """Show the runs as they are now: the first change at once, those in quick succession together.

        A covered page waits until it is seen again.
        """
        if not self.is_current or self._later is not None:
            return
        wait = self._shown_at + REST - time.monotonic()
        if wait <= 0:
            self._refreshed()
        else:
            self._later = self.set_timer(wait, self._refreshed)

    def _refreshed(self) -> None:
        self._later = None
        self._shown_at = time.monotonic()
        self.show()
        self.show_hints()

    def hints(self) -> list[Hint]:
        """Return the keys that make sense for the selection."""
        chosen = self.selection()
        known = {entry.id: entry for entry in COMMANDS}
        entries = [known[id] for id in self.ORDER if relevant(known[id], chosen)]
        shown = [Hint(one.keys[0], one.title, f"command('{one.id}')", FIRST.get(one.id, 1)) for one in entries]
        waits = self.autod.board is not None and self.autod.board.waiting
        calls = [Hint("W", "Next waiting", "command('next_waiting')", rank=0)] if waits else []
        return [*shown, *calls, *self.own_hints(), Hint("escape", "Back", "leave"), Hint("?", "all", "help")]

    def own_hints(self) -> list[Hint]:
        """Return keys that are not in the command table."""
        return []

    def list_at(self, id: str) -> LineView:
        """Return one of the page's lists."""
        return self.query_one(f"#{id}", LineView)
