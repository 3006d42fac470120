"""Claude Code's transcripts: one line a content block, the usage of its message repeated on each."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import ANY_REFUSAL, REFUSALS, limit_ends
from autod_tui.agents.records.sums import Sums, decoded, moment
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading, Source, WorkstreamState

_TELLING = (
    b'"usage"',
    b'"cost-state"',
    b'"api_error"',
    b'"isApiErrorMessage"',
    b'"compact_boundary"',
    b"[Request interrupted by user",
)
_LIMITED = frozenset({"rate_limit", "overloaded", "overloaded_error", "rate_limit_error"})
_INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]]*\]\Z")
_REACHED = re.compile(r"limit reached\|\d{9,11}|hit your [\w-]*\s?limit")
_REFUSED = re.compile(rf"API Error: {ANY_REFUSAL}|Request rejected \(429\)")
"""How versions whose hooks know no failures say it."""
_TEXT_LIMIT = 300


class _Usage(Struct):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = 0
    cache_creation_input_tokens: int | None = 0


class _Block(Struct):
    type: str = ""
    text: str = ""


class _Message(Struct):
    id: str = ""
    role: str = ""
    model: str = ""
    usage: _Usage | None = None
    content: list[_Block] | str = ""

    @property
    def text(self) -> str:
        """Its words, tools' left out."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(block.text for block in self.content if block.type == "text")


class _Failure(Struct):
    status: int | None = None
    type: str = ""


class _Spent(Struct):
    inputTokens: int = 0  # noqa: N815
    outputTokens: int = 0  # noqa: N815
    cacheReadInputTokens: int = 0  # noqa: N815
    cacheCreationInputTokens: int = 0  # noqa: N815


class _Compaction(Struct, frozen=True):
    trigger: str = ""


class _Origin(Struct):
    sessionId: str = ""  # noqa: N815


class _Entry(Struct):
    type: str = ""
    subtype: str = ""
    timestamp: str = ""
    sessionId: str = ""  # noqa: N815 - the file's own word
    isSidechain: bool = False  # noqa: N815
    isApiErrorMessage: bool = False  # noqa: N815
    error: _Failure | str | None = None
    retryInMs: float = 0.0  # noqa: N815
    totalCostUSD: float = 0.0  # noqa: N815
    hasUnknownModelCost: bool = False  # noqa: N815
    modelUsage: dict[str, _Spent] = {}  # noqa: N815
    compactMetadata: _Compaction = _Compaction()  # noqa: N815
    forkedFrom: _Origin | None = None  # noqa: N815
    message: _Message | None = None


_DECODER = msgspec.json.Decoder(_Entry, strict=False)


class ClaudeReader:
    """Reads one transcript, an agent's or a sub-agent's."""

    def __init__(self, since: float) -> None:
        """Count from Unix time `since` on."""
        self.sums = Sums(since)

    def take(self, line: bytes) -> None:
        """Read one entry; it passes over what it doesn't understand, and what a fork has copied."""
        entry = decoded(_DECODER, line, _TELLING)
        if entry is None or entry.forkedFrom is not None:
            return
        at = moment(entry.timestamp)
        self.sums.conversation = entry.sessionId or self.sums.conversation
        if entry.type == "assistant" and entry.message is not None:
            self._assistant(entry, entry.message, at)
        elif entry.type == "cost-state":
            self._sum_up(entry)
        elif entry.subtype == "api_error":
            self._retry(entry, at)
        elif entry.compactMetadata.trigger == "manual":  # a person asked for nothing else
            self.sums.read(_reading(WorkstreamState.IDLE, "compacted"), at)
        elif entry.type == "user" and entry.message is not None and _INTERRUPTED.match(entry.message.text):
            self.sums.read(_reading(WorkstreamState.IDLE, "interrupted"), at)

    def _assistant(self, entry: _Entry, message: _Message, at: float | None) -> None:
        if entry.isApiErrorMessage:
            self._failed(entry, message, at)
            return
        if message.usage is None or message.model == "<synthetic>":
            return
        usage = message.usage
        tokens = Tokens(
            input=usage.input_tokens,
            output=usage.output_tokens,
            cached=usage.cache_read_input_tokens or 0,
            written=usage.cache_creation_input_tokens or 0,
        )
        self.sums.count(message.id, message.model, tokens, at)
        if not entry.isSidechain:
            self.sums.read(None, at)  # whatever failed before, it goes on

    def _sum_up(self, entry: _Entry) -> None:
        """Take what it says at its end that all of the conversation has used, if all of it counts here.

        That holds what no line tells: summaries of a conversation that is compacted, titles.
        """
        if not self.sums.left_out:
            self.sums.state({model: _spent(spent) for model, spent in entry.modelUsage.items()})
        if entry.totalCostUSD and not entry.hasUnknownModelCost and not self.sums.left_out:
            self.sums.reported_usd = entry.totalCostUSD

    def _retry(self, entry: _Entry, at: float | None) -> None:
        """Take a failed request that is tried again."""
        failure = entry.error if isinstance(entry.error, _Failure) else _Failure(type=entry.error or "")
        if failure.status not in REFUSALS and failure.type not in _LIMITED:
            return
        until = at + entry.retryInMs / 1000 if at is not None and entry.retryInMs else 0.0
        words = f"the service answers {failure.status}" if failure.status else failure.type
        self.sums.read(_reading(WorkstreamState.RATE_LIMITED, words, until, vague=until > 0), at)

    def _failed(self, entry: _Entry, message: _Message, at: float | None) -> None:
        if entry.isSidechain:
            return
        text = message.text.strip()
        told = isinstance(entry.error, str) and entry.error in _LIMITED
        limited = told or _REACHED.search(text) is not None or _REFUSED.match(text) is not None
        state = WorkstreamState.RATE_LIMITED if limited else WorkstreamState.FAILED
        until = limit_ends(text, at or 0.0) if limited else 0.0
        self.sums.read(_reading(state, text[:_TEXT_LIMIT], until), at)


def _spent(spent: _Spent) -> Tokens:
    return Tokens(
        input=spent.inputTokens,
        output=spent.outputTokens,
        cached=spent.cacheReadInputTokens,
        written=spent.cacheCreationInputTokens,
    )


def _reading(state: WorkstreamState, reason: str, until: float = 0.0, *, vague: bool = False) -> Reading:
    return Reading(state, reason, Source.RECORDS, until, vague=vague)
