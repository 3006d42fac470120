"""Sums over one file of records: every message counts once, however often it is told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading

if TYPE_CHECKING:
    from autod_tui.agents.records.snapshots import Counted

T = TypeVar("T")
REMEMBERED = 8192
"""Messages that are known again; agents repeat only recent ones."""


class Sums:
    """What one file tells of usage, and its last word on the agent's state."""

    def __init__(self, since: float = 0.0) -> None:
        """Count from Unix time `since` on: what is older was used by somebody else, or is a copy."""
        self.since = since
        self.models: dict[str, Tokens] = {}
        self.reported_usd: float | None = None
        self.reading: Reading | None = None
        self.read_at = 0.0
        """Unix time at which that was told; 0: unknown."""
        self.conversation = ""
        self.unrecorded: dict[str, Tokens] = {}
        """What the agent says it has used beyond the messages here; those of sub-agents are in it."""
        self.left_out = False
        """True once a message did not count."""
        self.counted: Counted | None = None
        """What it counts by its place, in formats whose snapshots tell more than their files; set by the reader."""
        self._messages: OrderedDict[str, Tokens] = OrderedDict()

    def count(self, message: str, model: str, tokens: Tokens, at: float | None) -> bool:
        """Count a message by its id; told again, the larger counts hold. False when it does not count."""
        if at is not None and at < self.since:
            self.left_out = True
            return False
        before = self._messages.pop(message, None) if message else None
        if before is not None:
            tokens = _larger(before, tokens)
        if message:
            self._remember(message, tokens)
        known = self.models.get(model, Tokens())
        self.models[model] = known + tokens if before is None else _exchanged(known, before, tokens)
        return before is None

    def report(self, dollars: float) -> None:
        """Add to what the agent itself says it costs."""
        self.reported_usd = (self.reported_usd or 0.0) + dollars

    def state(self, total: Mapping[str, Tokens]) -> None:
        """Take what the agent itself says it has used so far, unless that can't be all, or names models otherwise."""
        beyond = {model: _exchanged(used, self.models.get(model, Tokens()), Tokens()) for model, used in total.items()}
        if self.models.keys() <= total.keys() and all(min(_counts(used)) >= 0 for used in beyond.values()):
            self.unrecorded = larger(self.unrecorded, beyond)

    def read(self, reading: Reading | None, at: float | None) -> None:
        """Take a state that the agent told; one from before `since` says nothing."""
        if at is None or at >= self.since:
            self.reading, self.read_at = reading, at or 0.0

    def _remember(self, message: str, tokens: Tokens) -> None:
        self._messages[message] = tokens
        if len(self._messages) > REMEMBERED:
            self._messages.popitem(last=False)


def decoded(decoder: msgspec.json.Decoder[T], line: bytes, telling: Collection[bytes] = ()) -> T | None:
    """Return the entry that a line holds; None for one that makes no sense, or holds none of the `telling` words."""
    if telling and not any(word in line for word in telling):
        return None
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def moment(text: str) -> float | None:
    """Return the Unix time of an ISO date, or None."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def whole(*counts: int) -> int:
    """Return the difference of the first count and the others, never below zero."""
    return max(0, counts[0] - sum(counts[1:]))


def larger(one: Mapping[str, Tokens], other: Mapping[str, Tokens]) -> dict[str, Tokens]:
    """Return the larger counts of both by model."""
    return {m: _larger(one.get(m, Tokens()), other.get(m, Tokens())) for m in {**one, **other}}


def _counts(tokens: Tokens) -> tuple[int, ...]:
    return tokens.input, tokens.output, tokens.cached, tokens.written


def _larger(one: Tokens, other: Tokens) -> Tokens:
    return Tokens(
        input=max(one.input, other.input),
        output=max(one.output, other.output),
        cached=max(one.cached, other.cached),
        written=max(one.written, other.written),
    )


def _exchanged(total: Tokens, before: Tokens, after: Tokens) -> Tokens:
    return Tokens(
        input=total.input - before.input + after.input,
        output=total.output - before.output + after.output,
        cached=total.cached - before.cached + after.cached,
        written=total.written - before.written + after.written,
    )
