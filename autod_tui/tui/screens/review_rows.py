"""A task under review as rows: its story, and its diff with a place for each line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autod_tui.core.checkpoint import GateState
from autod_tui.core.run import RunRecord, TaskRecord, Verdict
from autod_tui.core.run_plan import TaskSpec
from autod_tui.tui import words
from autod_tui.tui.run_words import big
from autod_tui.tui.screens.pager import diff_rows
from autod_tui.tui.text import Row, fit, labelled, paragraph, row, shorten

_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)")
_CUT = " "
"""Between a row's number and its place: no path begins with it."""


def green(run: RunRecord, task: TaskRecord) -> bool:
    """Say whether nothing speaks against a task: its gates were green before anyone was asked, its outputs count."""
    spec = run.plan.task(task.id)
    return not spec.outputs or task.size > 0


def waiting_rows(run: RunRecord, tasks: Sequence[TaskRecord], width: int) -> list[Row]:
    """Return a row per task that waits, whose key is its id."""
    if not tasks:
        return [row(("  nothing waits for your review", "ok"))]
    name = min(max(len(task.id) for task in tasks), max(width // 3, 8))
    return [_waiting_row(run, task, name, width) for task in tasks]


def _waiting_row(run: RunRecord, task: TaskRecord, name: int, width: int) -> Row:
    good = green(run, task)
    mark = words.GATE[GateState.GREEN if good else GateState.RED].mark
    title = shorten(run.plan.task(task.id).title, max(width - name - 18, 4))
    return row((f" {mark} ", "ok" if good else "bad"), (fit(task.id, name), ""), (f"  {fit(task.stage, 10)}  ", "dim"),
               (title, "dim"), key=task.id)  # fmt: skip


def about_rows(run: RunRecord, task: TaskRecord, width: int) -> list[Row]:
    """Return what a person needs to judge a task: checklist, gates, outputs, what was said before."""
    spec, stage = run.plan.task(task.id), run.plan.stage(task.stage)
    rows = paragraph(spec.title or task.id, width, "bold")
    rows += [row((f" {words.glyph('off')} ", "key"), (shorten(point, width - 6), "")) for point in stage.checklist]
    gates = [gate.name for entry in run.plan.stages for gate in entry.gates]
    if gates:
        rows += labelled("gates", f"{', '.join(dict.fromkeys(gates))}: green before you were asked", width, "ok")
    if spec.outputs:
        rows += labelled("outputs", _outputs(spec, task), width, "" if green(run, task) else "bad")
    if task.bound:
        rows += labelled("with", ", ".join(task.bound), width, "dim")
    for one in task.verdicts:
        good = one.verdict is Verdict.APPROVED
        text = f"{one.stage} {'approved' if good else 'needs work'}{f': {one.reason}' if one.reason else ''}"
        rows += paragraph(text, width, "dim" if good else "warn")
    return [*rows, *(paragraph(spec.body, width, "dim") if spec.body else [])]


def _outputs(spec: TaskSpec, task: TaskRecord) -> str:
    return f"{', '.join(spec.outputs)} ({f'{big(task.size)} bytes counted' if task.size else 'not there'})"


def commented_rows(diff: str) -> list[Row]:
    """Return a diff's rows; each can be selected, and its key tells the file and line it stands for."""
    made: list[Row] = []
    path, line = "", 0
    for number, entry in enumerate(diff_rows(diff)):
        text = entry.spans[0][0] if entry.spans else ""
        place = ""
        if text.startswith("diff --git "):
            path, line = text.rpartition(" b/")[2], 0
            place = path
        elif found := _HUNK.match(text):
            line = int(found[2])
            place = f"{path}:{line}"
        elif path and line and text[:1] in ("+", " ", "-"):
            place = f"{path}:{line}"
            line += text[:1] != "-"
        made.append(Row(entry.spans, f"{number}{_CUT}{place}" if diff.strip() else ""))
    return made


def place_of(key: str) -> str:
    """Return `FILE:LINE` from a row's key; empty where the row stands for no line."""
    return key.partition(_CUT)[2]
