"""The dashboard's first look: what is written, shown while the desk that acts is still being opened.

Every import here delays the first frame; engine, tmux and most of git come with the wiring, after it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from autod_tui.core.agent_ports import InstalledAgent
from autod_tui.core.board import Board, make_board
from autod_tui.core.desk import ConflictSides, Desk, Update
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import Screen
from autod_tui.core.plan import Plan
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.core.run import RunRecord
from autod_tui.core.written import Written

CAUGHT_UP = 1000
"""Most events that the desk that acts may have written before it stood."""


class EarlyDesk:
    """Shows what is written; whatever must look or act waits for the desk that this one becomes."""

    def __init__(self, written: Written) -> None:
        """Show what was read."""
        self._plan = written.plan
        self._entries = written.entries
        self._state = written.state
        self._recalled = written.recalled
        self._desk: Desk | None = None
        self._stands = asyncio.Event()

    def become(self, desk: Desk) -> None:
        """Leave everything to `desk` from now on."""
        self._desk = desk
        self._stands.set()

    async def _acting(self) -> Desk:
        while self._desk is None:
            await self._stands.wait()
        return self._desk

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self._desk.plan if self._desk else self._plan

    @property
    def conducting(self) -> bool:
        """True when this process is the conductor."""
        return self._desk is not None and self._desk.conducting

    def board(self) -> Board:
        """Return what is known now."""
        if self._desk:
            return self._desk.board()
        return replace(make_board(self._plan, self._state, time.time()), recalled=self._recalled)

    @property
    def runs(self) -> Mapping[str, RunRecord]:
        """All runs by id, oldest first."""
        return self._desk.runs if self._desk else self._state.runs

    def history(self, limit: int = 200) -> list[Recorded]:
        """Return the last `limit` journal entries, oldest first."""
        return self._desk.history(limit) if self._desk else self._entries[-limit:]

    async def updates(self) -> AsyncIterator[Update]:
        """Yield after every change; the first, when the desk stands, tells what came into the journal meanwhile."""
        desk = await self._acting()
        missed = tuple(entry for entry in desk.history(CAUGHT_UP) if entry.seq > self._state.seq)
        async for update in desk.updates():
            yield Update(update.board, (*missed, *update.entries))
            missed = ()

    async def outputs(self) -> AsyncIterator[frozenset[str]]:
        """Yield the workstreams whose panes printed something."""
        async for names in (await self._acting()).outputs():
            yield names

    async def ask(self, request: AnyRequest) -> Answer:
        """Have a request carried out and return its answer."""
        return await (await self._acting()).ask(request)

    def reload(self) -> None:
        """Read the configuration again; it has just been read where the desk does not stand yet."""
        if self._desk:
            self._desk.reload()

    async def diff(self, workstream: str) -> str:
        """Return the unified diff of a workstream."""
        return await (await self._acting()).diff(workstream)

    async def conflict_sides(self, checkpoint: str) -> Sequence[ConflictSides]:
        """Return the open conflicts of a merge under way."""
        return await (await self._acting()).conflict_sides(checkpoint)

    async def screen(self, workstream: str, *, history: int = 0) -> Screen | None:
        """Return what the workstream's pane shows."""
        return await (await self._acting()).screen(workstream, history=history)

    async def look_at(self, workstreams: Sequence[str], size: tuple[int, int] | None = None) -> None:
        """Say which panes are on screen, and give their windows a size."""
        await (await self._acting()).look_at(workstreams, size)

    async def type(self, workstream: str, data: bytes, key: str = "") -> None:
        """Send typed bytes, or a key by its tmux name, to a workstream's pane."""
        await (await self._acting()).type(workstream, data, key)

    async def paste(self, workstream: str, text: str) -> None:
        """Paste text into a workstream's pane."""
        await (await self._acting()).paste(workstream, text)

    async def report(self) -> dict[str, Any]:
        """Return the success metrics of the plan."""
        return await (await self._acting()).report()

    async def agents(self) -> Sequence[InstalledAgent]:
        """Return all agents, and what of them is installed."""
        return await (await self._acting()).agents()

    def run_plans(self) -> tuple[str, ...]:
        """Return the names of the plans of tasks; none are known before the desk stands."""
        return self._desk.run_plans() if self._desk else ()

    async def task_diff(self, run: str, task: str) -> str:
        """Return the unified diff of a task's work."""
        return await (await self._acting()).task_diff(run, task)

    async def session_output(self, run: str, session: str, *, follow: bool = True) -> AsyncIterator[bytes]:
        """Yield a session's log, with `follow` as it grows."""
        async for piece in (await self._acting()).session_output(run, session, follow=follow):
            yield piece

    async def attach_session(self, run: str, session: str) -> str:
        """Show a session's pane full-screen, or return the shell command that does."""
        return await (await self._acting()).attach_session(run, session)

    async def attach(self, workstream: str) -> str:
        """Show the pane full-screen, or return the shell command that does."""
        return await (await self._acting()).attach(workstream)

    async def branches(self) -> list[str]:
        """Return the repository's local branches."""
        return await (await self._acting()).branches()

    async def new_problems(self, fields: dict[str, str]) -> dict[str, str]:
        """Check the wizard's fields."""
        return await (await self._acting()).new_problems(fields)
