"""The report: how well the plan goes, from what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len

from autod_tui.core.board import Board
from autod_tui.core.report import report_rows
from autod_tui.core.run import RunRecord, RunState
from autod_tui.core.run_report import run_metrics, run_rows, stage_table, worker_table
from autod_tui.tui import words
from autod_tui.tui.safe import clean
from autod_tui.tui.text import Row, fit, labelled, row, shorten

METRIC, VALUE, TARGET = 48, 10, 8
_ROLES = {"met": "ok", "missed": "bad"}


def metrics_of_runs(runs: Iterable[RunRecord], now: float) -> list[dict[str, Any]]:
    """Return the metrics of the runs that are on; of the others the page of runs tells."""
    return [run_metrics(run, now) for run in runs if run.state in (RunState.RUNNING, RunState.PAUSED)]


def report_lines(metrics: dict[str, Any], board: Board, width: int, runs: Sequence[dict[str, Any]] = ()) -> list[Row]:
    """Return the success metrics of the whole plan, what each checkpoint took, and the metrics of `runs`."""
    size = min(METRIC, max(width - VALUE - TARGET - 14, 20))
    rows = [row((f"  {fit('metric', size)}  {fit('value', VALUE)}  {fit('target', TARGET)}", "dim"))]
    for entry in report_rows(metrics):
        role = _ROLES.get(entry.judged, "")
        value, target = (fit(entry.value, VALUE), role), (fit(entry.target, TARGET), "dim")
        rows.append(row(f"  {fit(entry.metric, size)}  ", value, "  ", target, "  ", (entry.judged, role)))
    rows += [row(""), *_table(board, width)]
    for one in runs:
        rows += [row(""), *_run(one, width)]
    return rows


def _run(metrics: dict[str, Any], width: int) -> list[Row]:
    rows = [row(("  run ", "dim"), (shorten(metrics["id"], max(width - 6, 12)), "bold"))]
    for entry in run_rows(metrics):
        rows += labelled(f"  {entry.metric}", entry.value, width, label_width=20)
    for table in (stage_table(metrics), worker_table(metrics)):
        if len(table) > 1:
            rows += [row(""), *_columns(table)]
    return rows


def _columns(table: list[list[str]]) -> list[Row]:
    """Lay a table out, its head dim; what is wider than the screen is reached sideways."""
    sizes = [max(cell_len(clean(cell)) for cell in column) for column in zip(*table, strict=True)]
    lines = ["  " + "  ".join(fit(cell, size) for cell, size in zip(cells, sizes, strict=True)) for cells in table]
    return [row((lines[0].lower(), "dim")), *(row(line) for line in lines[1:])]


def _table(board: Board, width: int) -> list[Row]:
    name = min(max((len(view.name) for view in board.checkpoints), default=0) + 2, max(width - 54, 12))
    name = max(name, 12)
    rows = [row((f"  {fit('checkpoint', name)}  {fit('state', 13)}  merges  rollbacks  conflicted files", "dim"))]
    for view in board.checkpoints:
        look, record = words.CHECKPOINT[view.record.state], view.record
        rows.append(
            row(
                (f"  {fit(view.name, name)}  ", ""),
                (fit(f"{look.mark} {look.word}", 13), look.role),
                (f"  {record.merges:>6}  {record.rollbacks:>9}  {record.conflicted_files:>16}", ""),
            )
        )
    return rows
