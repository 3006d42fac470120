"""What was touched in worktrees of autod's own since they were last known, told by the kernel: no file is looked at.

Where it can't tell (too many directories, too much at once, directories that came and went, another system), that is
said, and all has to be looked at.
"""

from __future__ import annotations

import os

from autod_tui import inotify
from autod_tui.inotify import Inotify, Unavailable

_MANY = 500
"""Directories of a worktree above which none is watched: each is paid for with the kernel's memory."""
_DIRECTORY = 0x40000000
"""What happened concerns a directory."""
_WATCHED = inotify.WRITTEN | inotify.MARKED | inotify.MOVED | inotify.MADE | inotify.DELETED | inotify.ITSELF
_UNSURE = inotify.ITSELF | inotify.FORGOTTEN | _DIRECTORY


class Touched:
    """Watches whole worktrees."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._news: Inotify | None = None
        self._able = True
        self._places: dict[int, tuple[str, bytes]] = {}
        """Watch to worktree and directory in it (with a slash at its end, but for the root)."""
        self._since: dict[str, set[bytes] | None] = {}

    def __del__(self) -> None:
        """Give the kernel's queue back."""
        if self._news is not None:
            self._news.close()

    def since(self, work_tree: str) -> frozenset[bytes] | None:
        """Return the files touched since `begin`, by path; None where that can't be told."""
        self._read()
        found = self._since.get(work_tree)
        return None if found is None else frozenset(found)

    def begin(self, work_tree: str) -> None:
        """Note what is touched from now on."""
        self._read()
        if self._since.get(work_tree) is None and not self._watch(work_tree):
            self._forget(work_tree)
            self._since[work_tree] = None
        else:
            self._since[work_tree] = set()

    def _watch(self, work_tree: str) -> bool:
        """Watch all directories; one that is made meanwhile is told by the one that it is made in."""
        try:
            news = self._opened()
            root, directories, number = os.fsencode(work_tree) + b"/", [b""], 0
            while directories and number < _MANY:
                below = directories.pop()
                number += 1
                watch = news.add(os.fsdecode(root + below), _WATCHED | inotify.ONLY_DIRECTORIES)
                self._places[watch] = (work_tree, below)
                with os.scandir(root + below) as entries:
                    directories += [below + one.name + b"/" for one in entries if one.is_dir(follow_symlinks=False)]
        except (OSError, Unavailable):
            return False
        return not directories

    def _opened(self) -> Inotify:
        if self._news is None:
            if not self._able:
                raise Unavailable("it was not before")
            self._able = False
            self._news = Inotify()
        return self._news

    def _forget(self, work_tree: str) -> None:
        for watch in [watch for watch, place in self._places.items() if place[0] == work_tree]:
            del self._places[watch]
            if self._news is not None:
                self._news.remove(watch)

    def _read(self) -> None:
        while self._news is not None and (batch := list(self._news.read())):
            for watch, mask, name in batch:
                self._take(watch, mask, name)

    def _take(self, watch: int, mask: int, name: bytes) -> None:
        if mask & inotify.LOST:
            self._since = dict.fromkeys(self._since)
        place = self._places.get(watch)
        if mask & inotify.FORGOTTEN:
            self._places.pop(watch, None)
        if place is None or (touched := self._since.get(place[0])) is None:
            return
        if mask & _UNSURE:
            self._since[place[0]] = None
        else:
            touched.add(place[1] + name)
