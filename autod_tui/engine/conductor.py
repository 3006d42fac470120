"""The conductor: the one process that acts. It takes requests, watches, and does what the plan asks next."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable
from functools import singledispatchmethod

from autod_tui.core import events as ev
from autod_tui.core import requests as rq
from autod_tui.core.agent_events import AgentsFreed, LimitRaised
from autod_tui.core.dispatch import Action, Rehearse, StartWorkstream, next_actions
from autod_tui.core.errors import AutodError
from autod_tui.core.events import Recorded
from autod_tui.core.requests import Answer
from autod_tui.core.workstream import ALIVE_STATES, WorkstreamRecord
from autod_tui.engine.answers import Answers
from autod_tui.engine.attention import Attention
from autod_tui.engine.checkpoints import Checkpoints
from autod_tui.engine.declare import declare
from autod_tui.engine.forecasting import Forecasting
from autod_tui.engine.gates import Gates
from autod_tui.engine.guests import Guests
from autod_tui.engine.holds import Holds
from autod_tui.engine.house import House
from autod_tui.engine.limits import raise_limit
from autod_tui.engine.notices import Notices
from autod_tui.engine.observer import Observer
from autod_tui.engine.reconcile import Reconciler
from autod_tui.engine.removals import Removals
from autod_tui.engine.resolutions import Resolutions
from autod_tui.engine.rollbacks import Rollbacks
from autod_tui.engine.runs.asks import RunRequest
from autod_tui.engine.runs.clearing import Clearing
from autod_tui.engine.runs.halts import Halts
from autod_tui.engine.runs.life import Runs
from autod_tui.engine.syncs import Syncs
from autod_tui.engine.vigil import Vigil
from autod_tui.engine.workstreams import Workstreams

_WORLD_CHANGERS = (ev.WorktreeAdded, ev.WorktreeRemoved)
_DECISIVE = (
    ev.CheckpointMerged,
    ev.CheckpointRolledBack,
    ev.StateChanged,
    ev.AgentStopped,
    ev.HeadMoved,
    ev.WorkstreamWanted,
    ev.WorktreeChanged,
    AgentsFreed,
    LimitRaised,
)
_COMINGS_AND_GOINGS = (*_WORLD_CHANGERS, ev.AgentStarted, ev.StateChanged, ev.AgentStopped)
"""What may mean that somebody works by hand where an agent of ours did, or will."""


class Conductor:
    """Serves requests one merge at a time, and carries out `next_actions` whenever something decisive happened."""

    def __init__(self, house: House, role: str) -> None:
        """Build the engine's parts on `house`; `role` names the process in the journal."""
        self.house = house
        self.role = role
        self.vigil = Vigil(house)
        self.workstreams = Workstreams(house)
        notices, gates = Notices(house), Gates(house)
        self._checkpoints = Checkpoints(house, gates, notices)
        self._resolutions = Resolutions(house, self._checkpoints, self.workstreams)
        self._rollbacks = Rollbacks(house, notices)
        self._syncs = Syncs(house, notices)
        self._removals = Removals(house, self.workstreams, Clearing(house).restore)
        self._answers = Answers(house)
        self._attention = Attention(house)
        self.observer = Observer(house, Forecasting(house))
        self._guests = Guests(house)
        self.observer.listen(self._guests.soon)
        self._reconciler = Reconciler(house, self.vigil)
        self._merging = asyncio.Lock()
        self._holds = Holds(house)
        self.vigil.following.listen(self._holds.take)
        self._halts = Halts(house)
        self.vigil.following.listen(self._halts.take)
        self._holds.listen(self._halts.limited)
        self.runs = Runs(house, self._merging, self.vigil.following.spending, self._holds, self._halts)
        self.vigil.listen_to_others(self.runs.hear)
        self._lanes = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop_listening = house.stream.listen(self._heard)
        self._busy: set[Action] = set()
        self._watching = False
        self._merged = False

    async def begin(self) -> tuple[str, ...]:
        """Announce the conductor and reconcile; return the findings."""
        self.house.stream.emit(ev.ConductorStarted(pid=os.getpid(), role=self.role))
        living = self._living()
        findings = (*await self._reconciler.reconcile(), *await self._revive())
        for session in living.keys() - self._living().keys():
            await self.vigil.following.settle(living[session])
        self._guests.look()
        self._holds.begin()
        return findings

    def _living(self) -> dict[str, WorkstreamRecord]:
        """Return the workstreams whose agents live as far as the journal knows, at rest or not, by session."""
        records = self.house.state.workstreams.values()
        return {one.session: one for one in records if one.state in ALIVE_STATES or one.reachable}

    async def _revive(self) -> list[str]:
        findings = await self.runs.revive()
        if findings:
            self.house.stream.emit(ev.Reconciled(findings=tuple(findings)))
        return findings

    async def survey(self) -> None:
        """Look at everything once."""
        await asyncio.gather(self.observer.look_at_all(), self._survey_agents())

    async def _survey_agents(self) -> None:
        await self.vigil.survey()
        await self._halts.survey()

    def watch(self) -> None:
        """Begin to observe and to act by itself."""
        self._watching = True
        self._spawn(self.vigil.run())
        self._spawn(self.runs.run())
        self._spawn(self._observe())
        self._act()

    async def _observe(self) -> None:
        await self.observer.look_at_all()
        await self.observer.run()

    async def finish(self) -> None:
        """Start what waited for a checkpoint that was merged now: who only passes by doesn't hear of it later."""
        if self._merged and not self._watching:
            for action in next_actions(self.house.plan, self.house.state):
                if isinstance(action, StartWorkstream):
                    await self._carry_out(action)

    async def close(self) -> None:
        """Stop watching; agents go on."""
        self._stop_listening()
        self._attention.close()
        await self.runs.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.vigil.close()
        self._guests.close()
        self._holds.close()
        self._halts.close()
        self.house.stream.emit(ev.ConductorStopped(pid=os.getpid()))

    async def handle(self, request: rq.AnyRequest) -> Answer:
        """Carry a request out; every AutodError becomes the answer."""
        try:
            return await self._handle(request)
        except AutodError as error:
            return Answer(exit_code=int(error.exit_code), message=error.message, hint=error.hint)

    @singledispatchmethod
    async def _handle(self, request: rq.AnyRequest) -> Answer:
        raise NotImplementedError(type(request).__name__)

    @_handle.register(rq.Up)
    async def _(self, request: rq.Up) -> Answer:
        async with self._lanes:
            answer = await self.workstreams.up(request.names, fresh=request.fresh)
        self._guests.look()
        return answer

    @_handle.register(rq.Down)
    async def _(self, request: rq.Down) -> Answer:
        async with self._lanes:
            return await self._removals.down(request)

    @_handle.register(rq.New)
    async def _(self, request: rq.New) -> Answer:
        return await declare(self.house, request)

    @_handle.register(rq.Send)
    async def _(self, request: rq.Send) -> Answer:
        return await self.workstreams.send(request.names, request.text)

    @_handle.register(rq.ReadQuestion)
    async def _(self, request: rq.ReadQuestion) -> Answer:
        return await self._answers.read(request.name)

    @_handle.register(rq.AnswerAgent)
    async def _(self, request: rq.AnswerAgent) -> Answer:
        return await self._answers.answer(request)

    @_handle.register(rq.PlanMerge)
    async def _(self, request: rq.PlanMerge) -> Answer:
        return await self._checkpoints.plan(request.checkpoint, request.leave_out)

    @_handle.register(rq.Merge)
    async def _(self, request: rq.Merge) -> Answer:
        name = request.approved.plan.checkpoint
        return await self._merging_alone(self._checkpoints.merge(request.approved), name)

    @_handle.register(rq.Check)
    async def _(self, request: rq.Check) -> Answer:
        return await self._merging_alone(self._checkpoints.check(request.checkpoint, request.leave_out))

    @_handle.register(rq.Resolve)
    async def _(self, request: rq.Resolve) -> Answer:
        work = self._resolutions.resolve(request.checkpoint, request.how, request.paths)
        return await self._merging_alone(work, request.checkpoint)

    @_handle.register(rq.PrepareEdit)
    async def _(self, request: rq.PrepareEdit) -> Answer:
        return await self._merging_alone(self._resolutions.prepare_edit(request.checkpoint))

    @_handle.register(rq.LeaveOut)
    async def _(self, request: rq.LeaveOut) -> Answer:
        work = self._resolutions.leave_out(request.checkpoint, request.workstream)
        return await self._merging_alone(work, request.checkpoint)

    @_handle.register(rq.Abandon)
    async def _(self, request: rq.Abandon) -> Answer:
        return await self._merging_alone(self._resolutions.abandon(request.checkpoint), request.checkpoint)

    @_handle.register(rq.Forget)
    async def _(self, request: rq.Forget) -> Answer:
        return await self._merging_alone(self._resolutions.forget(request.checkpoint))

    @_handle.register(rq.PlanRollback)
    async def _(self, request: rq.PlanRollback) -> Answer:
        return await self._rollbacks.plan(request.checkpoint)

    @_handle.register(rq.Rollback)
    async def _(self, request: rq.Rollback) -> Answer:
        return await self._merging_alone(self._rollbacks.roll_back(request.plan))

    @_handle.register(rq.Sync)
    async def _(self, request: rq.Sync) -> Answer:
        sync = self._syncs.sync(request.checkpoint, request.names, approved=request.approved)
        return await self._merging_alone(sync)

    @_handle.register(rq.StartRun)
    @_handle.register(rq.StopRun)
    @_handle.register(rq.TidyRun)
    @_handle.register(rq.PauseRun)
    @_handle.register(rq.ResumeRun)
    @_handle.register(rq.RetryTasks)
    @_handle.register(rq.AddTasks)
    @_handle.register(rq.TuneRun)
    @_handle.register(rq.Review)
    async def _(self, request: RunRequest) -> Answer:
        return await self.runs.carry_out(request)

    @_handle.register(rq.Undo)
    async def _(self, request: rq.Undo) -> Answer:
        return await self._merging_alone(self._removals.undo(request.ref))

    @_handle.register(rq.RaiseLimit)
    async def _(self, request: rq.RaiseLimit) -> Answer:
        return raise_limit(self.house, request)

    async def _merging_alone(self, work: Awaitable[Answer], ends: str = "") -> Answer:
        """Await `work` beside no other merge; `ends` names the checkpoint whose merge it may end."""
        async with self._merging:
            answer = await work
            return await self._resolutions.clear(ends, answer) if ends else answer

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        # after the others have heard the same: what it tells comes after what it follows from
        asyncio.get_running_loop().call_soon(self._holds.heard, entries)
        self._merged |= any(isinstance(entry.event, ev.CheckpointMerged) for entry in entries)
        if not self._watching:
            return
        if any(isinstance(entry.event, _WORLD_CHANGERS) for entry in entries):
            self._spawn(self.observer.rewatch())
        if any(isinstance(entry.event, _COMINGS_AND_GOINGS) for entry in entries):
            self._guests.soon()
        if any(isinstance(entry.event, _DECISIVE) for entry in entries):
            self._act()
        self.runs.heard(entries)

    def _act(self) -> None:
        for action in next_actions(self.house.plan, self.house.state):
            if action not in self._busy:
                self._busy.add(action)
                self._spawn(self._carry_out(action))

    async def _carry_out(self, action: Action) -> None:
        try:
            if isinstance(action, StartWorkstream):
                async with self._lanes:
                    await self.workstreams.start_ready(action.name)
            elif isinstance(action, Rehearse):
                await self.handle(rq.Check(checkpoint=action.checkpoint))
        finally:
            self._busy.discard(action)

    def _spawn(self, work: Awaitable[object]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AutodError as error:
                self.house.stream.emit(ev.Noted(level="error", text=str(error)))

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
