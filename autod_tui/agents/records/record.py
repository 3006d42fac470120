"""A record: one conversation's file with those of its sub-agents, read as they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from autod_tui.agents.records.aider import AiderReader
from autod_tui.agents.records.chats import GeminiReader, PiReader, QwenReader
from autod_tui.agents.records.claude import ClaudeReader
from autod_tui.agents.records.codex import CodexReader
from autod_tui.agents.records.places import EARLY, find_record
from autod_tui.agents.records.sums import Sums
from autod_tui.agents.records.tail import Tail
from autod_tui.core.agent_ports import Followed
from autod_tui.core.usage import Tokens
from autod_tui.core.workstream import Reading

_META_LIMIT = 1 << 20


class Reader(Protocol):
    """Understands the lines of one format."""

    sums: Sums

    def take(self, line: bytes) -> None:
        """Read one line."""
        ...


READERS: Mapping[str, Callable[[float], Reader]] = {
    "claude": ClaudeReader,
    "codex": CodexReader,
    "gemini": GeminiReader,
    "qwen": QwenReader,
    "pi": PiReader,
    "aider": AiderReader,
}
"""Format to what makes a reader that counts from a Unix time on."""


class News(Struct, frozen=True, kw_only=True):
    """What a record tells by now."""

    models: Mapping[str, Tokens] | None = None
    """Model to all that the conversation has used; None when that is nothing, or as it was at the last read."""
    reported_usd: float | None = None
    """The agent's own word on the cost of it all; None when it says nothing."""
    reading: Reading | None = None
    """The state it told last; None when it told none, or has gone on since."""
    conversation: str = ""


class Record:
    """Reads what is added to a record; the same lines read at whatever times give the same sums."""

    def __init__(self, path: Path, format: str, *, since: float = 0.0) -> None:
        """Read `path` in one of `READERS`' formats; what is dated before Unix time `since` does not count."""
        self.path = path
        self._make = READERS[format]
        self._side_files = _SIDE_FILES.get(format, _none)
        self._since = since
        self._parts: dict[Path, _Part] = {path: _Part(path, self._make, since)}
        self._strangers: set[Path] = set()
        """Files beside the record that are no part of it."""
        self._told: tuple[Mapping[str, Tokens], float | None] = ({}, None)

    def read_new(self) -> News:
        """Read what was added since the last call, sub-agents' files included."""
        main = self._parts[self.path]
        main.read()
        for side in self._side_files(self.path, main.sums.conversation, {*self._parts, *self._strangers}):
            if side.belongs:
                self._parts[side.path] = _Part(side.path, self._make, self._since)
            else:
                self._strangers.add(side.path)
        for path, part in self._parts.items():
            if path != self.path:
                part.read()
        return self._news(main)

    def _news(self, main: _Part) -> News:
        models: dict[str, Tokens] = {}
        for part in self._parts.values():
            for model, tokens in part.sums.models.items():
                models[model] = models.get(model, Tokens()) + tokens
        costs = [part.sums.reported_usd for part in self._parts.values() if part.sums.reported_usd is not None]
        told = (models, sum(costs) if costs else None)
        changed, self._told = told != self._told, told
        return News(
            models=models if changed and models else None,
            reported_usd=told[1],
            reading=main.sums.reading,
            conversation=main.sums.conversation,
        )


def open_record(followed: Followed) -> Record | None:
    """Open the record of an agent; None while there is none.

    What the conversation had used before the agent that autod started is left out: it was used by somebody else, or
    is counted where it was copied from.
    """
    path = find_record(followed)
    if path is None:
        return None
    since = followed.counted_from.get(followed.conversation, followed.started_at)
    return Record(path, followed.profile.records, since=since - EARLY)


class _Part:
    """One file of a record."""

    def __init__(self, path: Path, make: Callable[[float], Reader], since: float) -> None:
        self._tail = Tail(path)
        self._make, self._since = make, since
        self._reader = make(since)

    @property
    def sums(self) -> Sums:
        """What the file tells by now."""
        return self._reader.sums

    def read(self) -> None:
        """Read on."""
        self._tail.read(lambda line: self._reader.take(line), self._begin_anew)

    def _begin_anew(self) -> None:
        self._reader = self._make(self._since)


class _SideFile(Struct, frozen=True):
    path: Path
    belongs: bool


def _none(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    return iter(())


def _claude_side_files(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    """Yield the transcripts of sub-agents, which lie in the conversation's own directory."""
    for side in sorted((path.with_suffix("") / "subagents").glob("**/*.jsonl")):
        if side not in known:
            yield _SideFile(side, True)


class _Meta(Struct):
    id: str = ""
    session_id: str = ""
    parent_thread_id: str = ""


class _MetaEntry(Struct):
    payload: _Meta = msgspec.field(default_factory=_Meta)


def _codex_side_files(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    """Yield the rollouts of that day and of today that are new, told apart by whose conversation they name."""
    now = datetime.now().astimezone()
    days = {path.parent, path.parents[3] / f"{now:%Y}" / f"{now:%m}" / f"{now:%d}"} if conversation else set()
    for side in sorted(side for day in days for side in day.glob("rollout-*.jsonl")):
        if side in known or side.name <= path.name[: len("rollout-YYYY-MM-DDThh-mm-ss")]:
            continue
        meta = _meta(side)
        if meta is not None:
            parents = {meta.session_id, meta.parent_thread_id}
            yield _SideFile(side, meta.id != conversation and conversation in parents)


def _meta(path: Path) -> _Meta | None:
    """Read whose rollout it is; None while its first line is not whole."""
    try:
        with path.open("rb") as file:
            line = file.readline(_META_LIMIT)
        return msgspec.json.decode(line, type=_MetaEntry, strict=False).payload if line.endswith(b"\n") else None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


_SIDE_FILES: Mapping[str, Callable[[Path, str, set[Path]], Iterator[_SideFile]]] = {
    "claude": _claude_side_files,
    "codex": _codex_side_files,
}
