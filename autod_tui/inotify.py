"""The Linux kernel's own news of directories: no thread, no timer, no wake-up without a change."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

WRITTEN = 0x2 | 0x8
"""Modified, or closed after writing."""
MARKED = 0x4
"""Got new times (`os.utime`) or another attribute."""
MOVED, MADE, DELETED = 0x40 | 0x80, 0x100, 0x200
ITSELF = 0x400 | 0x800
"""The directory itself was deleted or moved."""
FORGOTTEN = 0x8000
"""The kernel watches the directory no more."""
LOST = 0x4000
"""There were more than it kept: anything may have changed."""
ONLY_DIRECTORIES = 0x01000000
_EVENT = struct.Struct("iIII")
_BUFFER = 1 << 16


class Unavailable(Exception):  # noqa: N818
    """The system has no such news, or gives none to this process."""


class News(NamedTuple):
    """One change."""

    watch: int
    mask: int
    name: bytes
    """Of the entry in the directory; empty for the directory itself, and with LOST."""


class Inotify:
    """Watches directories, not what lies below them."""

    def __init__(self) -> None:
        """Open the kernel's queue; raises Unavailable where the system can't tell."""
        import ctypes  # milliseconds that most commands need not spend

        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self.descriptor = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except (OSError, AttributeError) as error:
            raise Unavailable(str(error)) from error
        self._errno: Callable[[], int] = ctypes.get_errno
        if self.descriptor < 0:
            raise Unavailable(os.strerror(self._errno()))

    def add(self, directory: str | os.PathLike[str], mask: int) -> int:
        """Watch a directory for the changes of `mask` and return the watch; raises OSError."""
        watch = int(self._libc.inotify_add_watch(self.descriptor, os.fsencode(directory), mask))
        if watch < 0:
            raise OSError(self._errno(), os.strerror(self._errno()))
        return watch

    def remove(self, watch: int) -> None:
        """Watch a directory no more."""
        self._libc.inotify_rm_watch(self.descriptor, watch)

    def read(self) -> Iterator[News]:
        """Yield what changed since the last reading; nothing when nothing did."""
        try:
            data = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, mask, _, size = _EVENT.unpack_from(data, at)
            at += _EVENT.size + size
            yield News(watch, mask, data[at - size : at].rstrip(b"\0"))

    def close(self) -> None:
        """Give the queue back."""
        os.close(self.descriptor)
