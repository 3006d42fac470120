"""Where agents keep the records of their conversations."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from autod_tui.agents.records.sums import moment
from autod_tui.core.agent_ports import Followed

EARLY = 2.0
"""Seconds by which a record may seem older than its agent: clocks are read one after the other."""
_START = 1 << 18
"""Bytes at the beginning of a record in which its date and its directory stand."""
_DATE = re.compile(rb'"(?:timestamp|startTime)":\s*"([^"]{10,40})"')
_CWD = re.compile(rb'"cwd":\s*("(?:[^"\\]|\\.)*")')


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


def _home(followed: Followed, variable: str, default: str) -> Path:
    """Return the directory that an agent calls its home."""
    own = followed.env.get(variable, "")
    return Path(own) if own else Path(followed.env.get("HOME") or Path.home()) / default


def _mangled(followed: Followed) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", os.path.realpath(followed.worktree))


def _ids(followed: Followed) -> tuple[str, ...]:
    """Return the ids that a record may bear, the likeliest first; none that would lead elsewhere."""
    ids = (followed.conversation, followed.session)
    return tuple(id for id in dict.fromkeys(ids) if re.fullmatch(r"[\w.-]+", id))


def _claude(followed: Followed) -> Path | None:
    projects = _home(followed, "CLAUDE_CONFIG_DIR", ".claude") / "projects"
    own = projects / _mangled(followed)
    for id in _ids(followed):
        if (path := own / f"{id}.jsonl").is_file():
            return path
        if elsewhere := _first(projects.glob(f"*/{id}.jsonl")):
            return elsewhere
    return None if followed.conversation else _begun(own.glob("*.jsonl"), followed, anywhere=True)


def _claude_dirs(followed: Followed) -> Iterator[Path]:
    record = _claude(followed)
    own = _home(followed, "CLAUDE_CONFIG_DIR", ".claude") / "projects" / _mangled(followed)
    yield record.parent if record else own
    if record is not None:
        yield record.with_suffix("") / "subagents"


def _codex(followed: Followed) -> Path | None:
    sessions = _home(followed, "CODEX_HOME", ".codex") / "sessions"
    if id := followed.conversation:
        if not re.fullmatch(r"[\w-]+", id):
            return None
        begun = _uuid_time(id)
        days = [sessions / "*" / "*" / "*"] if begun is None else _days(sessions, begun, begun)
        return _first(
            path for day in days for path in sessions.glob(f"{day.relative_to(sessions)}/rollout-*-{id}.jsonl")
        )
    files = (path for day in _days(sessions, followed.started_at) for path in day.glob("rollout-*.jsonl"))
    return _begun(files, followed, anywhere=False)


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
    today, home = datetime.now().astimezone(), _home(followed, "CODEX_HOME", ".codex")
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
    for id in _ids(followed):
        named = (path for path in chats.glob(f"session-*-{id[:8]}.jsonl") if id.encode() in _beginning(path))
        if path := _first(named):
            return path
    return None if followed.conversation else _begun(chats.glob("session-*.jsonl"), followed, anywhere=True)


def _gemini_dirs(followed: Followed) -> Iterator[Path]:
    yield _gemini_chats(followed) or _gemini_home(followed) / "tmp"


def _qwen_chats(followed: Followed) -> Path:
    return _home(followed, "QWEN_HOME", ".qwen") / "projects" / _mangled(followed) / "chats"


def _qwen(followed: Followed) -> Path | None:
    chats = _qwen_chats(followed)
    for id in _ids(followed):
        if (path := chats / f"{id}.jsonl").is_file():
            return path
    return None if followed.conversation else _begun(chats.glob("*.jsonl"), followed, anywhere=True)


def _qwen_dirs(followed: Followed) -> Iterator[Path]:
    yield _qwen_chats(followed)


def _pi_sessions(followed: Followed) -> Path:
    name = re.sub(r"[/\\:]", "-", os.path.realpath(followed.worktree).lstrip("/"))
    return _home(followed, "PI_CODING_AGENT_DIR", ".pi/agent") / "sessions" / f"--{name}--"


def _pi(followed: Followed) -> Path | None:
    sessions = _pi_sessions(followed)
    for id in _ids(followed):
        if path := _first(sessions.glob(f"*_{id}.jsonl")):
            return path
    return None if followed.conversation else _begun(sessions.glob("*.jsonl"), followed, anywhere=True)


def _pi_dirs(followed: Followed) -> Iterator[Path]:
    yield _pi_sessions(followed)


def _aider(followed: Followed) -> Path | None:
    path = Path(followed.worktree) / ".aider.chat.history.md"
    return path if path.is_file() and not path.is_symlink() else None


def _aider_dirs(followed: Followed) -> Iterator[Path]:
    yield Path(followed.worktree)


def _first(paths: Iterable[Path]) -> Path | None:
    return next(iter(paths), None)


def _begun(paths: Iterable[Path], followed: Followed, *, anywhere: bool) -> Path | None:
    """Return the first record that began after its agent; `anywhere`: the directory it names needn't be looked at."""
    since, found = followed.started_at - EARLY, list[tuple[float, Path]]()
    worktree = os.path.realpath(followed.worktree)
    for path in paths:
        try:
            if path.stat().st_mtime < since:
                continue
        except OSError:
            continue
        text = _beginning(path)
        date = _DATE.search(text)
        begun = moment(date[1].decode("ascii", "replace")) if date else None
        if begun is not None and begun >= since and (anywhere or _names(text, worktree)):
            found.append((begun, path))
    return min(found)[1] if found else None


def _names(text: bytes, worktree: str) -> bool:
    """Tell whether a record is that of a conversation, not of a sub-agent, in `worktree`."""
    cwd = _CWD.search(text)
    return cwd is not None and json.loads(cwd[1]) == worktree and b'"parent_thread_id":"' not in text[:4096]


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_START)
    except OSError:
        return b""


_FINDERS: dict[str, Callable[[Followed], Path | None]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "qwen": _qwen,
    "pi": _pi,
    "aider": _aider,
}
_DIRECTORIES: dict[str, Callable[[Followed], Iterator[Path]]] = {
    "claude": _claude_dirs,
    "codex": _codex_dirs,
    "gemini": _gemini_dirs,
    "qwen": _qwen_dirs,
    "pi": _pi_dirs,
    "aider": _aider_dirs,
}
