"""What a headless agent prints at its end, or while it waits, about a rate limit."""

from __future__ import annotations

import re

import msgspec
from msgspec import Struct

from autod_tui.agents.limits import ANY_REFUSAL, REFUSALS
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState

LAST_LINES = 3
"""Lines at the end that count: what stands further up has been overcome, or is somebody else's text."""
STREAMING = frozenset({"claude", "codex"})
"""Families whose headless form prints a stream of JSON that is known here."""
_LIMITED = re.compile(
    r"(?:error|rejected|exceeded|reconnecting|retrying|limit)\b.*?"
    rf"(?:{ANY_REFUSAL}|rate.?limit|overloaded|usage limit|hit your limit|too many requests)",
    re.IGNORECASE,
)
_TEXT_LIMIT = 300


class _Line(Struct):
    """A line of a stream of JSON, Claude's or Codex's."""

    type: str = ""
    subtype: str = ""
    retry_delay_ms: float = 0.0
    error_status: int | None = None
    api_error_status: int | None = None
    is_error: bool = False
    message: object = None
    result: object = None
    error: object = None


_DECODER = msgspec.json.Decoder(_Line, strict=False)


def read_log(profile: AgentProfile, text: str, now: float, *, ended: bool) -> Reading | None:
    """Return the rate limit that the end of a headless agent's output tells of, or None; `now` is Unix time.

    Mere words count only once the agent has `ended`: before, they may be what it works on.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()][-LAST_LINES:]
    for line in reversed(lines):
        if line.startswith("{") and profile.family in STREAMING:
            return _of_stream(line, now)
        if not ended:
            return None
        if _LIMITED.search(line):
            return _reading(line)
    return None


def _of_stream(line: str, now: float) -> Reading | None:
    """Read the last line of a stream of JSON: any other one than an error says that the agent has gone on."""
    try:
        told = _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
    if told.subtype == "api_retry" and told.error_status in REFUSALS:
        return _reading(f"the service answers {told.error_status}", now + told.retry_delay_ms / 1000)
    if told.api_error_status in REFUSALS:
        return _reading(_words(told.result) or f"the service answers {told.api_error_status}")
    words = _words(told.message) or _words(told.error)
    return _reading(words) if told.type in ("error", "turn.failed") and _LIMITED.search(words) else None


def _words(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("message")
    return value if isinstance(value, str) else ""


def _reading(words: str, until: float = 0.0) -> Reading:
    return Reading(WorkstreamState.RATE_LIMITED, words[:_TEXT_LIMIT], Source.OUTPUT, until)
