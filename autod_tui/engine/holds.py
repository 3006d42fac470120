"""Holds: a rate limit that one agent meets keeps new agents of its family from running into it too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from autod_tui.core.agent_events import AgentsFreed, AgentsHeld, UsageMeasured
from autod_tui.core.agent_ports import Sign
from autod_tui.core.events import Recorded, StateChanged
from autod_tui.core.limits import family_of
from autod_tui.core.run import RunRecord, SessionRecord
from autod_tui.core.run_events import SessionHalted, SessionMeasured, SessionWentOn
from autod_tui.core.workstream import Reading, WorkstreamState
from autod_tui.engine.house import House

FIRST_PAUSE = 30.0
"""Seconds until the next try where nobody tells when the limit ends; doubled each time that it still lasts."""
LONGEST_PAUSE = 600.0
SETTLED = 3.0
"""Seconds for which an agent has to work again, and which usage of before the limit may need to be told."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the end of one session's output."""
LOG_END = 16_384
"""Bytes at the end of a log that are looked at."""
LimitListener = Callable[[RunRecord, SessionRecord, Reading | None], None]

_WORKS = frozenset({WorkstreamState.WORKING, WorkstreamState.DONE})


class Holds:
    """Holds families of agents back, and frees them when their time has come or one of them works again."""

    def __init__(self, house: House) -> None:
        """Keep the holds of `house`."""
        self._house = house
        self._timers: dict[str, asyncio.TimerHandle] = {}
        """What frees a family."""
        self._began: dict[str, float] = {}
        self._limited: dict[str, Reading] = {}
        """AUTOD_SESSION of runs' agents that met a limit, and have told nothing else since."""
        self._looked: dict[str, float] = {}
        self._last_looks: dict[str, asyncio.TimerHandle] = {}
        """AUTOD_SESSION to the look that is still due at what it printed since the last one."""
        self._listeners: list[LimitListener] = []
        self._settling: dict[str, asyncio.TimerHandle] = {}

    def listen(self, listener: LimitListener) -> None:
        """Have `listener` called with each look at what a session of a run has printed: the limit, or None."""
        self._listeners.append(listener)

    def begin(self) -> None:
        """Go on with the holds that the journal knows."""
        now = self._house.stream.clock()
        for held in list(self._house.state.held.values()):
            self._began[held.family] = now
            if held.until > now:
                self._free_at(held.family, held.until)
            else:
                self._time_over(held.family)

    def close(self) -> None:
        """Free nobody any more; the journal knows until when they are held."""
        for timer in (*self._timers.values(), *self._settling.values(), *self._last_looks.values()):
            timer.cancel()

    def heard(self, entries: Iterable[Recorded]) -> None:
        """Take states and usage from the journal."""
        for entry in entries:
            event = entry.event
            if isinstance(event, StateChanged):
                self._state(event)
            elif isinstance(event, SessionHalted | SessionWentOn):
                self._halted(event)
            elif isinstance(event, UsageMeasured):
                self._used(self._house.state.workstream(event.name).agent, entry.at)
            elif isinstance(event, SessionMeasured):
                run = self._house.state.runs.get(event.run)
                self._used(run.sessions[event.session].agent if run and event.session in run.sessions else "", entry.at)

    def take(self, sign: Sign) -> None:
        """Take what an agent of a run tells of itself."""
        reading = sign.reading
        if reading is None or reading.state is None:
            return
        found = self._session(sign.session)
        if found is None:
            return
        if reading.state is WorkstreamState.RATE_LIMITED:
            self._met(*found, reading)
        elif self._limited.pop(sign.session, None) and reading.state in _WORKS:
            self._free(family_of(self._house.plan, found[1].agent))

    def printed(self, run: RunRecord, session: SessionRecord) -> None:
        """Look at what a session of a run has printed, now and then: some tell of a limit nowhere else."""
        now, marker = self._house.stream.clock(), session.marker
        left = self._looked.get(marker, 0.0) + LOOK_EVERY - now
        if left <= 0:
            self._look(marker)
        elif session.halt is not None and marker not in self._last_looks:  # what it says now may be its last word
            self._last_looks[marker] = asyncio.get_running_loop().call_later(left, self._look, marker)

    def _look(self, marker: str) -> None:
        self._last_looks.pop(marker, None)
        if not (found := self._session(marker)):
            return
        self._looked[marker] = self._house.stream.clock()
        if reading := self._read_log(found[1], ended=False):
            self._met(*found, reading)
        for listener in self._listeners:
            listener(*found, reading)

    def ended_by(self, run: RunRecord, session: SessionRecord) -> float | None:
        """Return until when a session of a run that failed has to wait if a rate limit ended it, else None."""
        self._looked.pop(session.marker, None)
        if look := self._last_looks.pop(session.marker, None):
            look.cancel()
        reading = self._limited.pop(session.marker, None) or self._read_log(session, ended=True)
        if reading is None:
            return None
        self._meet(session.agent, f"{run.id}/{session.id}", reading.reason, reading.until)
        held = self._house.state.held.get(family_of(self._house.plan, session.agent))
        return held.until if held else self._house.stream.clock() + FIRST_PAUSE

    def _read_log(self, session: SessionRecord, *, ended: bool) -> Reading | None:
        profile = self._house.plan.agents.get(session.agent)
        if profile is None or not session.log:
            return None
        text, now = _end_of(Path(session.log)), self._house.stream.clock()
        return self._house.agents.read_log(profile, text, now, ended=ended)

    def _halted(self, event: SessionHalted | SessionWentOn) -> None:
        """Take a limit that a session's screen or terminal has told, and its end."""
        run = self._house.state.runs.get(event.run)
        session = run.sessions.get(event.session) if run else None
        if run is None or session is None:
            return
        if isinstance(event, SessionWentOn):
            if self._limited.pop(session.marker, None):
                self._free(family_of(self._house.plan, session.agent))
        elif event.state is WorkstreamState.RATE_LIMITED and session.halt is not None:
            self._met(run, session, Reading(event.state, event.reason, event.source, event.until))

    def _met(self, run: RunRecord, session: SessionRecord, reading: Reading) -> None:
        if self._limited.get(session.marker) != reading:
            self._limited[session.marker] = reading
            self._meet(session.agent, f"{run.id}/{session.id}", reading.reason, reading.until)

    def _state(self, event: StateChanged) -> None:
        record = self._house.state.workstream(event.name)
        if settling := self._settling.pop(event.name, None):
            settling.cancel()
        if event.state is WorkstreamState.RATE_LIMITED:
            self._meet(record.agent, event.name, event.reason, event.until)
        elif event.state in _WORKS and self._is_held(record.agent):
            loop = asyncio.get_running_loop()
            self._settling[event.name] = loop.call_later(SETTLED, self._works, event.name)

    def _works(self, name: str) -> None:
        """Free the family of an agent that has worked for a while."""
        self._settling.pop(name, None)
        record = self._house.state.workstream(name)
        if record.state in _WORKS:
            self._free(family_of(self._house.plan, record.agent))

    def _is_held(self, agent: str) -> bool:
        return bool(agent) and family_of(self._house.plan, agent) in self._house.state.held

    def _used(self, agent: str, at: float) -> None:
        """Take that the service has answered an agent."""
        family = family_of(self._house.plan, agent)
        if family in self._house.state.held and at - self._began.get(family, at) > SETTLED:
            self._free(family)

    def _meet(self, agent: str, name: str, reason: str, until: float) -> None:
        """Hold a family; a limit whose end nobody knows lasts longer each time."""
        now, family = self._house.stream.clock(), family_of(self._house.plan, agent)
        held, pauses = self._house.state.held.get(family), 0
        holding = held is not None and held.until > now
        if until <= now:
            if holding:
                return
            pauses = self._pauses(family, now) + 1
            until = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(pauses - 1, 10))
        if held is not None and holding and until <= held.until + 1:
            return
        self._began[family] = now
        self._house.stream.emit(AgentsHeld(family=family, until=until, reason=reason, name=name, pauses=pauses))
        self._free_at(family, until)

    def _pauses(self, family: str, now: float) -> int:
        """Return how many pauses without a known end have gone before, as the journal knows; old ones don't count."""
        last = self._house.state.limited.get(family)
        return last.pauses if last is not None and now - last.until < LONGEST_PAUSE else 0

    def _free_at(self, family: str, until: float) -> None:
        if timer := self._timers.pop(family, None):
            timer.cancel()
        delay = max(0.0, until - self._house.stream.clock())
        self._timers[family] = asyncio.get_running_loop().call_later(delay, self._time_over, family)

    def _time_over(self, family: str) -> None:
        """Let the next one try: whether the limit is over is seen then."""
        self._timers.pop(family, None)
        if family in self._house.state.held:
            self._house.stream.emit(AgentsFreed(family=family))

    def _free(self, family: str) -> None:
        """Free a family, one of whose agents has been answered."""
        if timer := self._timers.pop(family, None):
            timer.cancel()
        if family in self._house.state.held:
            self._house.stream.emit(AgentsFreed(family=family, works=True))

    def _session(self, marker: str) -> tuple[RunRecord, SessionRecord] | None:
        runs = self._house.state.runs.values()
        return next(((run, one) for run in runs for one in run.living if one.marker == marker), None)


def _end_of(path: Path) -> str:
    """Return the end of a file as text; empty for a link or a file that is not there."""
    try:
        if path.is_symlink():
            return ""
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - LOG_END))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
