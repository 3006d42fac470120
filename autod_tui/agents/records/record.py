"""A record: one conversation's file with those of its sub-agents, read as they grow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from autod_tui.agents.records.aider import AiderReader
from autod_tui.agents.records.chats import GeminiReader, PiReader, QwenReader
from autod_tui.agents.records.claude import ClaudeReader
from autod_tui.agents.records.codex import CodexReader
from autod_tui.agents.records.copilot import CopilotReader
from autod_tui.agents.records.news import News, Readable, Teller
from autod_tui.agents.records.opencode import OpencodeRecord, first_session
from autod_tui.agents.records.places import find_record
from autod_tui.agents.records.search import EARLY, beginning
from autod_tui.agents.records.snapshots import missed
from autod_tui.agents.records.sums import Sums
from autod_tui.agents.records.tail import Tail
from autod_tui.agents.records.vibe import VibeReader, is_known, vibe_parents
from autod_tui.core.agent_ports import Followed

_META_LIMIT = 1 << 20


class Reader(Protocol):
    """Understands the lines of one format."""

    sums: Sums

    def take(self, line: bytes) -> None:
        """Read one line."""
        ...


def _by_lines(make: Callable[[float], Reader]) -> Callable[[float, Path], Reader]:
    """Leave out the path for a reader that learns all from the lines."""
    return lambda since, path: make(since)


READERS: Mapping[str, Callable[[float, Path], Reader]] = {
    "claude": _by_lines(ClaudeReader),
    "codex": _by_lines(CodexReader),
    "gemini": _by_lines(GeminiReader),
    "qwen": _by_lines(QwenReader),
    "pi": _by_lines(PiReader),
    "aider": _by_lines(AiderReader),
    "copilot": _by_lines(CopilotReader),
    "vibe": VibeReader,
}
"""Format to what makes a reader of a file that counts from a Unix time on."""
_NOWHERE = Path("/dev/null")
_SHORT_LIVED = frozenset({"vibe"})
"""Formats whose agents remove a file soon, and some of them right after its last word."""


class Record:
    """Reads what is added to a record; the same lines read at whatever times give the same sums."""

    def __init__(self, path: Path, format: str, *, since: float = 0.0) -> None:
        """Read `path` in one of `READERS`' formats; what is dated before Unix time `since` does not count."""
        self.path = path
        self._make = READERS[format]
        self._side_files = _SIDE_FILES.get(format, _none)
        self._hold = format in _SHORT_LIVED
        self._since = since
        self._parts: dict[Path, _Part] = {path: self._part(path)}
        self._strangers: set[Path] = set()
        """Files beside the record that are no part of it."""
        self._teller = Teller()

    def read_new(self) -> News:
        """Read what was added since the last call, sub-agents' files included."""
        main = self._parts[self.path]
        main.read()
        for side in self._side_files(self.path, main.sums.conversation, {*self._parts, *self._strangers}):
            if side.belongs:
                self._parts[side.path] = self._part(side.path, same=side.same)
            else:
                self._strangers.add(side.path)
        for path, part in self._parts.items():
            if path != self.path:
                part.read(main.sums)
        files = [part.sums for path, part in self._parts.items() if path == self.path or not part.same]
        return self._teller.news(main.sums, [*files, *missed(files)])

    def _part(self, path: Path, *, same: bool = False) -> _Part:
        return _Part(Tail(path, hold=self._hold), self._make, self._since, same=same)


def open_record(followed: Followed, answers: Path = _NOWHERE) -> Readable | None:
    """Open the record of an agent; None while there is none. In `answers` a plugin tells of the answers that it sees.

    What the conversation had used before the agent that autod started is left out: it was used by somebody else, or
    is counted where it was copied from.
    """
    path = find_record(followed)
    if path is None:
        return None
    since = followed.counted_from.get(followed.conversation, followed.started_at) - EARLY
    if followed.profile.records == "opencode":
        session = followed.conversation or first_session(path, followed.worktree, since)
        return OpencodeRecord(path, session, answers, since=since) if session else None
    return Record(path, followed.profile.records, since=since)


class _Part:
    """One file of a record."""

    def __init__(self, tail: Tail, make: Callable[[float, Path], Reader], since: float, *, same: bool) -> None:
        self._tail = tail
        self._make, self._since = make, since
        self.same = same
        """It is of the same conversation, of which it may repeat messages: they are counted together."""
        self.reader = make(since, tail.path)
        """What has understood the file so far."""

    @property
    def sums(self) -> Sums:
        """What the file tells by now."""
        return self.reader.sums

    def read(self, main: Sums | None = None) -> None:
        """Read on; `main` are the sums of the conversation."""
        if self.same and main is not None:
            self.reader.sums = main
        self._tail.read(lambda line: self.reader.take(line), self._begin_anew)

    def _begin_anew(self) -> None:
        self.reader = self._make(self._since, self._tail.path)


class _SideFile(Struct, frozen=True):
    path: Path
    belongs: bool
    same: bool = False
    """It goes on with the conversation itself."""


def _none(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    return iter(())


def _claude_side_files(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    """Yield the transcripts of sub-agents: in the conversation's own directory, in versions before 2.1 beside it."""
    for side in sorted((path.with_suffix("") / "subagents").glob("**/*.jsonl")):
        if side not in known:
            yield _SideFile(side, True)
    for side in sorted(path.parent.glob("agent-*.jsonl")) if conversation else ():
        if side not in known and (begun := _first_entry(side, _Begun)) is not None:
            yield _SideFile(side, begun.sessionId == conversation)


def _gemini_side_files(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    """Yield the chats of sub-agents, in a directory that bears the conversation's id, and what a resume has begun anew.

    Resumed in another minute Gemini begins one more file of the same conversation, whether it goes on there or not.
    """
    inside = re.fullmatch(r"[\w-]+", conversation)
    for side in sorted(path.parent.glob(f"session-*-{conversation[:8]}.jsonl")) if inside else ():
        if side != path and side not in known and conversation.encode() in beginning(side):
            yield _SideFile(side, True, same=True)
    for side in sorted((path.parent / conversation).glob("*.jsonl")) if inside else ():
        if side not in known:
            yield _SideFile(side, True)


def _vibe_side_files(path: Path, conversation: str, known: set[Path]) -> Iterator[_SideFile]:
    """Yield the further pieces of a journal, and the journals of sub-agents."""
    home = path.parents[1]
    for side in sorted(home.parent.glob("*/journal/*.jsonl")):
        if side not in known and is_known(side.parents[1]):
            yield _SideFile(side, home in (side.parents[1], *vibe_parents(side.parents[1])))


_Entry = TypeVar("_Entry", bound=Struct)


class _Begun(Struct):
    sessionId: str = ""  # noqa: N815 - the file's own word


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
        entry = _first_entry(side, _MetaEntry)
        if entry is not None:
            meta = entry.payload
            parents = {meta.session_id, meta.parent_thread_id}
            yield _SideFile(side, meta.id != conversation and conversation in parents)


def _first_entry(path: Path, kind: type[_Entry]) -> _Entry | None:
    """Read whose record it is; None while its first line is not whole."""
    try:
        with path.open("rb") as file:
            line = file.readline(_META_LIMIT)
        return msgspec.json.decode(line, type=kind, strict=False) if line.endswith(b"\n") else None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


_SIDE_FILES: Mapping[str, Callable[[Path, str, set[Path]], Iterator[_SideFile]]] = {
    "claude": _claude_side_files,
    "codex": _codex_side_files,
    "gemini": _gemini_side_files,
    "vibe": _vibe_side_files,
}
