"""A few directories watched for their own entries: no thread, no timer, no wake-up without a change, no delay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from autod_tui.inotify import DELETED, FORGOTTEN, ITSELF, LOST, MADE, MOVED, ONLY_DIRECTORIES, WRITTEN, Inotify

_CHANGES = WRITTEN | MOVED | MADE | DELETED | ITSELF | ONLY_DIRECTORIES


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
        self._inotify = Inotify()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify.descriptor, self._read)
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
            self._loop.remove_reader(self._inotify.descriptor)
            self._inotify.close()

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
            self._places[place] = self._inotify.add(place, _CHANGES)
        except FileNotFoundError:
            return
        except OSError as error:
            self._note(f"{place} can't be watched: {error.strerror}")

    def _forget(self, watch: int) -> None:
        self._places = {place: known for place, known in self._places.items() if known != watch}
        self._inotify.remove(watch)

    def _read(self) -> None:
        gone = False
        for news in self._inotify.read():
            if news.mask & LOST:
                self._mark(set(self._paths))
            self._mark(self._keys.get(news.watch, set()))
            if news.mask & (FORGOTTEN | ITSELF):
                self._places = {place: known for place, known in self._places.items() if known != news.watch}
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
