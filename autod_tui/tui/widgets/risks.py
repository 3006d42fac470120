"""What needs a person's attention, most pressing first."""

from __future__ import annotations

from autod_tui.core.amounts import count
from autod_tui.core.board import BLOCKED, ON_TRACK, Board
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.timeline import CHECKPOINT, Timeline
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui.text import Row, fit, joined, row, wrap

Risk = tuple[int, str, str, str]
"""(rank, about, sentence, role); rank 0 is the most pressing."""


def risks(board: Board, times: Timeline) -> list[Risk]:
    """Return everything on the board, and in its timeline, that endangers the plan."""
    found = [*_workstream_risks(board), *_checkpoint_risks(board), *_time_risks(times)]
    return sorted(found, key=lambda risk: (risk[0], risk[1]))


def _workstream_risks(board: Board) -> list[Risk]:
    found: list[Risk] = []
    for view in board.workstreams:
        if view.record.state is WorkstreamState.WAITING:
            found.append((0, view.name, f"waits for you: {view.record.reason or 'see its pane'}", "loud"))
        elif view.health == BLOCKED:
            found.append((1, view.name, f"blocked: {view.health_reason}", "bad"))
        elif view.health != ON_TRACK:
            found.append((3, view.name, f"{view.health}: {view.health_reason}", "warn"))
        if not view.checkpoints:
            found.append((5, view.name, "merges at no checkpoint", "dim"))
    return found


def _checkpoint_risks(board: Board) -> list[Risk]:
    found: list[Risk] = []
    for view in board.checkpoints:
        transaction = view.record.transaction
        if transaction is not None and view.stuck:
            where = count(len(transaction.conflicts), "file")
            found.append((0, view.name, f"its merge waits for you: {transaction.at_step} conflicts in {where}", "loud"))
            continue
        if view.record.state is CheckpointState.BLOCKED:
            found.append((1, view.name, f"blocked: {view.record.reason}", "bad"))
        if view.late and view.record.state is not CheckpointState.MERGED:
            found.append((2, view.name, "is overdue", "bad"))
        if view.forecast.steps and view.record.state is not CheckpointState.MERGED:
            files = sum(len(step.files) for step in view.forecast.steps)
            names = joined(step.workstream for step in view.forecast.steps)
            found.append((2, view.name, f"will conflict in {count(files, 'file')} ({names})", "warn"))
        if view.record.deferred and view.record.state is not CheckpointState.ROLLED_BACK:
            found.append((4, view.name, f"merged without {joined(view.record.deferred)}", "warn"))
    return found


def _time_risks(times: Timeline) -> list[Risk]:
    """Tell of checkpoints that will be late; of those that are, the board tells."""
    points = [node for node in times.nodes if node.key.kind == CHECKPOINT and node.ended_at is None]
    return [(3, node.key.name, node.risk, "warn") for node in points if node.risk and not node.late]


def risk_rows(board: Board, times: Timeline, width: int) -> list[Row]:
    """Return the risks as rows; one calm row when there is none."""
    found = risks(board, times)
    if not found:
        return [row((" nothing endangers the plan", "ok"))]
    who = 20 if width >= 60 else 14
    rows: list[Row] = []
    for _, about, sentence, role in found:
        lines = wrap(sentence, max(width - who - 3, 10))
        rows.append(row((f" {fit(about, who)} ", ""), (lines[0], role)))
        rows += [row((" " * (who + 2) + line, role)) for line in lines[1:]]
    return rows
