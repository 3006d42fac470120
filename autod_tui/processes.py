"""The processes that run: found by their marks, directories and parents, told apart, and ended with all below them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
from collections.abc import Iterable, Sequence
from pathlib import Path

from autod_tui.core.errors import CommandFailedError

_LOCAL_MODES = 3
_TIMES = slice(11, 15)
"""Fields of a process's `stat` behind its name: user and system time, its own and that of children that have ended."""
_TICKS = os.sysconf("SC_CLK_TCK")


def kill_group(pid: int, number: int = signal.SIGKILL) -> None:
    """Signal the process group of `pid`; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def alive(pid: int) -> bool:
    """True when `pid` runs (a zombie does not)."""
    stat = read_proc(pid, "stat")
    return bool(stat) and stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def marked(marker: str, *, after: int = 0, apart: Sequence[int] | None = None) -> list[int]:
    """Return the living processes whose environment at start held `marker` (`NAME=value`).

    With `after`, only those with a process id given out after that one; all, once the ids have begun anew. With `apart`
    (processes of one parent that lead sessions of their own and are not marked so), those in their sessions, in their
    parent's and in this process's own are not looked at: a session is inherited and never joined.
    """
    wanted = marker.encode()
    if after and _last_pid() < after:
        after = 0
    others = set() if apart is None else _other_sessions(apart)
    pids = [pid for pid in all_pids() if pid > after and (not others or _session_of(pid) not in others)]
    return [pid for pid in pids if wanted in read_proc(pid, "environ").split(b"\0") and alive(pid)]


def _other_sessions(apart: Sequence[int]) -> set[int]:
    parents = [parent_of(pid) for pid in apart[:1]]
    return {os.getsid(0), *apart, *map(_session_of, parents)} - {-1}


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def reads_keys(pid: int) -> bool:
    """Tell whether the terminal of a process hands on each key as it is pressed: a program has set it up to be used.

    True as well where that can't be known.
    """
    try:
        terminal = os.open(f"/proc/{pid}/fd/0", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        return not termios.tcgetattr(terminal)[_LOCAL_MODES] & termios.ICANON
    except termios.error:
        return True
    finally:
        os.close(terminal)


def parent_of(pid: int) -> int:
    """Return the parent's process id; -1 when there is none."""
    fields = read_proc(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else -1


def _last_pid() -> int:
    """Return the process id given out last; 0 where the system doesn't tell."""
    try:
        return int(Path("/proc/sys/kernel/ns_last_pid").read_text())
    except (OSError, ValueError):
        return 0


def gits_in(directory: str) -> list[int]:
    """Return the living gits that work in `directory` or below it."""
    return [pid for pid in all_pids() if _is_git(pid) and is_below(pid, directory) and alive(pid)]


def _is_git(pid: int) -> bool:
    return read_proc(pid, "comm").startswith(b"git")


def directory_of(pid: int) -> str:
    """Return the directory that a process works in; nothing for one that has ended or may not be looked at."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115 - called for each process
    except OSError:
        return ""


def is_below(pid: int, directory: str) -> bool:
    """Tell whether a process works in `directory` (a real path) or below it; False for one that has ended."""
    return Path(directory_of(pid)).is_relative_to(directory)


def descendants(pid: int) -> list[int]:
    """Return all living descendants of `pid`, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for other in all_pids():
        fields = read_proc(other, "stat").rpartition(b")")[2].split()
        if len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(other)
    found: list[int] = []
    queue = [pid]
    while queue:
        for child in children.get(queue.pop(0), []):
            found.append(child)
            queue.append(child)
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the time that processors have worked for these processes and for children of theirs that have ended."""
    stats = (read_proc(pid, "stat").rpartition(b")")[2].split() for pid in pids)
    return sum(sum(map(int, fields[_TIMES])) for fields in stats) / _TICKS


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with; empty when it can't be read."""
    pairs = (entry.partition(b"=") for entry in read_proc(pid, "environ").split(b"\0") if b"=" in entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


async def end_tree(pid: int, marker: str, *, grace: float) -> None:
    """End `pid`, its descendants and all that carry `marker`: hang up and terminate, after `grace` seconds kill."""
    victims = _tree(pid, marker)
    _signal_all(victims, signal.SIGHUP)
    _signal_all(victims, signal.SIGTERM)
    deadline = asyncio.get_running_loop().time() + grace
    # the processes are not our children: no event tells their end
    while any(alive(victim) for victim in victims) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    empty_looks = 0
    while empty_looks < 2:  # a process in the middle of exec shows no environment: one empty look proves nothing
        left = [victim for victim in _tree(pid, marker) if alive(victim)]
        empty_looks = 0 if left else empty_looks + 1
        _signal_all(left, signal.SIGKILL)
        await asyncio.sleep(0.01)
        if asyncio.get_running_loop().time() > deadline + 5:
            raise CommandFailedError(f"processes {left} did not end on SIGKILL")


def _tree(pid: int, marker: str) -> list[int]:
    own = [pid, *descendants(pid)] if pid > 1 else []  # kill(0) and kill(-1) would hit others
    return list(dict.fromkeys([*own, *(marked(marker) if marker else [])]))


def _signal_all(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def all_pids() -> list[int]:
    """Return the ids of all processes."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - called for each session


def read_proc(pid: int, name: str) -> bytes:
    """Return a file below `/proc/PID`; nothing for a process that has ended or may not be looked at."""
    try:
        with open(f"/proc/{pid}/{name}", "rb", buffering=0) as file:  # noqa: PTH123 - called for each process
            return file.readall()
    except OSError:
        return b""
