"""Codex's rollouts: a usage record per answer, running totals in older versions, and the ends of turns."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import ANY_REFUSAL, limit_ends
from autod_tui.agents.records.sums import Sums, decoded, moment, whole
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_TELLING = (b'"token_', b'"turn_', b'"task_', b'"session_meta"', b'"error"')
_LIMITED = re.compile(rf"{ANY_REFUSAL}|(?:usage|rate)[ _]limit|too_many_requests", re.IGNORECASE)
_TEXT_LIMIT = 300


class _Usage(Struct):
    input_tokens: int = 0
    """What came from the cache and what was written to it included."""
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    """Reasoning included."""


class _Totals(Struct):
    total_token_usage: _Usage | None = None
    last_token_usage: _Usage | None = None


class _Window(Struct):
    used_percent: float = 0.0
    resets_at: float | None = None


class _Limits(Struct):
    primary: _Window | None = None
    secondary: _Window | None = None


class _Failure(Struct):
    message: str = ""


class _Payload(Struct):
    type: str = ""
    id: str = ""
    session_id: str = ""
    model: str = ""
    response_id: str = ""
    usage: _Usage | None = None
    info: _Totals | None = None
    rate_limits: _Limits | None = None
    error: _Failure | None = None
    last_agent_message: str | None = ""
    """None where the agent said nothing; empty where it isn't told."""
    reason: str = ""


class _Entry(Struct):
    type: str = ""
    timestamp: str = ""
    payload: _Payload = msgspec.field(default_factory=_Payload)


_DECODER = msgspec.json.Decoder(_Entry, strict=False)


class CodexReader:
    """Reads one rollout, a conversation's or that of a sub-agent."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)
        self._model = ""
        self._total: _Usage | None = None
        """Running total as last told; a fork's begins with that of what it was forked from."""
        self._recorded = False
        """An answer has told its usage since the last running total. Totals lose those that a kill came after."""
        self._resets_at = 0.0

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_DECODER, line, _TELLING)
        if entry is None:
            return
        at, payload = moment(entry.timestamp), entry.payload
        if entry.type == "session_meta":
            self.sums.conversation = self.sums.conversation or payload.session_id or payload.id
        elif entry.type == "turn_context":
            self._model = payload.model or self._model
        elif entry.type == "token_usage_record" and payload.usage is not None:
            self._recorded = True
            self.sums.count(payload.response_id, self._model, _tokens(payload.usage), at)
        elif entry.type == "event_msg":
            self._event(payload, at)

    def _event(self, payload: _Payload, at: float | None) -> None:
        if payload.type == "token_count":
            self._add_up(payload, at)
        elif payload.type == "task_started":
            self.sums.read(_reading(WorkstreamState.WORKING, ""), at)
        elif payload.type == "turn_aborted":
            self.sums.read(_reading(WorkstreamState.IDLE, payload.reason or "interrupted"), at)
        elif payload.type == "task_complete":
            self.sums.read(self._ended(payload, at), at)

    def _ended(self, payload: _Payload, at: float | None) -> Reading:
        """Return what the end of a turn tells; one without a last word was no success, in versions that say no more."""
        if payload.error is not None:
            return self._failed(payload.error, at)
        return _reading(WorkstreamState.IDLE if payload.last_agent_message is None else WorkstreamState.DONE, "")

    def _add_up(self, payload: _Payload, at: float | None) -> None:
        """Count what a running total has grown by; of the first one only the last answer is this thread's own."""
        self._note_limits(payload.rate_limits)
        total = payload.info.total_token_usage if payload.info else None
        if payload.info is None or total is None:
            return
        before, self._total = self._total, total
        if self._recorded:  # it is that of an answer which has told its usage itself
            self._recorded = False
            return
        grown = payload.info.last_token_usage if before is None or _sum(total) < _sum(before) else _less(total, before)
        if grown is not None and _sum(grown):
            self.sums.count("", self._model, _tokens(grown), at)

    def _note_limits(self, limits: _Limits | None) -> None:
        windows = (limits.primary, limits.secondary) if limits else ()
        full = [window.resets_at or 0.0 for window in windows if window and window.used_percent >= 100]
        self._resets_at = max(full, default=0.0)

    def _failed(self, failure: _Failure, at: float | None) -> Reading:
        text = failure.message[:_TEXT_LIMIT]
        if is_limit(text):
            until = self._resets_at or limit_ends(text, at or 0.0)
            return _reading(WorkstreamState.RATE_LIMITED, text, until)
        return _reading(WorkstreamState.FAILED, text)


def is_limit(text: str) -> bool:
    """Tell whether a failure is that of a rate limit, by Codex's own words."""
    return _LIMITED.search(text) is not None


def _tokens(usage: _Usage) -> Tokens:
    return Tokens(
        input=whole(usage.input_tokens, usage.cached_input_tokens, usage.cache_write_input_tokens),
        output=usage.output_tokens,
        cached=usage.cached_input_tokens,
        written=usage.cache_write_input_tokens,
    )


def _sum(usage: _Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def _less(one: _Usage, other: _Usage) -> _Usage:
    return _Usage(
        input_tokens=whole(one.input_tokens, other.input_tokens),
        cached_input_tokens=whole(one.cached_input_tokens, other.cached_input_tokens),
        cache_write_input_tokens=whole(one.cache_write_input_tokens, other.cache_write_input_tokens),
        output_tokens=whole(one.output_tokens, other.output_tokens),
    )


def _reading(state: WorkstreamState, reason: str, until: float = 0.0) -> Reading:
    return Reading(state, reason, Source.RECORDS, until)
