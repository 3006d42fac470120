"""What each event does to a run, and nothing that is not in the journal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from msgspec.structs import replace

from autod_tui.core import run_events as re
from autod_tui.core.events import Event
from autod_tui.core.routes import back, back_off, delayed, enter, failed, mending_stage, onward, stage_named
from autod_tui.core.run import (
    SETTLED_STATES,
    Halt,
    RunRecord,
    RunState,
    SessionRecord,
    SessionState,
    TaskRecord,
    TaskState,
    Verdict,
)
from autod_tui.core.run_plan import BatchSpec, By, RunPlan, TaskSpec
from autod_tui.core.usage import Usage

LOST_LIMIT = 5
"""Sessions in a row that may vanish under a task before it has failed."""

_BROKEN = frozenset(SessionState) - {SessionState.RUNNING, SessionState.DONE}
_ENDED = frozenset({RunState.STOPPED, RunState.DONE, RunState.FAILED})
_OUT_OF_STAGES = SETTLED_STATES | {TaskState.APPROVED}


def start_run(event: re.RunStarted, at: float) -> RunRecord:
    """Return the run that begins: every task waits for the first stage."""
    return RunRecord(
        id=event.run,
        plan=event.plan,
        started_at=at,
        base_oid=event.base_oid,
        tasks={spec.id: _new_task(event.plan, spec) for spec in event.plan.tasks},
    )


@singledispatch
def apply_run(event: Event, run: RunRecord, at: float) -> RunRecord:
    """Return the run after one more event; ids that it doesn't know change nothing."""
    return run


@apply_run.register(re.RunChanged)
def _(event: re.RunChanged, run: RunRecord, at: float) -> RunRecord:
    return replace(run, state=event.state, reason=event.reason, ended_at=at if event.state in _ENDED else 0.0)


@apply_run.register(re.TasksAdded)
def _(event: re.TasksAdded, run: RunRecord, at: float) -> RunRecord:
    new = {spec.id: spec for spec in event.tasks if spec.id not in run.tasks}
    plan = replace(
        run.plan, tasks=(*run.plan.tasks, *new.values()), batches=_joined(run.plan.batches, event.batches, new)
    )
    records = {id: _new_task(plan, spec) for id, spec in new.items()}
    return replace(run, plan=plan, tasks={**run.tasks, **records})


@apply_run.register(re.RunTuned)
def _(event: re.RunTuned, run: RunRecord, at: float) -> RunRecord:
    stages = tuple(
        replace(
            stage,
            batch_size=max(1, event.batch_sizes.get(stage.name, stage.batch_size)),
            sessions=max(1, event.sessions.get(stage.name, stage.sessions)),
        )
        for stage in run.plan.stages
    )
    run = replace(run, plan=replace(run.plan, stages=stages))
    return _with_tasks(
        run, (replace(task, priority=event.priorities[task.id]) for task in _known(run, event.priorities))
    )


@apply_run.register(re.SessionStarted)
def _(event: re.SessionStarted, run: RunRecord, at: float) -> RunRecord:
    session, known = event.session, run.sessions.get(event.session.id)
    if known is not None and known.state is not SessionState.RUNNING:
        return run
    session = replace(
        session,
        started_at=session.started_at or (known.started_at if known else at),
        first_output_at=session.first_output_at or (known.first_output_at if known else 0.0),
    )
    run = _with_session(run, session)
    # told again once it has its pane: what was taken from it meanwhile stays away
    mine = [task for task in _known(run, session.tasks) if known is None or task.session == session.id]
    return _with_tasks(
        run,
        (
            replace(task, state=TaskState.RUNNING, stage=session.stage, session=session.id, reason="", not_before=0.0)
            for task in mine
            if task.state is TaskState.RUNNING or (known is None and task.state not in _OUT_OF_STAGES)
        ),
    )


@apply_run.register(re.SessionPrinted)
def _(event: re.SessionPrinted, run: RunRecord, at: float) -> RunRecord:
    session = run.sessions.get(event.session)
    if session is None or session.first_output_at:
        return run
    return _with_session(run, replace(session, first_output_at=at))


@apply_run.register(re.SessionHalted)
def _(event: re.SessionHalted, run: RunRecord, at: float) -> RunRecord:
    session = run.sessions.get(event.session)
    if session is None or session.state is not SessionState.RUNNING:
        return run
    since = session.halt.since if session.halt and session.halt.state is event.state else at
    halt = Halt(state=event.state, reason=event.reason, source=event.source, since=since, until=event.until)
    return _with_session(run, replace(session, halt=halt))


@apply_run.register(re.SessionWentOn)
def _(event: re.SessionWentOn, run: RunRecord, at: float) -> RunRecord:
    session = run.sessions.get(event.session)
    return run if session is None or session.halt is None else _with_session(run, replace(session, halt=None))


@apply_run.register(re.SessionMeasured)
def _(event: re.SessionMeasured, run: RunRecord, at: float) -> RunRecord:
    session = run.sessions.get(event.session)
    return run if session is None else _with_session(run, replace(session, usage=event.usage))


@apply_run.register(re.SessionEnded)
def _(event: re.SessionEnded, run: RunRecord, at: float) -> RunRecord:
    session = run.sessions.get(event.session)
    if session is None or session.state is not SessionState.RUNNING:
        return run
    ended = replace(
        session,
        state=event.state,
        reason=event.reason,
        exit_status=event.exit_status,
        ended_at=at,
        head=event.head,
        halt=None,
        usage=session.usage if event.usage == Usage() else event.usage,
    )
    run = _with_session(run, ended)
    if event.handoff:
        run = replace(run, handoff=event.handoff)
    return _with_heads(run, ended) if event.head not in ("", session.base_oid) else run


@apply_run.register(re.TaskJudged)
def _(event: re.TaskJudged, run: RunRecord, at: float) -> RunRecord:
    task, stage = run.tasks.get(event.task), stage_named(run.plan, event.verdict.stage)
    if task is None or stage is None or task.stage != stage.name or task.state in _OUT_OF_STAGES:
        return run
    verdict = event.verdict if event.verdict.at else replace(event.verdict, at=at)
    approved = verdict.verdict is Verdict.APPROVED
    attempts = task.attempts.get(stage.name, 0) + 1
    task = replace(
        task,
        attempts={**task.attempts, stage.name: attempts},
        verdicts=(*task.verdicts, verdict),
        lost=0,
        size=event.size or task.size,
        measured={**task.measured, **verdict.measured},
    )
    if event.again or (approved and verdict.by is By.AGENT and _broke_off(run, verdict.session)):
        # a session that broke off moves nothing on, whatever it had printed before
        again = enter(run.plan, task, stage, verdict.reason)
        return _with_tasks(run, [delayed(again, at + back_off(attempts))])
    if approved:
        return _with_tasks(run, [onward(run.plan, task, stage)])
    return _with_tasks(run, [back(run.plan, task, stage.needs_work, verdict.reason)])


@apply_run.register(re.TaskRequeued)
def _(event: re.TaskRequeued, run: RunRecord, at: float) -> RunRecord:
    task = run.tasks.get(event.task)
    if task is None or task.state in _OUT_OF_STAGES:
        return run
    session = run.sessions.get(task.session)
    vanished = task.state is TaskState.RUNNING and session is not None and session.state is SessionState.LOST
    lost = task.lost + 1 if vanished else task.lost
    if lost >= LOST_LIMIT:
        return _with_tasks(run, [failed(replace(task, lost=lost), f"{lost} sessions in a row vanished")])
    return _with_tasks(run, [replace(task, state=TaskState.QUEUED, lost=lost, not_before=event.not_before)])


@apply_run.register(re.ReviewAsked)
def _(event: re.ReviewAsked, run: RunRecord, at: float) -> RunRecord:
    asked = [task for task in _known(run, (event.task,)) if task.state not in _OUT_OF_STAGES]
    return _with_tasks(run, (_reviewed(task, event) for task in asked))


@apply_run.register(re.TaskSettled)
def _(event: re.TaskSettled, run: RunRecord, at: float) -> RunRecord:
    task = run.tasks.get(event.task)
    if task is None or task.state is TaskState.DONE or event.state not in SETTLED_STATES:
        return run
    done_at = at if event.state is TaskState.DONE else 0.0
    return _with_tasks(run, [replace(task, state=event.state, reason=event.reason, done_at=done_at)])


@apply_run.register(re.TasksIntegrated)
def _(event: re.TasksIntegrated, run: RunRecord, at: float) -> RunRecord:
    arrived = [task for task in _known(run, event.tasks) if task.state is not TaskState.DONE]
    return _with_tasks(run, (replace(task, state=TaskState.DONE, reason="", done_at=at) for task in arrived))


@apply_run.register(re.TaskConflicted)
def _(event: re.TaskConflicted, run: RunRecord, at: float) -> RunRecord:
    task = run.tasks.get(event.task)
    if task is None or task.state is not TaskState.APPROVED or not run.plan.stages:
        return run
    return _with_tasks(run, [back(run.plan, task, mending_stage(run.plan).name, event.findings)])


@apply_run.register(re.TasksRetried)
def _(event: re.TasksRetried, run: RunRecord, at: float) -> RunRecord:
    asked = {TaskState.FAILED, TaskState.STOPPED, TaskState.APPROVED}
    stage = stage_named(run.plan, event.stage)
    return _with_tasks(
        run,
        (
            replace(
                task,
                state=TaskState.QUEUED,
                stage=stage.name if stage else task.stage,
                reason="",
                attempts={},
                lost=0,
                unchanged=0,
                rejected_head=None,
                not_before=0.0,
            )
            for task in _known(run, event.tasks)
            if task.state in asked
        ),
    )


RUN_EVENTS = tuple(kind for kind in apply_run.registry if kind is not Event and kind is not object)
"""Events that change a run which is there already."""


def _reviewed(task: TaskRecord, event: re.ReviewAsked) -> TaskRecord:
    measured = {**task.measured, **event.measured}
    return replace(task, state=TaskState.REVIEW, reason=event.reason, measured=measured, not_before=0.0)


def _broke_off(run: RunRecord, session: str) -> bool:
    record = run.sessions.get(session)
    return record is not None and record.state in _BROKEN


def _with_heads(run: RunRecord, session: SessionRecord) -> RunRecord:
    """Give the session's commit to its tasks; each is bound to all whose work was in any of them."""
    mine = [task for task in _known(run, session.tasks) if task.session == session.id]
    members = dict.fromkeys(id for task in mine for id in (task.id, *task.bound))
    return _with_tasks(
        run,
        (replace(task, head=session.head, bound=tuple(id for id in members if id != task.id)) for task in mine),
    )


def _joined(
    batches: tuple[BatchSpec, ...], more: tuple[BatchSpec, ...], new: Mapping[str, TaskSpec]
) -> tuple[BatchSpec, ...]:
    """Add new tasks to batches of the same name, and new batches at the end; no task changes its batch."""
    found = {batch.name: batch for batch in batches}
    for batch in more:
        ids = tuple(id for id in batch.tasks if id in new)
        known = found.get(batch.name)
        found[batch.name] = replace(known or batch, tasks=(*known.tasks, *ids) if known else ids)
    return tuple(found.values())


def _new_task(plan: RunPlan, spec: TaskSpec) -> TaskRecord:
    return TaskRecord(id=spec.id, stage=plan.stages[0].name if plan.stages else "")


def _known(run: RunRecord, ids: Iterable[str]) -> list[TaskRecord]:
    return [run.tasks[id] for id in dict.fromkeys(ids) if id in run.tasks]


def _with_tasks(run: RunRecord, tasks: Iterable[TaskRecord]) -> RunRecord:
    changed: dict[str, Any] = {task.id: task for task in tasks}
    return replace(run, tasks={**run.tasks, **changed}) if changed else run


def _with_session(run: RunRecord, session: SessionRecord) -> RunRecord:
    return replace(run, sessions={**run.sessions, session.id: session})
