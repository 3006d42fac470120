"""Programs that run: by the names they are called by, and by the directory they work in."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from autod_tui import process

_INTERPRETERS = re.compile(r"(?:python|pypy)[\d.]*|node|bun|deno|(?:da|ba|z|k)?sh")
_SERVES = frozenset({"app-server", "mcp", "mcp-server"})
"""First words of a program that works for others and for no person."""


def runs(pid: int, names: Collection[str]) -> bool:
    """Tell whether a process runs one of the programs, be it by an interpreter; a server for others doesn't count.

    `names` are those of files, without directories.
    """
    words = _command(pid)
    script = next((at for at, word in enumerate(words[1:], 1) if not word.startswith("-")), 0)
    at = script if words and script and _INTERPRETERS.fullmatch(Path(words[0]).name) else 0
    serves = not _SERVES.isdisjoint(words[at + 1 : at + 2])
    return len(words) > at and Path(words[at]).name in names and not serves


def working_in(directory: str, names: Collection[str]) -> list[int]:
    """Return the living processes of these programs that work in `directory` or below it, whoever started them."""
    place = os.path.realpath(directory)
    return [pid for pid in process.all_pids() if process.is_below(pid, place) and runs(pid, names)]


def _command(pid: int) -> list[str]:
    """Return a process's command line; nothing for one that has ended."""
    told = process.read_proc(pid, "cmdline")
    return [os.fsdecode(word) for word in told.rstrip(b"\0").split(b"\0")] if told else []
