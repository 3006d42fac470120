"""Copies of young indexes, refreshed: what observing needs to be quick without ever writing to an agent's index."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import weakref
from pathlib import Path

from autod_tui.git.command import Git, Place
from autod_tui.git.scratch import ScratchDirectory

_SETTLING = 2.0
"""Seconds after which a checkout's files are older than its index can tell apart."""

_Stamp = tuple[int, int, int]


class SettledIndexes:
    """Knows, for each worktree whose index nobody has written since its checkout, a refreshed copy of it.

    Files as young as their index are hashed by each status, and with optional locks off that would last for ever.
    git heals such an index when it writes it the next time; until then the copy is read in its place.
    """

    def __init__(self, git: Git) -> None:
        """Refresh with `git`; the copies go when this object does, at the latest with the process."""
        self._git = git
        self._seen: dict[str, _Stamp] = {}
        self._copies: dict[str, str] = {}
        self._directory: ScratchDirectory | None = None

    async def env(self, place: Place) -> dict[str, str]:
        """Return the environment for a git that only reads the worktree's state."""
        key = place.git_dir
        stamp = _stamp(Path(key, "index"))
        if stamp is None:
            return {}
        if key not in self._seen:  # who looks once gains nothing from a copy
            self._seen[key] = stamp
        elif stamp != self._seen[key]:
            self._copies.pop(key, None)
        elif key not in self._copies and time.time() - stamp[0] / 1e9 > _SETTLING:
            await self._copy(place)
        return {"GIT_INDEX_FILE": self._copies[key]} if key in self._copies else {}

    async def _copy(self, place: Place) -> None:
        if self._directory is None:
            self._directory = ScratchDirectory()
            weakref.finalize(self, self._directory.close)
        copy = self._directory.path / hashlib.sha256(os.fsencode(place.git_dir)).hexdigest()
        try:
            shutil.copy2(Path(place.git_dir, "index"), copy)  # its time too, or racy entries would look clean
        except OSError:
            return
        if _stamp(Path(place.git_dir, "index")) != self._seen[place.git_dir]:
            return
        await self._git.run("update-index", "-q", "--refresh", place=place, env={"GIT_INDEX_FILE": str(copy)})
        self._copies[place.git_dir] = str(copy)


def _stamp(index: Path) -> _Stamp | None:
    try:
        found = index.stat()
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size, found.st_ino)
