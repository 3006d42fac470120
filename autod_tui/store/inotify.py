"""The Linux kernel's own news that a file was marked: no thread, no timer, no wake-up without a change."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

_EVENT = struct.Struct("iIII")
_ATTRIBUTES = 0x4
_BUFFER = 1 << 16


class Unavailable(Exception):  # noqa: N818
    """The system has no such news, or gives none to this process."""


class DirectoryNews:
    """Tells that a file of a directory got new times (`os.utime`) or another attribute since one last asked."""

    def __init__(self, directory: Path, name: str) -> None:
        """Listen from now on, on the running event loop, to the file called `name`.

        Raises Unavailable where the system can't tell.
        """
        self._name = os.fsencode(name)
        self._changed = asyncio.Event()
        self._descriptor = _listen(directory)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    async def changed(self) -> None:
        """Return once something changed since the last return, at once when it already has."""
        await self._changed.wait()
        self._changed.clear()

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            names = list(_names(os.read(self._descriptor, _BUFFER)))
            # A nameless event says that some were lost.
            if self._name in names or b"" in names:
                self._changed.set()


def _listen(directory: Path) -> int:
    import ctypes  # milliseconds that most commands need not spend

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError) as error:
        raise Unavailable(str(error)) from error
    if descriptor < 0:
        raise Unavailable(os.strerror(ctypes.get_errno()))
    if libc.inotify_add_watch(descriptor, os.fsencode(directory), _ATTRIBUTES) < 0:
        os.close(descriptor)
        raise Unavailable(os.strerror(ctypes.get_errno()))
    return descriptor


def _names(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = _EVENT.unpack_from(data, at)[3]
        at += _EVENT.size + size
        yield data[at - size : at].rstrip(b"\0")
