"""When a command about runs makes sense for what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autod_tui.core.run import RunState, SessionRecord, SessionState, TaskState

if TYPE_CHECKING:
    from autod_tui.tui.commands import Selection

RUN_SCOPES = frozenset({"runs", "run", "stage", "task", "session", "review"})
_AGAIN = frozenset({TaskState.FAILED, TaskState.STOPPED, TaskState.APPROVED})


def to_answer(selection: Selection) -> SessionRecord | None:
    """Return the session that an answer is for: the selected one if it waits, else the run's first that does."""
    run, session = selection.run, selection.session
    if run is None or (session is not None and session.waits):
        return session
    return next((one for one in run.living if one.waits), session)


def run_suits(id: str, selection: Selection) -> bool:
    """Say whether the command `id`, of one of RUN_SCOPES, can do something for the selection."""
    run, task, session = selection.run, selection.task, selection.session
    if id == "run_start":
        return True
    if run is None:
        return False
    if id in ("run_review", "approve_all", "run_retry"):
        wanted = _AGAIN - {TaskState.APPROVED} if id == "run_retry" else {TaskState.REVIEW}
        return any(one.state in wanted for one in run.tasks.values())
    rules = {
        "run_pause": run.state is RunState.RUNNING,
        "run_resume": run.state in (RunState.PAUSED, RunState.STOPPED, RunState.FAILED),
        "run_tidy": run.state in (RunState.STOPPED, RunState.FAILED, RunState.DONE) and not run.living,
        "run_add": run.state is not RunState.STOPPED,
        "run_stop": run.state in (RunState.RUNNING, RunState.PAUSED),
        "task_stop": task is not None and task.state in (TaskState.QUEUED, TaskState.RUNNING, TaskState.REVIEW),
        "task_retry": task is not None and task.state in _AGAIN,
        "task_diff": task is not None and bool(task.head),
        "task_first": task is not None and task.state is TaskState.QUEUED,
        "task_last": task is not None and task.state is TaskState.QUEUED,
        "session_answer": bool((asker := to_answer(selection)) and asker.waits),
        "session_attach": session is not None and session.state is SessionState.RUNNING and bool(session.pane),
        "session_log": session is not None and bool(session.log),
        "approve": task is not None and task.state is TaskState.REVIEW,
        "changes": task is not None and task.state is TaskState.REVIEW,
    }
    if id in ("more_sessions", "fewer_sessions", "bigger_batch", "smaller_batch"):
        return bool(selection.stage) and run.state in (RunState.RUNNING, RunState.PAUSED)
    return rules.get(id, True)
