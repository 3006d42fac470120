"""The chats of Gemini and Qwen, and the sessions of pi: a usage with each answer, told again as the answer grows."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import LOADED
from autod_tui.agents.records.sums import Sums, decoded, moment, whole
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading, Source, WorkstreamState


class _GeminiTokens(Struct):
    input: int = 0
    """What came from the cache included."""
    output: int = 0
    cached: int = 0
    thoughts: int = 0
    tool: int = 0
    total: int = 0


class _GeminiMessage(Struct):
    id: str = ""
    timestamp: str = ""
    type: str = ""
    model: str = ""
    tokens: _GeminiTokens | None = None


class _Set(Struct):
    messages: list[_GeminiMessage] = msgspec.field(default_factory=list)


class _GeminiEntry(_GeminiMessage):
    sessionId: str = ""  # noqa: N815 - the file's own word
    set: _Set | None = msgspec.field(default=None, name="$set")


_GEMINI = msgspec.json.Decoder(_GeminiEntry, strict=False)


class GeminiReader:
    """Reads a chat of Gemini."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_GEMINI, line)
        if entry is None:
            return
        self.sums.conversation = entry.sessionId or self.sums.conversation
        for message in (entry, *(entry.set.messages if entry.set else ())):
            if message.tokens is not None:
                tokens = _of_google(message.tokens)
                self.sums.count(message.id, message.model, tokens, moment(message.timestamp))


def _of_google(told: _GeminiTokens) -> Tokens:
    output = whole(told.total, told.input, told.tool) or told.output + told.thoughts
    return Tokens(input=whole(told.input, told.cached) + told.tool, output=output, cached=told.cached)


class _QwenEvent(Struct):
    name: str = msgspec.field(default="", name="event.name")
    response_id: str = ""
    model: str = ""
    input_token_count: int = 0
    output_token_count: int = 0
    cached_content_token_count: int = 0
    total_token_count: int = 0
    prompt_id: str = ""
    error_message: str = ""
    status_code: int = 0


class _QwenPayload(Struct):
    uiEvent: _QwenEvent | None = None  # noqa: N815 - the file's own word


class _QwenUsage(Struct):
    promptTokenCount: int = 0  # noqa: N815
    candidatesTokenCount: int = 0  # noqa: N815
    cachedContentTokenCount: int = 0  # noqa: N815
    totalTokenCount: int = 0  # noqa: N815


class _QwenEntry(Struct):
    uuid: str = ""
    sessionId: str = ""  # noqa: N815
    timestamp: str = ""
    model: str = ""
    systemPayload: _QwenPayload | None = None  # noqa: N815
    usageMetadata: _QwenUsage | None = None  # noqa: N815


_QWEN = msgspec.json.Decoder(_QwenEntry, strict=False)
_ANSWER = "qwen-code.api_response"
_TROUBLE = "qwen-code.api_error"
_BROKEN = 500
"""First status by which a service tells of trouble of its own."""
_TEXT_LIMIT = 200
QWEN_FIRST = 1.5
"""Seconds that Qwen Code waits after the first failure that it tells, more or less; twice as long with each."""
QWEN_LONGEST = 30.0
QWEN_SCATTER = 1.3
"""The most by which such a wait is longer."""


class QwenReader:
    """Reads a chat of Qwen Code; where it tells every answer of the service, what its messages say is the same."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)
        self._by_answer = False
        self._failed = ("", 0)
        """The prompt whose requests fail, and how many failures it told since the last answer."""

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_QWEN, line)
        if entry is None:
            return
        self.sums.conversation = entry.sessionId or self.sums.conversation
        at, event = moment(entry.timestamp), entry.systemPayload.uiEvent if entry.systemPayload else None
        if event is not None and event.name == _ANSWER:
            self._by_answer = True
            self._goes_on(at)
            counts = (event.input_token_count, event.output_token_count, event.cached_content_token_count)
            tokens = _of_qwen(*counts, event.total_token_count)
            self.sums.count(event.response_id or entry.uuid, event.model, tokens, at)
        elif event is not None and event.name == _TROUBLE:
            self._retries(event, at)
        elif (usage := entry.usageMetadata) is not None and not self._by_answer:
            counts = (usage.promptTokenCount, usage.candidatesTokenCount, usage.cachedContentTokenCount)
            self.sums.count(entry.uuid, entry.model, _of_qwen(*counts, usage.totalTokenCount), at)

    def _goes_on(self, at: float | None) -> None:
        self._failed = ("", 0)
        self.sums.read(None, at)

    def _retries(self, event: _QwenEvent, at: float | None) -> None:
        """Take a request that failed, and that is tried again once a wait that is told nowhere is over."""
        limits = event.status_code in LOADED
        if at is None or not (limits or event.status_code >= _BROKEN) or "#" not in event.prompt_id:
            return
        prompt, times = self._failed
        times = times if prompt == event.prompt_id else 0
        until = at + QWEN_SCATTER * min(QWEN_LONGEST, QWEN_FIRST * 2**times)
        self._failed = (event.prompt_id, times + 1)
        state = WorkstreamState.RATE_LIMITED if limits else WorkstreamState.WORKING
        words = event.error_message[:_TEXT_LIMIT] if limits else f"retrying: {event.error_message[:_TEXT_LIMIT]}"
        self.sums.read(Reading(state, words, Source.RECORDS, until, vague=True), at)


def _of_qwen(prompt: int, output: int, cached: int, total: int) -> Tokens:
    """Take thoughts as part of the output, whether the service counts them there or apart."""
    return Tokens(input=whole(prompt, cached), output=max(output, whole(total, prompt)), cached=cached)


class _PiCost(Struct):
    total: float = 0.0


class _PiUsage(Struct):
    input: int = 0
    output: int = 0
    cacheRead: int = 0  # noqa: N815
    cacheWrite: int = 0  # noqa: N815
    cost: _PiCost | None = None


class _PiMessage(Struct):
    role: str = ""
    model: str = ""
    usage: _PiUsage | None = None


class _PiEntry(Struct):
    type: str = ""
    id: str = ""
    timestamp: str = ""
    message: _PiMessage | None = None


_PI = msgspec.json.Decoder(_PiEntry, strict=False)


class PiReader:
    """Reads a session of pi, which also tells what it costs where it knows prices."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_PI, line)
        if entry is None:
            return
        if entry.type == "session":
            self.sums.conversation = entry.id
        message = entry.message
        if message is None or message.usage is None:
            return
        usage = message.usage
        tokens = Tokens(input=usage.input, output=usage.output, cached=usage.cacheRead, written=usage.cacheWrite)
        new = self.sums.count(entry.id, message.model, tokens, moment(entry.timestamp))
        if new and usage.cost is not None and usage.cost.total > 0:
            self.sums.report(usage.cost.total)
