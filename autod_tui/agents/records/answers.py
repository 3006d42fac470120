"""What models' answers say of their usage, as an agent passes it on: in the words of OpenAI, Anthropic or Google."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from autod_tui.agents.records.sums import whole
from autod_tui.core.usage import Tokens


class _Details(Struct):
    cached_tokens: int = 0


class _Counts(Struct):
    prompt_tokens: int = 0
    """OpenAI's chat completions; with what came from a cache, as `input_tokens` of its responses."""
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None
    total_tokens: int = 0
    input_tokens: int = 0
    """OpenAI's responses, and Anthropic's messages, where it is what neither came from a cache nor went there."""
    output_tokens: int = 0
    input_tokens_details: _Details | None = None
    cache_read_input_tokens: int | None = 0
    cache_creation_input_tokens: int | None = 0
    promptTokenCount: int = 0  # noqa: N815 - Google's own words, here and below
    cachedContentTokenCount: int = 0  # noqa: N815
    totalTokenCount: int = 0  # noqa: N815


class Answer(Struct):
    """The end of one answer of a model."""

    id: str
    """The agent's own id of the message."""
    usage: _Counts
    model: str = ""
    at: float = 0.0
    """Unix time in milliseconds at which the message was begun."""

    @property
    def tokens(self) -> Tokens:
        """What it used."""
        told = self.usage
        read, written = told.cache_read_input_tokens or 0, told.cache_creation_input_tokens or 0
        if read or written:
            return Tokens(input=told.input_tokens, output=told.output_tokens, cached=read, written=written)
        details = told.prompt_tokens_details or told.input_tokens_details or _Details()
        cached = details.cached_tokens or told.cachedContentTokenCount
        asked = told.prompt_tokens or told.input_tokens or told.promptTokenCount
        total = told.total_tokens or told.totalTokenCount
        output = max(told.completion_tokens or told.output_tokens, whole(total, asked))
        return Tokens(input=whole(asked, cached), output=output, cached=cached)


DECODER = msgspec.json.Decoder(Answer, strict=False)
