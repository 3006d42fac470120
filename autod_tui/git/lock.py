"""One mutating git at a time per repository, and a note of what it was about for whoever finds it killed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core.errors import RefusedError

MARKER = "AUTOD_GIT_INTENT"
"""Environment variable that every program of a noted operation carries."""


class Intent(Struct, frozen=True, kw_only=True):
    """What a mutating operation is about to do."""

    id: str
    what: str
    """One clause for people, such as `adding the worktree '/x/y'`."""
    at: float
    worktree: str = ""
    made_worktree: bool = False
    """True when the worktree at `worktree` is being made by this operation."""
    branch: str = ""
    """Full ref of a branch that this operation makes; empty when it makes none."""
    base: str = ""
    refs: tuple[str, ...] = ()
    """Refs whose lock files this operation may leave."""
    git_dir: str = ""
    """Git directory of the worktree whose index this operation writes; empty when it writes none."""
    old: str = ""
    new: str = ""
    """Commits between which the files at `worktree` are moved; empty when none are."""

    @property
    def env(self) -> dict[str, str]:
        """Return the variable that marks the operation's programs."""
        return {MARKER: self.id}


class RepositoryLock:
    """Serialises mutating operations within this process and, by flock, with others."""

    def __init__(self, common_dir: Path, *, patience: float = 60.0) -> None:
        """Keep lock and note below `<common>/autod`; give up after `patience` seconds."""
        self.directory = common_dir / "autod"
        self._inner = asyncio.Lock()
        self._patience = patience

    @property
    def note(self) -> Path:
        """File that tells the operation under way."""
        return self.directory / "git-intent.json"

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the lock; raises RefusedError when another process keeps it too long."""
        async with self._inner:
            self.directory.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.directory / "git.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                await self._flock(handle)
                yield
            finally:
                os.close(handle)

    async def _flock(self, handle: int) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    raise RefusedError(
                        f"another autod has kept {str(self.directory / 'git.lock')!r} for {self._patience:g} s",
                        hint="look for a hung autod process and end it",
                    ) from None
                await asyncio.sleep(0.02)
            else:
                return

    def announce(self, what: str, **facts: object) -> Intent:
        """Note an operation before it starts (the lock must be held) and return the note."""
        intent = msgspec.convert({"id": os.urandom(8).hex(), "what": what, "at": time.time(), **facts}, Intent)
        draft = self.note.with_suffix(f".{intent.id}")
        draft.write_bytes(msgspec.json.encode(intent))
        draft.rename(self.note)
        return intent

    def done(self) -> None:
        """Take the note away: nothing is left to be mended."""
        self.note.unlink(missing_ok=True)

    def pending(self) -> Intent | None:
        """Return the note of an operation that never came to its end (the lock must be held)."""
        try:
            return msgspec.json.decode(self.note.read_bytes(), type=Intent)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
