"""Programs that run: by the names they are called by, by the directory they work in, and when they end."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Collection
from pathlib import Path

from autod_tui import processes

_INTERPRETERS = re.compile(r"(?:python|pypy)[\d.]*|node|bun|deno|(?:da|ba|z|k)?sh")
_SERVES = frozenset({"app-server", "mcp", "mcp-server"})
"""First words of a program that works for others and for no person."""


def runs(pid: int, names: Collection[str]) -> bool:
    """Tell whether a process runs one of the programs, be it by an interpreter; a server for others doesn't count.

    `names` are those of files, without directories.
    """
    return bool(name_of(pid, names))


def name_of(pid: int, names: Collection[str]) -> str:
    """Return which of the programs a process runs, as `runs`; nothing for none of them."""
    told = processes.read_proc(pid, "cmdline")
    if not any(os.fsencode(name) in told for name in names):
        return ""  # most of them, and told by what costs little
    words = [os.fsdecode(word) for word in told.rstrip(b"\0").split(b"\0")]
    script = next((at for at, word in enumerate(words[1:], 1) if not word.startswith("-")), 0)
    at = script if script and _INTERPRETERS.fullmatch(Path(words[0]).name) else 0
    serves = not _SERVES.isdisjoint(words[at + 1 : at + 2])
    name = Path(words[at]).name if len(words) > at else ""
    return name if name in names and not serves else ""


def working_in(directory: str, names: Collection[str]) -> list[int]:
    """Return the living processes of these programs that work in `directory` or below it, whoever started them."""
    place = os.path.realpath(directory)
    return [pid for pid in processes.all_pids() if processes.is_below(pid, place) and runs(pid, names)]


def residents(directories: Collection[str], names: Collection[str]) -> dict[str, dict[int, str]]:
    """Return the living processes of these programs by the directory they work in or below: process id to name.

    All directories cost one look at all processes.
    """
    places = {os.path.realpath(directory): directory for directory in directories}
    found: dict[str, dict[int, str]] = {}
    for pid in processes.all_pids() if places else ():
        home = _place(processes.directory_of(pid), places)
        if home and (name := name_of(pid, names)):
            found.setdefault(places[home], {})[pid] = name
    return found


def when_ended(pid: int, told: Callable[[], None]) -> Callable[[], None]:
    """Have the running loop call `told` once a process has ended; the returned function calls that off.

    It is called soon where the process has ended already, and never where the kernel has no such news (pidfd).
    """
    loop = asyncio.get_running_loop()
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return loop.call_soon(told).cancel
    except (AttributeError, OSError):
        return lambda: None

    def ended() -> None:
        off()
        told()

    def off() -> None:
        nonlocal handle
        if handle >= 0:
            loop.remove_reader(handle)
            os.close(handle)
            handle = -1

    loop.add_reader(handle, ended)
    return off


def _place(path: str, places: Collection[str]) -> str:
    """Return the nearest of `places` that is or holds a directory; nothing for none."""
    while path not in places:
        path, _, name = path.rpartition("/")
        if not name:
            return ""
    return path
