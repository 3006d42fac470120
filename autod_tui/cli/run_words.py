"""Runs in words: the progress line, and the tables of runs, tasks and sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from autod_tui.cli.console import Console, by_state, clean_line, cut, moment
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskRecord, TaskState
from autod_tui.core.run_view import progress_text
from autod_tui.core.usage import total_usage
from autod_tui.core.usage_words import usage_words

_BAR = 24
_COLOURS: dict[str, str] = {
    RunState.RUNNING: "green",
    RunState.PAUSED: "yellow",
    TaskState.REVIEW: "yellow",
    TaskState.APPROVED: "cyan",
    SessionState.DONE: "blue",
    TaskState.FAILED: "red",
    SessionState.TIMED_OUT: "red",
    SessionState.HUNG: "red",
    SessionState.LOST: "red",
}


def progress_line(console: Console, run: RunRecord) -> str:
    """Return one line: a bar, what is done, who works on what."""
    total = len(run.tasks)
    filled = _BAR * run.done // total if total else 0
    bar = console.paint("█" * filled, "green") + console.paint("░" * (_BAR - filled), "dim")
    stages: dict[str, int] = {}
    for session in run.living:
        stages[session.stage] = stages.get(session.stage, 0) + 1
    working = ", ".join(f"{stage} {count}" for stage, count in stages.items()) or run.state.value
    failed = sum(1 for task in run.tasks.values() if task.state is TaskState.FAILED)
    return f"{bar} {progress_text(run.done, total)} · {working}" + (f" · {failed} failed" if failed else "")


def show_runs(console: Console, runs: Iterable[RunRecord]) -> None:
    """Print one row per run, newest first."""
    found = list(runs)[::-1]
    rows = [["RUN", "STATE", "DONE", "SESSIONS", "STARTED", "NOTES"]]
    rows += [
        [
            one.id,
            one.state.value,
            progress_text(one.done, len(one.tasks)),
            str(len(one.sessions)),
            moment(one.started_at),
            one.reason,
        ]
        for one in found
    ]
    _show(console, rows, 1)


def show_run(console: Console, run: RunRecord) -> None:
    """Print a run in full: what it is, its tasks, the sessions that live and those that failed."""
    console.show(progress_line(console, run))
    console.say(
        f"{run.id}: {run.plan.title or run.plan.name} -> {run.plan.into}; {run.state.value} {run.reason}".rstrip()
    )
    if used := usage_words(total_usage(session.usage for session in run.sessions.values())):
        console.say(f"used: {used}")
    console.say()
    _show(console, [["TASK", "STAGE", "STATE", "TRIES", "TITLE", "NOTES"], *map(_task_row(run), run.tasks.values())], 2)
    telling = [one for one in run.sessions.values() if one.state is not SessionState.DONE]
    if telling:
        console.say()
        _show(console, [["SESSION", "STATE", "AGENT", "TASKS", "USED", "NOTES"], *map(_session_row, telling)], 1)


def show_reviews(console: Console, run: RunRecord) -> None:
    """Print the tasks that wait for a person, each with its checklist."""
    waiting = [task for task in run.tasks.values() if task.state is TaskState.REVIEW]
    if not waiting:
        console.say(f"{run.id}: no task waits for your review")
        return
    _show(console, [["TASK", "STAGE", "STATE", "TRIES", "TITLE", "NOTES"], *map(_task_row(run), waiting)], 2)
    for stage in dict.fromkeys(task.stage for task in waiting):
        for point in run.plan.stage(stage).checklist:
            console.say(f"  [ ] {point}")


def _task_row(run: RunRecord) -> Callable[[TaskRecord], list[str]]:
    titles = {task.id: task.title for task in run.plan.tasks}

    def row(task: TaskRecord) -> list[str]:
        tries = sum(task.attempts.values())
        notes = clean_line(task.reason or task.findings)
        return [task.id, task.stage, task.state.value, str(tries), cut(titles.get(task.id, ""), 32), notes]

    return row


def _session_row(session: SessionRecord) -> list[str]:
    agent = f"{session.agent} {session.model}".strip() or "gates"
    used = usage_words(session.usage)
    return [session.id, session.state.value, agent, " ".join(session.tasks), used, clean_line(session.reason)]


def _show(console: Console, rows: list[list[str]], state_column: int) -> None:
    console.show_table(rows, by_state(rows, state_column, _COLOURS))
