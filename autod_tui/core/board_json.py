"""The board as scripts see it: the documented objects of `--json`."""

from __future__ import annotations

from typing import Any

import msgspec

from autod_tui.core.board import Board, CheckpointView, WorkstreamView
from autod_tui.core.checkpoint import GateResult
from autod_tui.core.run_json import run_summary
from autod_tui.core.usage_words import usage_json


def status_json(board: Board) -> dict[str, Any]:
    """Return the documented object of `autod status --json`."""
    return {
        "project": {
            "root": board.root,
            "target": board.target,
            "conductor": board.conductor or None,
            **usage_json(board.usage),
            "limit": board.limit or None,
            "held": list(board.held),
        },
        "workstreams": [workstream_json(view) for view in board.workstreams],
        "checkpoints": [checkpoint_json(view) for view in board.checkpoints],
        "runs": [run_summary(view) for view in board.runs],
    }


def workstream_json(view: WorkstreamView) -> dict[str, Any]:
    """Return one entry of `workstreams`; what nobody has measured is null."""
    spec, record, changes = view.spec, view.record, view.record.changes
    progress = record.progress
    return {
        "name": spec.name,
        "title": spec.title,
        "branch": record.branch or spec.branch,
        "worktree": record.worktree or None,
        "pane": record.pane or None,
        "agent": record.agent or spec.agent,
        "model": record.model or spec.model or None,
        "permission": view.permission or None,
        "state": record.state.value,
        "reason": record.reason or None,
        "source": record.source.value,
        "since": record.since or None,
        "ahead": changes.ahead,
        "behind": changes.behind,
        "files": changes.files,
        "insertions": changes.insertions,
        "deletions": changes.deletions,
        "uncommitted": changes.uncommitted,
        "conflicts": [{"with": overlap.other, "files": list(overlap.files)} for overlap in record.overlaps],
        "progress": None
        if progress is None
        else {
            "status": progress.status,
            "percent": progress.percent,
            "eta": progress.eta,
            "blockers": list(progress.blockers),
        },
        **usage_json(record.usage),
        "limit": view.limit or None,
        "held": view.held or None,
        "due": record.due,
        "until": record.until or None,
        "checkpoint": view.next_checkpoint or None,
        "waits_for": list(view.waits_for),
        "health": view.health,
        "health_reason": view.health_reason or None,
        "port": record.port or None,
        "by_hand": [{"agent": guest.agent, "pid": guest.pid} for guest in record.guests],
    }


def checkpoint_json(view: CheckpointView) -> dict[str, Any]:
    """Return one entry of `checkpoints`."""
    spec, record, forecast = view.spec, view.record, view.forecast
    transaction = record.transaction
    return {
        "name": spec.name,
        "title": spec.title,
        "state": record.state.value,
        "reason": record.reason or None,
        "after": list(spec.after),
        "waits_for": list(view.waits_for),
        "merge": list(spec.merge),
        "into": spec.into,
        "gates": [_gate_json(gate, outdated=record.outdated) for gate in view.gates],
        "conflicts": [
            {"workstream": step.workstream, "with": list(step.others), "files": list(step.files)}
            for step in forecast.steps
        ],
        "open_conflicts": [conflict.path for conflict in transaction.conflicts] if transaction else [],
        "best_order": list(forecast.best_order) or None,
        "before_oid": record.before_oid or None,
        "after_oid": record.after_oid or None,
        "tag": spec.tag or None,
        "then": spec.then or None,
        "deferred": list(record.deferred),
        "guilty": list(record.guilt.workstreams) if record.guilt else [],
        "guilt": record.guilt.explanation if record.guilt else None,
        "due": spec.due,
        "late": view.late,
    }


def _gate_json(gate: GateResult, *, outdated: bool) -> dict[str, Any]:
    return {
        "name": gate.name,
        "state": gate.state.value,
        "measured": gate.measured,
        "threshold": gate.threshold or None,
        "seconds": gate.seconds,
        "log": gate.log or None,
        "reason": gate.reason or None,
        "outdated": outdated and gate.judged,
    }


def to_json(value: Any) -> Any:
    """Turn any core value into plain JSON types."""
    return msgspec.to_builtins(value)
