"""The checkpoints in order, with their gates, as a timeline."""

from __future__ import annotations

import time
from collections.abc import Sequence

from autod_tui.core.board import CheckpointView
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.tui import words
from autod_tui.tui.text import Row, Span, duration, row, shorten, width_of
from autod_tui.tui.widgets.details import gate_row


def timeline_rows(views: Sequence[CheckpointView], width: int, now: float) -> list[Row]:
    """Return a row per checkpoint (its key is the name), its members and its gates beneath."""
    if not views:
        return [row((" autod.toml declares no [[checkpoint]] yet", "dim"))]
    rows: list[Row] = []
    for view in views:
        rows.append(_head(view, width, now))
        rows.append(_members(view, width))
        rows += [_beside_line(gate_row(gate, width - 4)) for gate in view.gates]
    return rows


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
        return f"{duration(now - record.merged_at)} ago{', late' if view.late else ''}", "warn" if view.late else "dim"
    if due is None:
        return "", ""
    if view.late:
        return f"late by {duration(now - due)}", "bad"
    day = time.strftime("%d %b %H:%M", time.localtime(due))
    return f"due {day}, in {duration(due - now)}", "dim"


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
