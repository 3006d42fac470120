"""Where an agent keeps what it tells of itself: its status file, by the process that writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from autod_tui import processes
from autod_tui.core.agent_ports import Followed

STATUS_LIMIT = 1 << 20
STATUS_TIME = "statusUpdatedAt"
"""Key under which a status file dates its status, in milliseconds; a heartbeat leaves it as it is."""
LAUNCH = ".launch"
"""Directory in a session's spool that holds what its launch needs, hook.sh in any case: for hooks of a user's own."""
ANSWERS = ".answers"
"""Directory beside those of sessions, which it outlasts: a file for each conversation whose answers a plugin sees."""
_HOMES = {
    "~/.claude/": "CLAUDE_CONFIG_DIR",
    "~/.codex/": "CODEX_HOME",
    "~/.gemini/": "GEMINI_CLI_HOME",
    "~/.vibe/": "VIBE_HOME",
    "~/.copilot/": "COPILOT_HOME",
}
"""Directories that programs let a variable of the environment move."""


def expanded(path: str, env: Mapping[str, str]) -> Path:
    """Return a path of an agent's own, its `~` and moved directories as the agent sees them."""
    for place, variable in _HOMES.items():
        if path.startswith(place) and env.get(variable):
            return Path(env[variable], path.removeprefix(place))
    home = env.get("HOME")
    return Path(home, path.removeprefix("~/")) if path.startswith("~/") and home else Path(path).expanduser()


def launch_log(spool: Path, name: str = "codex-tui.log") -> Path:
    """Return the log that an agent keeps for its launch alone, in a directory of its own in the session's spool."""
    return spool / LAUNCH / "told" / name


def answers_place(spool: Path) -> Path:
    """Return where a plugin tells of the answers that it sees, given the session's spool."""
    return spool.parent / ANSWERS


def own_file(pattern: Path, ancestor: int) -> Path | None:
    """Return the file of that name which process `ancestor`, or one that descends from it, is named by; None for none.

    In the name `{pid}` stands for the process and `*` for anything.
    """
    before, _, after = (re.escape(part).replace(r"\*", ".*") for part in pattern.name.partition("{pid}"))
    name = re.compile(rf"{before}(\d{{1,9}}){after}")
    try:
        found = [match for entry in pattern.parent.iterdir() if (match := name.fullmatch(entry.name))]
    except OSError:
        return None
    ours = [(generations, match[0]) for match in found if (generations := _generations(ancestor, int(match[1]))) >= 0]
    return pattern.parent / max(ours)[1] if ours else None


class StatusFile:
    """The status file of one agent: whoever writes it is the pane's process or one that descends from it."""

    def __init__(self, agent: Followed) -> None:
        """Look for the file of `agent`, whose profile names one."""
        pattern = expanded(agent.profile.status_file, agent.env)
        self.directory = pattern.parent
        """Where it lies or will lie."""
        self.pid = 0
        """The process that writes it, once it is known."""
        self._agent = agent
        self._name = pattern.name
        before, _, after = pattern.name.partition("{pid}")
        self._pids = re.compile(rf"{re.escape(before)}(\d{{1,9}}){re.escape(after)}")
        self._others: set[str] = set()

    def read(self) -> tuple[Mapping[str, Any], float] | None:
        """Return what stands in the file and when it was written; None while there is none that can be read."""
        if not self.pid or not processes.alive(self.pid):
            self.pid = self._find()
        if not self.pid:
            return None
        path = self.directory / self._name.replace("{pid}", str(self.pid))
        try:
            stat = path.stat()
            if stat.st_size > STATUS_LIMIT or stat.st_mtime < self._agent.started_at - 1:
                return None
            held = msgspec.json.decode(path.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None  # being written, or gone with its program
        return (held, _told_at(held, stat.st_mtime)) if isinstance(held, dict) else None

    def _find(self) -> int:
        """Return the living writer that is nearest to the pane's process; 0 while there is none."""
        own = self._name.replace("{pid}", str(self._agent.pid))
        if (self.directory / own).exists():
            return self._agent.pid if processes.alive(self._agent.pid) else 0
        found = []
        for pid in self._strangers():
            distance = _generations(self._agent.pid, pid)
            if distance > 0 and processes.alive(pid):
                found.append((distance, pid))
        return min(found, default=(0, 0))[1]

    def _strangers(self) -> list[int]:
        """Return the processes that files are named by, but those that are known to be somebody else's."""
        try:
            there = {entry.name for entry in self.directory.iterdir()}
        except OSError:
            return []
        self._others &= there
        names = there - self._others
        pids = {int(match[1]): name for name in names if (match := self._pids.fullmatch(name))}
        self._others |= {name for pid, name in pids.items() if _generations(self._agent.pid, pid) < 0}
        return list(pids)


def _told_at(held: Mapping[str, Any], written: float) -> float:
    """Return when the state was told: a heartbeat writes the file without telling a new one."""
    stamp = held.get(STATUS_TIME)
    at = stamp / 1000 if isinstance(stamp, int | float) else written
    return at if written - 86400 < at <= written + 1 else written


def _generations(ancestor: int, pid: int) -> int:
    """Return how many generations below `ancestor` a process stands; -1 when it is none of its descendants."""
    count = 0
    while pid > 1:
        if pid == ancestor:
            return count
        pid, count = _parent(pid), count + 1
    return -1


def _parent(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0
    return int(fields[1]) if len(fields) > 1 else 0
