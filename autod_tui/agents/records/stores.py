"""Where Copilot, opencode and Vibe keep the records of their conversations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from autod_tui.agents.records.opencode import DATABASE, STORAGE
from autod_tui.agents.records.search import EARLY, first_begun, first_of, home_of, ids_of, young_dirs
from autod_tui.agents.records.sums import moment
from autod_tui.agents.records.vibe import begun_in, is_known, vibe_parents
from autod_tui.core.agent_ports import Followed


def _copilot_sessions(followed: Followed) -> Path:
    return home_of(followed, "COPILOT_HOME", ".copilot") / "session-state"


def find_copilot(followed: Followed) -> Path | None:
    """Return the events of a session; None while there is none."""
    sessions = _copilot_sessions(followed)
    for id in ids_of(followed):
        if (path := sessions / id / "events.jsonl").is_file():
            return path
    return None if followed.conversation else first_begun(sessions.glob("*/events.jsonl"), followed, anywhere=False)


def copilot_dirs(followed: Followed) -> Iterator[Path]:
    """Yield the directories in which a change may be news."""
    record = find_copilot(followed)
    yield from (record.parent,) if record else young_dirs(_copilot_sessions(followed), followed)


def _opencode_home(followed: Followed) -> Path:
    return home_of(followed, "XDG_DATA_HOME", ".local/share") / "opencode"


def find_opencode(followed: Followed) -> Path | None:
    """Return the database of all conversations, in older versions a directory of files; None while there is none."""
    home = _opencode_home(followed)
    return next((place for name in (DATABASE, STORAGE) if (place := home / name).exists()), None)


def opencode_dirs(followed: Followed) -> Iterator[Path]:
    """Yield the directories in which a change may be news."""
    home = _opencode_home(followed)
    yield home
    if followed.conversation and not (home / DATABASE).exists():
        yield home / STORAGE / "message" / followed.conversation


def _vibe_sessions(followed: Followed) -> Path:
    return home_of(followed, "VIBE_HOME", ".vibe") / "logs" / "session" / "unified"


def find_vibe(followed: Followed) -> Path | None:
    """Return the oldest piece of a session's journal; None while there is none."""
    sessions = _vibe_sessions(followed)
    own = [sessions / id for id in ids_of(followed)]
    if not followed.conversation:
        own += _vibe_begun(sessions, followed)
    return first_of(piece for session in own for piece in sorted((session / "journal").glob("*.jsonl")))


def _vibe_begun(sessions: Path, followed: Followed) -> list[Path]:
    """Return the sessions of a person that began in the worktree since the agent did, the first one first."""
    worktree, found = os.path.realpath(followed.worktree), list[tuple[float, Path]]()
    for meta in sessions.glob("*/meta.json"):
        where, date, is_child = begun_in(meta.parent)
        begun = moment(date)
        if where == worktree and not is_child and begun is not None and begun >= followed.started_at - EARLY:
            found.append((begun, meta.parent))
    return [path for _, path in sorted(found)[:1]]


def vibe_dirs(followed: Followed) -> Iterator[Path]:
    """Yield the directories in which a change may be news."""
    record = find_vibe(followed)
    if record is None:
        yield from young_dirs(_vibe_sessions(followed), followed)
        return
    yield record.parent
    yield from _vibe_children(record.parents[1], followed)


def _vibe_children(session: Path, followed: Followed) -> Iterator[Path]:
    """Yield where a session's sub-agents write; whose one is that has just begun is not told yet."""
    place, *young = young_dirs(session.parent, followed)
    yield place
    for inner in young:
        if inner != session and (not is_known(inner) or session in vibe_parents(inner)):
            yield inner
            yield inner / "journal"
