"""The event feed: what happened, as sentences with their time."""

from __future__ import annotations

import time
from collections.abc import Iterable

from autod_tui.core.events import Recorded
from autod_tui.tui.run_sentences import tell
from autod_tui.tui.text import Row, fit, row, shorten, wrap

WHO = 20


def feed_rows(entries: Iterable[Recorded], width: int, *, whole: bool = False, most: int = 0) -> list[Row]:
    """Return a row per entry that is news, in their order; with `whole` long sentences are wrapped, not cut.

    No more than `most` rows are made, where that is set.
    """
    rows: list[Row] = []
    for entry in entries:
        if most and len(rows) >= most:
            break
        told = tell(entry.event)
        if told is not None:
            rows += _rows(entry.at, told, width, whole)
    return rows


def _rows(at: float, told: tuple[str, str, str], width: int, whole: bool) -> list[Row]:
    about, sentence, role = told
    clock = time.strftime("%H:%M:%S" if whole else "%H:%M", time.localtime(at))
    who = WHO if width >= 56 else 12
    room = max(width - len(clock) - who - 4, 10)
    lines = wrap(sentence, room) if whole else [shorten(sentence, room)]
    head = row((f" {clock} ", "dim"), (fit(about, who), ""), (f" {lines[0]}", role))
    pad = " " * (len(clock) + who + 3)
    return [head, *(row((pad + line, role)) for line in lines[1:])]
