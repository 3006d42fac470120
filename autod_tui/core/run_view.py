"""Runs as people and scripts see them: how far, how fast, and what batching saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import (
    BatchSpec,
    RunRecord,
    RunState,
    SessionRecord,
    SessionState,
    TaskRecord,
    TaskSpec,
    TaskState,
)
from autod_tui.core.run_sessions import halt_json, halted_first, runs_unasked, unasked_stages
from autod_tui.core.usage import Usage, total_usage
from autod_tui.core.usage_words import usage_json

_ENDED = frozenset({RunState.STOPPED, RunState.DONE, RunState.FAILED})
_LIVELY = (TaskState.RUNNING, TaskState.REVIEW)


class StageView(Struct, frozen=True, kw_only=True):
    """One stage: who is there, and what it costs."""

    name: str
    queued: int = 0
    running: int = 0
    review: int = 0
    failed: int = 0
    """Failed or stopped in it."""
    passed: int = 0
    """Tasks that are past it."""
    sessions: int = 0
    """Sessions that ended here."""
    seconds: float = 0.0
    """Time of those sessions, one after another."""
    seconds_per_task: float | None = None
    """`seconds` shared out among the tasks they had; None before the first ended."""


class BatchView(Struct, frozen=True, kw_only=True):
    """One batch: `waiting` (for batches before it), `queued`, `running`, `review`, `done`, `failed` or `stopped`."""

    name: str
    title: str
    state: str
    done: int
    tasks: tuple[str, ...]


class Saving(Struct, frozen=True, kw_only=True):
    """What sessions of several tasks saved against sessions of one, measured on agents' sessions."""

    sessions: int = 0
    """Agents' sessions that there were."""
    sessions_alone: int = 0
    """Sessions that the same work takes one task at a time."""
    start_up: float | None = None
    """Seconds from start to first output, all sessions together; None where no session printed anything."""
    start_up_alone: float | None = None
    """The same if each task had paid its session's start-up."""


class RunView(Struct, frozen=True, kw_only=True):
    """One run at one time."""

    id: str
    plan: str
    title: str
    into: str
    state: RunState
    reason: str
    started_at: float
    ended_at: float
    done: int
    total: int
    living: int
    """Sessions that run."""
    states: Mapping[str, int]
    """Task state to the number of tasks in it; states without any are left out."""
    stages: tuple[StageView, ...]
    batches: tuple[BatchView, ...]
    working_seconds: float
    """Time in which at least one session ran: pauses and reboots don't count."""
    per_hour: float | None
    """Tasks done in an hour of work; None before the first is done."""
    seconds_left: float | None
    """At the pace of the stages passed so far; None when unknown, or when the run has ended."""
    saving: Saving
    usage: Usage
    halted: tuple[SessionRecord, ...] = ()
    """Sessions whose agents don't go on; those that wait for a person first."""
    unasked: bool = False
    """Agents of it run without asking for anything, or may."""

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the sessions whose agents wait for a person."""
        return tuple(session.id for session in self.halted if session.waits)

    @property
    def progress(self) -> str:
        """Such as `3/162 (1.85%)`."""
        return progress_text(self.done, self.total)


def progress_text(done: int, total: int) -> str:
    """Return such as `3/162 (1.85%)`; `0/0` when there is nothing to do."""
    return f"{done}/{total} ({100 * done / total:.2f}%)" if total else "0/0"


def run_view(run: RunRecord, now: float, agents: Mapping[str, AgentProfile] | None = None) -> RunView:
    """Sum a run up at `now` (Unix time); `agents` are the profiles, which know who runs without asking."""
    working = working_seconds(run.sessions.values(), now)
    final = tuple(run.final_states)  # compared by identity first, which hashing a state is not
    worked = sum(1 for task in run.tasks.values() if task.session and task.state in final)
    return RunView(
        id=run.id,
        plan=run.plan.name,
        title=run.plan.title,
        into=run.plan.into,
        state=run.state,
        reason=run.reason,
        started_at=run.started_at,
        ended_at=run.ended_at,
        done=run.done,
        total=len(run.tasks),
        living=len(run.living),
        states=_states(run),
        stages=_stages(run),
        batches=tuple(_batch(run, batch) for batch in run.plan.batches),
        working_seconds=working,
        per_hour=3600 * worked / working if worked and working else None,
        seconds_left=_seconds_left(run, working),
        saving=saving(run.sessions.values()),
        usage=total_usage(session.usage for session in run.sessions.values()),
        halted=tuple(halted_first(session for session in run.living if session.halt)),
        unasked=runs_unasked(run, agents or {}),
    )


def saving(sessions: Iterable[SessionRecord]) -> Saving:
    """Measure what batching saved in `sessions`; those that vanished did no work and don't count."""
    ended = [one for one in sessions if one.agent and one.state not in (SessionState.RUNNING, SessionState.LOST)]
    timed = [(one.first_output_at - one.started_at, len(one.tasks)) for one in ended if one.first_output_at]
    return Saving(
        sessions=len(ended),
        sessions_alone=sum(len(one.tasks) for one in ended),
        start_up=sum(seconds for seconds, _ in timed) if timed else None,
        start_up_alone=sum(seconds * tasks for seconds, tasks in timed) if timed else None,
    )


def batch_state(run: RunRecord, batch: BatchSpec) -> str:
    """Return where a batch stands, as in `BatchView`."""
    states = {run.tasks[id].state for id in batch.tasks if id in run.tasks}
    if states <= run.final_states:
        return "done"
    for state in _LIVELY:
        if state in states:
            return state.value
    if TaskState.QUEUED in states:
        begun = any(run.tasks[id].session for id in batch.tasks if id in run.tasks)
        return "running" if begun else "waiting" if _waits(run, batch) else "queued"
    for state in (TaskState.FAILED, TaskState.STOPPED):
        if state in states:
            return state.value
    return "running"


def run_json(run: RunRecord, agents: Mapping[str, AgentProfile] | None = None) -> dict[str, Any]:
    """Return the documented object of `autod show ID --json`; what is not known is null."""
    unasked = unasked_stages(run.plan, agents or {})
    specs = {spec.id: spec for spec in run.plan.tasks}
    batch_of = {id: batch.name for batch in run.plan.batches for id in batch.tasks}
    return {
        "id": run.id,
        "plan": run.plan.name,
        "state": run.state.value,
        "reason": run.reason or None,
        "started_at": run.started_at or None,
        "ended_at": run.ended_at or None,
        "into": run.plan.into,
        "unasked": [stage.name for stage in run.plan.stages if stage.name in unasked],
        "progress": {"done": run.done, "total": len(run.tasks)},
        **usage_json(total_usage(session.usage for session in run.sessions.values())),
        "batches": [
            {"name": batch.name, "state": batch_state(run, batch), "tasks": list(batch.tasks)}
            for batch in run.plan.batches
        ],
        "tasks": [_task_json(task, specs[task.id], batch_of.get(task.id)) for task in run.tasks.values()],
        "sessions": [_session_json(session) for session in run.sessions.values()],
    }


def run_summary(view: RunView) -> dict[str, Any]:
    """Return one entry of `runs` in `autod status --json` and `autod runs --json`."""
    return {
        "id": view.id,
        "plan": view.plan,
        "title": view.title,
        "state": view.state.value,
        "reason": view.reason or None,
        "started_at": view.started_at or None,
        "ended_at": view.ended_at or None,
        "into": view.into,
        "progress": {"done": view.done, "total": view.total},
        "tasks": dict(view.states),
        "sessions": {"running": view.living, "ended": sum(stage.sessions for stage in view.stages)},
        "halted": [{"session": session.id, **(halt_json(session.halt) or {})} for session in view.halted],
        "unasked": view.unasked,
        "seconds_left": view.seconds_left,
        **usage_json(view.usage),
    }


def runs_json(
    runs: Mapping[str, RunRecord], now: float = 0.0, agents: Mapping[str, AgentProfile] | None = None
) -> list[dict[str, Any]]:
    """Return the summaries of all runs, oldest first; `now` (Unix time) makes `seconds_left` exact."""
    return [run_summary(run_view(run, now, agents)) for run in runs.values()]


def _task_json(task: TaskRecord, spec: TaskSpec, batch: str | None) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": spec.title,
        "batch": batch,
        "stage": task.stage,
        "state": task.state.value,
        "reason": task.reason or None,
        "attempts": dict(task.attempts),
        "verdicts": [
            {"stage": one.stage, "verdict": one.verdict.value, "reason": one.reason, "session": one.session or None}
            for one in task.verdicts
        ],
        "outputs": list(spec.outputs),
    }


def _session_json(session: SessionRecord) -> dict[str, Any]:
    return {
        "id": session.id,
        "stage": session.stage,
        "tasks": list(session.tasks),
        "agent": session.agent or None,
        "model": session.model or None,
        "state": session.state.value,
        "reason": session.reason or None,
        "halt": halt_json(session.halt),
        "permission": session.permission or None,
        "exit_status": session.exit_status,
        "started_at": session.started_at or None,
        "ended_at": session.ended_at or None,
        "pane": session.pane or None,
        "log": session.log or None,
        "prompt_file": session.prompt_file or None,
        **usage_json(session.usage),
    }


def _batch(run: RunRecord, batch: BatchSpec) -> BatchView:
    final = tuple(run.final_states)
    done = sum(1 for id in batch.tasks if id in run.tasks and run.tasks[id].state in final)
    return BatchView(name=batch.name, title=batch.title, state=batch_state(run, batch), done=done, tasks=batch.tasks)


def _waits(run: RunRecord, batch: BatchSpec) -> bool:
    before = [one for one in run.plan.batches if one.name in batch.after]
    return any(run.tasks[id].state not in run.final_states for one in before for id in one.tasks if id in run.tasks)


def _stages(run: RunRecord) -> tuple[StageView, ...]:
    at: dict[str, list[TaskState]] = {}
    for task in run.tasks.values():
        at.setdefault(task.stage, []).append(task.state)
    ended: dict[str, list[SessionRecord]] = {}
    for session in run.sessions.values():
        if session.state is not SessionState.RUNNING:
            ended.setdefault(session.stage, []).append(session)
    views: list[StageView] = []
    beyond = len(run.tasks)
    for stage in run.plan.stages:
        states = at.get(stage.name, [])
        here = {state: states.count(state) for state in TaskState}
        inside = len(states) - here[TaskState.APPROVED] - here[TaskState.DONE]
        beyond -= inside
        sessions = ended.get(stage.name, [])
        seconds, tasks = sum(one.ended_at - one.started_at for one in sessions), sum(len(one.tasks) for one in sessions)
        views.append(
            StageView(
                name=stage.name,
                queued=here[TaskState.QUEUED],
                running=here[TaskState.RUNNING],
                review=here[TaskState.REVIEW],
                failed=here[TaskState.FAILED] + here[TaskState.STOPPED],
                passed=beyond,
                sessions=len(sessions),
                seconds=seconds,
                seconds_per_task=seconds / tasks if tasks else None,
            )
        )
    return tuple(views)


def _seconds_left(run: RunRecord, working: float) -> float | None:
    """Extend the pace of the stages passed so far to those that are left; failed tasks are not waited for."""
    if run.state in _ENDED or not working:
        return None
    place = {stage.name: number for number, stage in enumerate(run.plan.stages)}
    all_stages, passed, left = len(place), 0, 0
    for task in run.tasks.values():
        if task.state in (TaskState.FAILED, TaskState.STOPPED) or (task.state is TaskState.DONE and not task.session):
            continue
        through = task.state in (TaskState.DONE, TaskState.APPROVED)
        behind = all_stages if through else place.get(task.stage, 0)
        passed += behind
        left += all_stages - behind
    return working * left / passed if passed else None


def working_seconds(sessions: Iterable[SessionRecord], now: float) -> float:
    """Return the length of the union of the sessions' times."""
    total, until = 0.0, 0.0
    for begin, end in sorted((one.started_at, one.ended_at or max(now, one.started_at)) for one in sessions):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _states(run: RunRecord) -> dict[str, int]:
    """Count the tasks in each state; those are named first in which the first tasks are."""
    states = [task.state for task in run.tasks.values()]
    places = sorted((states.index(state), state) for state in TaskState if state in states)
    return {state.value: states.count(state) for _, state in places}
