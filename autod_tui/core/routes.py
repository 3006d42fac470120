"""Routes of a task through the stages of a run: on, back with findings, out of them, or to its failure."""

from __future__ import annotations

from msgspec.structs import replace

from autod_tui.core.run import TaskRecord, TaskState
from autod_tui.core.run_plan import By, RunPlan, StageSpec

STUCK_AFTER = 2
"""Times in a row that NEEDS_WORK may meet the work that it met before; then the task has failed."""
MAX_BACK_OFF = 60.0
"""Seconds that a task waits at most after a session that broke off."""


def mending_stage(plan: RunPlan) -> StageSpec:
    """Return the stage that mends a conflict: where the last one sends work back to, as far as an agent works there."""
    stage, seen = plan.stages[-1], set[str]()
    while stage.name not in seen:
        seen.add(stage.name)
        stage = stage_named(plan, stage.needs_work) or stage
        if stage.by is By.AGENT:
            return stage
    return next((one for one in plan.stages if one.by is By.AGENT), plan.stages[0])


def onward(plan: RunPlan, task: TaskRecord, stage: StageSpec) -> TaskRecord:
    """Send a task on from `stage`: to the next one, or out of the last one to be merged."""
    following = plan.stages[plan.stages.index(stage) + 1 :]
    if following:
        return enter(plan, task, following[0], "")
    return replace(task, state=TaskState.APPROVED, reason="", findings="", not_before=0.0)


def back(plan: RunPlan, task: TaskRecord, to: str, findings: str) -> TaskRecord:
    """Send a task back to the stage `to` with what was found; it fails when its work has not moved for too long."""
    unchanged = task.unchanged + 1 if task.head == task.rejected_head else 0
    task = replace(task, unchanged=unchanged, rejected_head=task.head, findings=findings)
    if unchanged >= STUCK_AFTER:
        return failed(task, f"stuck: its work stayed as it was {unchanged} times{_because(findings)}")
    return enter(plan, task, stage_named(plan, to) or plan.stages[0], findings)


def enter(plan: RunPlan, task: TaskRecord, stage: StageSpec, findings: str) -> TaskRecord:
    """Queue the task for `stage`, or fail it when it has been there as often as it may."""
    task = replace(task, findings=findings)
    tried = task.attempts.get(stage.name, 0)
    if tried >= stage.attempts:
        times = f"{tried} attempt{'s' if tried != 1 else ''} at {stage.name}"
        return failed(replace(task, stage=stage.name), times + _because(findings))
    return replace(task, state=TaskState.QUEUED, stage=stage.name, reason="", not_before=0.0)


def back_off(times: int) -> float:
    """Return the seconds to wait after the `times`-th session in a row that broke off: 1, 2, 4 ... 60."""
    return min(MAX_BACK_OFF, 2.0 ** min(max(times, 1) - 1, 10))


def delayed(task: TaskRecord, until: float) -> TaskRecord:
    """Let a task that is queued wait until a Unix time."""
    return replace(task, not_before=until) if task.state is TaskState.QUEUED else task


def failed(task: TaskRecord, reason: str) -> TaskRecord:
    """Settle a task as failed."""
    return replace(task, state=TaskState.FAILED, reason=reason, not_before=0.0)


def stage_named(plan: RunPlan, name: str) -> StageSpec | None:
    """Return the stage of a name, None where the plan has none."""
    return next((stage for stage in plan.stages if stage.name == name), None)


def _because(findings: str) -> str:
    first = findings.strip().partition("\n")[0]
    return f": {first}" if first else ""
