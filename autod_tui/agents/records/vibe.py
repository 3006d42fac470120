"""Mistral Vibe's journals: what goes into its core, the model's answers with their usage among it.

A journal is cut in pieces, one a turn, of which the last two are kept. Who comes late learns what was used before from
the last snapshot, which tells the sum up to its place in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from autod_tui.agents.records.snapshots import Counted, Snapshot
from autod_tui.agents.records.sums import Sums, decoded, moment, whole
from autod_tui.core.usage import Tokens

META = "meta.json"
CURRENT = "CURRENT"
"""Names the last snapshot of a session."""
PROJECTION = "projection-state.json"
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
    sequence: int = 0
    payload: _Payload = msgspec.field(default_factory=_Payload)


class _Current(Struct):
    generation: str = ""
    snapshot_sequence: int = 0


class _Total(Struct, rename="camel"):
    input_tokens: int = 0
    """What came from the cache and what was written to it included."""
    output_tokens: int = 0
    cached_input_tokens: int = 0


class _Session(Struct, rename="camel"):
    token_usage: _Total | None = None
    parent_session_id: str | None = None
    created_at: float = 0.0
    """Milliseconds of Unix time."""


class _Snapshot(Struct):
    session: _Session = msgspec.field(default_factory=_Session)


class _Projection(Struct):
    snapshot: _Snapshot = msgspec.field(default_factory=_Snapshot)
    snapshot_sequence: int = 0


_DECODER = msgspec.json.Decoder(_Entry, strict=False)
_Held = TypeVar("_Held", bound=Struct)


class VibeReader:
    """Reads one piece of a journal."""

    def __init__(self, since: float, path: Path) -> None:
        """Count from Unix time `since` on; the session's own file, beside that of `path`, names its model."""
        self.sums = Sums(since)
        self._home = path.parents[1]
        self._model = _model(self._home)
        self.sums.conversation = str(_meta(self._home).get("session_id") or "")
        self._counted = self.sums.counted = Counted(str(self._home), self._snapshot)

    def take(self, line: bytes) -> None:
        """Read one entry; what it doesn't understand it passes over."""
        entry = decoded(_DECODER, line, _TELLING)
        if entry is None or entry.type != "core_input" or entry.payload.input is None:
            return
        command, at = entry.payload.input.command, entry.payload.input.determinism.time_unix_ms / 1000
        if command is not None and command.result is not None and command.result.usage is not None:
            used = _tokens(command.result.usage)
            if self.sums.count(command.action_id, self._model, used, at or None):
                self._counted.add(entry.sequence, used)

    def _snapshot(self) -> Snapshot | None:
        """Read the session's last snapshot; a session from before what counts has used somebody else's, too."""
        begun = moment(begun_in(self._home)[1]) or _begun(self._home)
        return _told_in(self._home, self._model) if begun >= self.sums.since else None


def vibe_parents(session: Path) -> Iterator[Path]:
    """Yield the directories of the sessions that have started the one in `session`, the nearest first."""
    for _ in range(_GENERATIONS):
        parent = _parent(session)
        if not parent or "/" in parent:
            return
        session = session.parent / parent
        yield session


def begun_in(session: Path) -> tuple[str, str, bool]:
    """Return where the session in a directory works, the ISO date of its start, and whether it is a sub-agent's."""
    held = _meta(session)
    place = held.get("environment")
    where = place.get("working_directory") if isinstance(place, dict) else ""
    return str(where or ""), str(held.get("start_time") or ""), bool(held.get("parent_session_id"))


def is_known(session: Path) -> bool:
    """Tell whether a session has told by now whose it is: in its own file or, if another agent began it, a snapshot."""
    return (session / META).exists() or (session / CURRENT).exists()


def _parent(session: Path) -> str:
    """Return the id of the session that has started another one; empty for none."""
    if held := _meta(session):
        return str(held.get("parent_session_id") or "")
    told = _last(session)
    return (told.snapshot.session.parent_session_id or "") if told is not None else ""


def _begun(session: Path) -> float:
    told = _last(session)
    return told.snapshot.session.created_at / 1000 if told is not None else 0.0


def _model(session: Path) -> str:
    """Return the model of a session; one that another agent began may have only that agent's."""
    for home in (session, *vibe_parents(session)):
        config = _meta(home).get("config")
        if isinstance(config, dict) and config.get("model_name"):
            return str(config["model_name"])
    return ""


def _last(session: Path) -> _Projection | None:
    """Return a session's last snapshot; None where there is none."""
    current = _held(session / CURRENT, _Current)
    if current is None or not current.generation.isalnum():
        return None
    return _held(session / "generations" / current.generation / PROJECTION, _Projection)


def _told_in(session: Path, model: str) -> Snapshot | None:
    """Return what a session's last snapshot tells of usage; None where there is none."""
    told = _last(session)
    if told is None or told.snapshot.session.token_usage is None:
        return None
    used = told.snapshot.session.token_usage
    cached = used.cached_input_tokens
    total = Tokens(input=whole(used.input_tokens, cached), output=used.output_tokens, cached=cached)
    return Snapshot(model=model, total=total, place=told.snapshot_sequence)


def _held(path: Path, kind: type[_Held]) -> _Held | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind, strict=False)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


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
