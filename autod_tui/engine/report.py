"""The report: process metrics counted from the journal and from git, never from what agents say."""

from __future__ import annotations

from typing import Any

from autod_tui.core.board import Board
from autod_tui.core.board_json import to_json
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.usage import Tokens, cost
from autod_tui.core.usage_words import usage_json
from autod_tui.core.workstream import ALIVE_STATES
from autod_tui.engine.house import House

OWN_MARKS = ("Autod-Checkpoint: ", "Reapply checkpoint '", "Revert checkpoint '")
"""What the messages of autod's own commits hold."""


async def make_report(house: House, board: Board) -> dict[str, Any]:
    """Return conflicts, rollbacks, checkpoints on time, direct commits, and time in parallel against the sum."""
    points = board.checkpoints
    merged = [view for view in points if view.record.state is CheckpointState.MERGED]
    return {
        "conflicts": sum(1 for view in points if view.record.conflicted_files),
        "conflicted_files": board.metrics.conflicted_files,
        "rollbacks": board.metrics.rollbacks,
        "red_gates": board.metrics.red_gates,
        "rehearsals": board.metrics.rehearsals,
        "checkpoints": {
            "total": len(points),
            "merged": len(merged),
            "on_time": sum(1 for view in merged if not view.late),
            "late": sum(1 for view in points if view.late),
        },
        "direct_commits": await _direct_commits(house, board),
        "parallel": _parallel(house, board),
        **usage_json(board.usage),
        "models": {model: _model(house, model, used) for model, used in sorted(board.usage.models.items())},
        "workstreams": [
            {"name": view.name, **usage_json(view.record.usage)} for view in board.workstreams if view.record.spent
        ],
        "prices": house.plan.prices.date or None,
    }


def _model(house: House, model: str, used: Tokens) -> dict[str, Any]:
    return {**to_json(used), "cost_usd": cost({model: used}, house.plan.prices)}


async def _direct_commits(house: House, board: Board) -> int:
    """Count the commits on the first-parent line of each integration branch that autod did not make."""
    count = 0
    refs = await house.git.refs("refs/heads/")
    for into in dict.fromkeys(view.spec.into for view in board.checkpoints):
        records = [view.record for view in board.checkpoints if view.spec.into == into]
        starts = dict.fromkeys(record.first_base_oid for record in records if record.first_base_oid)
        if f"refs/heads/{into}" not in refs:  # rolled back: the merge had made it
            continue
        counts = [await _direct_since(house, into, start) for start in starts]
        count += max(counts, default=0)  # the earliest start sees them all
    return count


async def _direct_since(house: House, into: str, start: str) -> int:
    messages = await house.git.first_parent_messages(f"refs/heads/{into}", start)
    return sum(1 for message in messages if not any(mark in message for mark in OWN_MARKS))


def _parallel(house: House, board: Board) -> dict[str, float | None]:
    now = house.stream.clock()
    started = [view.record for view in board.workstreams if view.record.started_at]
    # one that is done may sit at its prompt for hours: its work ended when it said so
    ends = [now if record.state in ALIVE_STATES else max(record.since, record.started_at) for record in started]
    running = [end - record.started_at for end, record in zip(ends, started, strict=True)]
    total = sum(view.record.active_seconds for view in board.workstreams) + sum(running)
    begun = board.metrics.first_start
    wall = max(board.metrics.last_stop, begun, *ends) - begun if begun else 0.0
    return {"wall_seconds": wall, "sum_seconds": total, "speedup": total / wall if wall > 0 and total else None}
