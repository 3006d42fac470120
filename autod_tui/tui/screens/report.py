"""The report: how well the plan goes, from what was measured."""

from __future__ import annotations

from autod_tui.core.board import Board
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui import words
from autod_tui.tui.text import Row, count, fit, labelled, row, seconds_text


def report_rows(board: Board, width: int, now: float) -> list[Row]:
    """Return the success metrics of the whole plan."""
    metrics = board.metrics
    rows = [row(("Plan", "title"))]
    rows += _line("checkpoints", *_checkpoints(board), width)
    rows += _line("on time", *_on_time(board), width)
    done = sum(1 for view in board.workstreams if view.record.state is WorkstreamState.DONE)
    rows += _line("workstreams", f"{done} of {len(board.workstreams)} done", "", width)
    rows += [row(""), row(("Merging", "title"))]
    rows += _line("merges", f"{metrics.merges}, after {count(metrics.rehearsals, 'rehearsal')}", "", width)
    conflicted = metrics.conflicted_files
    rows += _line("conflicts", count(conflicted, "conflicted file"), "warn" if conflicted else "ok", width)
    rows += _line("rollbacks", str(metrics.rollbacks), "warn" if metrics.rollbacks else "ok", width)
    rows += _line("red gates", str(metrics.red_gates), "warn" if metrics.red_gates else "ok", width)
    rows += [row(""), row(("Time", "title")), *_time(board, width, now)]
    rows += [row(""), row(("Checkpoints", "title")), *_table(board)]
    return rows


def _line(label: str, text: str, role: str, width: int) -> list[Row]:
    return labelled(f"  {label}", text, width, role, label_width=16)


def _checkpoints(board: Board) -> tuple[str, str]:
    merged = sum(1 for view in board.checkpoints if view.record.state is CheckpointState.MERGED)
    return f"{merged} of {len(board.checkpoints)} merged", "ok" if merged == len(board.checkpoints) else ""


def _on_time(board: Board) -> tuple[str, str]:
    dated = [view for view in board.checkpoints if view.spec.due is not None]
    late = sum(1 for view in dated if view.late)
    if not dated:
        return "no checkpoint has a due time", "dim"
    return f"{len(dated) - late} of {len(dated)}", "bad" if late else "ok"


def _time(board: Board, width: int, now: float) -> list[Row]:
    metrics = board.metrics
    if not metrics.first_start:
        return _line("agents", "none has started yet", "dim", width)
    running = any(view.record.started_at for view in board.workstreams)
    wall = (now if running else max(metrics.last_stop, metrics.first_start)) - metrics.first_start
    parts = sum(
        view.record.active_seconds + (now - view.record.started_at if view.record.started_at else 0)
        for view in board.workstreams
    )
    rows = _line("in parallel", seconds_text(wall), "", width)
    rows += _line("sum of parts", seconds_text(parts), "", width)
    if wall > 0:
        rows += _line("gained", f"{parts / wall:.1f} times as fast as one after another", "info", width)
    return rows


def _table(board: Board) -> list[Row]:
    rows = [row((f"  {fit('name', 20)}  {fit('state', 12)}  merges  rollbacks  conflicted files", "dim"))]
    for view in board.checkpoints:
        look, record = words.CHECKPOINT[view.record.state], view.record
        rows.append(
            row(
                (f"  {fit(view.name, 20)}  ", ""),
                (fit(f"{look.mark} {look.word}", 12), look.role),
                (f"  {record.merges:>6}  {record.rollbacks:>9}  {record.conflicted_files:>16}", ""),
            )
        )
    return rows
