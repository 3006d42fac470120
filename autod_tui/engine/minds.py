"""Minds: for each agent what its sources have said, and the state that follows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from autod_tui.core import readiness
from autod_tui.core.claims import Memory, Screen, Verdict, remember
from autod_tui.core.events import StateChanged
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.house import House

_GONE = frozenset({WorkstreamState.PLANNED, WorkstreamState.STOPPED, WorkstreamState.LOST})
_WAITS = frozenset({"permission", "question", "waiting"})


class Minds:
    """Weighs signs by `core.readiness` and tells what changes, by them or by time."""

    def __init__(
        self,
        house: House,
        record: Callable[[str], WorkstreamRecord] | None = None,
        change: Callable[[str, Reading], None] | None = None,
    ) -> None:
        """Keep the states of the workstreams of `house`, which go to the journal.

        Whoever minds other agents says what is known of one (`record`) and what is done with its new state (`change`).
        """
        self._house = house
        self.record = record or (lambda name: house.state.workstream(name))
        self._change = change or self._journal
        self._memories: dict[str, tuple[str, Memory]] = {}
        """Workstream to its session and what is known of that."""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._weighed: list[Callable[[str], None]] = []
        self._hinted: list[Callable[[str], None]] = []

    def listen_to_hints(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with the name when hooks that never tell of work say that something has changed."""
        self._hinted.append(listener)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Have `listener` called with a workstream's name whenever one of its signs was weighed."""
        self._weighed.append(listener)

    def hear(self, record: WorkstreamRecord, reading: Reading, at: float = 0.0) -> None:
        """Take a sign that was given at `at`; 0: just now."""
        if reading.source is Source.HOOK and "working" not in self._told(record):
            for listener in self._hinted:
                listener(record.name)
            return
        now = self._house.stream.clock()
        self._take(record.name, readiness.hear(self._memory(record), reading, at or now, now))

    def unhear(self, record: WorkstreamRecord, source: Source) -> None:
        """Take that a source says nothing any more."""
        self._take(record.name, readiness.unhear(self._memory(record), source, self._house.stream.clock()))

    def miss(self, record: WorkstreamRecord) -> None:
        """Take that words of a terminal may have been missed."""
        self._take(record.name, Verdict(readiness.miss(self._memory(record))))

    def end(self, record: WorkstreamRecord) -> None:
        """Take that an agent's process has ended."""
        self._cancel(record.name)
        self._memories[record.name] = (record.session, readiness.end(self._memory(record)))

    def ended(self, record: WorkstreamRecord) -> bool:
        """Tell whether nothing can change the agent's state any more."""
        return record.state in _GONE or self._memory(record).ended

    def needs_screen(self, record: WorkstreamRecord) -> Screen:
        """Tell what the agent's screen has to be looked at for."""
        return Screen.NOTHING if record.state in _GONE else readiness.needs_screen(self._memory(record))

    def corrects_itself(self, record: WorkstreamRecord) -> bool:
        """Tell whether the agent's status file or title tells what its events don't."""
        return readiness.corrects_itself(self._memory(record))

    async def settle(self) -> None:
        """Give the claims that are held the time to be believed, and let time change nothing after that."""
        if (delay := self._unsettled()) is not None:
            await asyncio.sleep(max(0.0, delay))
            self.look_again()
        self.close()

    def _unsettled(self) -> float | None:
        """Return in how many seconds the next claim may have been held for long enough; None when none is held."""
        now = self._house.stream.clock()
        due = [readiness.look(memory, now).look_at for _, memory in self._memories.values()]
        return min((at - now for at in due if at is not None and at - now <= readiness.LIVED_ON), default=None)

    def tells_interrupts(self, record: WorkstreamRecord) -> bool:
        """Tell whether an agent's hooks have spoken, one of which tells that it was interrupted."""
        profile = self._house.plan.agents.get(record.agent)
        states = profile.hook_states.items() if profile is not None else ()
        return self._memory(record).hooked and any(":" in event and word == "idle" for event, word in states)

    def look_again(self) -> None:
        """Weigh everything now."""
        for name in tuple(self._memories):
            self._look(name)

    def close(self) -> None:
        """Let time change nothing any more."""
        for name in tuple(self._timers):
            self._cancel(name)

    def forget(self, name: str) -> None:
        """Drop all that is known of one that is over."""
        self._cancel(name)
        self._memories.pop(name, None)

    def _memory(self, record: WorkstreamRecord) -> Memory:
        session, memory = self._memories.get(record.name, ("", None))
        present = Reading(record.state, record.reason, record.source, record.until)
        if memory is None or session != record.session:
            told = self._told(record)
            memory = remember(
                present,
                record.since,
                hooks_suffice=told >= {"working", "waiting", "done", "failed"},
                hooks_fail="failed" in told,
                explains=self._explains(record),
                stranger=self.strange(record),
            )
            self._memories[record.name] = (record.session, memory)
        if memory.ended or memory.present == present:
            return memory
        return msgspec.structs.replace(memory, present=present)  # others change states too: who starts and stops agents

    def strange(self, record: WorkstreamRecord) -> bool:
        """Tell whether nothing is known of how an agent tells its state."""
        profile = self._house.plan.agents.get(record.agent)
        return profile is not None and profile.strange

    def _explains(self, record: WorkstreamRecord) -> bool:
        """Tell whether an agent's records tell why it failed."""
        profile = self._house.plan.agents.get(record.agent)
        return profile is not None and bool(profile.records)

    def _told(self, record: WorkstreamRecord) -> frozenset[str]:
        """Return the states that the hooks of an agent tell."""
        profile = self._house.plan.agents.get(record.agent)
        words = profile.hook_states.values() if profile is not None else ()
        return frozenset("waiting" if word in _WAITS else word for word in words)

    def _take(self, name: str, verdict: Verdict) -> None:
        record = self.record(name)
        self._memories[name] = (record.session, verdict.memory)
        self._cancel(name)
        if verdict.look_at is not None and record.state not in _GONE:
            delay = max(0.0, verdict.look_at - self._house.stream.clock())
            self._timers[name] = asyncio.get_running_loop().call_later(delay, self._look, name)
        change = verdict.change
        if change is not None and change.state is not None and record.state not in _GONE:
            self._change(name, change)
        for listener in self._weighed:
            listener(name)

    def _journal(self, name: str, now: Reading) -> None:
        if now.state is not None:
            told = StateChanged(name=name, state=now.state, reason=now.reason, source=now.source, until=now.until)
            self._house.stream.emit(told)

    def _look(self, name: str) -> None:
        record = self.record(name)
        self._take(name, readiness.look(self._memory(record), self._house.stream.clock()))

    def _cancel(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()
