"""The steward: carries out what the scheduler says next, and hears how the sessions end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path

from autod_tui.core import run_events as ev
from autod_tui.core.errors import AutodError, RefusedError
from autod_tui.core.events import Noted
from autod_tui.core.limits import agents_held
from autod_tui.core.pane_ports import PaneEvent, PaneStatus
from autod_tui.core.queues import agents_of
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState
from autod_tui.core.schedule import AskReview, Finish, Integrate, Judge, StartSession, Step, next_steps, wake_at
from autod_tui.core.workstream import ALIVE_STATES
from autod_tui.engine.holds import Holds
from autod_tui.engine.house import House
from autod_tui.engine.runs.endings import Ending, Endings, ending_of
from autod_tui.engine.runs.halts import Halts
from autod_tui.engine.runs.integrate import Integration
from autod_tui.engine.runs.judging import Judging
from autod_tui.engine.runs.sessions import Sessions
from autod_tui.engine.runs.strays import Strays
from autod_tui.engine.runs.tidying import Tidying
from autod_tui.engine.spending import Spending

HELD_FOR = 20.0
"""Seconds until a merge that was refused is tried again."""
FIRST_LOOK = 0.5
"""Seconds after which a session's log is looked at, in case tmux told nothing of its output."""
_KEPT = ("osc", "title", "dead")
"""Kinds of events that are heard later when their pane is not known yet."""
CLOSING = 10.0
"""Seconds that what is being written has to come to its end when the conductor leaves."""


class Steward:
    """Keeps the runs going."""

    def __init__(self, house: House, merging: asyncio.Lock, spending: Spending, holds: Holds, halts: Halts) -> None:
        """Work on `house`; `merging` is held while a branch is merged into."""
        self._house = house
        self._rates = holds
        self._halts = halts
        self.sessions = Sessions(house)
        self._judging = Judging(house)
        self._strays = Strays(house, merging)
        self.tidying = Tidying(house)
        self.endings = Endings(house, self.sessions, self._judging, self._strays, spending, holds)
        self._integration = Integration(house, merging)
        self._due = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[tuple[str, str], asyncio.Task[None]] = {}
        """Session (run, id) to its start, settling or judgement under way."""
        self._integrating: set[str] = set()
        self._held: dict[str, float] = {}
        self._timers: dict[tuple[str, str], list[asyncio.TimerHandle]] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._early: dict[str, dict[str, PaneEvent]] = {}
        """Pane that nobody knows yet to the last of what it told, by kind: told before its start was."""

    def wake(self) -> None:
        """Look for what is next, soon."""
        self._due.set()

    async def run(self) -> None:
        """Carry out steps until cancelled."""
        for run, session in self._living():
            self.watch(run, session)
        self._due.set()
        while True:
            await self._due.wait()
            self._due.clear()
            self._advance()

    async def close(self) -> None:
        """Let what is being written come to its end, then stop; agents go on."""
        for handles in self._timers.values():
            for handle in handles:
                handle.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
        self._break_off_gates()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._integration.close()

    def _advance(self) -> None:
        for id in list(self._house.state.runs):
            for step in self._steps(id):  # what these make possible is told by events, and those wake again
                self._carry_out(step)
        self._set_alarm()

    def _steps(self, id: str) -> list[Step]:
        run = self._house.state.runs[id]
        now = self._house.stream.clock()
        held = agents_held(self._house.plan, self._house.state, agents_of(run.plan), now)
        steps = next_steps(run, free=self._free(), now=now, held=held)
        return [step for step in steps if not self._waits(step)]

    def _waits(self, step: Step) -> bool:
        if isinstance(step, Integrate):
            return step.run in self._integrating or self._held.get(step.run, 0.0) > self._house.stream.clock()
        if isinstance(step, Finish):
            return step.run in self._integrating
        return False

    def _free(self) -> int:
        state = self._house.state
        working = sum(1 for record in state.workstreams.values() if record.state in ALIVE_STATES)
        agents = sum(1 for _, session in self._living() if session.agent)
        return max(0, self._house.plan.project.max_sessions - working - agents)

    def _living(self) -> list[tuple[RunRecord, SessionRecord]]:
        return [(run, session) for run in self._house.state.runs.values() for session in run.living]

    def _carry_out(self, step: Step) -> None:
        run = self._house.state.runs[step.run]
        if isinstance(step, StartSession):
            session = self.sessions.announce(run, step.stage, step.tasks, step.agent, step.model)
            self._begin(run.id, session.id, self._start(run.id, session))
        elif isinstance(step, Judge):
            session = self.sessions.announce(run, step.stage, step.tasks, "", "")
            self._begin(run.id, session.id, self._judge(run.id, session))
        elif isinstance(step, AskReview):
            self._ask_review(run, step.task)
        elif isinstance(step, Integrate):
            self._integrating.add(run.id)
            self._spawn(self._integrate(run.id, step.tasks))
        else:
            self._house.stream.emit(ev.RunChanged(run=run.id, state=step.state, reason=step.reason))
            if step.state is RunState.DONE:
                self._spawn(self.tidying.tidy(run.id))

    async def _start(self, run_id: str, session: SessionRecord) -> None:
        try:
            await self.tidying.over(run_id)
            await self._strays.begins(self._house.state.runs[run_id], session)
            await self.sessions.start(self._house.state.runs[run_id], session)
        except (AutodError, OSError) as error:
            reason = f"it could not be started: {error}"
            await self.endings.settle(run_id, session.id, Ending(state=SessionState.FAILED, reason=reason))
            return
        run = self._house.state.runs[run_id]
        placed = run.sessions[session.id]
        self._busy.pop((run_id, session.id), None)
        self.watch(run, placed)
        for early in self._early.pop(placed.pane, {}).values():
            self.hear(early)

    def watch(self, run: RunRecord, session: SessionRecord) -> None:
        """Set the alarms of a living session: its time-out and its silence."""
        stage = run.plan.stage(session.stage)
        if not session.pane:
            return
        loop, handles = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
        if stage.timeout:
            left = session.started_at + stage.timeout - self._house.stream.clock()
            ending = Ending(state=SessionState.TIMED_OUT, reason=f"timed out after {stage.timeout:g} s")
            handles.append(loop.call_later(max(left, 0.0), self.end, run.id, session.id, ending))
        handles.append(loop.call_later(FIRST_LOOK, self._look_for_output, run.id, session.id))
        self._timers[run.id, session.id] = handles
        if stage.silence:
            self._watch_silence(run.id, session, stage.silence)

    def _look_for_output(self, run_id: str, session_id: str) -> None:
        """Tell a first output that came before tmux was listened to."""
        session = self._house.state.runs[run_id].sessions[session_id]
        log = Path(session.log)
        if not session.first_output_at and log.exists() and log.stat().st_size:
            self._house.stream.emit(ev.SessionPrinted(run=run_id, session=session_id))

    def _watch_silence(self, run_id: str, session: SessionRecord, silence: float) -> None:
        """End a session that prints nothing; the log's own time tells, whoever has heard the output."""
        key = (run_id, session.id)
        if key not in self._timers:
            return
        log = Path(session.log)
        spoke = max(session.started_at, log.stat().st_mtime if log.exists() else 0.0)
        now = self._house.stream.clock()
        halted = self._house.state.runs[run_id].sessions[session.id].halt is not None
        left = silence if halted else spoke + silence - now  # who waits and says so doesn't hang
        if left <= 0:
            self.end(run_id, session.id, Ending(state=SessionState.HUNG, reason=f"no output for {silence:g} s"))
            return
        handle = asyncio.get_running_loop().call_later(left, self._watch_silence, run_id, session, silence)
        self._timers[key].append(handle)

    def hear(self, event: PaneEvent) -> None:
        """Take what tmux tells about a pane that is no workstream's."""
        if event.kind == "joined":
            self._halts.joined()
        if event.kind == "lost":
            for run, session in self._living():
                if session.pane:
                    self.end(run.id, session.id, Ending(state=SessionState.LOST, reason="the tmux server is gone"))
            return
        found = next(((r, s) for r, s in self._living() if s.pane == event.pane and event.pane), None)
        if found is None:
            if event.kind in _KEPT and self._busy:
                self._early.setdefault(event.pane, {})[event.kind] = event
            return
        run, session = found
        self._halts.hear(run, session, event)
        if event.kind == "output":
            self._rates.printed(run, session)
        if event.kind == "output" and not session.first_output_at and (run.id, session.id) not in self._busy:
            self._house.stream.emit(ev.SessionPrinted(run=run.id, session=session.id))
        elif event.kind == "dead":
            pane = PaneStatus(
                pane=event.pane,
                window=session.window,
                workstream="",
                session=session.marker,
                pid=session.pid,
                dead=True,
                exit_status=event.exit_status,
                signal=event.data,
            )
            self.end(run.id, session.id, ending_of(pane))
        elif event.kind == "closed":
            self.end(run.id, session.id, Ending(state=SessionState.LOST, reason="its pane was closed"))

    def end(self, run_id: str, session_id: str, ending: Ending) -> asyncio.Task[None] | None:
        """Settle a session, once; None when that is under way already."""
        key = (run_id, session_id)
        if key in self._busy:
            return None
        for handle in self._timers.pop(key, []):
            handle.cancel()
        return self._begin(run_id, session_id, self.endings.settle(run_id, session_id, ending))

    async def stop(self, run_id: str, session_ids: list[str]) -> None:
        """End sessions with all their processes; one that is just starting or ending is waited for first."""
        self._break_off_gates(run_id)
        for id in session_ids:
            if under_way := self._busy.get((run_id, id)):
                await asyncio.wait([under_way])
        stopped = Ending(state=SessionState.STOPPED, reason="stopped")
        living = {session.id for session in self._house.state.runs[run_id].living}
        tasks = [self.end(run_id, id, stopped) for id in session_ids if id in living]
        await asyncio.gather(*(task for task in tasks if task is not None))

    def _break_off_gates(self, run_id: str = "") -> None:
        """Cancel judgements by gates alone (of one run): they may last, and can be had again."""
        for (run, session), task in self._busy.items():
            if run_id in ("", run) and not self._house.state.runs[run].sessions[session].agent:
                task.cancel()

    async def stopped(self, run_id: str) -> None:
        """Wait until sessions that were being stopped are gone."""
        under_way = [task for (run, _), task in self._busy.items() if run == run_id]
        if under_way and self._house.state.runs[run_id].state is RunState.STOPPED:
            await asyncio.wait(under_way)

    async def _judge(self, run_id: str, session: SessionRecord) -> None:
        run = self._house.state.runs[run_id]
        judged = [await self._judging.judge_by_gates(run, session.stage, id, session.id) for id in session.tasks]
        self._house.stream.emit(ev.SessionEnded(run=run_id, session=session.id, state=SessionState.DONE), *judged)

    def _ask_review(self, run: RunRecord, task: str) -> None:
        stage = run.tasks[task].stage
        if not run.plan.stage(stage).gates and not run.plan.stage(stage).auto:
            self._house.stream.emit(ev.ReviewAsked(run=run.id, task=task))
            return
        session = self.sessions.announce(run, stage, (task,), "", "")
        self._begin(run.id, session.id, self._gates_then_review(run.id, session))

    async def _gates_then_review(self, run_id: str, session: SessionRecord) -> None:
        run, task = self._house.state.runs[run_id], session.tasks[0]
        judged = await self._judging.judge_for_review(run, session.stage, task, session.id)
        self._house.stream.emit(ev.SessionEnded(run=run_id, session=session.id, state=SessionState.DONE), judged)

    async def _integrate(self, run_id: str, tasks: tuple[str, ...]) -> None:
        try:
            await self._integration.integrate(self._house.state.runs[run_id], tasks)
            self._held.pop(run_id, None)
        except RefusedError as error:
            if run_id not in self._held:
                text = f"finished work waits: {error.message}"
                self._house.stream.emit(Noted(level="warning", text=text, name=run_id))
            self._held[run_id] = self._house.stream.clock() + HELD_FOR
        finally:
            self._integrating.discard(run_id)
            self.wake()

    def _set_alarm(self) -> None:
        """Wake again when the first pause is over."""
        now = self._house.stream.clock()
        pauses = [at for run in self._house.state.runs.values() if (at := wake_at(run, now=now)) is not None]
        due = min([*pauses, *(at for at in self._held.values() if at > now)], default=None)
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(due - now + 0.005, self.wake) if due is not None else None

    def _begin(self, run_id: str, session_id: str, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._busy[run_id, session_id] = self._spawn(work)

        def over(done: asyncio.Task[None]) -> None:
            if self._busy.get((run_id, session_id)) is done:
                del self._busy[run_id, session_id]

        task.add_done_callback(over)
        return task

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        async def guarded() -> None:
            try:
                await work
            except AutodError as error:
                self._house.stream.emit(Noted(level="error", text=str(error)))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # one that is cancelled before its first step never awaits it
        return task
