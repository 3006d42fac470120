"""Endings: a session is over, and what that means for its tasks is written in one go."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from autod_tui.core import run_events as ev
from autod_tui.core.errors import AutodError
from autod_tui.core.events import Event, Noted
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.routes import back_off
from autod_tui.core.run import RunRecord, SessionRecord, SessionState, TaskState
from autod_tui.engine.holds import Holds
from autod_tui.engine.house import House
from autod_tui.engine.runs.judging import Judging
from autod_tui.engine.runs.places import SessionFiles
from autod_tui.engine.runs.sessions import Left, Sessions
from autod_tui.engine.runs.strays import Strays
from autod_tui.engine.spending import Spending

YOUNG = 20.0
"""Seconds within which process ids don't begin anew."""
NOTHING = Left(head="", verdicts="", output="", prompt="", handoff="")
_GIVEN_BACK = frozenset({SessionState.STOPPED, SessionState.LOST})


class Ending(Struct, frozen=True, kw_only=True):
    """How a session ended."""

    state: SessionState
    reason: str = ""
    exit_status: int | None = None
    program_ended: bool = False
    """The agent itself has ended; what it started may live on."""
    pane_gone: bool = False
    """Its pane is no more: the id may be another pane's by now, in a new tmux server."""


def noted_ending(house: House, run: str, session: str) -> Ending | None:
    """Return the ending that a conductor noted before it was killed itself; None when there is none."""
    try:
        return msgspec.json.decode(SessionFiles(house, run, session).ending.read_bytes(), type=Ending)
    except (OSError, msgspec.MsgspecError):
        return None


def ending_of(pane: PaneStatus) -> Ending:
    """Return how the program of a dead pane ended."""
    if pane.signal:
        return Ending(state=SessionState.FAILED, reason=f"killed by {pane.signal}", program_ended=True)
    if pane.exit_status is None:
        return Ending(state=SessionState.FAILED, reason="killed", program_ended=True)
    state = SessionState.FAILED if pane.exit_status else SessionState.DONE
    status = pane.exit_status
    return Ending(state=state, reason=f"exit status {status}", exit_status=status, program_ended=True)


class Endings:
    """Settles sessions that ended."""

    def __init__(
        self, house: House, sessions: Sessions, judging: Judging, strays: Strays, spending: Spending, rates: Holds
    ) -> None:
        """Collect through `sessions`, judge through `judging`, look for `strays`; `rates` knows who met a limit."""
        self._house = house
        self._spending = spending
        self._rates = rates
        self._sessions = sessions
        self._judging = judging
        self._strays = strays

    async def settle(self, run_id: str, session_id: str, ending: Ending) -> None:
        """End what is left of a session's processes, keep its work and tell what came of its tasks."""
        house = self._house
        session = house.state.runs[run_id].sessions[session_id]
        await self._end_processes(run_id, session, ending)
        if session.agent:
            await self._spending.end(session.marker)
        left, ending = await self._collect(house.state.runs[run_id], session, ending)
        if session.agent:
            for place in await self._strays.ended(house.state.runs[run_id], session):
                self._sessions.distrust(place)
        verdicts = await self._verdicts(session, run_id, left, ending)
        ended = ev.SessionEnded(
            run=run_id,
            session=session_id,
            state=ending.state,
            reason=ending.reason,
            exit_status=ending.exit_status,
            head=left.head,
            handoff=left.handoff,
        )
        house.stream.emit(ended, *verdicts)

    async def _end_processes(self, run_id: str, session: SessionRecord, ending: Ending) -> None:
        """Leave no process of the session behind; the usual case, an agent that left none, is looked at quickly."""
        panes, processes = self._house.panes, self._house.processes
        gone = ending.pane_gone or ending.state is SessionState.LOST
        if session.pane and not ending.program_ended and not gone:
            await panes.kill(session.pane)
        if not session.pane or gone:
            await processes.end_session(session.marker)
        if session.pane and ending.program_ended:
            young = self._house.stream.clock() - session.started_at < YOUNG
            apart = self._other_panes(session) if young else None
            if processes.of_session(session.marker, after=session.pid if young else 0, apart=apart):
                await processes.end_session(session.marker)
            # with the window goes the exit status, and only with the window ends the log
            SessionFiles(self._house, run_id, session.id).ending.write_bytes(msgspec.json.encode(ending))
            await panes.close_window(session.window)

    def _other_panes(self, session: SessionRecord) -> list[int]:
        living = (one for run in self._house.state.runs.values() for one in run.living)
        return [one.pid for one in living if one.marker != session.marker and one.pid]

    async def _collect(self, run: RunRecord, session: SessionRecord, ending: Ending) -> tuple[Left, Ending]:
        try:
            return await self._sessions.collect(run, session), ending
        except (AutodError, OSError) as error:
            self._house.stream.emit(
                Noted(level="error", text=f"{session.id}: its work could not be kept: {error}", name=run.id)
            )
            if ending.state in _GIVEN_BACK:
                return NOTHING, ending
            return NOTHING, Ending(
                state=SessionState.FAILED, reason=f"its work could not be kept: {error}", exit_status=ending.exit_status
            )

    async def _verdicts(self, session: SessionRecord, run_id: str, left: Left, ending: Ending) -> list[Event]:
        run = self._house.state.runs[run_id]
        held = tuple(id for id in session.tasks if holds(run, session.id, id))
        if ending.state in _GIVEN_BACK:
            return self.given_back(run, held, lost=ending.state is SessionState.LOST)
        until = self._rates.ended_by(run, session) if ending.state is SessionState.FAILED else None
        if until is not None:  # no fault of the tasks: it is no attempt of theirs
            return [ev.TaskRequeued(run=run_id, task=id, not_before=until) for id in held]
        failure = "" if ending.state is SessionState.DONE else ending.reason
        judged = await self._judging.judge_session(run, session, left, failure)
        run = self._house.state.runs[run_id]  # some may have been taken away while gates ran
        return [one for one in judged if holds(run, session.id, one.task)]

    def given_back(self, run: RunRecord, tasks: tuple[str, ...], *, lost: bool) -> list[Event]:
        """Return what puts tasks back into the queue, those of a lost session after a pause."""
        now = self._house.stream.clock()
        return [
            ev.TaskRequeued(run=run.id, task=id, not_before=now + back_off(run.tasks[id].lost + 1) if lost else 0.0)
            for id in tasks
        ]


def holds(run: RunRecord, session: str, task: str) -> bool:
    """Tell whether a task is still this session's."""
    record = run.tasks.get(task)
    return record is not None and record.state is TaskState.RUNNING and record.session == session
