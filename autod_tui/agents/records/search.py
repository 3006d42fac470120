"""Finding the record of one agent among those of others."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from autod_tui.agents.records.sums import moment
from autod_tui.core.agent_ports import Followed

EARLY = 2.0
"""Seconds by which a record may seem older than its agent: clocks are read one after the other."""
_START = 1 << 18
"""Bytes at the beginning of a record in which its date and its directory stand."""
_DATE = re.compile(rb'"(?:timestamp|startTime)":\s*"([^"]{10,40})"')
_CWD = re.compile(rb'"cwd":\s*("(?:[^"\\]|\\.)*")')


def home_of(followed: Followed, variable: str, default: str) -> Path:
    """Return the directory that an agent calls its home."""
    own = followed.env.get(variable, "")
    return Path(own) if own else Path(followed.env.get("HOME") or Path.home()) / default


def mangled(followed: Followed) -> str:
    """Return the worktree's path in the form in which some agents make a name of it."""
    return re.sub(r"[^A-Za-z0-9]", "-", os.path.realpath(followed.worktree))


def ids_of(followed: Followed) -> tuple[str, ...]:
    """Return the ids that a record may bear, the likeliest first; none that would lead elsewhere."""
    ids = (followed.conversation, followed.session)
    return tuple(id for id in dict.fromkeys(ids) if re.fullmatch(r"[\w.-]+", id))


def first_of(paths: Iterable[Path]) -> Path | None:
    """Return the first path, or None."""
    return next(iter(paths), None)


def young_dirs(place: Path, followed: Followed) -> Iterator[Path]:
    """Yield `place` and the directories in it that have changed since the agent began: its record may come there."""
    yield place
    with contextlib.suppress(OSError):
        for inner in sorted(place.iterdir()):
            if inner.is_dir() and inner.stat().st_mtime >= followed.started_at - EARLY:
                yield inner


def first_begun(paths: Iterable[Path], followed: Followed, *, anywhere: bool) -> Path | None:
    """Return the first record that began after its agent; `anywhere`: the directory it names needn't be looked at.

    One whose name tells that it is of an earlier conversation is none, however short the agent of that one lived.
    """
    since, found = followed.started_at - EARLY, list[tuple[float, Path]]()
    worktree = os.path.realpath(followed.worktree)
    for path in paths:
        if any(earlier in path.name for earlier in followed.counted_from if earlier):
            continue
        try:
            if path.stat().st_mtime < since:
                continue
        except OSError:
            continue
        text = beginning(path)
        date = _DATE.search(text)
        begun = moment(date[1].decode("ascii", "replace")) if date else None
        if begun is not None and begun >= since and (anywhere or _names(text, worktree)):
            found.append((begun, path))
    return min(found)[1] if found else None


def _names(text: bytes, worktree: str) -> bool:
    """Tell whether a record is that of a conversation, not of a sub-agent, in `worktree`."""
    cwd = _CWD.search(text)
    return cwd is not None and json.loads(cwd[1]) == worktree and b'"parent_thread_id":"' not in text[:4096]


def beginning(path: Path) -> bytes:
    """Return what a record begins with; nothing when it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""
