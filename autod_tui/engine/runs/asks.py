"""What is asked of runs: started, stopped, paused, resumed, retried, added to, tuned and reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatchmethod

from autod_tui.core import requests as rq
from autod_tui.core import run_events as ev
from autod_tui.core.amounts import count
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.events import Event
from autod_tui.core.requests import Answer
from autod_tui.core.run import RunRecord, RunState, TaskRecord, TaskState, TaskVerdict, Verdict
from autod_tui.core.run_choice import chosen_ids, tune
from autod_tui.core.run_plan import By, TaskSpec
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.moves import HEADS
from autod_tui.engine.runs.beginning import Beginning, is_there
from autod_tui.engine.runs.steward import Steward

RunRequest = (
    rq.StartRun
    | rq.StopRun
    | rq.TidyRun
    | rq.PauseRun
    | rq.ResumeRun
    | rq.RetryTasks
    | rq.AddTasks
    | rq.TuneRun
    | rq.Review
)


class Asks:
    """Carries requests about runs out."""

    def __init__(self, house: House, steward: Steward) -> None:
        """Work on `house`; sessions are ended by `steward`."""
        self._house = house
        self._steward = steward
        self._beginning = Beginning(house)

    @singledispatchmethod
    async def carry_out(self, request: RunRequest) -> Answer:
        """Do what is asked; raises AutodError when it can't be done."""
        raise NotImplementedError(type(request).__name__)

    @carry_out.register(rq.StartRun)
    async def _(self, request: rq.StartRun) -> Answer:
        return await self._beginning.begin(request)

    @carry_out.register(rq.StopRun)
    async def _(self, request: rq.StopRun) -> Answer:
        run = self.find(request.run)
        if request.tasks:
            return await self._stop_tasks(run, self._ids(run, request.tasks))
        if run.state in (RunState.RUNNING, RunState.PAUSED):
            self._house.stream.emit(ev.RunChanged(run=run.id, state=RunState.STOPPED, reason="stopped"))
        ended = [session.id for session in run.living]
        await self._steward.stop(run.id, ended)
        return Answer(
            message=f"{run.id}: stopped, {count(len(ended), 'session')} ended",
            hint=f"autod resume {run.id} goes on",
            data={"id": run.id, "ended": ended},
        )

    async def _stop_tasks(self, run: RunRecord, ids: Sequence[str]) -> Answer:
        states = (TaskState.DONE, TaskState.FAILED, TaskState.STOPPED)
        open_ids = [id for id in ids if run.tasks[id].state not in states]
        ended = [session.id for session in run.living if set(session.tasks) & set(open_ids)]
        settled = [ev.TaskSettled(run=run.id, task=id, state=TaskState.STOPPED, reason="stopped") for id in open_ids]
        if settled:
            self._house.stream.emit(*settled)  # first, so that nobody takes them again
        await self._steward.stop(run.id, ended)
        message = f"{run.id}: stopped {', '.join(open_ids)}" if open_ids else f"{run.id}: nothing of that goes on"
        return Answer(message=message, data={"id": run.id, "stopped": open_ids, "ended": ended})

    @carry_out.register(rq.TidyRun)
    async def _(self, request: rq.TidyRun) -> Answer:
        self.find(request.run)
        return await self._steward.tidying.clear(request)

    @carry_out.register(rq.PauseRun)
    async def _(self, request: rq.PauseRun) -> Answer:
        run = self.find(request.run)
        if run.state is not RunState.RUNNING:
            raise RefusedError(f"{run.id} is {run.state.value}, not running")
        self._house.stream.emit(ev.RunChanged(run=run.id, state=RunState.PAUSED, reason="paused"))
        going = f"; {count(len(run.living), 'session')} go on to the end" if run.living else ""
        return Answer(message=f"{run.id}: paused{going}", data={"id": run.id})

    @carry_out.register(rq.ResumeRun)
    async def _(self, request: rq.ResumeRun) -> Answer:
        run = self.find(request.run)
        if run.state is RunState.DONE:
            return Answer(message=f"{run.id} is done: nothing is left to do", data={"id": run.id})
        await self._steward.stopped(run.id)
        stopped = [task.id for task in run.tasks.values() if task.state is TaskState.STOPPED]
        base = await self._house.git.resolve(HEADS + run.plan.into) or run.base_oid
        queued = [run.plan.task(task.id) for task in run.tasks.values() if _untouched(task)]
        events: list[Event] = [is_there(run.id, task) for task in await self._beginning.there(base, queued)]
        if stopped:
            events.append(ev.TasksRetried(run=run.id, tasks=tuple(stopped)))
        if run.state is not RunState.RUNNING:
            events.append(ev.RunChanged(run=run.id, state=RunState.RUNNING, reason="resumed"))
        if events:
            self._house.stream.emit(*events)
        left = sum(1 for task in run.tasks.values() if task.state is not TaskState.DONE)
        self._steward.wake()
        return Answer(message=f"{run.id}: goes on, {count(left, 'task')} left", data={"id": run.id})

    @carry_out.register(rq.RetryTasks)
    async def _(self, request: rq.RetryTasks) -> Answer:
        run = self.find(request.run)
        if request.stage and request.stage not in {stage.name for stage in run.plan.stages}:
            known = [stage.name for stage in run.plan.stages]
            raise UsageError(f"{run.id} has no stage {request.stage!r}", hint=unknown_hint(request.stage, known, ""))
        again = {TaskState.FAILED, TaskState.STOPPED}
        named = self._ids(run, request.tasks)
        ids = [
            id for id in named or run.tasks if run.tasks[id].state in again | ({TaskState.APPROVED} if named else set())
        ]
        if not ids:
            raise RefusedError(f"{run.id}: nothing of that has failed or was stopped", hint=f"autod show {run.id}")
        events: list[Event] = [ev.TasksRetried(run=run.id, tasks=tuple(ids), stage=request.stage)]
        if run.state is not RunState.RUNNING:
            events.append(ev.RunChanged(run=run.id, state=RunState.RUNNING, reason="retried"))
        self._house.stream.emit(*events)
        return Answer(message=f"{run.id}: {', '.join(ids)} again", data={"id": run.id, "tasks": ids})

    @carry_out.register(rq.AddTasks)
    async def _(self, request: rq.AddTasks) -> Answer:
        run = self.find(request.run)
        self._check_new(run, request.tasks)
        base = await self._house.git.resolve(HEADS + run.plan.into) or run.base_oid
        settled = [is_there(run.id, task) for task in await self._beginning.there(base, request.tasks)]
        events: list[Event] = [ev.TasksAdded(run=run.id, tasks=request.tasks), *settled]
        if run.state in (RunState.DONE, RunState.FAILED):
            events.append(ev.RunChanged(run=run.id, state=RunState.RUNNING, reason="tasks were added"))
        self._house.stream.emit(*events)
        ids = [task.id for task in request.tasks]
        return Answer(message=f"{run.id}: added {', '.join(ids)}", data={"id": run.id, "tasks": ids})

    def _check_new(self, run: RunRecord, tasks: Sequence[TaskSpec]) -> None:
        ids = [task.id for task in tasks]
        double = sorted({id for id in ids if id in run.tasks or ids.count(id) > 1})
        if double:
            raise UsageError(f"{run.id} has a task {double[0]!r} already", hint="give it another id")
        for task in tasks:
            if not task.id or any(character.isspace() for character in task.id):
                raise UsageError(f"{task.id!r} can't be a task's id", hint="an id has no blanks")
            if unknown := [id for id in task.after if id not in run.tasks and id not in ids]:
                raise UsageError(f"{task.id}: no task {unknown[0]!r} to wait for")
            if task.role and task.role not in run.plan.roles:
                known = sorted(run.plan.roles)
                raise UsageError(f"{task.id}: no role {task.role!r}", hint=unknown_hint(task.role, known, "[roles]"))
        cap = run.plan.max_tasks
        if cap and len(run.tasks) + len(ids) > cap:
            raise RefusedError(f"{run.id} may take {cap} tasks at most, and it has {len(run.tasks)}")

    @carry_out.register(rq.TuneRun)
    async def _(self, request: rq.TuneRun) -> Answer:
        run = self.find(request.run)
        tune(run.plan, batch_sizes=request.batch_sizes, sessions=request.sessions)  # refuses what makes no sense
        self._ids(run, request.priorities)
        self._house.stream.emit(
            ev.RunTuned(
                run=run.id,
                batch_sizes=request.batch_sizes,
                sessions=request.sessions,
                priorities=request.priorities,
            )
        )
        words = [
            *(f"{stage}: {number} tasks in a session" for stage, number in request.batch_sizes.items()),
            *(f"{stage}: {number} sessions" for stage, number in request.sessions.items()),
            *(f"{task}: priority {number}" for task, number in request.priorities.items()),
        ]
        return Answer(message=f"{run.id}: {'; '.join(words) or 'nothing to change'}", data={"id": run.id})

    @carry_out.register(rq.Review)
    async def _(self, request: rq.Review) -> Answer:
        run = self.find(request.run)
        if not request.tasks and request.verdict is not Verdict.APPROVED:
            raise UsageError("changes are asked for task by task", hint=f"autod review {run.id} TASK --changes")
        named = self._ids(run, request.tasks)
        waiting = [id for id in named or run.tasks if run.tasks[id].state is TaskState.REVIEW]
        if missing := [id for id in named if id not in waiting]:
            raise RefusedError(f"{run.id}: {', '.join(missing)} waits for no review", hint=f"autod show {run.id}")
        if not waiting:
            raise RefusedError(f"{run.id}: nothing waits for a review", hint=f"autod show {run.id}")
        self._house.stream.emit(*(self._judged(run, id, request) for id in waiting))
        done = "approved" if request.verdict is Verdict.APPROVED else "sent back"
        return Answer(message=f"{run.id}: {done} {', '.join(waiting)}", data={"id": run.id, "tasks": waiting})

    def _judged(self, run: RunRecord, id: str, request: rq.Review) -> ev.TaskJudged:
        reason = request.comment
        if not reason and request.verdict is Verdict.NEEDS_WORK:
            reason = "changes were asked for without a comment"
        verdict = TaskVerdict(
            stage=run.tasks[id].stage,
            verdict=request.verdict,
            reason=reason,
            by=By.PERSON,
            at=self._house.stream.clock(),
        )
        return ev.TaskJudged(run=run.id, task=id, verdict=verdict)

    def find(self, id: str) -> RunRecord:
        """Return a run by its id; UsageError names the nearest one."""
        runs = self._house.state.runs
        if id not in runs:
            raise UsageError(f"no run {id!r}", hint=unknown_hint(id, list(runs), "autod run PLAN"))
        return runs[id]

    def _ids(self, run: RunRecord, items: Iterable[str]) -> list[str]:
        batches: Mapping[str, Sequence[str]] = {batch.name: batch.tasks for batch in run.plan.batches}
        ids, unknown = chosen_ids(list(run.tasks), batches, items)
        if unknown:
            raise UsageError(f"{run.id} has no task {'; no '.join(unknown)}", hint=f"autod show {run.id} lists them")
        return ids


def _untouched(task: TaskRecord) -> bool:
    return task.state in (TaskState.QUEUED, TaskState.STOPPED) and not task.head
