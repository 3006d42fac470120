"""Where agents keep the records of their conversations."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from autod_tui.agents.records.search import beginning, first_begun, first_of, home_of, ids_of, mangled
from autod_tui.agents.records.stores import (
    copilot_dirs,
    find_copilot,
    find_opencode,
    find_vibe,
    opencode_dirs,
    vibe_dirs,
)
from autod_tui.core.agent_ports import Followed


def find_record(followed: Followed) -> Path | None:
    """Return the file in which an agent records its conversation; None while there is none, or for no known format."""
    find = _FINDERS.get(followed.profile.records)
    return find(followed) if find else None


def watched_dirs(followed: Followed) -> tuple[Path, ...]:
    """Return the directories in which a change may be news of this agent; some may still have to be made.

    They change with what is there: ask again after each change.
    """
    directories = _DIRECTORIES.get(followed.profile.records)
    return tuple(dict.fromkeys(directories(followed))) if directories else ()


def _claude(followed: Followed) -> Path | None:
    projects = home_of(followed, "CLAUDE_CONFIG_DIR", ".claude") / "projects"
    own = projects / mangled(followed)
    for id in ids_of(followed):
        if (path := own / f"{id}.jsonl").is_file():
            return path
        if elsewhere := first_of(projects.glob(f"*/{id}.jsonl")):
            return elsewhere
    return None if followed.conversation else first_begun(own.glob("*.jsonl"), followed, anywhere=True)


def _claude_dirs(followed: Followed) -> Iterator[Path]:
    record = _claude(followed)
    own = home_of(followed, "CLAUDE_CONFIG_DIR", ".claude") / "projects" / mangled(followed)
    yield record.parent if record else own
    if record is not None:
        yield record.with_suffix("") / "subagents"


def _codex(followed: Followed) -> Path | None:
    sessions = home_of(followed, "CODEX_HOME", ".codex") / "sessions"
    if id := followed.conversation:
        if not re.fullmatch(r"[\w-]+", id):
            return None
        begun = _uuid_time(id)
        days = [sessions / "*" / "*" / "*"] if begun is None else _days(sessions, begun, begun)
        return first_of(
            path for day in days for path in sessions.glob(f"{day.relative_to(sessions)}/rollout-*-{id}.jsonl")
        )
    files = (path for day in _days(sessions, followed.started_at) for path in day.glob("rollout-*.jsonl"))
    return first_begun(files, followed, anywhere=False)


def _uuid_time(id: str) -> float | None:
    """Return the Unix time that an id of UUID's version 7 tells, else None."""
    digits = id.replace("-", "")
    return int(digits[:12], 16) / 1000 if re.fullmatch(r"[0-9a-f]{12}7[0-9a-f]{19}", digits) else None


def _days(sessions: Path, since: float, until: float | None = None) -> Iterator[Path]:
    """Yield the directories of the days from `since` to `until`, else now, by the local clock and those next to it."""
    last = datetime.fromtimestamp(time.time() if until is None else until).astimezone() + timedelta(days=1)
    day = datetime.fromtimestamp(since).astimezone() - timedelta(days=1)
    for _ in range(400):
        if day.date() > last.date():
            return
        yield sessions / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
        day += timedelta(days=1)


def _codex_dirs(followed: Followed) -> Iterator[Path]:
    record = _codex(followed)
    if record is not None:
        yield record.parent
    today, home = datetime.now().astimezone(), home_of(followed, "CODEX_HOME", ".codex")
    yield home / "sessions" / f"{today:%Y}" / f"{today:%m}" / f"{today:%d}"


def _gemini_home(followed: Followed) -> Path:
    home = followed.env.get("GEMINI_CLI_HOME") or followed.env.get("HOME") or str(Path.home())
    return Path(home) / ".gemini"


def _gemini_chats(followed: Followed) -> Path | None:
    home = _gemini_home(followed)
    try:
        projects = json.loads((home / "projects.json").read_bytes())["projects"]
        name = projects.get(os.path.realpath(followed.worktree)) or projects.get(followed.worktree)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return home / "tmp" / name / "chats" if isinstance(name, str) and re.fullmatch(r"[\w.-]+", name) else None


def _gemini(followed: Followed) -> Path | None:
    chats = _gemini_chats(followed)
    if chats is None:
        return None
    for id in ids_of(followed):
        named = sorted(chats.glob(f"session-*-{id[:8]}.jsonl"))  # a resume may have begun another one
        if path := first_of(path for path in named if id.encode() in beginning(path)):
            return path
    return None if followed.conversation else first_begun(chats.glob("session-*.jsonl"), followed, anywhere=True)


def _gemini_dirs(followed: Followed) -> Iterator[Path]:
    chats = _gemini_chats(followed)
    yield chats or _gemini_home(followed) / "tmp"
    if chats is not None and re.fullmatch(r"[\w-]+", followed.conversation):
        yield chats / followed.conversation


def _qwen_chats(followed: Followed) -> Path:
    return home_of(followed, "QWEN_HOME", ".qwen") / "projects" / mangled(followed) / "chats"


def _qwen(followed: Followed) -> Path | None:
    chats = _qwen_chats(followed)
    for id in ids_of(followed):
        if (path := chats / f"{id}.jsonl").is_file():
            return path
    return None if followed.conversation else first_begun(chats.glob("*.jsonl"), followed, anywhere=True)


def _qwen_dirs(followed: Followed) -> Iterator[Path]:
    yield _qwen_chats(followed)


def _pi_sessions(followed: Followed) -> Path:
    name = re.sub(r"[/\\:]", "-", os.path.realpath(followed.worktree).lstrip("/"))
    return home_of(followed, "PI_CODING_AGENT_DIR", ".pi/agent") / "sessions" / f"--{name}--"


def _pi(followed: Followed) -> Path | None:
    sessions = _pi_sessions(followed)
    for id in ids_of(followed):
        if path := first_of(sessions.glob(f"*_{id}.jsonl")):
            return path
    return None if followed.conversation else first_begun(sessions.glob("*.jsonl"), followed, anywhere=True)


def _pi_dirs(followed: Followed) -> Iterator[Path]:
    yield _pi_sessions(followed)


def _aider(followed: Followed) -> Path | None:
    path = Path(followed.worktree) / ".aider.chat.history.md"
    return path if path.is_file() and not path.is_symlink() else None


def _aider_dirs(followed: Followed) -> Iterator[Path]:
    yield Path(followed.worktree)


_FINDERS: dict[str, Callable[[Followed], Path | None]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "qwen": _qwen,
    "pi": _pi,
    "aider": _aider,
    "copilot": find_copilot,
    "opencode": find_opencode,
    "vibe": find_vibe,
}
_DIRECTORIES: dict[str, Callable[[Followed], Iterator[Path]]] = {
    "claude": _claude_dirs,
    "codex": _codex_dirs,
    "gemini": _gemini_dirs,
    "qwen": _qwen_dirs,
    "pi": _pi_dirs,
    "aider": _aider_dirs,
    "copilot": copilot_dirs,
    "opencode": opencode_dirs,
    "vibe": vibe_dirs,
}
