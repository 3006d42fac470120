"""Logs that tell what their agent tells nowhere else: which one an agent has, and who reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from autod_tui.agents.places import expanded, launch_log
from autod_tui.core.agent_ports import Followed

if TYPE_CHECKING:
    from autod_tui.core.workstream import Reading

LOG_WAYS = frozenset({"", "codex-log", "gemini-log"})
"""Ways of hooks by which no event is told: there are none, or only a log."""
GEMINI_LOG = "gemini.log"
VIBE_LOG = "~/.vibe/logs/vibe.log"
COPILOT_LOG = "~/.copilot/logs/process-*-{pid}.log"


class Log(Protocol):
    """A log that grows."""

    def read_new(self, conversation: str) -> tuple[Reading, float] | None:
        """Return the last state that it told of `conversation` since the last call, and when; None when it told none.

        May take long.
        """
        ...


def log_path(agent: Followed, spool: Path) -> Path | None:
    """Return the log of an agent whose hooks write into `spool`; None for one that has none.

    Where its name holds `{pid}` it is that of the agent's own process.
    """
    if agent.profile.hooks == "codex-log":
        return launch_log(spool)
    if agent.profile.hooks == "gemini-log":
        return launch_log(spool, GEMINI_LOG)
    shared = {"vibe": VIBE_LOG, "copilot": COPILOT_LOG}.get(agent.profile.records)
    return expanded(shared, agent.env) if shared else None


def open_log(agent: Followed, path: Path) -> Log:
    """Return what reads the log of an agent from its beginning."""
    from autod_tui.agents.records.codex_log import CodexLog  # readers are milliseconds that most needn't spend
    from autod_tui.agents.records.retry_logs import OwnLog, RetryLog, copilot_retry, gemini_retry, vibe_retry

    if agent.profile.hooks == "codex-log":
        return CodexLog(path)
    if agent.profile.records == "copilot":
        return OwnLog(path, agent.pid, copilot_retry)
    return RetryLog(path, gemini_retry if agent.profile.hooks == "gemini-log" else vibe_retry(agent.pid))
