"""Reading what is added to a file that somebody else writes."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 20
LONGEST = 64 << 20
"""Bytes of a line above which it is passed over: no record of usage is as long."""
_HEAD = 64
"""First bytes by which a file is known again."""


class _Opened:
    """An open file, closed with the last reference to it."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self.descriptor)

    def is_linked(self) -> bool:
        """Tell whether it still has a name."""
        return os.fstat(self.descriptor).st_nlink > 0


class Tail:
    """Reads a growing file line by line; each line is told once, a line is told when it is whole."""

    def __init__(self, path: Path, *, hold: bool = False) -> None:
        """Read `path` from its beginning; it needn't be there yet.

        Held it stays open between two readings, so that what is written just before its removal is read, too.
        """
        self.path = path
        self._hold = hold
        self._held: _Opened | None = None
        self._offset = 0
        self._half = b""
        self._passing = False
        """True within a line that is too long."""
        self._known: tuple[int, int, bytes] = (0, 0, b"")

    def read(self, take: Callable[[bytes], None], begin_anew: Callable[[], None]) -> bool:
        """Give each new whole line to `take`; False when there is none.

        `begin_anew` is called before, when the file is not the one that was read so far: cut short or replaced.
        """
        try:
            file = self._held or _Opened(self.path)
            self._held = file if self._hold and file.is_linked() else None  # once removed it grows no more
            self._look(file.descriptor, begin_anew)
            return self._read_on(file.descriptor, take)
        except OSError:
            self._held = None
            return False

    def _look(self, file: int, begin_anew: Callable[[], None]) -> None:
        status = os.fstat(file)
        device, inode, head = self._known
        same = (device, inode) == (status.st_dev, status.st_ino) and status.st_size >= self._offset
        if self._offset and not (same and os.pread(file, len(head), 0) == head):
            self._offset, self._half, self._passing = 0, b"", False
            head = b""
            begin_anew()
        if len(head) < _HEAD:
            head = os.pread(file, _HEAD, 0)
        self._known = (status.st_dev, status.st_ino, head)

    def _read_on(self, file: int, take: Callable[[bytes], None]) -> bool:
        told = False
        while chunk := os.pread(file, CHUNK, self._offset):
            self._offset += len(chunk)
            *whole, rest = chunk.split(b"\n")
            for part in whole:
                told |= self._line(part, take)
            self._keep(rest)
        return told

    def _line(self, end: bytes, take: Callable[[bytes], None]) -> bool:
        line, passing = self._half + end, self._passing
        self._half, self._passing = b"", False
        if passing or not line.strip():
            return False
        take(line)
        return True

    def _keep(self, rest: bytes) -> None:
        self._half += rest
        if len(self._half) > LONGEST:
            self._half, self._passing = b"", True
