"""Runs, and one run's summary and stages, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from autod_tui.core.amounts import count
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import RunRecord, RunState, TaskState
from autod_tui.core.run_plan import By
from autod_tui.core.run_sessions import runs_unasked, unasked_stages
from autod_tui.core.run_view import RunView, Saving, StageView, progress_text
from autod_tui.core.usage_words import usage_words
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui import words
from autod_tui.tui.run_words import RUN, TASK, long_time, per_task
from autod_tui.tui.text import Row, Span, fit, joined, row, shorten, width_of

ALL = "*"
"""Key of the row that stands for all stages."""


def waiting_first(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Put the runs first in which an agent waits for a person; the others stay in order."""
    return sorted(runs, key=lambda run: not any(session.waits for session in run.living))


def run_rows(runs: Sequence[RunRecord], width: int, now: float, agents: Mapping[str, AgentProfile]) -> list[Row]:
    """Return a head row and one row per run, whose key is its id."""
    if not runs:
        return [row(""), row(("  no runs yet: ", "dim"), ("n", "key"), (" starts a plan of tasks", "dim"))]
    name = min(max(len(run.id) for run in runs), max(width - 42, 16))
    head = f" {fit('state', 10)} {fit('run', name)}  {fit('done', 20)} since"
    return [row((head, "head")), *(_run_row(run, name, width, now, unasked=runs_unasked(run, agents)) for run in runs)]


def _run_row(run: RunRecord, name: int, width: int, now: float, *, unasked: bool) -> Row:
    look = RUN[run.state]
    since = long_time(now - run.started_at) if not run.ended_at else long_time(run.ended_at - run.started_at)
    spans: list[Span] = [
        mark_span(unasked),
        (f"{fit(f'{look.mark} {look.word}', 10)} ", look.role),
        (f"{fit(run.id, name)}  ", ""),
        (fit(progress_text(run.done, len(run.tasks)), 20), ""),
        (f" {fit(since, 6)}", "dim"),
    ]
    spans += badge_spans(run)
    room = width - width_of(spans) - 2
    if run.reason and room > 8:
        spans.append((f"  {shorten(run.reason, room)}", "dim"))
    return row(*spans, key=run.id)


def mark_span(unasked: bool) -> Span:
    """Return what a row begins with: a mark where agents run without asking."""
    return ("!", "warn") if unasked else (" ", "")


def going(runs: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the runs that go on, are paused or wait for a person: those with a waiting agent, then the newest."""
    lively = (RunState.RUNNING, RunState.PAUSED)
    found = [run for run in runs if run.state in lively or _waits(run)]
    return waiting_first(found[::-1])


def _waits(run: RunRecord) -> bool:
    return any(task.state is TaskState.REVIEW for task in run.tasks.values())


def going_row(run: RunRecord, width: int, agents: Mapping[str, AgentProfile]) -> Row:
    """Return one line about a run that goes on, whose key is its id."""
    look = RUN[run.state]
    tail: list[Span] = [(f" {progress_text(run.done, len(run.tasks))}", ""), *badge_spans(run)]
    name = shorten(run.id, max(width - width_of(tail) - 4, 8))
    mark = mark_span(runs_unasked(run, agents))
    spans: list[Span] = [mark, (f"{look.mark} ", look.role), (f"{name} ", ""), *tail]
    room = width - width_of(spans) - 1
    if room < 8:
        return row(*spans, key=run.id)
    full, empty = words.bar(100 * run.done / max(len(run.tasks), 1), min(room, 24))
    return row(*spans[:3], (full, "accent"), (empty, "faint"), *tail, key=run.id)


def badge_spans(run: RunRecord) -> list[Span]:
    """Return what of a run needs a look: agents that wait, sessions at work, tasks that wait for a person or failed."""
    states = [task.state for task in run.tasks.values()]
    waiting, failed = states.count(TaskState.REVIEW), states.count(TaskState.FAILED)
    halts = [session.halt.state for session in run.living if session.halt]
    spans: list[Span] = []
    if asking := halts.count(WorkstreamState.WAITING):
        spans.append((f"  {words.WORKSTREAM[WorkstreamState.WAITING].mark} {asking} waiting", "loud"))
    if limited := halts.count(WorkstreamState.RATE_LIMITED):
        spans.append((f"  {words.WORKSTREAM[WorkstreamState.RATE_LIMITED].mark} {limited} limited", "warn"))
    if run.living:
        spans.append((f"  {count(len(run.living), 'session')}", "ok"))
    if waiting:
        spans.append((f"  {TASK[TaskState.REVIEW].mark} {waiting} for review", "loud"))
    if failed:
        spans.append((f"  {TASK[TaskState.FAILED].mark} {failed} failed", "alarm"))
    return spans


def summary_rows(view: RunView, width: int) -> list[Row]:
    """Return two rows: how far the run is, and how fast and what batching saved."""
    look = RUN[view.state]
    head: list[Span] = [(f" {look.mark} {look.word}  ", look.role)]
    tail: list[Span] = [(f"  {view.progress}", "bold")]
    if view.seconds_left is not None:
        tail.append((f"  ETA {long_time(view.seconds_left)}", "info"))
    if view.reason and view.state is not RunState.RUNNING:
        tail.append((f"  {shorten(view.reason, max(width // 3, 10))}", "dim"))
    room = max(width - width_of(head) - width_of(tail) - 1, 4)
    full, empty = words.bar(100 * view.done / view.total if view.total else 0, min(room, 60))
    return [row(*head, (full, "accent"), (empty, "faint"), *tail), _pace_row(view, width)]


def _pace_row(view: RunView, width: int) -> Row:
    spans: list[Span] = [(" ", "")]
    if view.waiting:
        spans.append((f"{joined(view.waiting)} {'wait' if len(view.waiting) > 1 else 'waits'} for you  ", "loud"))
    if view.unasked:
        spans.append(("! runs without asking  ", "warn"))
    return row(*spans, (shorten(_pace(view), max(width - width_of(spans), 1)), "dim"))


def _pace(view: RunView) -> str:
    parts = [count(view.living, "session") + " at work"]
    if view.per_hour is not None:
        parts.append(f"{view.per_hour:.0f} tasks/h" if view.per_hour >= 10 else f"{view.per_hour:.1f} tasks/h")
    parts += _saved(view.saving)
    if used := usage_words(view.usage):
        parts.append(used)
    return f" {words.glyph('dot')} ".join(parts)


def _saved(saving: Saving) -> list[str]:
    if not saving.sessions:
        return []
    parts = [f"{saving.sessions} sessions instead of {saving.sessions_alone}"]
    if saving.start_up is not None and saving.start_up_alone is not None and saving.sessions_alone > saving.sessions:
        parts.append(f"start-up saved {per_task(saving.start_up_alone - saving.start_up)}")
    return parts


_NUMBERS = (("queued", "queue"), ("running", "run"), ("review", "rev"), ("failed", "fail"), ("passed", "past"))
_ROLES = {"queued": "", "running": "ok", "review": "loud", "failed": "alarm", "passed": "accent"}


def stage_rows(view: RunView, run: RunRecord, width: int, agents: Mapping[str, AgentProfile]) -> list[Row]:
    """Return a head row, a row for all stages and one per stage, whose key is its name."""
    unasked = unasked_stages(run.plan, agents)
    name = min(max([len(stage.name) for stage in view.stages] + [8]), 20)
    numbers = "".join(fit(title, 7, right=True) for _, title in _NUMBERS)
    times = _times("per task", "time", name, width)
    head = f" {fit('stage', name)} {numbers}   {fit('sessions', 9)} {fit('each', 5)} {times}"
    total = {key: sum(getattr(stage, key) for stage in view.stages) for key, _ in _NUMBERS} | {"passed": view.done}
    at_once = f"   {fit(f'{view.living}/{run.plan.max_sessions}', 9)}"
    rows = [row((head, "head")), row((f" {fit('all', name)} ", "bold"), *_numbers(total), (at_once, "dim"), key=ALL)]
    return [*rows, *(_stage_row(stage, run, name, width, unasked=stage.name in unasked) for stage in view.stages)]


def _times(each: str, all: str, name: int, width: int) -> str:
    """Return the two columns of time, or the first alone where the width is short."""
    return f"{fit(each, 13)}{all}" if width >= name + 75 else each


def _stage_row(stage: StageView, run: RunRecord, name: int, width: int, *, unasked: bool) -> Row:
    spec = run.plan.stage(stage.name)
    living = sum(1 for session in run.living if session.stage == stage.name)
    sessions = "by person" if spec.by is By.PERSON else f"{living}/{spec.sessions}"
    each = "" if spec.by is By.PERSON else f"{spec.batch_size}{'~' if spec.adaptive else ''}"
    pace = per_task(stage.seconds_per_task) if stage.seconds_per_task is not None else ""
    time = long_time(stage.seconds) if stage.sessions else ""
    cells = f"   {fit(sessions, 9)} {fit(each, 5)} {_times(pace, time, name, width)}"
    counted = _numbers({key: getattr(stage, key) for key, _ in _NUMBERS})
    return row(mark_span(unasked), (f"{fit(stage.name, name)} ", ""), *counted, (cells, "dim"), key=stage.name)


def _numbers(values: Mapping[str, int]) -> list[Span]:
    return [
        (
            fit(str(values[key]) if values[key] else words.glyph("dot"), 7, right=True),
            _ROLES[key] if values[key] else "faint",
        )
        for key, _ in _NUMBERS
    ]
