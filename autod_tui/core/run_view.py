"""Runs as people see them: how far, how fast, and what batching saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskState
from autod_tui.core.run_plan import BatchSpec
from autod_tui.core.run_sessions import halted_first, runs_unasked
from autod_tui.core.usage import Usage, total_usage

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
