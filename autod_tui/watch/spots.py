"""A few directories watched for their own entries: no thread, no timer, no wake-up without a change, no delay."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

_EVENT = struct.Struct("iIII")
_BUFFER = 1 << 16
_CHANGES = 0x2 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
"""Modified, closed after writing, moved from and to, created, deleted."""
_OWN_END = 0x400 | 0x800
_ONLY_DIRECTORIES = 0x01000000
_GONE = 0x8000
_LOST = 0x4000


class Unavailable(Exception):  # noqa: N818
    """The system has no such news, or gives none to this process."""


class Spots:
    """Watches directories, not what lies below them (FilesPort); those that are missing are awaited."""

    def __init__(self, *, note: Callable[[str], None] = lambda text: None) -> None:
        """Listen on the running event loop; raises Unavailable where the system can't tell.

        `note` gets a sentence for a directory that the system refuses to watch.
        """
        self._note = note
        self._paths: dict[str, str] = {}
        self._keys: dict[int, set[str]] = {}
        """Watch to the keys that it stands for, by the directory itself or by an ancestor of a missing one."""
        self._places: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._stirred = asyncio.Event()
        self._add, self._remove, self._descriptor = _open()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)
        self._open = True

    async def watch(self, paths: Mapping[str, str]) -> None:
        """Set what is watched: key to absolute path; keys that are new or moved are reported as changed once."""
        fresh = {key for key, path in paths.items() if self._paths.get(key) != path}
        self._paths = dict(paths)
        self._renew()
        self._mark(fresh)

    async def changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield sets of keys whose directory changed, as soon as they do; until closed."""
        try:
            while True:
                await self._stirred.wait()
                self._stirred.clear()
                found, self._dirty = frozenset(self._dirty & self._paths.keys()), set()
                if found:
                    yield found
        finally:
            self.close()

    def close(self) -> None:
        """Watch no more."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)

    def _renew(self) -> None:
        """Watch each directory that is there, and for the others their nearest ancestor."""
        wanted: dict[str, set[str]] = {}
        for key, path in self._paths.items():
            wanted.setdefault(self._nearest(path), set()).add(key)
        for place in [place for place in self._places if place not in wanted]:
            self._forget(self._places[place])
        self._keys = {}
        for place, keys in wanted.items():
            self._keys.setdefault(self._places.get(place, -1), set()).update(keys)

    def _nearest(self, path: str) -> str:
        """Watch `path`, or what is there of it, and return that; what comes while this is done is not missed."""
        place = _present(path)
        while True:
            self._listen(place)
            now = _present(path)
            if now == place:
                return place
            place = now

    def _listen(self, place: str) -> None:
        if place in self._places:
            return
        try:
            self._places[place] = self._add(place)
        except FileNotFoundError:
            return
        except OSError as error:
            self._note(f"{place} can't be watched: {error.strerror}")

    def _forget(self, watch: int) -> None:
        self._places = {place: known for place, known in self._places.items() if known != watch}
        self._remove(watch)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            gone = False
            for watch, mask in _events(os.read(self._descriptor, _BUFFER)):
                if mask & _LOST:
                    self._mark(set(self._paths))
                self._mark(self._keys.get(watch, set()))
                if mask & (_GONE | _OWN_END):
                    self._places = {place: known for place, known in self._places.items() if known != watch}
                    gone = True
            if gone or self._awaited():
                self._renew()

    def _awaited(self) -> bool:
        return any(path not in self._places for path in self._paths.values())

    def _mark(self, keys: set[str]) -> None:
        if keys:
            self._dirty |= keys
            self._stirred.set()


def _present(path: str) -> str:
    """Return the innermost part of `path` that is a directory now."""
    place = Path(path)
    while not place.is_dir() and place != place.parent:
        place = place.parent
    return str(place)


def _open() -> tuple[Callable[[str], int], Callable[[int], None], int]:
    import ctypes  # milliseconds that most commands need not spend

    try:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor: int = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError) as error:
        raise Unavailable(str(error)) from error
    if descriptor < 0:
        raise Unavailable(os.strerror(ctypes.get_errno()))

    def add(place: str) -> int:
        watch = int(libc.inotify_add_watch(descriptor, os.fsencode(place), _CHANGES | _OWN_END | _ONLY_DIRECTORIES))
        if watch < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return watch

    def remove(watch: int) -> None:
        libc.inotify_rm_watch(descriptor, watch)

    return add, remove, descriptor


def _events(data: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(data):
        watch, mask, _, size = _EVENT.unpack_from(data, at)
        at += _EVENT.size + size
        yield watch, mask
