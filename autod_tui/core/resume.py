"""Resuming: whether an agent that is gone can go on with the conversation that it had."""

from __future__ import annotations

from autod_tui.core.plan import Plan
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamState

_BROKEN_OFF = frozenset({WorkstreamState.FAILED, WorkstreamState.LOST})
"""Ends that nobody wished: an agent that rested, having said that it was done, has lost its conversation as well."""
_CUT_SHORT = frozenset({*_BROKEN_OFF, WorkstreamState.EXITED, WorkstreamState.STOPPED})


def conversation_to_resume(plan: Plan, record: WorkstreamRecord, agent: str) -> str:
    """Return the conversation that `agent` can go on with; empty when the work is done, or nothing can be resumed."""
    profile = plan.agents.get(agent)
    known = bool(record.conversation) and record.conversation_agent == agent
    cut_short = record.state in (_CUT_SHORT if record.done is None else _BROKEN_OFF)
    return record.conversation if known and cut_short and profile is not None and profile.resume else ""
