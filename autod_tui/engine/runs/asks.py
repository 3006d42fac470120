"""What is asked of runs: started, stopped, paused, resumed, retried, added to, tuned and reviewed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatchmethod

import msgspec

from autod_tui.core import requests as rq
from autod_tui.core import run_events as ev
from autod_tui.core.errors import ExitCode, RefusedError, UsageError
from autod_tui.core.events import Event
from autod_tui.core.names import suggest_name
from autod_tui.core.requests import Answer
from autod_tui.core.run import RunRecord, RunState, TaskRecord, TaskState, TaskVerdict, Verdict
from autod_tui.core.run_choice import chosen_ids, plan_warnings, take_items, tune
from autod_tui.core.run_plan import By, RunPlan, TaskSpec
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.moves import HEADS
from autod_tui.engine.runs.steward import Steward
from autod_tui.engine.runs.verdicts import output_problem

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

    @singledispatchmethod
    async def carry_out(self, request: RunRequest) -> Answer:
        """Do what is asked; raises AutodError when it can't be done."""
        raise NotImplementedError(type(request).__name__)

    @carry_out.register(rq.StartRun)
    async def _(self, request: rq.StartRun) -> Answer:
        house = self._house
        plan = tune(
            take_items(house.load_run_plan(request.plan), request.items),
            model=request.model,
            batch_sizes=request.batch_sizes,
            sessions=request.sessions,
        )
        if not plan.tasks:
            raise UsageError(
                f"plan {request.plan!r} has no tasks", hint=f"write some into workstreams/{request.plan}.toml"
            )
        self._check_alone(plan)
        base = await self._base(plan, create=not request.dry_run)
        there = await self._there(base, plan.tasks)
        warnings = plan_warnings(plan, house.plan)
        if request.dry_run:
            return _dry_answer(plan, there, warnings)
        id = self._new_id(plan.name, request.items)
        settled = [_is_there(id, task) for task in there]
        house.stream.emit(ev.RunStarted(run=id, plan=plan, base_oid=base), *settled)
        skipped = f", {len(there)} done already" if there else ""
        message = f"{id}: {len(plan.tasks)} tasks{skipped}"
        return Answer(message=message, data={"id": id, "warnings": list(warnings)})

    def _check_alone(self, plan: RunPlan) -> None:
        """Refuse tasks that another run is at, for the same branch: they would be done twice."""
        ids = {task.id for task in plan.tasks}
        for run in self._house.state.runs.values():
            if run.state not in (RunState.RUNNING, RunState.PAUSED) or run.plan.into != plan.into:
                continue
            same = [task.id for task in run.tasks.values() if task.id in ids and task.state is not TaskState.DONE]
            if same and run.plan.name == plan.name:
                shown = ", ".join(same[:3]) + (f" and {len(same) - 3} more" if len(same) > 3 else "")
                raise RefusedError(
                    f"run {run.id} is at {shown} already", hint=f"autod resume {run.id} joins it, autod stop ends it"
                )

    def _new_id(self, plan: str, items: str) -> str:
        chosen = suggest_name(items)[:24]
        stamp = int(self._house.stream.clock())
        while True:
            at = time.strftime("%Y%m%d%H%M%S", time.localtime(stamp))
            id = "-".join(part for part in (plan, chosen, at) if part)
            if id not in self._house.state.runs:
                return id
            stamp += 1

    async def _base(self, plan: RunPlan, *, create: bool) -> str:
        """Return where `into` stands, made from the target when missing."""
        git = self._house.git
        base = await git.resolve(HEADS + plan.into)
        if base is not None:
            return base
        base = await git.resolve(HEADS + plan.target) or await git.resolve(plan.target)
        if base is None:
            raise RefusedError(
                f"neither {plan.into!r} nor the target {plan.target!r} exists", hint="commit something first"
            )
        if create:
            await git.move_refs([(HEADS + plan.into, "", base)])
        return base

    async def _there(self, base: str, tasks: Iterable[TaskSpec]) -> list[TaskSpec]:
        """Return the tasks whose outputs are in `base` already."""
        asked = [task for task in tasks if task.outputs]
        if not asked:
            return []
        counted = await self._house.git.sizes(base, [path for task in asked for path in task.outputs])
        return [task for task in asked if not output_problem(task, counted)]

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
            message=f"{run.id}: stopped, {_count(len(ended), 'session')} ended",
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
        going = f"; {_count(len(run.living), 'session')} go on to the end" if run.living else ""
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
        events: list[Event] = [_is_there(run.id, task) for task in await self._there(base, queued)]
        if stopped:
            events.append(ev.TasksRetried(run=run.id, tasks=tuple(stopped)))
        if run.state is not RunState.RUNNING:
            events.append(ev.RunChanged(run=run.id, state=RunState.RUNNING, reason="resumed"))
        if events:
            self._house.stream.emit(*events)
        left = sum(1 for task in run.tasks.values() if task.state is not TaskState.DONE)
        self._steward.wake()
        return Answer(message=f"{run.id}: goes on, {_count(left, 'task')} left", data={"id": run.id})

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
        settled = [_is_there(run.id, task) for task in await self._there(base, request.tasks)]
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


def _is_there(run: str, task: TaskSpec) -> ev.TaskSettled:
    return ev.TaskSettled(run=run, task=task.id, state=TaskState.DONE, reason="its outputs are there")


def _dry_answer(plan: RunPlan, there: Sequence[TaskSpec], warnings: Sequence[str]) -> Answer:
    skipped = {task.id for task in there}
    left = [task.id for task in plan.tasks if task.id not in skipped]
    lines = [
        f"would carry out {_count(len(left), 'task')} of plan {plan.name!r} into {plan.into!r}: {', '.join(left)}",
        *(f"skipped, its outputs are there: {id}" for id in skipped),
        *warnings,
    ]
    data = {"tasks": left, "skipped": sorted(skipped), "plan": msgspec.to_builtins(plan), "warnings": list(warnings)}
    return Answer(exit_code=int(ExitCode.DONE), message="\n".join(lines), data=data)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
