"""Runs in words: the progress line, and the tables of runs, tasks and sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from autod_tui.cli.console import Console, by_state, clean_line, cut, moment
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord, RunState, SessionRecord, SessionState, TaskRecord, TaskState
from autod_tui.core.run_sessions import halt_words, halted_first, runs_unasked, unasked_stages
from autod_tui.core.run_view import RunView, progress_text
from autod_tui.core.usage import total_usage
from autod_tui.core.usage_words import usage_words
from autod_tui.core.workstream import WorkstreamState

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
    WorkstreamState.WAITING: "yellow",
    WorkstreamState.RATE_LIMITED: "yellow",
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
    waits = sum(session.waits for session in run.living)
    tail = (f" · {waits} wait{'s' if waits == 1 else ''} for you" if waits else "") + (
        f" · {failed} failed" if failed else ""
    )
    return f"{bar} {progress_text(run.done, total)} · {working}{tail}"


def show_runs(console: Console, runs: Iterable[RunRecord], agents: Mapping[str, AgentProfile]) -> None:
    """Print one row per run, newest first, but those in which somebody waits for a person before the others."""
    newest = list(runs)[::-1]
    found = sorted(newest, key=lambda run: not any(session.waits for session in run.living))
    rows = [["RUN", "STATE", "DONE", "SESSIONS", "STARTED", "NOTES"]]
    rows += [
        [
            one.id,
            one.state.value,
            progress_text(one.done, len(one.tasks)),
            str(sum(bool(session.agent) for session in one.sessions.values())),
            moment(one.started_at),
            _notes(one.living, one.reason, runs_unasked(one, agents)),
        ]
        for one in found
    ]
    _show(console, rows, 1)


def show_going(console: Console, views: Iterable[RunView]) -> None:
    """Print one row per run that goes on or pauses, newest first; nothing where none does."""
    going = [view for view in views if view.state in (RunState.RUNNING, RunState.PAUSED)][::-1]
    if not going:
        return
    rows = [["RUN", "STATE", "DONE", "SESSIONS", "NOTES"]]
    rows += [
        [view.id, view.state.value, view.progress, str(view.living), _notes(view.halted, view.reason, view.unasked)]
        for view in going
    ]
    console.say()
    _show(console, rows, 1)


def _notes(sessions: Iterable[SessionRecord], reason: str, unasked: bool) -> str:
    halted = [clean_line(halt_words(session)) for session in halted_first(sessions) if session.halt]
    return "; ".join([*halted, *(["runs without asking"] if unasked else []), *([reason] if reason else [])])


def show_run(console: Console, run: RunRecord, agents: Mapping[str, AgentProfile]) -> None:
    """Print a run in full: what it is, its tasks, the sessions that live and those that failed."""
    console.show(progress_line(console, run))
    console.say(
        f"{run.id}: {run.plan.title or run.plan.name} -> {run.plan.into}; {run.state.value} {run.reason}".rstrip()
    )
    if used := usage_words(total_usage(session.usage for session in run.sessions.values())):
        console.say(f"used: {used}")
    for session in halted_first(run.living):
        if session.waits:
            console.say(
                console.paint(f"{clean_line(halt_words(session))}: autod answer {run.id}/{session.id}", "yellow")
            )
    if unasked := [stage.name for stage in run.plan.stages if stage.name in unasked_stages(run.plan, agents)]:
        console.say(console.paint(f"! {', '.join(unasked)}: agents run without asking", "yellow"))
    console.say()
    _show(console, [["TASK", "STAGE", "STATE", "TRIES", "TITLE", "NOTES"], *map(_task_row(run), run.tasks.values())], 2)
    telling = halted_first(one for one in run.sessions.values() if one.state is not SessionState.DONE)
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
    agent = f"{session.agent}{'!' if session.unasked else ''} {session.model}".strip() or "gates"
    used, halt = usage_words(session.usage), session.halt
    state, reason = (halt.state.value, halt.reason) if halt else (session.state.value, session.reason)
    return [session.id, state, agent, " ".join(session.tasks), used, clean_line(reason)]


def _show(console: Console, rows: list[list[str]], state_column: int) -> None:
    console.show_table(rows, by_state(rows, state_column, _COLOURS))
