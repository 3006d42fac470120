"""A run as documents that anyone can read: a tracker of all tasks, and a record of each task and session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from autod_tui.core.run import RunRecord, SessionRecord, TaskRecord, TaskState, Verdict
from autod_tui.core.run_view import batch_state, progress_text

_APPROVED = frozenset({TaskState.APPROVED, TaskState.DONE})


def tracker(run: RunRecord) -> dict[str, Any]:
    """Return the tracker: phase, batches and the status of every task; `completed` and `approved` stay apart."""
    return {
        "executionPhase": {
            "phase": run.plan.title or run.plan.name,
            "status": run.state.value,
            "totalTasks": len(run.tasks),
            "completedTasks": run.done,
            "progress": progress_text(run.done, len(run.tasks)),
            "lastUpdated": stamp(max((one.ended_at or one.started_at for one in run.sessions.values()), default=0.0)),
        },
        "batchExecution": {
            "totalBatches": len(run.plan.batches),
            "currentBatch": _batches(run, "running", "review", "approved"),
            "completedBatches": _batches(run, "done"),
            "failedBatches": _batches(run, "failed", "stopped"),
        },
        "taskStatus": {task.id: task_document(run, task) for task in run.tasks.values()},
    }


def documents(run: RunRecord) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (relative path, document) of all files: the tracker first, then tasks and sessions."""
    yield "tracker.json", tracker(run)
    for number, task in enumerate(run.tasks.values(), 1):
        yield f"tasks/{number:04}-{file_name(task.id)}.json", task_document(run, task)
    for session in run.sessions.values():
        yield f"sessions/{file_name(session.id)}.json", session_document(session)


def task_document(run: RunRecord, task: TaskRecord) -> dict[str, Any]:
    """Return all that is known about a task; what a tracker once declared stands beside what was counted."""
    spec = run.plan.task(task.id)
    return {
        "id": task.id,
        "title": spec.title,
        "type": spec.kind,
        "status": task.state.value,
        "reason": task.reason,
        "stage": task.stage,
        "dependencies": list(spec.after),
        "outputs": list(spec.outputs),
        "attempts": dict(task.attempts),
        "completed": task.state is TaskState.DONE,
        "approved": task.state in _APPROVED,
        "completedAt": stamp(task.done_at),
        "verdicts": [
            {
                "stage": verdict.stage,
                "verdict": verdict.verdict.value,
                "reason": verdict.reason,
                "session": verdict.session,
                "by": verdict.by.value,
                "at": stamp(verdict.at),
            }
            for verdict in task.verdicts
        ],
        "rejections": sum(1 for verdict in task.verdicts if verdict.verdict is Verdict.NEEDS_WORK),
        "declared": dict(spec.declared),
    }


def session_document(session: SessionRecord) -> dict[str, Any]:
    """Return a session's record with its times as text."""
    document: dict[str, Any] = msgspec.to_builtins(session)
    return {**document, "started_at": stamp(session.started_at), "ended_at": stamp(session.ended_at)}


def stamp(at: float) -> str | None:
    """Return a Unix time as `2026-11-21T12:00:00Z`; None for 0."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def file_name(id: str) -> str:
    """Return a task's or session's id as the name of a file."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in id).strip(".") or "task"


def _batches(run: RunRecord, *wanted: str) -> list[str]:
    return [batch.name for batch in run.plan.batches if batch_state(run, batch) in wanted]
