"""Dwellers: a worktree takes one agent, whoever started it; what an agent that is gone has left there makes room."""

from __future__ import annotations

import re
from pathlib import Path

from autod_tui.core.errors import RefusedError
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamSpec
from autod_tui.engine.house import House

_ANYTHING = re.compile(r"(?:python|pypy)[\d.]*|node|bun|deno|(?:da|ba|z|k|fi)?sh|env|nice|nohup|setsid|sudo|npx|uvx?")
"""Programs that run others: their names tell no agent."""


async def make_room(house: House, spec: WorkstreamSpec, record: WorkstreamRecord) -> str:
    """Refuse where an agent lives; end what one that is gone has left running, and say what that was.

    Agents of autod's own are known by the marks in their environment, even where they outlived their tmux server,
    those of others by their program and the directory in which they run.
    """
    processes = house.processes
    names = programs(house.plan)
    left = processes.of_session(record.session) if record.session else []
    left = left or processes.of_worktree(spec.worktree)
    profile = house.plan.agents.get(record.agent or spec.agent)
    knows = profile is not None and _program(profile) in names
    living = [pid for pid in left if not knows or pid == record.pid or processes.runs(pid, names)]
    if living:
        raise RefusedError(
            f"{spec.name}: an agent still runs in its worktree outside tmux ({_listed(living)})",
            hint=f"autod down {spec.name} ends it",
        )
    if others := [pid for pid in processes.working_in(spec.worktree, names) if pid not in left]:
        raise RefusedError(
            f"{spec.name}: an agent that autod has not started lives in its worktree ({_listed(others)})",
            hint=f"leave it, then autod up {spec.name}",
        )
    if not left:
        return ""
    if record.session:
        await processes.end_session(record.session)
    await processes.end_worktree(spec.worktree)
    return f"ended what its last agent had left running ({_listed(left)})"


def programs(plan: Plan) -> frozenset[str]:
    """Return the names of the programs that are agents."""
    names = (_program(profile) for profile in plan.agents.values())
    return frozenset(name for name in names if name and not _ANYTHING.fullmatch(name))


def _program(profile: AgentProfile) -> str:
    return Path(profile.command[0]).name if profile.command else ""


def _listed(pids: list[int]) -> str:
    return f"process {', '.join(map(str, pids))}"
