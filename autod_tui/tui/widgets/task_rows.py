"""The tasks of a run as rows, made again only where a task has changed; and one task in full."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from autod_tui.core.run import Halt, RunRecord, SessionRecord, SessionState, TaskRecord, TaskState, Verdict
from autod_tui.core.run_plan import TaskSpec
from autod_tui.core.run_sessions import halt_words, halted_first
from autod_tui.core.usage_words import usage_words
from autod_tui.tui.run_words import TASK, big, long_time, session_look
from autod_tui.tui.text import Row, Span, fit, joined, labelled, paragraph, row, shorten, width_of
from autod_tui.tui.widgets.run_rows import ALL, mark_span
from autod_tui.tui.words import WORKSTREAM, Look

SHOWN: dict[str, frozenset[TaskState]] = {
    "all": frozenset(TaskState),
    "open": frozenset({TaskState.QUEUED, TaskState.RUNNING, TaskState.REVIEW, TaskState.APPROVED}),
    "running": frozenset({TaskState.RUNNING}),
    "review": frozenset({TaskState.REVIEW}),
    "failed": frozenset({TaskState.FAILED, TaskState.STOPPED}),
    "done": frozenset({TaskState.DONE}),
}
"""What the list can be narrowed to."""
SESSIONS_SHOWN = 200
"""Ended sessions in the list; the run's files hold all."""


class TaskRows:
    """Makes the rows of one run's tasks; those of unchanged tasks are kept from one time to the next."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._plan: object = None
        self._width = 0
        self._specs: dict[str, TaskSpec] = {}
        self._batches: dict[str, str] = {}
        self._columns = (0, 0, 0)
        self._made: dict[str, tuple[TaskRecord, Halt | None, Row]] = {}

    def rows(self, run: RunRecord, width: int, stage: str, shown: str) -> list[Row]:
        """Return a head row and a row per task of `stage` (ALL for every one) in the states called `shown`."""
        self._settle(run, width)
        states = SHOWN[shown]
        halts = {id: session.halt for session in run.living if session.halt for id in session.tasks}
        chosen = [
            self._row(task, halts.get(task.id))
            for task in run.tasks.values()
            if task.state in states and (stage in (ALL, task.stage))
        ]
        return [self._head(), *(chosen or [row(("  no such task", "dim"))])]

    def _settle(self, run: RunRecord, width: int) -> None:
        if self._plan is run.plan and self._width == width:
            return
        self._plan, self._width, self._made = run.plan, width, {}
        self._specs = {spec.id: spec for spec in run.plan.tasks}
        self._batches = {id: batch.name for batch in run.plan.batches for id in batch.tasks}
        longest = max([len(id) for id in run.tasks] + [4])
        names = [len(name) for name in self._batches.values()]
        batch = min(max([*names, 5]), 14 if width >= 100 else 9) if names else 0
        stages = max((len(stage.name) for stage in run.plan.stages), default=5)
        self._columns = (min(longest, max(width // 4, 8)), batch, min(max(stages, 5), 14))

    def _head(self) -> Row:
        id, batch, stage = self._columns
        middle = f"  {fit('batch', batch)}" if batch else ""
        return row((f" {fit('state', 10)} {fit('task', id)}{middle}  {fit('stage', stage)}  tries  what", "head"))

    def _row(self, task: TaskRecord, halt: Halt | None) -> Row:
        kept = self._made.get(task.id)
        if kept is not None and kept[0] is task and kept[1] is halt:
            return kept[2]
        made = self._make(task, halt if task.state is TaskState.RUNNING else None)
        self._made[task.id] = (task, halt, made)
        return made

    def _make(self, task: TaskRecord, halt: Halt | None) -> Row:
        id, batch, stage = self._columns
        look, spec = WORKSTREAM[halt.state] if halt else TASK[task.state], self._specs.get(task.id)
        tries = max(task.attempts.values(), default=0)
        spans: list[Span] = [
            (f" {fit(f'{look.mark} {look.word}', 10)} ", look.role),
            (fit(task.id, id), "bold" if look.role == "loud" else ""),
        ]
        if batch:
            spans.append((f"  {fit(self._batches.get(task.id, ''), batch)}", "dim"))
        priority = task.priority if task.priority is not None else spec.priority if spec else 0
        mark = f"{priority:+d}" if priority else ""
        spans += [
            (f"  {fit(task.stage, stage)}", ""),
            (fit(str(tries) if tries else "", 5, right=True), "warn" if tries > 1 else "dim"),
        ]
        spans.append((fit(mark, 4, right=True), "info"))
        room = self._width - width_of(spans) - 2
        said, role = (f"{task.session}  {halt.reason}", look.role) if halt else _said(task, spec)
        if room > 4:
            spans.append((f"  {shorten(said, room)}", role))
        return row(*spans, key=task.id)


def _said(task: TaskRecord, spec: TaskSpec | None) -> tuple[str, str]:
    """Return what is most worth knowing: why it failed or must be done again, else what it is about."""
    said = task.findings or task.reason
    if said and task.state in (TaskState.FAILED, TaskState.QUEUED, TaskState.RUNNING):
        return said, "bad" if task.state is TaskState.FAILED else "warn"
    if task.state is TaskState.RUNNING:
        return f"{task.session}  {spec.title if spec else ''}", "dim"
    return (spec.title if spec else ""), "dim"


def task_rows(run: RunRecord, task: TaskRecord, width: int) -> list[Row]:
    """Return what is known about one task."""
    look, spec = TASK[task.state], run.plan.task(task.id)
    why = f": {task.reason}" if task.reason else ""
    rows = [*paragraph(spec.title or task.id, width, "bold")]
    rows += labelled("state", f"{look.mark} {look.word}{why}", width, look.role)
    session = run.sessions.get(task.session)
    if session is not None and session.halt is not None and task.state is TaskState.RUNNING:
        rows += labelled("agent", halt_words(session), width, session_look(session).role)
    rows += labelled("stage", f"{task.stage}{f', {task.session}' if task.session else ''}", width)
    rows += labelled("attempts", _attempts(run, task), width)
    extra: tuple[tuple[str, str], ...] = (
        ("batch", _batch(run, task.id)),
        ("after", joined(spec.after, "")),
        ("priority", str(task.priority if task.priority is not None else spec.priority or "")),
        ("with", joined((id for id in task.bound if id != task.id), "")),
        ("outputs", joined(spec.outputs, "") + (f" ({big(task.size)} bytes counted)" if task.size else "")),
        ("declared", joined((f"{key} {value}" for key, value in spec.declared.items()), "")),
        ("model", spec.model),
    )
    for name, value in extra:
        rows += labelled(name, value, width, "dim") if value else []
    if task.findings:
        rows += [row(("findings", "dim")), *paragraph(task.findings, width, "warn", 1)]
    return [*rows, *_verdicts(task, width)]


def _attempts(run: RunRecord, task: TaskRecord) -> str:
    parts = [f"{stage.name} {task.attempts.get(stage.name, 0)} of {stage.attempts}" for stage in run.plan.stages]
    lost = f", {task.lost} lost" if task.lost else ""
    return ", ".join(parts) + lost


def _batch(run: RunRecord, task: str) -> str:
    batch = run.plan.batch_of(task)
    return f"{batch.name} {batch.title}".rstrip() if batch else ""


def _verdicts(task: TaskRecord, width: int) -> list[Row]:
    rows = [row(("verdicts", "dim"))] if task.verdicts else []
    for one in task.verdicts:
        good = one.verdict is Verdict.APPROVED
        by = one.session or f"by {one.by.value}"
        text = f"{one.stage} {'approved' if good else 'needs work'} ({by}){f': {one.reason}' if one.reason else ''}"
        rows += paragraph(text, width, "ok" if good else "warn", 1)
    return rows


def session_rows(run: RunRecord, width: int, now: float) -> list[Row]:
    """Return the sessions that run, those that wait for a person first, then those that ended, the newest first.

    The key of a row is the session's id.
    """
    every = list(run.sessions.values())
    living = [one for one in every if not one.ended_at]
    ended = [one for one in every[: -SESSIONS_SHOWN - 1 : -1] if one.ended_at]
    if not every:
        return [row(("  no session yet", "dim"))]
    name = min(max(len(one.id) for one in [*living, *ended]), max(width // 3, 8))
    return [_session_row(one, name, width, now) for one in (*halted_first(living), *ended)]


def _session_row(session: SessionRecord, name: int, width: int, now: float) -> Row:
    lasted = long_time((session.ended_at or now) - session.started_at)
    who = f"{session.agent or 'gates'} {session.model}".strip()
    reason = session.reason if session.state is not SessionState.DONE else ""
    told = _Told(lasted, who, session.unasked, session.halt.reason if session.halt else "", reason)
    return _row_of(session_look(session), session.id, session.tasks, told, usage_words(session.usage), name, width)


class _Told(NamedTuple):
    """What a session's row tells beside its state and its tasks."""

    lasted: str
    who: str
    unasked: bool
    halt: str
    """Why it doesn't go on: the first thing to know."""
    reason: str


@lru_cache(maxsize=4 * SESSIONS_SHOWN)
def _row_of(look: Look, id: str, tasks: tuple[str, ...], told: _Told, used: str, name: int, width: int) -> Row:
    spans: list[Span] = [
        mark_span(told.unasked),
        (f"{fit(f'{look.mark} {look.word}', 11)} ", look.role),
        (f"{fit(id, name)} ", ""),
        (fit(told.lasted, 6, right=True), "dim"),
    ]
    if told.halt:
        spans.append((f"  {told.halt}", look.role))
    spans += [(f"  {told.who}  ", "dim"), (joined(tasks), "")]
    if told.reason:
        spans.append((f"  {told.reason}", "warn"))
    if used:
        spans.append((f"  {used}", "dim"))
    return row(*_cut(spans, width), key=id)


def _cut(spans: list[Span], width: int) -> list[Span]:
    room = width
    kept: list[Span] = []
    for text, role in spans:
        kept.append((shorten(text, max(room, 0)), role))
        room -= width_of([(text, role)])
        if room <= 0:
            break
    return kept
