"""The only door to outside programs: argv lists, no shell, bounded time, whole process trees ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from autod_tui import processes, spawn
from autod_tui.core.errors import CommandFailedError, EnvironmentUnfitError


class Finished(Struct, frozen=True):
    """How a program ended."""

    argv: tuple[str, ...]
    returncode: int
    """Exit status; negative signal number when killed."""
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        """True for exit status 0."""
        return self.returncode == 0

    @property
    def text(self) -> str:
        """Standard output as text without the final newline."""
        return self.stdout.decode("utf-8", "surrogateescape").rstrip("\n")

    def checked(self, step: str) -> Finished:
        """Return self, or raise CommandFailedError that names `step` and quotes the program's words."""
        if self.ok:
            return self
        words = self.stderr.decode("utf-8", "replace").strip() or self.stdout.decode("utf-8", "replace").strip()
        raise CommandFailedError(f"{step} failed: {words or f'exit status {self.returncode}'}")


async def run(
    argv: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 60.0,
) -> Finished:
    """Run a program to its end and keep its output; its process group is killed after `timeout` seconds."""
    if cwd is None and spawn.able():
        try:
            ended = await spawn.run_to_end(argv, os.environ if env is None else env, stdin, timeout)
        except FileNotFoundError as error:
            raise _missing(argv, error) from None
        except TimeoutError:
            raise _too_long(argv, timeout) from None
        return Finished(tuple(argv), *ended)
    process = await start(argv, cwd=cwd, env=env, stdin=stdin is not None)
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        processes.kill_group(process.pid)
        await process.wait()
        raise _too_long(argv, timeout) from None
    except asyncio.CancelledError:
        processes.kill_group(process.pid)
        await process.wait()
        raise
    return Finished(tuple(argv), process.returncode or 0, out, err)


async def start(
    argv: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bool = False,
    limit: int = 2**20,
) -> asyncio.subprocess.Process:
    """Start a program in a process group of its own with piped output, for a caller that talks with it."""
    _watch_by_descriptor()
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            process_group=0,
            limit=limit,
        )
    except FileNotFoundError as error:
        raise _missing(argv, error) from None


def _watch_by_descriptor() -> None:
    """Learn of ends from the kernel: before Python 3.12 asyncio starts a thread for each program that it waits for."""
    if sys.version_info < (3, 12) and spawn.descriptors():
        watcher = asyncio.get_child_watcher()
        if not isinstance(watcher, asyncio.PidfdChildWatcher) or not watcher.is_active():
            watcher = asyncio.PidfdChildWatcher()
            watcher.attach_loop(asyncio.get_running_loop())
            asyncio.set_child_watcher(watcher)


def run_sync(
    argv: Sequence[str],
    *,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 60.0,
) -> Finished:
    """Do as `run` does, for callers without an event loop."""
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise _missing(argv, error) from None
    except subprocess.TimeoutExpired:
        raise _too_long(argv, timeout) from None
    return Finished(tuple(argv), done.returncode, done.stdout, done.stderr)


def run_in_front(argv: Sequence[str], *, env: Mapping[str, str]) -> int:
    """Lend this process's terminal to a program until it ends; return its exit status."""
    try:
        return subprocess.call(list(argv), env=dict(env))
    except FileNotFoundError as error:
        raise _missing(argv, error) from None


async def foreground(
    argv: Sequence[str], *, cwd: str | Path | None = None, env: Mapping[str, str] | None = None
) -> int:
    """Lend the terminal to a program while the event loop goes on; return its exit status."""
    try:
        child = await asyncio.create_subprocess_exec(*argv, cwd=cwd, env=dict(env) if env is not None else None)
    except FileNotFoundError as error:
        raise _missing(argv, error) from None
    return await child.wait()


def become(argv: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """Replace this process by a program."""
    try:
        os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606 - argv, no shell
    except FileNotFoundError as error:
        raise _missing(argv, error) from None


def _too_long(argv: Sequence[str], timeout: float) -> CommandFailedError:
    return CommandFailedError(f"{argv[0]} did not end within {timeout:g} s")


def _missing(argv: Sequence[str], error: FileNotFoundError) -> EnvironmentUnfitError:
    if error.filename not in (None, argv[0]):
        return EnvironmentUnfitError(f"no directory {error.filename!r} to run {argv[0]} in")
    return EnvironmentUnfitError(f"{argv[0]} is not installed or not on PATH", hint="`autod doctor` says how to get it")


async def run_logged(
    command: str,
    *,
    cwd: str,
    env: Mapping[str, str],
    log: Path,
    timeout: float,
) -> int | None:
    """Run a shell command with all its output going to `log`; return its exit status.

    None means that it did not end within `timeout` seconds. In every case no descendant is left behind,
    found by the environment variable AUTOD_TREE that only they carry.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    marker = f"{os.getpid()}-{os.urandom(6).hex()}"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            command,
            cwd=cwd,
            env={**env, "AUTOD_TREE": marker},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(timeout):
                return await process.wait()
        except TimeoutError:
            return None
        finally:
            await processes.end_tree(process.pid, f"AUTOD_TREE={marker}", grace=0.5)
            await process.wait()


async def run_apart(command: str, *, cwd: str, env: Mapping[str, str]) -> int:
    """Run a shell command in a session of its own, unheard, and return its exit status (negative: the signal).

    It outlives a caller that is cancelled or ends: asyncio would kill a program of its own then.
    """
    child = subprocess.Popen(  # noqa: ASYNC220 - asyncio kills its own programs when it ends
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        pause = 0.01
        while (status := child.poll()) is None:  # nobody needs the end at once, and no event tells it everywhere
            await asyncio.sleep(pause)
            pause = min(pause * 2, 1.0)
    finally:
        child.returncode = child.returncode if child.returncode is not None else 0  # left to itself, without a warning
    return status
