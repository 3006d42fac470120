"""Vigil over the agents: what tmux tells about their panes becomes their state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from autod_tui.core import events as ev
from autod_tui.core.errors import AutodError
from autod_tui.core.ports import PaneEvent, PaneStatus
from autod_tui.core.workstream import ALIVE_STATES, Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.notices import REACHABLE

QUIET_AFTER = 0.5
"""Seconds without output after which a screen is looked at."""
AGREE_AFTER = 0.1
"""Seconds between the two looks of somebody who only passes by."""
IDLE_AFTER = 30.0
"""Seconds without output after which an agent without better signals counts as idle."""
ENDED = frozenset({WorkstreamState.FAILED, WorkstreamState.EXITED, WorkstreamState.STOPPED})

OutputListener = Callable[[str], None]


class Vigil:
    """Keeps each agent's state from the best source that has spoken."""

    def __init__(self, house: House) -> None:
        """Watch the panes of `house`."""
        self._house = house
        self._spoken: set[str] = set()
        """Sessions whose terminal has told a state by itself: mere output says nothing more about them."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._idle: dict[str, asyncio.TimerHandle] = {}
        self._suspects: dict[str, tuple[WorkstreamState | None, str]] = {}
        self._looks: set[asyncio.Task[None]] = set()
        self._listeners: list[OutputListener] = []
        self._others: list[Callable[[PaneEvent], None]] = []

    def listen(self, listener: OutputListener) -> None:
        """Have `listener` called with the workstream's name whenever its pane prints."""
        self._listeners.append(listener)

    def listen_to_others(self, listener: Callable[[PaneEvent], None]) -> None:
        """Have `listener` called with the events of panes that are no workstream's, and when the server is gone."""
        self._others.append(listener)

    async def run(self) -> None:
        """Watch until cancelled; what the screens show already is read first."""
        async for event in self._house.panes.events():
            self._handle(event)

    async def survey(self) -> None:
        """Read all screens once: twice where a pattern matches, for two looks have to agree."""
        await asyncio.gather(*map(self._read_screen, self._readable()))
        if suspects := tuple(self._suspects):
            await asyncio.sleep(AGREE_AFTER)
            await asyncio.gather(*map(self._read_screen, suspects))
        for name in tuple(self._timers):
            self._timers.pop(name).cancel()

    def _readable(self) -> list[str]:
        """Return who lives in a pane and has never told a state by itself, as far as the journal knows."""
        living = [r for r in self._house.state.workstreams.values() if r.pane and r.state in REACHABLE]
        self._spoken.update(record.session for record in living if record.source is Source.TERMINAL)
        return [record.name for record in living if record.session not in self._spoken]

    def settle(self, record: WorkstreamRecord, pane: PaneStatus) -> None:
        """Take the end of an agent's process for what it is."""
        self._forget(record.name)
        state, reason = ending(pane, interactive=self._interactive(record))
        if record.state in ENDED or (record.state is state and record.reason == reason):
            return
        self._change(record.name, state, reason, Source.PROCESS)

    def lose(self, record: WorkstreamRecord, reason: str) -> None:
        """An agent vanished without an exit status."""
        self._forget(record.name)
        ended = record.state is WorkstreamState.DONE and record.source is Source.PROCESS
        if record.state in REACHABLE and record.pane and not ended:
            self._change(record.name, WorkstreamState.LOST, reason, Source.PROCESS)

    def _joined(self) -> None:
        """Look at all screens anew: nobody told of what was printed before."""
        for name in self._readable():
            self._later(self._timers, name, 0.0, self._look)
        for record in self._house.state.workstreams.values():
            for listener in self._listeners if record.pane else ():
                listener(record.name)

    def _handle(self, event: PaneEvent) -> None:
        if event.kind == "joined":
            self._joined()
            return
        record = self._by_pane(event.pane)
        if record is None:
            for listener in self._others:
                listener(event)
        if event.kind == "lost":
            for lost in list(self._house.state.workstreams.values()):
                self.lose(lost, "the tmux server is gone")
        if record is None:
            return
        if event.kind == "output":
            self._output(record)
        elif event.kind == "dead":
            pane = PaneStatus(
                pane=event.pane,
                window=record.window,
                workstream=record.name,
                session=record.session,
                pid=record.pid,
                dead=True,
                exit_status=event.exit_status,
                signal=event.data,
            )
            self.settle(record, pane)
        elif event.kind == "closed":
            self.lose(record, "its pane was closed")
        elif event.kind == "osc":
            self._osc(record, event.data)
        elif event.kind == "deaf":
            self._spoken.discard(record.session)  # its last word may be missing: its screen counts until the next
            self._later(self._timers, record.name, QUIET_AFTER, self._look)

    def _by_pane(self, pane: str) -> WorkstreamRecord | None:
        return next((r for r in self._house.state.workstreams.values() if pane and r.pane == pane), None)

    def _osc(self, record: WorkstreamRecord, text: str) -> None:
        reading = self._house.agents.read_osc(text)
        if reading is None or reading.state is None or record.state in ENDED:
            return
        self._spoken.add(record.session)
        self._forget(record.name)  # no look at its screen is due any more
        self._take(record, reading)

    def _output(self, record: WorkstreamRecord) -> None:
        for listener in self._listeners:
            listener(record.name)
        if record.session in self._spoken or record.state in ENDED:
            return
        if record.state in (WorkstreamState.STARTING, WorkstreamState.IDLE):
            self._change(record.name, WorkstreamState.WORKING, "", Source.OUTPUT)
        self._later(self._timers, record.name, QUIET_AFTER, self._look)
        self._later(self._idle, record.name, IDLE_AFTER, self._fall_idle)

    def _later(
        self, timers: dict[str, asyncio.TimerHandle], name: str, delay: float, call: Callable[[str], None]
    ) -> None:
        if handle := timers.get(name):
            handle.cancel()
        timers[name] = asyncio.get_running_loop().call_later(delay, call, name)

    def _fall_idle(self, name: str) -> None:
        record = self._house.state.workstream(name)
        if record.state is WorkstreamState.WORKING and record.session not in self._spoken:
            self._change(name, WorkstreamState.IDLE, f"no output for {IDLE_AFTER:g} s", Source.OUTPUT)

    def _look(self, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self._read_screen(name))
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def _read_screen(self, name: str) -> None:
        """Read the screen by patterns; a state is taken when two looks agree."""
        record = self._house.state.workstream(name)
        profile = self._house.plan.agents.get(record.agent)
        if profile is None or not record.pane or record.session in self._spoken:
            return
        try:
            screen = await self._house.panes.capture(record.pane)
        except AutodError:
            return
        now = self._house.state.workstream(name)
        if (now.session, now.state) != (record.session, record.state) or record.session in self._spoken:
            return  # it ended, or told its state itself, while the screen was read
        reading = self._house.agents.read_screen(profile, screen.lines)
        if reading is None:
            self._suspects.pop(name, None)
            if record.source is Source.SCREEN and record.state in ALIVE_STATES:
                self._change(name, WorkstreamState.WORKING, "", Source.OUTPUT)
            return
        if self._suspects.get(name) == (reading.state, reading.reason):
            self._take(record, reading)
            return
        self._suspects[name] = (reading.state, reading.reason)
        self._later(self._timers, name, QUIET_AFTER, self._look)

    def _take(self, record: WorkstreamRecord, reading: Reading) -> None:
        if reading.state is not None and (record.state, record.reason) != (reading.state, reading.reason):
            self._change(record.name, reading.state, reading.reason, reading.source)

    def _change(self, name: str, state: WorkstreamState, reason: str, source: Source) -> None:
        self._house.stream.emit(ev.StateChanged(name=name, state=state, reason=reason, source=source))

    def _interactive(self, record: WorkstreamRecord) -> bool:
        profile = self._house.plan.agents.get(record.agent)
        return profile is not None and profile.interactive

    def _forget(self, name: str) -> None:
        for timers in (self._timers, self._idle):
            if handle := timers.pop(name, None):
                handle.cancel()
        self._suspects.pop(name, None)


def ending(pane: PaneStatus, *, interactive: bool) -> tuple[WorkstreamState, str]:
    """Return the state and reason of a dead pane; an interactive program that was left is not done."""
    if pane.signal:
        return WorkstreamState.FAILED, f"killed by {pane.signal}"
    if pane.exit_status is None:
        return WorkstreamState.FAILED, "killed"
    if pane.exit_status == 0:
        return (WorkstreamState.EXITED if interactive else WorkstreamState.DONE), "exit status 0"
    return WorkstreamState.FAILED, f"exit status {pane.exit_status}"
