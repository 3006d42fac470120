"""The journal: every event and request of one repository, in SQLite beside its git directory."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any

import msgspec

from autod_tui import processes
from autod_tui.core import agent_events, events, run_events
from autod_tui.core.errors import AutodError
from autod_tui.core.events import Event, Recorded
from autod_tui.core.ports import Clock
from autod_tui.core.requests import Answer, AnyRequest

FORMAT = 1
APPLICATION = 0x6175746F  # "auto"
BUSY_SECONDS = 10.0
_SCHEMA = (
    "CREATE TABLE event (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE request (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, body BLOB NOT NULL,"
    " poster INTEGER NOT NULL, claimed INTEGER NOT NULL DEFAULT 0, answer BLOB)",
)


def _kinds() -> tuple[type[Event], ...]:
    named = {**vars(events), **vars(run_events), **vars(agent_events)}.values()
    return tuple(kind for kind in named if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event)


_TAGS = frozenset(str(kind.__struct_config__.tag) for kind in _kinds())
_ENCODER = msgspec.json.Encoder()
_EVENT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, _kinds()))


class _Tagged(msgspec.Struct):
    type: str = ""


_TAG = msgspec.json.Decoder(_Tagged)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """Return the decoder of what only some need; made when first used, for it takes long and the first frame waits."""
    return msgspec.json.Decoder(kind)


def journal_path(common_dir: Path) -> Path:
    """Return where the journal of the repository with git directory `common_dir` lies."""
    return common_dir / "autod" / "journal.db"


class Journal:
    """An open journal (JournalPort). Use each instance in one thread; any number of processes may open it."""

    def __init__(self, common_dir: Path, clock: Clock = time.time) -> None:
        """Open the journal, made when missing; raises AutodError when the file is damaged, foreign or too new."""
        self.path = journal_path(common_dir)
        self.skipped = 0
        """Events left out by `read` so far, because a newer autod wrote them."""
        self._clock = clock
        with self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with self._told():
                self._open()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file; further calls fail."""
        self._db.close()

    def append(self, events: Sequence[Event]) -> list[Recorded]:
        """Write events (all or none) and return them with seq and time; raises AutodError when the disk refuses."""
        at = self._clock()
        with self._transaction():
            insert = "INSERT INTO event (at, body) VALUES (?, ?)"
            rows = [self._db.execute(insert, (at, _ENCODER.encode(event))).lastrowid for event in events]
        return [Recorded(seq or 0, at, event) for seq, event in zip(rows, events, strict=True)]

    def read(self, after: int = 0) -> list[Recorded]:
        """Return all events with a seq above `after`, oldest first; those of newer versions count in `skipped`."""
        with self._told():
            rows = self._db.execute("SELECT seq, at, body FROM event WHERE seq > ? ORDER BY seq", (after,)).fetchall()
        return [Recorded(seq, at, event) for seq, at, body in rows if (event := self._decode(seq, body)) is not None]

    def last_seq(self) -> int:
        """Return the seq of the newest event, 0 when there is none."""
        with self._told():
            return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])

    def post_request(self, request: AnyRequest) -> int:
        """Leave a request for the conductor; return its id."""
        with self._transaction():
            row = (self._clock(), _ENCODER.encode(request), os.getpid())
            return self._db.execute("INSERT INTO request (at, body, poster) VALUES (?, ?, ?)", row).lastrowid or 0

    def pending_requests(self) -> list[tuple[int, AnyRequest]]:
        """Claim and return the requests that nobody has claimed, oldest first: each is handed out exactly once.

        What a process asked for that has ended since is left undone: nobody waits for it any more.
        """
        claim = "UPDATE request SET claimed = 1 WHERE claimed = 0 RETURNING id, poster, body"
        with self._transaction():
            rows = sorted(self._db.execute(claim).fetchall())
        wanted = [(number, body) for number, poster, body in rows if processes.alive(poster)]
        return [(number, request) for number, body in wanted if (request := self._request(number, body)) is not None]

    def forsake(self, answer: Answer) -> None:
        """Give `answer` to whoever waits for a request that an earlier conductor claimed and never answered."""
        with self._transaction():
            orphans = "UPDATE request SET answer = ? WHERE claimed = 1 AND answer IS NULL"
            self._db.execute(orphans, (_ENCODER.encode(answer),))

    def answer(self, number: int, answer: Answer) -> None:
        """Leave the answer to request `number` for the one who posted it."""
        with self._transaction():
            self._db.execute("UPDATE request SET answer = ? WHERE id = ?", (_ENCODER.encode(answer), number))

    def take_answer(self, number: int) -> Answer | None:
        """Return the answer to request `number` and forget the request; None while there is none."""
        with self._transaction():
            take = "DELETE FROM request WHERE id = ? AND answer IS NOT NULL RETURNING answer"
            rows = self._db.execute(take, (number,)).fetchall()
        return _decoder(Answer).decode(rows[0][0]) if rows else None

    def _decode(self, seq: int, body: bytes) -> Event | None:
        try:
            return _EVENT.decode(body)  # type: ignore[no-any-return]
        except msgspec.DecodeError as error:  # ValidationError is one
            if _tag(body) not in _TAGS | {""}:
                self.skipped += 1
                return None
            raise AutodError(f"{self.path}: event {seq} can't be read: {error}", hint=_aside(self.path)) from error

    def _request(self, number: int, body: bytes) -> AnyRequest | None:
        try:
            return _decoder(AnyRequest).decode(body)  # type: ignore[no-any-return]
        except msgspec.DecodeError as error:
            self.answer(number, Answer(exit_code=2, message=f"the conductor can't read this request: {error}"))
            return None

    def _open(self) -> None:
        self._db.execute("BEGIN")  # one state of the file: another process may be making it right now
        try:
            made = self._is_ours()
        finally:
            self._db.execute("COMMIT")
        if not made:
            self._write_ahead()
        self._db.execute("PRAGMA synchronous = NORMAL")
        if made:
            return
        with self._transaction():
            if not self._is_ours():  # another process may have been faster
                self._make()

    def _write_ahead(self) -> None:
        """Change the file's mode; SQLite itself does not wait where two processes do so at once."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(0.005)

    def _is_ours(self) -> bool:
        """Tell whether the schema is there; raises AutodError for a file that isn't ours to fill."""
        application, version = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in _HEADER)
        if application == APPLICATION and version > FORMAT:
            raise AutodError(f"{self.path}: written by a newer autod (format {version})", hint="upgrade autod")
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application != APPLICATION and (application or tables):
            raise AutodError(f"{self.path}: is the database of another program", hint=_aside(self.path))
        return bool(tables)

    def _make(self) -> None:
        for statement in _SCHEMA:
            self._db.execute(statement)
        self._db.execute(f"PRAGMA application_id = {APPLICATION}")
        self._db.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            before = self._db.total_changes
            try:
                yield
                self._db.execute("COMMIT")
                if self._db.total_changes != before:
                    self._wake_followers()
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    def _wake_followers(self) -> None:
        # SQLite writes to its files before others may see the change; this mark comes after.
        with suppress(OSError):
            os.utime(self.path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(self.path, error) from error
        except OSError as error:
            raise AutodError(f"{self.path}: {error.strerror}", hint="autod needs to write there") from error


_HEADER = ("application_id", "user_version")


def _tag(body: bytes) -> str:
    try:
        return _TAG.decode(body).type
    except msgspec.DecodeError:
        return ""


def _aside(path: Path) -> str:
    return f"move {path.parent} aside: autod then starts with an empty journal and finds worktrees and panes again"


def _explained(path: Path, error: sqlite3.Error) -> AutodError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR):
        return AutodError(f"{path}: can't be written ({error})", hint="free space on the disk; nothing was lost")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return AutodError(f"{path}: is damaged or no journal ({error})", hint=_aside(path))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return AutodError(f"{path}: another process held it for {BUSY_SECONDS:g} s", hint="try again")
    return AutodError(f"{path}: {error}", hint="autod needs to read and write there")
