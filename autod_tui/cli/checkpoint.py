"""`autod checkpoint list` and `show`."""

from __future__ import annotations

import time
from typing import Any

from autod_tui.cli.console import Console, moment, table
from autod_tui.cli.main import Request
from autod_tui.cli.status import read_board, show_checkpoints
from autod_tui.cli.timeline import show_timeline
from autod_tui.core.board import Board, CheckpointView
from autod_tui.core.board_json import checkpoint_json
from autod_tui.core.checkpoint import GateResult
from autod_tui.core.errors import UsageError
from autod_tui.core.names import nearest
from autod_tui.core.timeline import Timeline, make_timeline, node_json, timeline_json


def listing(request: Request) -> int:
    """Print all checkpoints in declared order, then the timeline with its critical path."""
    console = request.console
    board = read_board(request)
    timeline = make_timeline(board, time.time())
    console.json(
        {
            "checkpoints": [{**checkpoint_json(view), **_times(timeline, view)} for view in board.checkpoints],
            "timeline": timeline_json(timeline),
        }
    )
    if not console.as_json and board.checkpoints:
        show_checkpoints(console, board.checkpoints)
        console.say()
        show_timeline(console, timeline)
    elif not board.checkpoints:
        console.say("No checkpoints are declared in autod.toml.")
    return 0


def _times(timeline: Timeline, view: CheckpointView) -> dict[str, Any]:
    node = timeline.checkpoint(view.name)
    return {} if node is None else {**node_json(node), "merged_at": node.ended_at}


def show(request: Request) -> int:
    """Print one checkpoint: what it merges, its gates, what stands in the way."""
    board = read_board(request)
    view = known_checkpoint(board, request.options.name)
    request.console.json(checkpoint_json(view))
    if not request.console.as_json:
        _show(request.console, view)
    return 0


def known_checkpoint(board: Board, name: str) -> CheckpointView:
    """Return the view of a declared checkpoint; UsageError with the nearest name otherwise."""
    if view := board.checkpoint(name):
        return view
    names = [view.name for view in board.checkpoints]
    near = nearest(name, names)
    raise UsageError(
        f"there is no checkpoint {name!r}",
        hint=f"did you mean {near!r}?" if near else f"known: {', '.join(names) or 'none'}",
    )


def _show(console: Console, view: CheckpointView) -> None:
    spec, record = view.spec, view.record
    console.say(f"{view.name}: {spec.title}" if spec.title else view.name)
    facts: dict[str, Any] = {
        "state": record.state.value + (f" ({record.reason})" if record.reason else ""),
        "merges": " -> ".join(spec.merge),
        "into": spec.into + (f", then {spec.then}" if spec.then else ""),
        "after": ", ".join(spec.after),
        "waits for": ", ".join(view.waits_for),
        "tag": spec.tag,
        "due": moment(spec.due, "") + (" (late)" if view.late else ""),
        "left out": ", ".join(record.deferred),
        "guilty": record.guilt.explanation if record.guilt else "",
        "merged": f"{record.before_oid[:10]} -> {record.after_oid[:10]}" if record.after_oid else "",
        "better order": " -> ".join(view.forecast.best_order),
    }
    for line in table([[key, value] for key, value in facts.items() if value]):
        console.show("  " + line)
    for step in view.forecast.steps:
        console.say(f"  {step.workstream} will conflict with {', '.join(step.others)}: {', '.join(step.files)}")
    show_gates(console, view.gates, outdated=record.outdated)


def show_gates(console: Console, gates: tuple[GateResult, ...], *, outdated: bool = False) -> None:
    """Print one row per gate, with the place of its output; `outdated` ones judged heads that have moved since."""
    if not gates:
        return
    rows = [["GATE", "STATE", "MEASURED", "BOUND", "OUTPUT"], *(_gate_row(gate, outdated=outdated) for gate in gates)]
    for line in table(rows):
        console.show("  " + line)


def _gate_row(gate: GateResult, *, outdated: bool) -> list[str]:
    measured = "-" if gate.measured is None else f"{gate.measured:g}"
    state = gate.state.value + (" of older heads" if outdated and gate.judged else "")
    state += f": {gate.reason}" if gate.reason else ""
    return [gate.name, state, measured, gate.threshold or "-", gate.log or "-"]
