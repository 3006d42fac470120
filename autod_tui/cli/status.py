"""`autod status`: all workstreams and checkpoints, as a table or as the documented JSON."""

from __future__ import annotations

import os

import msgspec

from autod_tui.cli.console import Console, by_state, cut
from autod_tui.cli.engine import load_engine
from autod_tui.cli.main import Request, checked_start
from autod_tui.core.board import Board, CheckpointView, WorkstreamView
from autod_tui.core.board_json import status_json
from autod_tui.core.checkpoint import CheckpointState, GateState
from autod_tui.core.usage import Usage
from autod_tui.core.usage_words import cost_words, token_words, usage_words
from autod_tui.core.workstream import ALIVE_STATES, WorkstreamState

_NAME_WIDTH = 22

STATE_COLOURS: dict[str, str] = {
    WorkstreamState.WORKING: "green",
    WorkstreamState.STARTING: "cyan",
    WorkstreamState.WAITING: "yellow",
    WorkstreamState.RATE_LIMITED: "yellow",
    WorkstreamState.FAILED: "red",
    WorkstreamState.LOST: "red",
    WorkstreamState.DONE: "blue",
    CheckpointState.READY: "cyan",
    CheckpointState.MERGING: "yellow",
    CheckpointState.BLOCKED: "red",
    CheckpointState.MERGED: "green",
}


def status(request: Request) -> int:
    """Print what is true now."""
    console = request.console
    board = read_board(request)
    console.json(status_json(board))
    if not console.as_json:
        show_board(console, board)
    return 0


def read_board(request: Request) -> Board:
    """Return what is true now; a command that looked by itself for a moment is not told as the conductor."""
    board = load_engine().status_board(checked_start(request))
    alone = board.conductor == os.getpid()
    return msgspec.structs.replace(board, conductor=0, conductor_role="") if alone else board


def show_board(console: Console, board: Board) -> None:
    """Print the board for a person, within the terminal's width."""
    who = f"conducted by process {board.conductor} ({board.conductor_role})" if board.conductor else "no conductor runs"
    console.say(f"{board.root} -> {board.target}; {who}")
    for line in filter(None, (usage_words(board.usage), board.limit, *board.held)):
        console.say(line)
    console.say()
    if board.workstreams:
        show_workstreams(console, board.workstreams)
    else:
        console.say("No workstreams yet: autod new NAME")
    if board.checkpoints:
        console.say()
        show_checkpoints(console, board.checkpoints)
    if board.runs:
        from autod_tui.cli.run_words import show_going

        show_going(console, board.runs)


def show_workstreams(console: Console, views: tuple[WorkstreamView, ...]) -> None:
    """Print one row per workstream."""
    heads = ["WORKSTREAM", "STATE", "AGENT", "COMMITS", "FILES", "DONE", "TOKENS", "COST", "NOTES"]
    rows = _told([heads, *map(_workstream_row, views)])
    console.show_table(rows, by_state(rows, 1, STATE_COLOURS))


def _workstream_row(view: WorkstreamView) -> list[str]:
    record, changes = view.record, view.record.changes
    percent = record.progress.percent if record.progress else None
    return [
        cut(view.name, _NAME_WIDTH),
        record.state.value,
        (record.agent or view.spec.agent) + ("!" if view.unasked else ""),
        f"+{changes.ahead}/-{changes.behind}" if record.worktree else "-",
        f"{changes.files}" + (f" ({changes.uncommitted}*)" if changes.uncommitted else "") if record.worktree else "-",
        "-" if percent is None else f"{percent:.0f}%",
        *_used(record.usage),
        "; ".join(_notes(view)),
    ]


def _used(usage: Usage) -> tuple[str, str]:
    """Return tokens and cost; empty where nothing is known to have been used."""
    known = usage.total is not None or usage.cost_usd is not None
    return (token_words(usage.total), cost_words(usage.cost_usd)) if known else ("", "")


def _told(rows: list[list[str]]) -> list[list[str]]:
    """Leave out the columns of tokens and cost while nobody has told any."""
    if any(row[6] or row[7] for row in rows[1:]):
        return rows
    return [[*row[:6], *row[8:]] for row in rows]


def _notes(view: WorkstreamView) -> list[str]:
    notes = [view.record.reason] if view.record.reason else []
    if view.record.due:
        notes.append("starts again as soon as it may")
    if view.record.guests:
        notes.append(f"by hand: {view.record.by_hand}")
    if view.unasked:
        notes.append("runs without asking")
    if view.limit:
        notes.append(view.limit)
    elif view.held and view.record.state not in ALIVE_STATES - {WorkstreamState.RATE_LIMITED}:
        notes.append(view.held)
    if view.record.overlaps:
        notes.append("conflicts with " + ", ".join(overlap.other for overlap in view.record.overlaps))
    if view.waits_for:
        notes.append("waits for " + ", ".join(view.waits_for))
    if view.health_reason and view.health_reason not in notes:
        notes.append(view.health_reason)
    return notes


def show_checkpoints(console: Console, views: tuple[CheckpointView, ...]) -> None:
    """Print one row per checkpoint."""
    rows = [["CHECKPOINT", "STATE", "MERGES", "GATES", "NOTES"], *map(_checkpoint_row, views)]
    console.show_table(rows, by_state(rows, 1, STATE_COLOURS))


def _checkpoint_row(view: CheckpointView) -> list[str]:
    green = sum(gate.state is GateState.GREEN for gate in view.gates)
    red = [gate.name for gate in view.gates if gate.state is GateState.RED]
    old = view.record.outdated and any(gate.judged for gate in view.gates)
    notes = [view.record.reason] if view.record.reason else []
    files = sum(len(step.files) for step in view.forecast.steps)
    if files and view.record.state is not CheckpointState.MERGED:
        notes.append(f"{files} conflicting file{'s' if files != 1 else ''} ahead")
    if view.waits_for:
        notes.append("after " + ", ".join(view.waits_for))
    if view.late:
        notes.append("late")
    return [
        cut(view.name, _NAME_WIDTH),
        view.record.state.value,
        str(len(view.spec.merge)),
        (f"red: {', '.join(red)}" if red else f"{green}/{len(view.gates)}") + (" (older heads)" if old else ""),
        "; ".join(notes),
    ]
