"""The one stream of events: journal first, then the state, then everybody who listens."""

from __future__ import annotations

from collections.abc import Callable

from autod_tui.core.board import Board, make_board
from autod_tui.core.events import Event, Recorded
from autod_tui.core.plan import Plan
from autod_tui.core.ports import Clock, JournalPort
from autod_tui.core.replay import apply, replay

Listener = Callable[[tuple[Recorded, ...]], None]


class Stream:
    """Holds the plan and the state; `emit` is the only way to change the latter."""

    def __init__(self, plan: Plan, journal: JournalPort, clock: Clock) -> None:
        """Replay the journal into the state."""
        self.plan = plan
        self.clock = clock
        self._journal = journal
        self.state = replay(journal.read())
        self._listeners: list[Listener] = []

    def emit(self, *events: Event) -> None:
        """Write events to the journal, apply them and tell the listeners, in that order."""
        entries = tuple(self._journal.append(events))
        for entry in entries:
            self.state = apply(self.state, entry)
        self._tell(entries)

    def catch_up(self) -> None:
        """Apply what another process wrote to the journal meanwhile."""
        entries = tuple(self._journal.read(self.state.seq))
        if entries:
            self.state = replay(entries, self.state)
            self._tell(entries)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called with every batch of new entries; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def board(self) -> Board:
        """Lay plan and state side by side."""
        return make_board(self.plan, self.state, self.clock())

    def replan(self, plan: Plan) -> None:
        """Take a newly read configuration."""
        self.plan = plan
        self._tell(())

    def _tell(self, entries: tuple[Recorded, ...]) -> None:
        for listener in list(self._listeners):
            listener(entries)
