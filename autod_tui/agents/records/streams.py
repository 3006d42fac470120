"""What a headless agent has used by its own output, where it prints JSON: for those whose records are not found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from autod_tui.agents.records.news import News
from autod_tui.agents.records.sums import whole
from autod_tui.core.usage import Tokens

LONGEST = 8 << 20
"""Bytes of a line, or of a text of many lines at the end, above which it is not read."""


class _Heard(Struct):
    """What an output has said so far."""

    models: dict[str, Tokens] = {}
    cost_usd: float | None = None
    model: str = ""
    """The one that answered last."""

    def add(self, model: str, tokens: Tokens) -> None:
        """Count an answer."""
        self.models = {**self.models, model: self.models.get(model, Tokens()) + tokens}


def read_stream(format: str, path: Path) -> News | None:
    """Return what an agent, whose records have that format, says in its output at `path`; None when it says nothing."""
    take = _TAKERS.get(format)
    if take is None:
        return None
    heard = _Heard()
    try:
        for told in _objects(path):
            take(told, heard)
    except OSError:
        return None
    counted = any(tokens.total for tokens in heard.models.values())
    return News(models=heard.models, reported_usd=heard.cost_usd) if counted else None


def _objects(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in an output: a line each, the elements of a list, or one over many lines at the end."""
    found, open_at, position = False, -1, 0
    with path.open("rb") as file:
        for line in file:
            if line.rstrip() in (b"{", b"["):
                open_at = position
            position += len(line)
            for told in _parsed(line) if line.lstrip().startswith((b"{", b"[")) else ():
                found = True
                yield told
        if not found and open_at >= 0 and position - open_at <= LONGEST:
            file.seek(open_at)
            yield from _parsed(file.read())


def _parsed(data: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        held, _ = _DECODER.raw_decode(data.decode("utf-8", "replace").strip()) if len(data) <= LONGEST else (None, 0)
    except (ValueError, RecursionError):
        return
    yield from (one for one in (held if isinstance(held, list) else [held]) if isinstance(one, dict))


_DECODER = json.JSONDecoder()


def _claude(told: Mapping[str, Any], heard: _Heard) -> None:
    """Take the sum of its last result."""
    models = _items(told.get("modelUsage"))
    if told.get("type") != "result" or not models:
        return
    names = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    heard.models = {model: _plain(_counts(usage, *names)) for model, usage in models}
    cost = told.get("total_cost_usd")
    heard.cost_usd = float(cost) if isinstance(cost, int | float) and cost > 0 else None


def _codex(told: Mapping[str, Any], heard: _Heard) -> None:
    """Take the sum at the end of its last turn."""
    if told.get("type") == "turn.completed":
        names = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens")
        heard.models = {"": _within(_counts(told.get("usage"), *names))}


def _google(told: Mapping[str, Any], heard: _Heard) -> None:
    """Take the statistics of Gemini or Qwen: short ones in a stream, those of a single object in full."""
    stats = told.get("stats")
    for model, held in _items(stats.get("models") if isinstance(stats, dict) else None):
        full = held.get("tokens")
        if isinstance(full, dict):
            asked, output, cached, total, tool = _counts(full, "prompt", "candidates", "cached", "total", "tool")
            output = max(output, whole(total, asked, tool))
            heard.models[model] = Tokens(input=whole(asked, cached) + tool, output=output, cached=cached)
        else:
            asked, output, cached, total = _counts(held, "input_tokens", "output_tokens", "cached", "total_tokens")
            output = max(output, whole(total, asked))
            heard.models[model] = Tokens(input=whole(asked, cached), output=output, cached=cached)


def _qwen(told: Mapping[str, Any], heard: _Heard) -> None:
    """Take statistics if there are any, else the sum of its result under the model that has answered."""
    message, usage = told.get("message"), told.get("usage")
    if told.get("type") == "assistant" and isinstance(message, dict) and isinstance(message.get("model"), str):
        heard.model = message["model"]
    elif told.get("type") == "result" and isinstance(usage, dict):
        names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "total_tokens")
        asked, output, cached, total = _counts(usage, *names)
        output = max(output, whole(total, asked))
        heard.models = {heard.model: Tokens(input=whole(asked, cached), output=output, cached=cached)}
        _google(told, heard)


def _pi(told: Mapping[str, Any], heard: _Heard) -> None:
    """Add up its answers."""
    message = told.get("message")
    if told.get("type") == "message_end" and isinstance(message, dict) and message.get("role") == "assistant":
        counts = _counts(message.get("usage"), "input", "output", "cacheRead", "cacheWrite")
        heard.add(str(message.get("model") or ""), _plain(counts))


def _opencode(told: Mapping[str, Any], heard: _Heard) -> None:
    """Add up its steps."""
    part = told.get("part")
    tokens = part.get("tokens") if told.get("type") == "step_finish" and isinstance(part, dict) else None
    if isinstance(part, dict) and isinstance(tokens, dict):
        read, written = _counts(tokens.get("cache"), "read", "write")
        asked, output, thoughts = _counts(tokens, "input", "output", "reasoning")
        heard.add("", Tokens(input=asked, output=output + thoughts, cached=read, written=written))


_TAKERS: Mapping[str, Callable[[Mapping[str, Any], _Heard], None]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _google,
    "qwen": _qwen,
    "pi": _pi,
    "opencode": _opencode,
}


def _items(models: object) -> list[tuple[str, Mapping[str, Any]]]:
    return [(name, held) for name, held in models.items() if isinstance(held, dict)] if isinstance(models, dict) else []


def _counts(held: object, *names: str) -> list[int]:
    given = held if isinstance(held, dict) else {}
    counts = [given.get(name) for name in names]
    return [count if isinstance(count, int) and count > 0 else 0 for count in counts]


def _plain(counts: list[int]) -> Tokens:
    """Take input, output, what was read from the cache and what was written to it, which don't overlap."""
    return Tokens(input=counts[0], output=counts[1], cached=counts[2], written=counts[3])


def _within(counts: list[int]) -> Tokens:
    """Take the same where the input includes both others."""
    return Tokens(input=whole(counts[0], *counts[2:]), output=counts[1], cached=counts[2], written=counts[3])
