"""Following: whose hooks, status files and records are read, and what comes of what they tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from autod_tui.core.agent_events import ConversationKnown
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.events import AgentStarted, AgentStopped, Recorded, StateChanged
from autod_tui.core.run_events import SessionEnded, SessionStarted
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.followed import followed_session, followed_workstream
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds
from autod_tui.engine.spending import Spending

LINGER = 1.5
"""Seconds for which an agent that has ended is followed on: what it wrote last comes late."""
_CHANGES = (AgentStarted, AgentStopped, StateChanged, ConversationKnown, SessionStarted, SessionEnded)

SignListener = Callable[[Sign], None]


class Following:
    """Follows all agents that live, those of runs too."""

    def __init__(self, house: House, minds: Minds) -> None:
        """Tell `minds` what agents say of their state; conversations and usage go to the journal."""
        self._house = house
        self._minds = minds
        self.spending = Spending(house)
        """Keeps what they use."""
        self._followed: dict[str, Followed] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._stale = asyncio.Event()
        self._listeners: list[SignListener] = []

    def listen(self, listener: SignListener) -> None:
        """Have `listener` called with every sign of an agent that is followed."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Follow until cancelled."""
        stop = self._house.stream.listen(self._heard)
        keeping = asyncio.create_task(self._keep())
        try:
            async for sign in self._house.signs.signs():
                self._take(sign)
        finally:
            stop()
            keeping.cancel()
            for leaving in self._leaving.values():
                leaving.cancel()
            self._leaving.clear()
            self.spending.close()

    async def survey(self) -> None:
        """Take what was told already."""
        for sign in await self._house.signs.read(tuple(self._wanted().values())):
            self._take(sign)
        self.spending.close()

    async def settle(self, before: WorkstreamRecord) -> None:
        """Take what an agent told that has ended while nobody looked: its conversation, and what was used.

        `before` is what was known of it until its end was seen.
        """
        agent = followed_workstream(self._house, before, before.started_at)
        for sign in await self._house.signs.read((agent,)) if agent is not None else ():
            if not sign.former:
                self._converse(sign, self._house.state.workstream(before.name), before.started_at)
            self.spending.take(sign)
        self.spending.close()

    async def _keep(self) -> None:
        """Set who is followed whenever that may have changed."""
        told: dict[str, Followed] = {}
        self._stale.set()
        while True:
            await self._stale.wait()
            self._stale.clear()
            wanted = self._wanted()
            for session in self._followed.keys() - wanted.keys() - self._leaving.keys():
                self._leaving[session] = asyncio.create_task(self._leave(session))
            self._followed = {**{session: self._followed[session] for session in self._leaving}, **wanted}
            if self._followed != told:
                told = dict(self._followed)
                await self._house.signs.follow(tuple(told.values()))

    async def _leave(self, session: str) -> None:
        """Follow a session that has ended no more, once what it wrote last was read."""
        await asyncio.sleep(LINGER)
        try:
            await self.spending.end(session)
        finally:
            self._leaving.pop(session, None)
            self._followed.pop(session, None)
            self._house.signs.forget(session)
            self._stale.set()

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        if any(isinstance(entry.event, _CHANGES) for entry in entries):
            self._stale.set()

    def _wanted(self) -> dict[str, Followed]:
        state = self._house.state
        found = [self._of_workstream(record) for record in state.workstreams.values()]
        living = (session for run in state.runs.values() for session in run.living if session.pane)
        found += [followed_session(self._house, session) for session in living]
        return {agent.session: agent for agent in found if agent is not None}

    def _of_workstream(self, record: WorkstreamRecord) -> Followed | None:
        if not record.pane or not record.session or _over(record) or self._minds.ended(record):
            return None
        return followed_workstream(self._house, record, self._started(record.session, record.started_at))

    def _started(self, session: str, started_at: float) -> float:
        """Return when a session began; its record forgets that once it has ended."""
        known = self._followed.get(session)
        return known.started_at if known else started_at

    def _take(self, sign: Sign) -> None:
        for listener in self._listeners:
            listener(sign)
        self.spending.take(sign)
        if sign.former:
            return
        record = next((r for r in self._house.state.workstreams.values() if r.session == sign.session), None)
        if record is None:
            return  # those of runs are minded by who listens
        record = self._converse(sign, record)
        if sign.reading is not None and not self._minds.ended(record):
            self._minds.hear(record, sign.reading, sign.at)

    def _converse(self, sign: Sign, record: WorkstreamRecord, since: float = 0.0) -> WorkstreamRecord:
        """Write down a conversation that is news; return the record as it is then."""
        if not sign.conversation or sign.conversation == record.conversation:
            return record
        self._house.stream.emit(
            ConversationKnown(name=record.name, session=sign.session, conversation=sign.conversation, since=since)
        )
        return self._house.state.workstream(record.name)


def _over(record: WorkstreamRecord) -> bool:
    """Tell whether the agent's process is known to have ended; one whose child has is still there."""
    return record.source is Source.PROCESS and record.state in (WorkstreamState.DONE, WorkstreamState.FAILED)
