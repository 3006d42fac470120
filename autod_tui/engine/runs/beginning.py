"""How a run begins: what is left of its plan, nothing of it twice, and the branch that it works into."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec

from autod_tui.core import requests as rq
from autod_tui.core import run_events as ev
from autod_tui.core.amounts import count
from autod_tui.core.errors import ExitCode, RefusedError, UsageError
from autod_tui.core.names import suggest_name
from autod_tui.core.requests import Answer
from autod_tui.core.run import RunState, TaskState
from autod_tui.core.run_choice import plan_warnings, take_items, tune
from autod_tui.core.run_plan import RunPlan, TaskSpec
from autod_tui.engine.house import House
from autod_tui.engine.moves import HEADS
from autod_tui.engine.runs.verdicts import output_problem


class Beginning:
    """Starts runs."""

    def __init__(self, house: House) -> None:
        """Start them in `house`."""
        self._house = house

    async def begin(self, request: rq.StartRun) -> Answer:
        """Start a run, or tell what it would do; raises AutodError when it can't be started."""
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
        there = await self.there(base, plan.tasks)
        warnings = plan_warnings(plan, house.plan)
        if request.dry_run:
            return _dry_answer(plan, there, warnings)
        id = self._new_id(plan.name, request.items)
        settled = [is_there(id, task) for task in there]
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

    async def there(self, base: str, tasks: Iterable[TaskSpec]) -> list[TaskSpec]:
        """Return the tasks whose outputs are in `base` already."""
        asked = [task for task in tasks if task.outputs]
        if not asked:
            return []
        counted = await self._house.git.sizes(base, [path for task in asked for path in task.outputs])
        return [task for task in asked if not output_problem(task, counted)]


def is_there(run: str, task: TaskSpec) -> ev.TaskSettled:
    """Return the event of a task that needs no session."""
    return ev.TaskSettled(run=run, task=task.id, state=TaskState.DONE, reason="its outputs are there")


def _dry_answer(plan: RunPlan, there: Sequence[TaskSpec], warnings: Sequence[str]) -> Answer:
    skipped = {task.id for task in there}
    left = [task.id for task in plan.tasks if task.id not in skipped]
    lines = [
        f"would carry out {count(len(left), 'task')} of plan {plan.name!r} into {plan.into!r}: {', '.join(left)}",
        *(f"skipped, its outputs are there: {id}" for id in skipped),
        *warnings,
    ]
    data = {"tasks": left, "skipped": sorted(skipped), "plan": msgspec.to_builtins(plan), "warnings": list(warnings)}
    return Answer(exit_code=int(ExitCode.DONE), message="\n".join(lines), data=data)
