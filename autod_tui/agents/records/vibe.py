"""Mistral Vibe's journals: what goes into its core, the model's answers with their usage among it.

A journal is cut in pieces, one a turn, of which the last two are kept: who comes late misses what was used before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.agents.records.sums import Sums, decoded, whole
from autod_tui.core.usage import Tokens

META = "meta.json"
_TELLING = (b'"core_input"',)
_GENERATIONS = 64
"""Generations of sub-agents that are followed upwards."""


class _Usage(Struct):
    input_tokens: int = 0
    """What came from the cache and what was written to it included."""
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0


class _Result(Struct):
    usage: _Usage | None = None


class _Command(Struct):
    action_id: str = ""
    result: _Result | None = None


class _Determinism(Struct):
    time_unix_ms: float = 0.0


class _Input(Struct):
    command: _Command | None = None
    determinism: _Determinism = msgspec.field(default_factory=_Determinism)


class _Payload(Struct):
    input: _Input | None = None


class _Entry(Struct):
    type: str = ""
    payload: _Payload = msgspec.field(default_factory=_Payload)


_DECODER = msgspec.json.Decoder(_Entry, strict=False)


class VibeReader:
    """Reads one piece of a journal."""

    def __init__(self, since: float, path: Path) -> None:
        """Count from Unix time `since` on; the session's own file, beside that of `path`, names its model."""
        self.sums = Sums(since)
        held = _meta(path.parents[1])
        config = held.get("config")
        self._model = str(config.get("model_name") or "") if isinstance(config, dict) else ""
        self.sums.conversation = str(held.get("session_id") or "")

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_DECODER, line, _TELLING)
        if entry is None or entry.type != "core_input" or entry.payload.input is None:
            return
        command, at = entry.payload.input.command, entry.payload.input.determinism.time_unix_ms / 1000
        if command is not None and command.result is not None and command.result.usage is not None:
            self.sums.count(command.action_id, self._model, _tokens(command.result.usage), at or None)


def vibe_parents(session: Path) -> Iterator[Path]:
    """Yield the directories of the sessions that have started the one in `session`, the nearest first."""
    for _ in range(_GENERATIONS):
        parent = _meta(session).get("parent_session_id")
        if not isinstance(parent, str) or not parent or "/" in parent:
            return
        session = session.parent / parent
        yield session


def begun_in(session: Path) -> tuple[str, str, bool]:
    """Return where the session in a directory works, the ISO date of its start, and whether it is a sub-agent's."""
    held = _meta(session)
    place = held.get("environment")
    where = place.get("working_directory") if isinstance(place, dict) else ""
    return str(where or ""), str(held.get("start_time") or ""), bool(held.get("parent_session_id"))


def _meta(session: Path) -> dict[str, object]:
    try:
        held = json.loads((session / META).read_bytes())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _tokens(usage: _Usage) -> Tokens:
    cached, written = usage.cached_input_tokens, usage.cache_write_input_tokens
    return Tokens(
        input=whole(usage.input_tokens, cached, written), output=usage.output_tokens, cached=cached, written=written
    )
