"""Copilot's sessions: an event a line, a usage record with each answer, sub-agents' too."""

from __future__ import annotations

import time

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import REFUSALS, limit_ends
from autod_tui.agents.records.sums import Sums, decoded, moment, whole
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_TELLING = (b'"session.start"', b'"session.usage_record"', b'"session.error"', b'"abort"', b'"user.message"')


class _Accounting(Struct):
    usageId: str = ""  # noqa: N815 - the file's own word


class _Usage(Struct):
    model: str = ""
    inputTokens: int = 0  # noqa: N815
    """What came from the cache and what was written to it included."""
    outputTokens: int = 0  # noqa: N815
    cacheReadTokens: int = 0  # noqa: N815
    cacheWriteTokens: int = 0  # noqa: N815
    accounting: _Accounting = msgspec.field(default_factory=_Accounting)


class _Data(Struct):
    sessionId: str = ""  # noqa: N815
    usage: _Usage | None = None
    message: str = ""
    statusCode: int = 0  # noqa: N815


class _Event(Struct):
    type: str = ""
    id: str = ""
    timestamp: str = ""
    data: _Data = msgspec.field(default_factory=_Data)


class CopilotReader:
    """Reads the events of one session."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)

    def take(self, line: bytes) -> None:
        """Read one event; what it doesn't understand it passes over."""
        event = decoded(_DECODER, line, _TELLING)
        if event is None:
            return
        at, usage = moment(event.timestamp), event.data.usage
        if event.type == "session.start":
            self.sums.conversation = event.data.sessionId
        elif event.type == "session.usage_record" and usage is not None:
            self.sums.count(usage.accounting.usageId or event.id, usage.model, _tokens(usage), at)
        elif event.type == "abort":
            self.sums.read(Reading(WorkstreamState.IDLE, "interrupted", Source.RECORDS), at)
        elif event.type == "session.error":
            self.sums.read(_failed(event.data, at), at)
        elif event.type == "user.message":
            self.sums.read(None, at)


_DECODER = msgspec.json.Decoder(_Event, strict=False)


def _failed(data: _Data, at: float | None) -> Reading:
    """Read the end of a turn that failed; attempts that failed before it are told by nothing here."""
    words = " ".join(data.message.split())
    if data.statusCode in REFUSALS:
        return Reading(WorkstreamState.RATE_LIMITED, words, Source.RECORDS, limit_ends(words, at or time.time()))
    return Reading(WorkstreamState.FAILED, words, Source.RECORDS)


def _tokens(usage: _Usage) -> Tokens:
    return Tokens(
        input=whole(usage.inputTokens, usage.cacheReadTokens, usage.cacheWriteTokens),
        output=usage.outputTokens,
        cached=usage.cacheReadTokens,
        written=usage.cacheWriteTokens,
    )
