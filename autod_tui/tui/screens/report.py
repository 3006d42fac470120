"""The report: how well the plan goes, from what was measured."""

from __future__ import annotations

from typing import Any

from autod_tui.core.board import Board
from autod_tui.core.report import report_rows
from autod_tui.tui import words
from autod_tui.tui.text import Row, fit, row

METRIC, VALUE, TARGET = 48, 10, 8
_ROLES = {"met": "ok", "missed": "bad"}


def report_lines(metrics: dict[str, Any], board: Board, width: int) -> list[Row]:
    """Return the success metrics of the whole plan, and what each checkpoint took."""
    size = min(METRIC, max(width - VALUE - TARGET - 14, 20))
    rows = [row((f"  {fit('metric', size)}  {fit('value', VALUE)}  {fit('target', TARGET)}", "dim"))]
    for entry in report_rows(metrics):
        role = _ROLES.get(entry.judged, "")
        value, target = (fit(entry.value, VALUE), role), (fit(entry.target, TARGET), "dim")
        rows.append(row(f"  {fit(entry.metric, size)}  ", value, "  ", target, "  ", (entry.judged, role)))
    return [*rows, row(""), *_table(board, width)]


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
