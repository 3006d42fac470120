"""Runs as the conductor sees them: asked for, kept going, revived."""

from __future__ import annotations

import asyncio

from autod_tui.core.agent_events import AgentsFreed, LimitRaised
from autod_tui.core.events import AgentStopped, Recorded, StateChanged
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.requests import Answer
from autod_tui.core.run_events import (
    ReviewAsked,
    RunChanged,
    RunStarted,
    RunTuned,
    SessionEnded,
    TaskConflicted,
    TaskJudged,
    TaskRequeued,
    TasksAdded,
    TaskSettled,
    TasksIntegrated,
    TasksRetried,
)
from autod_tui.engine.holds import Holds
from autod_tui.engine.house import House
from autod_tui.engine.runs.asks import Asks, RunRequest
from autod_tui.engine.runs.halts import Halts
from autod_tui.engine.runs.revival import Revival
from autod_tui.engine.runs.steward import Steward
from autod_tui.engine.spending import Spending

DECISIVE = (
    AgentStopped,
    StateChanged,
    ReviewAsked,
    RunChanged,
    RunStarted,
    RunTuned,
    SessionEnded,
    TaskConflicted,
    TaskJudged,
    TaskRequeued,
    TasksAdded,
    TaskSettled,
    TasksIntegrated,
    TasksRetried,
    AgentsFreed,
    LimitRaised,
)
"""Events after which something else may be next; a workstream that ends leaves its place to a session."""


class Runs:
    """All runs of one repository."""

    def __init__(self, house: House, merging: asyncio.Lock, spending: Spending, holds: Holds, halts: Halts) -> None:
        """Work on `house`; `merging` is held by whoever merges into a branch."""
        self._steward = Steward(house, merging, spending, holds, halts)
        self._asks = Asks(house, self._steward)
        self._revival = Revival(house, self._steward)

    async def carry_out(self, request: RunRequest) -> Answer:
        """Do what is asked; raises AutodError when it can't be done."""
        return await self._asks.carry_out(request)

    async def revive(self) -> list[str]:
        """Hold the journal's sessions against what is really there; one sentence per change."""
        return await self._revival.revive()

    async def run(self) -> None:
        """Keep the runs going until cancelled."""
        await self._steward.run()

    def heard(self, entries: tuple[Recorded, ...]) -> None:
        """Look for what is next when something decisive happened."""
        if any(isinstance(entry.event, DECISIVE) for entry in entries):
            self._steward.wake()

    def hear(self, event: PaneEvent) -> None:
        """Take what tmux tells about a pane that is no workstream's."""
        self._steward.hear(event)

    async def close(self) -> None:
        """Let what is being written come to its end; sessions go on."""
        await self._steward.close()
