"""The checkpoints in order, with planned and actual times and their gates, below the critical path."""

from __future__ import annotations

import time
from collections.abc import Sequence

from autod_tui.core.board import CheckpointView
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.timeline import Node, Timeline, span_text
from autod_tui.tui import words
from autod_tui.tui.text import Row, Span, duration, fit, row, shorten, width_of
from autod_tui.tui.widgets.details import gate_row

_TRACK = 24
"""Cells of the line that shows moments, where there is room."""


def timeline_rows(views: Sequence[CheckpointView], times: Timeline, width: int, now: float) -> list[Row]:
    """Return the critical path, then a row per checkpoint (its key is the name), its members, times and gates below."""
    if not views:
        return [row((" autod.toml declares no [[checkpoint]] yet", "dim"))]
    scale = _scale(times, now)
    rows: list[Row] = [_path(times, width)]
    for view in views:
        rows.append(_head(view, width, now))
        rows.append(_members(view, width))
        if node := times.checkpoint(view.name):
            rows += [_beside_line(line) for line in _times(node, scale, width - 4, now)]
        rows += [_beside_line(gate_row(gate, width - 4, outdated=view.record.outdated)) for gate in view.gates]
    return rows


def _path(times: Timeline, width: int) -> Row:
    """Draw what is left of the critical path, and how long all of it is."""
    over = {node.key for node in times.nodes if node.ended_at is not None}
    left = [key for key in times.critical if key not in over]
    shown = [key.name for key in left or times.critical]
    names = (["…"] if len(shown) < len(times.critical) else []) + shown
    unknown = f"{len(times.unknown)} unknown" if times.unknown else ""
    length = " + ".join(text for text in (span_text(times.seconds) if times.seconds else "", unknown) if text)
    length = length if width >= _TRACK * 2 else ""
    room = max(width - len(length) - 18, 6)
    path = f" {words.glyph('arrow')} ".join(names)
    return row((" critical path ", "dim"), (fit(path, room), "warn" if left else "dim"), (f" {length} ", "dim"))


def _scale(times: Timeline, now: float) -> tuple[float, float]:
    """Return the first and the last moment that is planned, past or expected."""
    known = [(node.planned_at, node.ready_at, node.ended_at, node.expected_at) for node in times.nodes]
    moments = [moment for one in known for moment in one if moment is not None]
    return min([now, *moments]), max([now, *moments])


def _times(node: Node, scale: tuple[float, float], width: int, now: float) -> list[Row]:
    """Draw planned against actual time, with the reasons to worry; nothing when neither is known."""
    text = _words(node, now)
    if not text and not node.risk:
        return []
    role = "bad" if node.late else "warn" if node.risk else "dim"
    parts = [(text, "dim"), (node.risk, role)]
    spans: list[Span] = [span for span in parts if span[0]]
    if len(spans) == 2:
        spans.insert(1, ("  ", ""))
    room = min(width - width_of(spans) - 3, _TRACK)
    if room >= _TRACK // 2:
        spans = [*_track(node, scale, room, now), ("  ", ""), *spans]
    elif width_of(spans) > width:
        spans = [(shorten("  ".join(text for text, _ in parts[::-1] if text), width), role)]
    return [row(*spans)]


def _words(node: Node, now: float) -> str:
    facts = [f"planned {_day(node.planned_at)}" if node.planned_at is not None else ""]
    if node.ended_at is not None:
        facts.append(f"merged {_day(node.ended_at)}")
    elif node.expected_at is not None:
        facts.append(f"expected {_day(node.expected_at)}")
    elif node.planned_at is not None:
        facts.append(f"not before {_day(node.earliest_at)}" if node.earliest_at > now else "end unknown")
    if node.slack and node.ended_at is None:
        facts.append(f"slack {span_text(node.slack)}")
    return ", ".join(fact for fact in facts if fact)


def _track(node: Node, scale: tuple[float, float], width: int, now: float) -> list[Span]:
    """Draw the plan's whole time as a line: now, the planned moment, and the actual or expected one."""
    first, last = scale
    cells: list[Span] = [(words.glyph("track"), "faint")] * width
    marks = [(now, words.glyph("line"), "dim"), (node.planned_at, words.glyph("planned"), "info")]
    if node.ended_at is not None:
        marks.append((node.ended_at, words.CHECKPOINT[CheckpointState.MERGED].mark, "bad" if node.late else "accent"))
    else:
        marks.append((node.expected_at, words.CHECKPOINT[CheckpointState.OPEN].mark, "warn" if node.risk else "ok"))
    for moment, mark, role in marks:
        if moment is not None:
            cells[round((moment - first) / max(last - first, 1.0) * (width - 1))] = (mark, role)
    return cells


def _day(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))


def _head(view: CheckpointView, width: int, now: float) -> Row:
    look = words.CHECKPOINT[view.record.state]
    when, role = _when(view, now)
    right: list[Span] = [(look.word, look.role), (f"  {when}" if when else "", role), (" ", "")]
    room = max(width - width_of(right) - 4, 8)
    title = view.spec.title if view.spec.title != view.name else ""
    text = shorten(f"{view.name}  {title}".rstrip(), room)
    name, rest = text[: len(view.name)], text[len(view.name) :]
    gap = " " * max(room - width_of([(text, "")]), 0)
    return row((f" {look.mark} ", look.role), (name, "bold"), (rest, "dim"), (gap + " ", ""), *right, key=view.name)


def _when(view: CheckpointView, now: float) -> Span:
    record, due = view.record, view.spec.due
    if record.state is CheckpointState.MERGED:
        ago = duration(now - record.merged_at)
        when = "just now" if ago == "now" else f"{ago} ago"
        return f"{when}{', late' if view.late else ''}", "warn" if view.late else "dim"
    if due is None:
        return "", ""
    if view.late:
        return f"late by {duration(now - due)}", "bad"
    return f"due in {duration(due - now)}", "dim"


def _members(view: CheckpointView, width: int) -> Row:
    arrow = f" {words.glyph('arrow')} "
    text = arrow.join(view.spec.merge) + f"{arrow}{view.spec.into}"
    waits = f"after {', '.join(view.waits_for)}  " if view.waits_for else ""
    merged = view.record.state is CheckpointState.MERGED
    bad = 0 if merged else sum(len(step.files) for step in view.forecast.steps)
    mark = f" {words.glyph('conflict')} {bad}" if bad else ""
    room = max(width - 5 - len(mark) - len(waits), 8)
    line = (f" {words.glyph('line')}  ", "faint")
    return row(line, (waits, "warn"), (shorten(text, room), "dim"), (mark, "bad"))


def _beside_line(gate: Row) -> Row:
    return row((f" {words.glyph('line')}  ", "faint"), *gate.spans)
