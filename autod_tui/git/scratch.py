"""Directories of ours for a moment, known as ours, so that those of a killed autod can be told from those in use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType

from autod_tui import processes

PREFIX = "autod-git-"
MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a directory of our own there
_ROOM = 2**30
"""Free bytes below which memory is left alone: containers often have 64 MB there."""
_SURELY_MADE = 60.0
"""Seconds after which a directory that nobody holds was not made just now by a process of the same id."""
_held: set[Path] = set()
"""Directories of this process."""


class ScratchDirectory:
    """A temporary directory that is held by a lock for as long as its maker lives."""

    def __init__(self, *, memory: bool = False) -> None:
        """Make the directory, in memory where asked for and where there is room."""
        parent = memory_directory() if memory else None
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
        _held.add(self.path)
        self._handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """Remove the directory and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        _held.discard(self.path)
        os.close(self._handle)


def removed_when_ended() -> None:
    """Have what this process holds removed when its terminal closes or somebody ends it; it ends by that signal.

    Signals that are ignored or handled already stay so; beside the main thread nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    for path in tuple(_held):
        shutil.rmtree(path, ignore_errors=True)
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def memory_directory() -> str | None:
    """Return a directory in memory where there is one with room; None leaves it to the system."""
    if not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    facts = os.statvfs(MEMORY)
    return str(MEMORY) if facts.f_bavail * facts.f_frsize > _ROOM else None


def sweep() -> int:
    """Remove what killed processes of this user left; return how many directories."""
    places = dict.fromkeys([tempfile.gettempdir(), str(MEMORY)])
    found = [path for place in places for path in Path(place).glob(f"{PREFIX}*")]
    left = [path for path in found if _abandoned(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _abandoned(path: Path) -> bool:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            facts = os.fstat(handle)
        finally:
            os.close(handle)
        maker = re.match(r"(\d+)-", path.name.removeprefix(PREFIX))
        dead = maker is not None and not processes.alive(int(maker[1]))
        return facts.st_uid == os.getuid() and (dead or time.time() - facts.st_mtime > _SURELY_MADE)
    return False
