"""States of runs, tasks and sessions as people see them."""

from __future__ import annotations

from autod_tui.core.run import RunState, SessionRecord, SessionState, TaskState
from autod_tui.tui.text import duration
from autod_tui.tui.words import WORKSTREAM, Look

RUN: dict[RunState, Look] = {
    RunState.RUNNING: Look("●", "*", "running", "ok"),
    RunState.PAUSED: Look("◦", ".", "paused", "warn"),
    RunState.STOPPED: Look("■", "#", "stopped", "dim"),
    RunState.DONE: Look("✓", "+", "done", "accent"),
    RunState.FAILED: Look("✗", "x", "failed", "alarm"),
}

TASK: dict[TaskState, Look] = {
    TaskState.QUEUED: Look("○", "o", "queued", "dim"),
    TaskState.RUNNING: Look("●", "*", "running", "ok"),
    TaskState.REVIEW: Look("▲", "!", "review", "loud"),
    TaskState.APPROVED: Look("◉", "@", "approved", "info"),
    TaskState.DONE: Look("✓", "+", "done", "accent"),
    TaskState.FAILED: Look("✗", "x", "failed", "alarm"),
    TaskState.STOPPED: Look("■", "#", "stopped", "dim"),
}

SESSION: dict[SessionState, Look] = {
    SessionState.RUNNING: Look("●", "*", "running", "ok"),
    SessionState.DONE: Look("◇", "-", "ended", "dim"),
    SessionState.FAILED: Look("✗", "x", "failed", "alarm"),
    SessionState.TIMED_OUT: Look("◷", "%", "timed out", "bad"),
    SessionState.HUNG: Look("◷", "%", "hung", "bad"),
    SessionState.STOPPED: Look("■", "#", "stopped", "dim"),
    SessionState.LOST: Look("?", "?", "lost", "warn"),
}


def session_look(session: SessionRecord) -> Look:
    """Return how a session is drawn: one whose agent doesn't go on as a workstream would be."""
    return WORKSTREAM[session.halt.state] if session.halt else SESSION[session.state]


BATCH_ROLES: dict[str, str] = {
    "waiting": "dim",
    "queued": "dim",
    "running": "ok",
    "review": "loud",
    "done": "accent",
    "failed": "alarm",
    "stopped": "dim",
}


def long_time(seconds: float) -> str:
    """Return a length of time such as `40 s`, `12m`, `2h05`."""
    return f"{max(seconds, 0):.0f} s" if seconds < 60 else duration(seconds)


def per_task(seconds: float) -> str:
    """Return a measured time such as `0.21 s`, `45 s`, `3 min 20 s`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def big(number: int) -> str:
    """Return a count such as `950`, `12k`, `3.4M`."""
    if number < 10_000:
        return str(number)
    return f"{number // 1000}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"
