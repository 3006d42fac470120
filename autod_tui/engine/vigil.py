"""Vigil over the agents: what tmux, hooks and files tell about them becomes their state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from autod_tui.core import events as ev
from autod_tui.core.claims import Screen
from autod_tui.core.pane_ports import PaneEvent, PaneStatus
from autod_tui.core.workstream import EXIT_STATUS, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.following import Following
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds
from autod_tui.engine.notices import REACHABLE
from autod_tui.engine.screens import Screens
from autod_tui.engine.terminals import Terminals

ENDED = frozenset({WorkstreamState.FAILED, WorkstreamState.EXITED, WorkstreamState.STOPPED})

OutputListener = Callable[[str], None]


class Vigil:
    """Keeps each agent's state from all sources that speak."""

    def __init__(self, house: House) -> None:
        """Watch the agents of `house`."""
        self._house = house
        self._minds = Minds(house)
        self._screens = Screens(house, self._minds)
        self._terminals = Terminals(house, self._minds, self._screens)
        self._minds.listen(self._screens.weighed)
        self._minds.listen_to_hints(self._screens.missed)
        self.following = Following(house, self._minds)
        """Reads what agents tell outside their terminals; others may listen to it."""
        self._listeners: list[OutputListener] = []
        self._others: list[Callable[[PaneEvent], None]] = []

    def listen(self, listener: OutputListener) -> None:
        """Have `listener` called with the workstream's name whenever its pane prints."""
        self._listeners.append(listener)

    def listen_to_others(self, listener: Callable[[PaneEvent], None]) -> None:
        """Have `listener` called with events of others' panes, and of the server's coming and going."""
        self._others.append(listener)

    async def run(self) -> None:
        """Watch until cancelled; what the screens show already is read first."""
        following = asyncio.create_task(self.following.run())
        following.add_done_callback(self._followed)
        try:
            async for event in self._house.panes.events():
                self._handle(event)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    def _followed(self, following: asyncio.Task[None]) -> None:
        if not following.cancelled() and (error := following.exception()):
            text = f"hooks, status files and records are read no more: {error}"
            self._house.stream.emit(ev.Noted(level="error", text=text))

    async def survey(self) -> None:
        """Take what was told already, and read the screens that count; claims are given the time to be believed."""
        living = self._living()
        await self.following.survey()
        if any(record.session for record in living):
            titles = {pane.pane: pane.title for pane in await self._house.panes.panes()}
            for record in living:
                self._terminals.title(record, titles.get(record.pane, ""))
        await self._screens.survey([record.name for record in self._living() if self._shows(record)])
        await self._minds.settle()

    def close(self) -> None:
        """Take no look that is still due."""
        self._screens.close()
        self._minds.close()

    def settle(self, record: WorkstreamRecord, pane: PaneStatus) -> None:
        """Take the end of an agent's process for what it is."""
        self._end(record)
        state, reason = ending(pane, interactive=self._interactive(record))
        known = record.state in ENDED and record.source in (Source.PROCESS, Source.CONDUCTOR)
        outlived = record.state is WorkstreamState.EXITED and state is not WorkstreamState.EXITED
        if (known and not outlived) or (record.state, record.reason, record.source) == (state, reason, Source.PROCESS):
            return
        self._change(record.name, state, reason)

    def lose(self, record: WorkstreamRecord, reason: str) -> None:
        """An agent vanished without an exit status."""
        over = record.state in (*ENDED, WorkstreamState.DONE) and record.source is Source.PROCESS
        self._end(record)
        if (record.state in REACHABLE or record.reachable) and record.pane and not over:
            self._change(record.name, WorkstreamState.LOST, reason)

    def _living(self) -> list[WorkstreamRecord]:
        records = self._house.state.workstreams.values()
        return [record for record in records if record.pane and (record.state in REACHABLE or record.reachable)]

    def _shows(self, record: WorkstreamRecord) -> bool:
        return self._minds.needs_screen(record) is not Screen.NOTHING

    def _joined(self) -> None:
        """Look at all screens anew: nobody told of what was printed before."""
        for record in self._living():
            if self._shows(record):
                self._screens.missed(record.name)
        for record in self._house.state.workstreams.values():
            for listener in self._listeners if record.pane else ():
                listener(record.name)

    def _handle(self, event: PaneEvent) -> None:
        if event.kind == "joined":
            self._joined()
            for other in self._others:
                other(event)
            return
        record = self._by_pane(event.pane)
        if record is None:
            for other in self._others:
                other(event)
        if event.kind == "lost":
            for lost in list(self._house.state.workstreams.values()):
                self.lose(lost, "the tmux server is gone")
        if record is None:
            return
        if event.kind == "output":
            for listener in self._listeners:
                listener(record.name)
        if event.kind == "dead":
            self.settle(record, _dead(record, event))
        elif event.kind == "closed":
            self.lose(record, "its pane was closed")
        elif not self._minds.ended(record):
            self._terminals.hear(record, event)

    def _by_pane(self, pane: str) -> WorkstreamRecord | None:
        return next((r for r in self._house.state.workstreams.values() if pane and r.pane == pane), None)

    def _end(self, record: WorkstreamRecord) -> None:
        self._screens.forget(record.name)
        self._minds.end(record)

    def _change(self, name: str, state: WorkstreamState, reason: str) -> None:
        if name not in self._house.stopping:
            self._house.stream.emit(ev.StateChanged(name=name, state=state, reason=reason, source=Source.PROCESS))

    def _interactive(self, record: WorkstreamRecord) -> bool:
        profile = self._house.plan.agents.get(record.agent)
        return profile is not None and profile.interactive


def _dead(record: WorkstreamRecord, event: PaneEvent) -> PaneStatus:
    return PaneStatus(
        pane=event.pane,
        window=record.window,
        workstream=record.name,
        session=record.session,
        pid=record.pid,
        dead=True,
        exit_status=event.exit_status,
        signal=event.data,
    )


def ending(pane: PaneStatus, *, interactive: bool) -> tuple[WorkstreamState, str]:
    """Return the state and reason of a dead pane; an interactive program that was left is not done."""
    if pane.signal:
        return WorkstreamState.FAILED, f"killed by {pane.signal}"
    if pane.exit_status is None:
        return WorkstreamState.FAILED, "killed"
    if pane.exit_status == 0:
        return (WorkstreamState.EXITED if interactive else WorkstreamState.DONE), f"{EXIT_STATUS} 0"
    return WorkstreamState.FAILED, f"{EXIT_STATUS} {pane.exit_status}"
