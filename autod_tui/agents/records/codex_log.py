"""Codex's own log of one launch: what it waits for before it tries again, and why a turn failed.

Rollouts tell nothing of a retry, and older versions nothing of a failure.
"""

from __future__ import annotations

import re
from pathlib import Path

from autod_tui.agents.limits import limit_ends
from autod_tui.agents.records.codex import is_limit
from autod_tui.agents.records.sums import moment
from autod_tui.agents.records.tail import Tail
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_BEFORE = b": codex_"
"""Stands between the spans of a line, which name the thread, and the module that wrote its message."""
_HEAD = re.compile(rb"(\d{4}-\d\d-\d\dT[\d:.]+Z)\s+(?:INFO|WARN)\s")
_RETRY = re.compile(rb"core::[\w:]+: .*retrying sampling request \(\d+/\d+ in ([\d.]+)(ms|s)\)(.*)")
_ERROR = re.compile(rb"core::[\w:]+: Turn error: (.*)")
_UNITS = {b"ms": 0.001, b"s": 1.0}
_TEXT_LIMIT = 300


class CodexLog:
    """Reads what is added to the log."""

    def __init__(self, path: Path) -> None:
        """Read `path`, which needn't be there yet."""
        self._tail = Tail(path)
        self._thread = b""
        self._told: tuple[Reading, float] | None = None

    def read_new(self, conversation: str) -> tuple[Reading, float] | None:
        """Return the last state that it told of `conversation` since the last call, and when; None when it told none.

        Nothing is read before the conversation is known: its side threads log into the same file.
        """
        if not conversation:
            return None
        self._thread, self._told = f"thread_id={conversation}".encode(), None
        self._tail.read(self._take, self._begin_anew)
        return self._told

    def _begin_anew(self) -> None:
        self._told = None

    def _take(self, line: bytes) -> None:
        spans, _, message = line.partition(_BEFORE)
        head = _HEAD.match(spans) if message and self._thread in spans else None
        at = moment(head[1].decode("ascii")) if head else None
        if at is None:
            return
        if found := _RETRY.match(message):
            self._retries(at, float(found[1]) * _UNITS[found[2]], found[3])
        elif found := _ERROR.match(message):
            self._told = (_failed(found[1].decode("utf-8", "replace")[:_TEXT_LIMIT], at), at)

    def _retries(self, at: float, wait: float, why: bytes) -> None:
        """Take a retry; one of a connection that broke is part of the work, whatever the screen says of it."""
        words = why.decode("utf-8", "replace").rpartition("sampling_error=")[2][:_TEXT_LIMIT]
        if is_limit(words):
            limited = Reading(WorkstreamState.RATE_LIMITED, words, Source.RECORDS, at + wait, vague=True)
            self._told = (limited, at)
        else:
            self._told = (Reading(WorkstreamState.WORKING, "", Source.RECORDS, vague=True), at)


def _failed(text: str, at: float) -> Reading:
    if is_limit(text):
        return Reading(WorkstreamState.RATE_LIMITED, text, Source.RECORDS, limit_ends(text, at))
    return Reading(WorkstreamState.FAILED, text, Source.RECORDS)
