"""The timeline in words: planned against actual times, and the critical path."""

from __future__ import annotations

from autod_tui.cli.console import Console, cut, moment
from autod_tui.core.timeline import CHECKPOINT, Node, Timeline, span_text

_NAME_WIDTH = 28


def show_timeline(console: Console, timeline: Timeline) -> None:
    """Print one row per workstream and checkpoint, a `*` before those on the critical path, and the path."""
    if not timeline.nodes:
        return
    rows = [["  TIMELINE", "PLANNED", "ENDED", "EXPECTED", "TAKES", "SLACK", "NOTES"], *map(_row, timeline.nodes)]

    def colour(row: int, column: int) -> str:
        node = timeline.nodes[row - 1]
        return ("red" if node.late else "yellow") if column == 6 and node.risk else ""

    console.show_table(rows, colour)
    console.say(f"* critical path: {' -> '.join(key.name for key in timeline.critical)} ({_length(timeline)})")


def _row(node: Node) -> list[str]:
    name = f"[{node.key.name}]" if node.key.kind == CHECKPOINT else node.key.name
    return [
        f"{'*' if node.critical else '-'} {cut(name, _NAME_WIDTH)}",
        moment(node.planned_at),
        moment(node.ended_at),
        "" if node.ended_at is not None else _expected(node),
        "unknown" if node.seconds is None else span_text(node.seconds),
        "unknown" if node.slack is None else span_text(node.slack),
        node.risk,
    ]


def _expected(node: Node) -> str:
    return "unknown" if node.expected_at is None else moment(node.expected_at)


def _length(timeline: Timeline) -> str:
    missing = len(timeline.unknown)
    if not missing:
        return span_text(timeline.seconds)
    return f"{span_text(timeline.seconds)} and {missing} of {len(timeline.critical)} unknown"
