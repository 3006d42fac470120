"""Halts: what the agents of living sessions say of themselves, as far as it keeps them from going on."""

from __future__ import annotations

from autod_tui.core.agent_ports import Sign
from autod_tui.core.claims import Screen
from autod_tui.core.events import Event, Recorded
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import HALTS, RunRecord, SessionRecord, SessionState
from autod_tui.core.run_events import SessionEnded, SessionHalted, SessionWentOn
from autod_tui.core.workstream import Reading, Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.house import House
from autod_tui.engine.minds import Minds
from autod_tui.engine.runs.places import full_name
from autod_tui.engine.screens import Screens
from autod_tui.engine.terminals import WORKS, Terminals

_OVER = WorkstreamState.STOPPED


class Halts:
    """Weighs the signs of sessions as those of workstreams are; only what halts a session goes to the journal.

    Screens are looked at where the program is one that people sit before, and its profile knows what to look for.
    """

    def __init__(self, house: House) -> None:
        """Mind the sessions of `house`."""
        self._house = house
        self._minds = Minds(house, self._record, self._change)
        self._screens = Screens(house, self._minds)
        self._terminals = Terminals(house, self._minds, self._screens, lambda record: self._has_screen(record.name))
        self._minds.listen(self._weighed)
        self._minds.listen_to_hints(self._hinted)
        self._present: dict[str, Reading] = {}
        """RUN/SESSION to what its agent does, where it has said anything."""
        self._stop_listening = house.stream.listen(self._heard)

    def close(self) -> None:
        """Mind nobody any more."""
        self._stop_listening()
        self._screens.close()
        self._minds.close()

    def take(self, sign: Sign) -> None:
        """Take what an agent has told outside its terminal."""
        if sign.reading is None:
            return
        for run in self._house.state.runs.values():
            for session in run.living:
                if session.marker == sign.session:
                    self._minds.hear(self._record(full_name(run.id, session.id)), sign.reading, sign.at)
                    return

    def hear(self, run: RunRecord, session: SessionRecord, event: PaneEvent) -> None:
        """Take what tmux tells of a living session's pane."""
        if self._profile(session) is not None:
            self._terminals.hear(self._record(full_name(run.id, session.id)), event)

    def joined(self) -> None:
        """Look at all screens anew: nobody told of what was printed before."""
        for name in self._shown():
            self._screens.missed(name)

    def limited(self, run: RunRecord, session: SessionRecord, reading: Reading | None) -> None:
        """Take that a session has printed that it is rate-limited, or (None) that it isn't, or not any more."""
        name = full_name(run.id, session.id)
        if reading is not None:
            self._tell(name, reading)
        elif session.halt is not None and session.halt.source is Source.OUTPUT:
            self._tell(name, self._present.get(name, WORKS))

    async def survey(self) -> None:
        """Look at the screens once; claims are given the time to be believed."""
        await self._screens.survey(self._shown())
        await self._minds.settle()

    def _shown(self) -> list[str]:
        """Return the sessions whose screens have to be looked at."""
        found = []
        for run in self._house.state.runs.values():
            for session in run.living:
                profile, name = self._profile(session), full_name(run.id, session.id)
                if profile is not None and session.pane and _is_shown(profile):
                    found += [name] if self._minds.needs_screen(self._record(name)) is not Screen.NOTHING else []
        return found

    def _weighed(self, name: str) -> None:
        if self._has_screen(name):
            self._screens.weighed(name)

    def _hinted(self, name: str) -> None:
        if self._has_screen(name):
            self._screens.missed(name)

    def _has_screen(self, name: str) -> bool:
        session = self._session(name)
        profile = self._profile(session) if session is not None else None
        return profile is not None and _is_shown(profile)

    def _session(self, name: str) -> SessionRecord | None:
        run, _, id = name.partition("/")
        known = self._house.state.runs.get(run)
        return known.sessions.get(id) if known is not None else None

    def _profile(self, session: SessionRecord) -> AgentProfile | None:
        return self._house.plan.agents.get(session.agent)

    def _record(self, name: str) -> WorkstreamRecord:
        """Return a session as `Minds` and `Screens` know agents; one that is over minds nothing."""
        session = self._session(name)
        if session is None or session.state is not SessionState.RUNNING:
            return WorkstreamRecord(name=name, state=_OVER)
        halt = session.halt
        works = Reading(WorkstreamState.WORKING, "", Source.CONDUCTOR)
        known = Reading(halt.state, halt.reason, halt.source, halt.until) if halt else works
        present = self._present.get(name, known)
        return WorkstreamRecord(
            name=name,
            state=present.state or WorkstreamState.WORKING,
            reason=present.reason,
            source=present.source,
            until=present.until,
            since=halt.since if halt else session.started_at,
            session=session.marker,
            agent=session.agent,
            worktree=session.worktree,
            pane=session.pane,
            window=session.window,
            pid=session.pid,
            started_at=session.started_at,
        )

    def _change(self, name: str, now: Reading) -> None:
        self._present[name] = now
        self._tell(name, now)

    def _tell(self, name: str, now: Reading) -> None:
        """Write down that a session is halted, or goes on, where the journal doesn't know it."""
        session, (run, _, id) = self._session(name), name.partition("/")
        if session is None or session.state is not SessionState.RUNNING or now.state is None:
            return
        halt = session.halt
        if now.state in HALTS:
            told = (halt.state, halt.reason, halt.until) if halt else None
            if told != (now.state, now.reason, now.until):
                self._emit(
                    SessionHalted(
                        run=run, session=id, state=now.state, reason=now.reason, source=now.source, until=now.until
                    )
                )
        elif halt is not None:
            self._emit(SessionWentOn(run=run, session=id))

    def _emit(self, event: Event) -> None:
        self._house.stream.emit(event)

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        for entry in entries:
            if isinstance(entry.event, SessionEnded):
                name = full_name(entry.event.run, entry.event.session)
                self._minds.forget(name)
                self._screens.forget(name)
                self._present.pop(name, None)


def _is_shown(profile: AgentProfile) -> bool:
    """Tell whether the screen of an agent can tell of a halt: headless ones draw none."""
    return not profile.headless and bool(profile.waiting or profile.rate_limited or profile.failed)
