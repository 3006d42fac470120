"""The stream of news: one control client that hears all panes, joined for as long as the server lives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from autod_tui.core.pane_ports import PaneEvent, PaneStatus
from autod_tui.tmux.control import ControlClient, ServerGoneError, TmuxRefusedError
from autod_tui.tmux.exits import Exits
from autod_tui.tmux.hearing import Hearing
from autod_tui.tmux.server import HUB, TmuxServer
from autod_tui.tmux.snapshot import differences, read_panes

FLAGS = "ignore-size,pause-after=5"

# Looked at once a second inside tmux, for what the kernel did not tell. Hooks can't reach a control client.
_DEATHS = "autod-died:%*:#{pane_dead} #{pane_dead_status} #{pane_dead_signal}"
_STRUCTURE = (b"%window-add ", b"%window-close ", b"%unlinked-window-close ", b"%subscription-changed autod-died ")


class Stream:
    """Joins the server and yields events until it ends."""

    def __init__(self, server: TmuxServer, watched: frozenset[str]) -> None:
        """Prepare; `watched` are the panes that are looked at."""
        self._client = ControlClient(
            server.control_argv(FLAGS), env=server.client_env(), on_news=self._hear, on_closed=self._end
        )
        self._loop = asyncio.get_running_loop()
        self._hearing = Hearing(watched)
        self._wake = asyncio.Event()
        self._panes: dict[str, PaneStatus] = {}
        self._stale = True
        self._ended = False
        self._hub = b""
        self._exits = Exits(self._look_soon)

    async def join(self) -> bool:
        """Attach to the server; False when there is none."""
        if not await self._client.join():
            return False
        try:
            blocks = await self._client.run(
                ("display-message", "-p", "-t", f"={HUB}:", "#{session_id}"), ("refresh-client", "-B", _DEATHS)
            )
        except ServerGoneError:
            return False
        self._hub = blocks[0][0]
        return True

    async def close(self) -> None:
        """Leave the server; `events` ends."""
        self._exits.close()
        await self._client.close()
        self._end()

    def watch(self, panes: frozenset[str]) -> None:
        """Set the panes that are looked at."""
        self._hearing.watch(panes, self._loop.time())
        self._wake.set()

    async def events(self) -> AsyncIterator[PaneEvent]:
        """Yield events until the server ends. The first reading tells every pane that is dead already."""
        with contextlib.suppress(ServerGoneError):
            while not self._ended:
                await self._send_requests()  # before anything whose reply would queue behind a flood
                if self._stale:
                    await self._look()
                for event in self._hearing.take(self._loop.time()):
                    yield event
                await self._send_requests()
                await self._wait()

    async def _wait(self) -> None:
        self._wake.clear()
        timeout = 0.0 if self._stale or self._ended else self._hearing.until_due(self._loop.time())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()

    async def _send_requests(self) -> None:
        while self._hearing.requests:
            try:
                await self._client.run(self._hearing.requests.popleft())
            except TmuxRefusedError:
                self._stale = True  # the pane is gone, the next reading tells it

    async def _look(self) -> None:
        """Read all panes and tell what changed."""
        self._stale = False
        try:
            now = {status.pane: status for status in await read_panes(self._client)}
        except TmuxRefusedError:
            return
        for event in differences(self._panes, now):
            self._hearing.tell(event)
            if event.kind == "closed":
                self._hearing.forget(event.pane)
        for status in now.values():
            if status.session:
                self._hearing.title(status.pane, status.title)
            else:
                self._hearing.silence(status.pane)
        self._panes = now
        self._exits.follow(now.values())

    # The three below are called from outside the loop of `events` and must be quick.

    def _hear(self, line: bytes) -> None:
        time = self._loop.time()
        if line.startswith(b"%extended-output "):
            head, _, data = line.partition(b" : ")
            self._wake_if(self._hearing.hear(head.split(b" ", 2)[1].decode(), data, time))
        elif line.startswith(_STRUCTURE):
            self._look_soon()
        elif line.startswith(b"%session-window-changed "):
            _, session, window = line.split(b" ", 2)
            if session != self._hub:
                self._hearing.tell(PaneEvent(kind="window", data=window.decode()))
                self._wake.set()
        elif line.startswith(b"%pause "):
            self._hearing.paused(line.split(b" ")[1].decode(), time)
            self._wake.set()

    def _look_soon(self) -> None:
        self._stale = True
        self._wake.set()

    def _wake_if(self, something: bool) -> None:
        if something:
            self._wake.set()

    def _end(self) -> None:
        self._ended = True
        self._wake.set()
