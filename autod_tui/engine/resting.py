"""Rest of agents that no event tells: their screen has shown that they work, or ask, and shows it no more."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.asked import MAY_HAVE_ENDED, question_shown, rest_shown
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds

SURE_AFTER = 0.2
"""Seconds between the two looks that have to show rest: sooner than `STILL`, so that rest is told no later for it."""


class Resting:
    """Takes rest only from two looks that agree: one alone may have met a screen that was being drawn."""

    def __init__(self, house: House, minds: Minds, look_again: Callable[[str, float], None]) -> None:
        """Tell `minds` of rest; `look_again` has a screen looked at in so many seconds."""
        self._house = house
        self._minds = minds
        self._look_again = look_again
        self._busy: set[str] = set()
        """Workstreams whose screen has shown that they work since they began to, or got their last answer."""
        self._asking: set[str] = set()
        """Workstreams whose screen has shown what they wait for."""
        self._since: dict[str, tuple[WorkstreamState | None, float]] = {}
        """Workstream to what its screen shows instead, and since when."""
        self._told: set[str] = set()
        """Workstreams of which that was told."""

    @property
    def suspects(self) -> frozenset[str]:
        """Workstreams whose screen has shown rest, at least once."""
        return frozenset(self._since)

    def asks(self, name: str) -> bool:
        """Tell whether a screen has shown what its agent waits for."""
        return name in self._asking

    def forget(self, name: str) -> None:
        """Drop what a screen has shown."""
        self._busy.discard(name)
        self._asking.discard(name)
        self._drop(name)

    def read(self, record: WorkstreamRecord, lines: tuple[str, ...]) -> None:
        """Take that work, or a question, is shown no more where it was shown: no event tells it of such an agent."""
        profile = self._house.plan.agents.get(record.agent)
        waits = record.state is WorkstreamState.WAITING
        told = self._minds.corrects_itself(record) or (not waits and self._minds.tells_interrupts(record))
        if told or profile is None or not profile.working or not self._question_gone(record, profile, lines):
            return
        if self._works(record, profile, lines):
            self._working(record)
        elif (waits or record.name in self._busy) and record.state in MAY_HAVE_ENDED:
            self._rests(record, rest_shown(self._house.agents, profile, lines))

    def _works(self, record: WorkstreamRecord, profile: AgentProfile, lines: tuple[str, ...]) -> bool:
        retries = record.state is WorkstreamState.RATE_LIMITED or record.until > 0
        limited = profile.rate_limited if retries else ""  # it shows that it tries again
        works = msgspec.structs.replace(profile, waiting="", failed="", done="", rate_limited=limited)
        return self._house.agents.read_screen(works, lines) is not None

    def _working(self, record: WorkstreamRecord) -> None:
        self._busy.add(record.name)
        if record.state in (WorkstreamState.IDLE, WorkstreamState.WAITING):
            self._minds.hear(record, Reading(WorkstreamState.WORKING, "", Source.SCREEN, vague=True))
        elif record.name in self._told:
            self._minds.unhear(record, Source.SCREEN)  # it was only drawn anew
        self._drop(record.name)

    def _rests(self, record: WorkstreamRecord, shown: Reading) -> None:
        """Take rest as of when it was seen first, once it is seen again in the same state."""
        state, since = self._since.get(record.name, (None, 0.0))
        if state is shown.state and since >= record.since:
            self._told.add(record.name)
            if shown.state is WorkstreamState.WAITING:
                self._asking.add(record.name)
            self._minds.hear(record, shown, since)
            return
        self._since[record.name] = (shown.state, self._house.stream.clock())
        self._look_again(record.name, SURE_AFTER)

    def _drop(self, name: str) -> None:
        self._since.pop(name, None)
        self._told.discard(name)

    def _question_gone(self, record: WorkstreamRecord, profile: AgentProfile, lines: tuple[str, ...]) -> bool:
        """Tell whether no question is open: one that was never seen may not be drawn yet, or in words unknown."""
        if record.state is not WorkstreamState.WAITING:
            self._asking.discard(record.name)
            return True
        self._busy.discard(record.name)  # after an answer the screen may be half drawn for a while
        if question_shown(self._house.agents, profile, lines) is None:
            return record.name in self._asking
        self._drop(record.name)
        if record.name in self._asking and record.source is not Source.SCREEN:
            self._minds.unhear(record, Source.SCREEN)  # it was only drawn anew
        self._asking.add(record.name)
        return False
