"""opencode's conversations: messages in a database, in older versions a file each; answers as our plugin told them."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.agents.records.answers import DECODER as ANSWERS
from autod_tui.agents.records.news import News, Teller
from autod_tui.agents.records.sums import Sums, decoded, whole
from autod_tui.agents.records.tail import Tail
from autod_tui.core.usage import Tokens

DATABASE = "opencode.db"
STORAGE = "storage"
OVERLAP = 2000
"""Milliseconds before the newest message seen from which on messages are read again: they are dated before they are
written."""
PATIENCE = 2.0
"""Seconds for which a database may be locked."""
_FAMILY = """
WITH RECURSIVE family(id) AS (SELECT ? UNION SELECT s.id FROM session s JOIN family f ON s.parent_id = f.id)
SELECT m.session_id, m.id, m.time_updated, m.data FROM message m JOIN family f ON m.session_id = f.id
WHERE m.time_updated >= ? ORDER BY m.time_updated
"""
_FIRST = """
SELECT id FROM session WHERE directory = ? AND parent_id IS NULL AND time_created >= ? ORDER BY time_created LIMIT 1
"""


class _Cache(Struct):
    read: int = 0
    write: int = 0


class _Counts(Struct):
    total: int = 0
    input: int = 0
    output: int = 0
    reasoning: int = 0
    cache: _Cache = msgspec.field(default_factory=_Cache)


class _Time(Struct):
    created: float = 0.0


class _Message(Struct):
    id: str = ""
    role: str = ""
    modelID: str = ""  # noqa: N815 - the record's own word
    cost: float = 0.0
    tokens: _Counts | None = None
    time: _Time = msgspec.field(default_factory=_Time)


_DECODER = msgspec.json.Decoder(_Message, strict=False)


class OpencodeRecord:
    """Reads one conversation with those of its sub-agents.

    A message counts by the larger of what opencode and its answer tell: opencode tells nothing of one whose tools have
    not ended.
    """

    def __init__(self, place: Path, session: str, answers: Path, *, since: float = 0.0) -> None:
        """Read the conversation `session` in a database or, if `place` is a directory, in a store of files.

        In `answers` our plugin keeps a file for each conversation. What is dated before Unix time `since` does not
        count.
        """
        self._messages = _messages_in_files if place.is_dir() else _messages_in_database
        self._place = place
        self._answers = answers
        self._told: dict[str, Tail] = {}
        """This conversation and those of its sub-agents to the file of their answers."""
        self._sums = Sums(since)
        self._sums.conversation = session
        self._costs: dict[str, float] = {}
        self._newest = 0
        self._teller = Teller()

    def read_new(self) -> News:
        """Read what was added since the last call."""
        with contextlib.suppress(OSError, sqlite3.Error):  # gone, or locked for long: the next time
            for one, id, at, data in self._messages(self._place, self._sums.conversation, self._newest - OVERLAP):
                self._newest = max(self._newest, at)
                self._take(id, data)
                self._told.setdefault(one, Tail(self._answers / f"{one}.jsonl"))
        for tail in self._told.values():
            tail.read(self._take_answer, _forget_nothing)
        return self._teller.news(self._sums, (self._sums,))

    def _take_answer(self, line: bytes) -> None:
        answer = decoded(ANSWERS, line)
        if answer is not None:
            self._sums.count(answer.id, answer.model, answer.tokens, answer.at / 1000)

    def _take(self, id: str, data: bytes) -> None:
        message = decoded(_DECODER, data)
        if message is None or message.role != "assistant" or message.tokens is None:
            return
        at = message.time.created / 1000
        self._sums.count(id, message.modelID, _tokens(message.tokens), at)
        if message.cost and at >= self._sums.since:
            self._costs[id] = message.cost
            self._sums.reported_usd = sum(self._costs.values())


def _forget_nothing() -> None:
    """Go on with what is known: messages count once however often they are told."""


def _tokens(told: _Counts) -> Tokens:
    cache = told.cache
    output = whole(told.total, told.input, cache.read, cache.write) or told.output + told.reasoning
    return Tokens(input=told.input, output=output, cached=cache.read, written=cache.write)


def first_session(place: Path, worktree: str, since: float) -> str:
    """Return the conversation, no sub-agent's, that began first in `worktree` since Unix time `since`; else empty."""
    directory, earliest = os.path.realpath(worktree), int(since * 1000)
    if place.is_dir():
        return _first_in_files(place, directory, earliest)
    try:
        with _opened(place) as database:
            found = database.execute(_FIRST, (directory, earliest)).fetchone()
    except sqlite3.Error:
        return ""
    return str(found[0]) if found else ""


@contextlib.contextmanager
def _opened(place: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True, timeout=PATIENCE)
    try:
        yield database
    finally:
        database.close()


def _messages_in_database(place: Path, session: str, since: int) -> Iterator[tuple[str, str, int, bytes]]:
    """Yield the conversation, id, time in milliseconds, and text of each message."""
    with _opened(place) as database:
        for one, id, at, data in database.execute(_FAMILY, (session, since)).fetchall():
            text = data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)
            yield str(one), str(id), int(at), text


def _messages_in_files(place: Path, session: str, since: int) -> Iterator[tuple[str, str, int, bytes]]:
    for one in _family_in_files(place, session):
        for path in sorted((place / "message" / one).glob("*.json")):
            changed = int(path.stat().st_mtime * 1000)
            if changed >= since:
                yield one, path.stem, changed, path.read_bytes()


def _sessions_in_files(place: Path) -> Iterator[tuple[str, str, str, float]]:
    """Yield id, parent's id, directory, and when it began in milliseconds, of each conversation."""
    for path in (place / "session").glob("*/*.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            held = json.loads(path.read_bytes())
            yield held["id"], held.get("parentID") or "", held["directory"], held["time"]["created"]


def _family_in_files(place: Path, session: str) -> set[str]:
    parents = {id: parent for id, parent, _, _ in _sessions_in_files(place)}
    family, grown = {session}, True
    while grown:
        children = {id for id, parent in parents.items() if parent in family}
        grown = not children <= family
        family |= children
    return family


def _first_in_files(place: Path, directory: str, since: int) -> str:
    sessions = _sessions_in_files(place)
    begun = [(at, id) for id, parent, where, at in sessions if not parent and where == directory and at >= since]
    return min(begun)[1] if begun else ""
