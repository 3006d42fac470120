"""The mark of a worktree whose files are still being laid out: in its private git directory until it is whole."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core.errors import RefusedError
from autod_tui.git.command import Place
from autod_tui.git.lock import MARKER

_NAME = "autod-unfinished"
_LOOK = 0.02


class Mark(Struct, frozen=True):
    """Who lays out, and since when."""

    id: str = ""
    """What the programs of the checkout carry in their environment; empty when a power cut took it."""
    at: float = 0.0

    @property
    def env(self) -> dict[str, str]:
        """Return the variable that marks the checkout's programs."""
        return {MARKER: self.id}


class HeldMark:
    """A mark that this process holds: the kernel lets go of it when the process dies, and the file stays."""

    def __init__(self, path: Path, mark: Mark, handle: int) -> None:
        """Hold `mark` by the locked file `handle`."""
        self.mark = mark
        self._path = path
        self._handle = handle

    def clear(self) -> None:
        """Take the mark away: the worktree is whole."""
        self._path.unlink(missing_ok=True)

    def release(self) -> None:
        """Let go, whether the mark still stands or not."""
        os.close(self._handle)


def set_mark(git_dir: str) -> HeldMark:
    """Mark a worktree as unfinished; a mark that anybody sees is held by the living or was left by the dead."""
    mark = Mark(os.urandom(8).hex(), time.time())
    draft = Path(git_dir, f"{_NAME}.{mark.id}")
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, msgspec.json.encode(mark))
    path = Path(git_dir, _NAME)
    draft.rename(path)
    return HeldMark(path, mark, handle)


async def take_mark(place: Place, *, patience: float) -> HeldMark | None:
    """Hold the mark of a worktree; None when it is whole, be it only after another autod has finished it.

    Raises RefusedError when another autod is at it for longer than `patience` seconds.
    """
    path = Path(place.git_dir, _NAME)
    deadline = time.monotonic() + patience
    while (handle := _open(path)) is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() > deadline:
                raise RefusedError(
                    f"another autod is laying {place.work_tree!r} out for more than {patience:g} s",
                    hint="look for a hung autod process and end it",
                ) from None
            await asyncio.sleep(_LOOK)
            continue
        if _is_at(path, handle):
            return HeldMark(path, _read(handle), handle)
        os.close(handle)
    return None


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _is_at(path: Path, handle: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(handle))
    return False


def _read(handle: int) -> Mark:
    try:
        return msgspec.json.decode(os.pread(handle, 4096, 0), type=Mark)
    except msgspec.DecodeError:
        return Mark()


def unfinished_records(common_dir: Path) -> list[Path]:
    """Return the private git directories of all worktrees that are marked."""
    return [mark.parent for mark in common_dir.glob(f"worktrees/*/{_NAME}")]


def is_unfinished(git_dir: str) -> bool:
    """Tell whether a worktree, named by its private git directory, is marked."""
    return os.path.exists(f"{git_dir}/{_NAME}")  # noqa: PTH110 - before each status


def refuse_unfinished(place: Place) -> None:
    """Raise RefusedError when the worktree is marked: what is missing there is nobody's change."""
    if is_unfinished(place.git_dir):
        raise RefusedError(f"the files of {place.work_tree!r} are not all there yet", hint="autod up finishes it")
