"""Reading files that others wrote, and writing files that must never be half there."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from autod_tui.core.errors import AutodError


class UnreadableError(Exception):
    """A file can't be used; the message says why in a few words."""


def read_text(path: Path, *, limit: int) -> str:
    """Return a regular file's UTF-8 text of at most `limit` bytes.

    Raises FileNotFoundError when it is missing and UnreadableError for everything else.
    """
    try:
        data = _read(path, limit)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UnreadableError(f"can't be read: {error.strerror}") from None
    if len(data) > limit:
        raise UnreadableError(f"is larger than {limit // 1000} kB")
    if b"\0" in data:
        raise UnreadableError("has a NUL byte: not a text file")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"is not UTF-8 (byte {error.start})") from None


def _read(path: Path, limit: int) -> bytes:
    # O_NONBLOCK: a named pipe of that name must not hang us
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise UnreadableError("is a directory, not a file")
        if not stat.S_ISREG(mode):
            raise UnreadableError("is not a regular file")
        return file.read(limit + 1)


def write_atomic(path: Path, data: bytes, *, replace: bool) -> None:
    """Make `path` hold `data`, all or nothing even when power fails or the disk fills up.

    With `replace` False an existing file is left alone and FileExistsError raised. Raises AutodError when
    the file system refuses; the old content is then intact and nothing is left over.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        try:
            _write_new(temporary, data)
            _put(temporary, path, replace=replace)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
        _sync_directory(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise AutodError(f"can't write {str(path)!r}: {error.strerror}", hint="nothing was changed") from error


def _write_new(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _put(temporary: Path, path: Path, *, replace: bool) -> None:
    if replace:
        temporary.replace(path)
    else:
        os.link(temporary, path)  # unlike a rename it fails when the name is taken


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
