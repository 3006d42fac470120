"""Ends of programs, told by the kernel at once; tmux itself looks only once a second."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from autod_tui.core.pane_ports import PaneStatus

SOON = 0.002
"""Seconds after which tmux is asked again about a pane whose program ended and whose end it has not seen."""
LATEST = 1.0


class Exits:
    """Watches the programs of panes; where the kernel has no such news (pidfd), nothing is told."""

    def __init__(self, tell: Callable[[], None]) -> None:
        """Have `tell` called whenever it is time to look at the panes."""
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._watched: dict[int, int] = {}
        """Process id to the file descriptor that stands for it."""
        self._ended: dict[int, float] = {}
        """Processes that ended in panes not yet seen dead, to the pause until the next look."""
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, panes: Iterable[PaneStatus]) -> None:
        """Watch exactly the programs that live in agents' panes now."""
        living = {pane.pid for pane in panes if pane.session and not pane.dead and pane.pid > 1}
        for pid in [pid for pid in self._watched if pid not in living]:
            self._drop(pid)
        for pid in living - self._watched.keys() - self._ended.keys():
            self._watch(pid)
        self._ended = {pid: pause for pid, pause in self._ended.items() if pid in living}
        if self._ended and self._timer is None:
            self._timer = self._loop.call_later(min(self._ended.values()), self._again)

    def close(self) -> None:
        """Watch nothing any more."""
        for pid in list(self._watched):
            self._drop(pid)
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self, pid: int) -> None:
        try:
            handle = os.pidfd_open(pid)
        except (AttributeError, OSError):  # no such kernel, or it has ended: tmux tells
            return
        self._watched[pid] = handle
        self._loop.add_reader(handle, self._exited, pid)

    def _exited(self, pid: int) -> None:
        self._drop(pid)
        self._ended[pid] = SOON
        self._tell()

    def _again(self) -> None:
        self._timer = None
        self._ended = {pid: min(pause * 2, LATEST) for pid, pause in self._ended.items()}
        self._tell()

    def _drop(self, pid: int) -> None:
        handle = self._watched.pop(pid)
        self._loop.remove_reader(handle)
        os.close(handle)
