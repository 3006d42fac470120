"""Sessions of runs that need a look: those whose agents don't go on, and agents that run without asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import Halt, RunRecord, RunState, SessionRecord
from autod_tui.core.run_plan import By, RunPlan, StageSpec
from autod_tui.core.workstream import WorkstreamState

_VERBS: dict[WorkstreamState, str] = {
    WorkstreamState.WAITING: "waits for you",
    WorkstreamState.RATE_LIMITED: "is rate-limited",
    WorkstreamState.FAILED: "can't go on",
}


def waiting_sessions(runs: Iterable[RunRecord]) -> list[str]:
    """Return the sessions whose agents wait for a person, each as `RUN/SESSION`, oldest first."""
    return [f"{run.id}/{session.id}" for run in runs for session in run.living if session.waits]


def halted_first(sessions: Iterable[SessionRecord]) -> list[SessionRecord]:
    """Put those that wait for a person first, then those that don't go on for another reason; else as they come."""
    return sorted(sessions, key=lambda one: 0 if one.waits else 1 if one.halt else 2)


def halt_words(session: SessionRecord) -> str:
    """Return such as `build-5 waits for you: permission: Bash`; empty for a session that goes on."""
    return told_words(session.id, session.halt.state, session.halt.reason) if session.halt else ""


def told_words(session: str, state: WorkstreamState, reason: str) -> str:
    """Return what it means that the agent of a session is in one of HALTS, as one sentence without a full stop."""
    return f"{session} {_VERBS.get(state, 'does not go on')}" + (f": {reason}" if reason else "")


def halt_json(halt: Halt | None) -> dict[str, Any] | None:
    """Return a halt as scripts see it; null for none."""
    if halt is None:
        return None
    return {
        "state": halt.state.value,
        "reason": halt.reason or None,
        "source": halt.source.value,
        "since": halt.since or None,
        "until": halt.until or None,
    }


def session_permission(profile: AgentProfile | None) -> str:
    """Return the permission mode of an agent in a session: where it is headless nobody can be asked, so it edits."""
    if profile is None:
        return ""
    modes = {**profile.permissions, **profile.headless_permissions}
    edits = profile.headless and profile.permission == "ask" and "edits" in modes
    return "edits" if edits else profile.permission


def unasked_stages(plan: RunPlan, agents: Mapping[str, AgentProfile]) -> frozenset[str]:
    """Return the stages of a plan whose agents run without asking for anything."""
    for known, profiles, found in _known_stages:
        if known is plan and profiles is agents:
            return found
    free = frozenset(name for name in agents if session_permission(agents[name]) == "all")
    found = frozenset(stage.name for stage in plan.stages if _agents_at(plan, stage) & free) if free else frozenset()
    _known_stages[3:] = []
    _known_stages.insert(0, (plan, agents, found))
    return found


_known_stages: list[tuple[RunPlan, Mapping[str, AgentProfile], frozenset[str]]] = []
"""Asked for at every event, and there may be thousands of tasks."""


def _agents_at(plan: RunPlan, stage: StageSpec) -> frozenset[str]:
    """Return the agents that may work in a stage: its own, else those of its tasks' roles, else the plan's."""
    if stage.by is not By.AGENT:
        return frozenset()
    if stage.agent:
        return frozenset({stage.agent})
    return frozenset(plan.roles.get(task.role, "") or plan.agent for task in plan.tasks)


def runs_unasked(run: RunRecord, agents: Mapping[str, AgentProfile]) -> bool:
    """Tell whether agents of a run work without asking, may come to do so while it lasts, or did."""
    lasts = run.state in (RunState.RUNNING, RunState.PAUSED)
    return bool(lasts and unasked_stages(run.plan, agents)) or any(one.unasked for one in run.sessions.values())
