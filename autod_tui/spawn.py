"""Programs run to their end with little ado: the kernel's own spawn, their words kept in memory, their end told by it.

asyncio's transports and pipes cost as much processor again as a short git itself. What a program leaves running does
not keep its caller waiting, for no pipe has to be closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

_STANDARD = 2
_DEFAULT_AGAIN = (signal.SIGPIPE, signal.SIGXFSZ)
"""Signals that Python ignores, and programs shall not."""


@functools.cache
def descriptors() -> bool:
    """Tell whether the kernel has descriptors that stand for processes and tell their end."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


@functools.cache
def able() -> bool:
    """Tell whether the system has what this takes: posix_spawn, files in memory, descriptors of processes.

    Where it has, files that this process was started with are passed on to no program any more.
    """
    try:
        os.close(os.memfd_create("autod"))
    except (AttributeError, OSError):
        return False
    if not descriptors():
        return False
    for file in Path("/proc/self/fd").iterdir():
        if int(file.name) > _STANDARD:
            with contextlib.suppress(OSError):  # what lists them is closed by now
                os.set_inheritable(int(file.name), False)
    return hasattr(os, "posix_spawn")


async def run_to_end(
    argv: Sequence[str], env: Mapping[str, str], stdin: bytes | None, timeout: float
) -> tuple[int, bytes, bytes]:
    """Run a program as the leader of a process group; return exit status (below 0: signal), output and errors.

    The group is killed after `timeout` seconds (TimeoutError) and when the caller is cancelled. FileNotFoundError when
    there is no such program.
    """
    with contextlib.ExitStack() as stack:
        given, out, err = (_memory(stack) for _ in range(3))
        if stdin:
            os.write(given, stdin)
            os.lseek(given, 0, os.SEEK_SET)
        status = await _ended(_started(argv, env, (given, out, err)), timeout)
        return status, _written(out), _written(err)


def _started(argv: Sequence[str], env: Mapping[str, str], files: Sequence[int]) -> int:
    """Start a program with `files` as its input, output and errors, and return its process id."""
    return os.posix_spawn(
        _found(argv[0], env.get("PATH")),
        list(argv),
        env,
        file_actions=[(os.POSIX_SPAWN_DUP2, file, number) for number, file in enumerate(files)],
        setpgroup=0,
        setsigdef=_DEFAULT_AGAIN,
    )


def _memory(stack: contextlib.ExitStack) -> int:
    file = os.memfd_create("autod")
    stack.callback(os.close, file)
    return file


@functools.lru_cache(maxsize=16)
def _found(program: str, path: str | None) -> str:
    found = shutil.which(program, path=path)
    if found is None:
        raise FileNotFoundError(program)
    return found


async def _ended(pid: int, timeout: float) -> int:
    """Wait for the end of a child and return its status, whatever becomes of the caller."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    handle = os.pidfd_open(pid)
    loop.add_reader(handle, _tell, ended)
    try:
        async with asyncio.timeout(timeout):
            await asyncio.shield(ended)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        await ended
        raise
    finally:
        loop.remove_reader(handle)
        os.close(handle)
        status = _reaped(pid)
    return status


def _reaped(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _tell(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _written(file: int) -> bytes:
    size = os.fstat(file).st_size
    return os.pread(file, size, 0) if size else b""
