"""The bridge: two tasks turn what the desk yields into Textual messages, never more than one of a kind at a time."""

from __future__ import annotations

from textual.message import Message
from textual.message_pump import MessagePump

from autod_tui.core.desk import Desk, Update
from autod_tui.core.events import Recorded


class BoardChanged(Message):
    """The board is newer than what was last taken from the bridge."""


class PanesPrinted(Message):
    """Panes printed something since their names were last taken."""


class Bridge:
    """Pumps updates and outputs; what comes while a message waits is kept and taken with it."""

    def __init__(self, desk: Desk, receiver: MessagePump) -> None:
        """Post to `receiver`."""
        self._desk = desk
        self._receiver = receiver
        self._update: Update | None = None
        self._entries: list[Recorded] = []
        self._printed: set[str] = set()

    async def pump_updates(self) -> None:
        """Carry updates until cancelled."""
        async for update in self._desk.updates():
            waiting = self._update is not None
            self._update = update
            self._entries.extend(update.entries)
            if not waiting:
                self._receiver.post_message(BoardChanged())

    async def pump_outputs(self) -> None:
        """Carry output signals until cancelled."""
        async for names in self._desk.outputs():
            waiting = bool(self._printed)
            self._printed |= names
            if not waiting and self._printed:
                self._receiver.post_message(PanesPrinted())

    def take_update(self) -> Update | None:
        """Return everything that came since the last call as one update."""
        update, entries = self._update, tuple(self._entries)
        self._update, self._entries = None, []
        return None if update is None else Update(update.board, entries)

    def take_printed(self) -> frozenset[str]:
        """Return the workstreams that printed since the last call."""
        printed = frozenset(self._printed)
        self._printed.clear()
        return printed
