"""The lock that makes one process of a repository its conductor."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import threading
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core.errors import AutodError

_INFO_BYTES = 256
_TRIES = 20
_PAUSE = 0.001


class Holder(Struct, frozen=True):
    """Who conducts."""

    pid: int = 0
    """0 when it holds the lock but has not said so yet."""
    role: str = ""
    """As in ConductorStarted."""


class ConductorLock:
    """An flock on autod/conductor.lock; the kernel lets go of it when the process ends, however it ends."""

    def __init__(self, common_dir: Path) -> None:
        """Name the lock of the repository with git directory `common_dir`; nothing is opened yet."""
        self.path = common_dir / "autod" / "conductor.lock"
        self._held: int | None = None

    @property
    def held(self) -> bool:
        """True while this object holds the lock."""
        return self._held is not None

    def try_acquire(self, info: Holder) -> bool:
        """Take the lock and write `info` into it; False when another process has it, at once."""
        if self._held is not None:
            return True
        descriptor = self._open()
        try:
            if not _take(descriptor):
                return False
            _write(descriptor, info)
            self._held, descriptor = descriptor, -1
            return True
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def release(self) -> None:
        """Let go of the lock; no error when it isn't held."""
        if self._held is not None:
            _write(self._held, Holder())
            os.close(self._held)
            self._held = None

    def holder(self) -> Holder | None:
        """Return who has the lock, None when nobody has; it is never taken away from anyone by asking."""
        if not self.path.exists():
            return None
        descriptor = self._open()
        try:
            if _flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB):
                return None
            return _read(descriptor)
        finally:
            os.close(descriptor)

    async def wait_released(self) -> None:
        """Return as soon as nobody has the lock; then `try_acquire` (others may be faster)."""
        loop = asyncio.get_running_loop()
        released: asyncio.Future[None] = loop.create_future()
        descriptor = self._open()

        def tell() -> None:
            if not released.done():
                released.set_result(None)

        def wait() -> None:
            _flock(descriptor, fcntl.LOCK_SH)
            os.close(descriptor)
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(tell)

        # a daemon: blocked in the kernel it can't be cancelled, and must not keep the process from ending
        threading.Thread(target=wait, name="conductor-lock", daemon=True).start()
        await released

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise AutodError(f"{self.path}: {error.strerror}", hint="autod needs to write there") from error


def _take(descriptor: int) -> bool:
    """Take the lock; others that only look or wait hold it shared for an instant, so a few tries are made."""
    for _ in range(_TRIES):
        if _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
        if _lives(_read(descriptor).pid):
            return False
        time.sleep(_PAUSE)
    return False


def _flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        return False
    return True


def _lives(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write(descriptor: int, info: Holder) -> None:
    # one write of one length: a reader sees the old holder or the new one, never half of each
    os.pwrite(descriptor, msgspec.json.encode(info).ljust(_INFO_BYTES), 0)


def _read(descriptor: int) -> Holder:
    try:
        return msgspec.json.decode(os.pread(descriptor, _INFO_BYTES, 0), type=Holder)
    except msgspec.DecodeError:
        return Holder()
