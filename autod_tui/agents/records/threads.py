"""Codex's conversations of one process: a person begins, forks and resumes them at will in the same pane."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from autod_tui.core.agent_ports import Followed

_ROLLOUT = re.compile(r"rollout-[\dT-]+-[\w-]+\.jsonl")
_FIRST_LINE = 1 << 20
_GENERATIONS = 3
"""The launcher's script, the program, and what a wrapper of one's own may add."""


class _Thread(Struct):
    id: str = ""
    session_id: str = ""
    parent_thread_id: str | None = None
    source: str | dict[str, object] = ""


class _Meta(Struct):
    payload: _Thread = msgspec.field(default_factory=_Thread)


def present_thread(agent: Followed) -> str:
    """Return the conversation that the agent has gone over to; empty when that is the known one, or nobody can tell.

    It keeps the rollouts of all that it was in open; the one that was written last is that of the present one.
    """
    if not agent.conversation:
        return ""
    newest = max(((_written(path), path) for path in _open_rollouts(agent.pid)), default=None)
    if newest is None or newest[1].stem.endswith(agent.conversation):
        return ""
    return _conversation(newest[1])


def _open_rollouts(pid: int) -> set[Path]:
    """Return the rollouts that a process or its descendants hold open, those of sub-agents left out."""
    paths = {Path(name) for one in _family(pid) for name in _open_files(one) if _ROLLOUT.fullmatch(Path(name).name)}
    return {path for path in paths if len(paths) > 1 and _conversation(path)}


def _family(pid: int) -> Iterator[int]:
    generation = [pid]
    for _ in range(_GENERATIONS):
        yield from generation
        generation = [child for one in generation for child in _children(one)]


def _children(pid: int) -> Iterator[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - asked for often
    except OSError:
        return
    for thread in threads:
        try:
            yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())
        except (OSError, ValueError):
            continue


def _open_files(pid: int) -> Iterator[str]:
    place = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(place)  # noqa: PTH208 - asked for often
    except OSError:
        return
    for descriptor in descriptors:
        try:
            yield os.readlink(f"{place}/{descriptor}")  # noqa: PTH115 - asked for often
        except OSError:
            continue


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _conversation(path: Path) -> str:
    """Return the id of the conversation that a rollout records; empty for a sub-agent's, or one that is not begun."""
    try:
        with path.open("rb") as file:
            thread = msgspec.json.decode(file.readline(_FIRST_LINE), type=_Meta, strict=False).payload
    except (OSError, msgspec.MsgspecError):
        return ""
    own = thread.session_id in ("", thread.id) and not thread.parent_thread_id and isinstance(thread.source, str)
    return thread.id if own else ""
