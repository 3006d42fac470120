"""Decisions: what the conductor should do next, from plan and state alone."""

from __future__ import annotations

from msgspec import Struct

from autod_tui.core.board import unmerged
from autod_tui.core.checkpoint import CheckpointState
from autod_tui.core.limits import held_by, held_words, limit_reason
from autod_tui.core.plan import Plan
from autod_tui.core.state import State
from autod_tui.core.workstream import ALIVE_STATES, WorkstreamState


class StartWorkstream(Struct, frozen=True, tag=True):
    """Make the worktree and start the agent."""

    name: str


class Rehearse(Struct, frozen=True, tag=True):
    """Rehearse a checkpoint whose workstreams have fallen quiet."""

    checkpoint: str


Action = StartWorkstream | Rehearse

_QUIET = frozenset({WorkstreamState.DONE, WorkstreamState.IDLE, WorkstreamState.STOPPED, WorkstreamState.EXITED})


def next_actions(plan: Plan, state: State) -> tuple[Action, ...]:
    """Return what may start now: wanted workstreams whose checkpoints are merged, then rehearsals that are due."""
    return (*_starts(plan, state), *_rehearsals(plan, state))


def hold_reason(plan: Plan, state: State, name: str, now: float | None = None) -> str:
    """Say why workstream `name` may not start now; empty when it may. `now` (Unix time) tells what time is left."""
    spec = plan.workstream(name)
    if spec is None:
        return "it is not declared"
    if waits := unmerged(state, spec.after):
        return f"waits for checkpoint {', '.join(waits)}"
    if over := limit_reason(plan, state, name) or limit_reason(plan, state):
        return over
    if held := held_by(plan, state, spec.agent):
        return held_words(held, now)
    alive = sum(1 for record in state.workstreams.values() if record.state in ALIVE_STATES)
    if alive >= plan.project.max_sessions:
        return f"waits for a free session ({alive} of {plan.project.max_sessions} run)"
    return ""


def _starts(plan: Plan, state: State) -> list[Action]:
    free = plan.project.max_sessions - sum(1 for r in state.workstreams.values() if r.state in ALIVE_STATES)
    ready = [
        spec.name
        for spec in plan.workstreams
        if state.workstream(spec.name).to_start
        and not unmerged(state, spec.after)
        and not held_by(plan, state, spec.agent)
        and not limit_reason(plan, state, spec.name)
    ]
    if ready and limit_reason(plan, state):
        return []
    return [StartWorkstream(name) for name in ready[: max(free, 0)]]


def _rehearsals(plan: Plan, state: State) -> list[Action]:
    due: list[Action] = []
    for spec in plan.checkpoints:
        record = state.checkpoint(spec.name)
        if not spec.rehearse or record.transaction is not None or record.state is CheckpointState.MERGED:
            continue
        lanes = [state.workstream(name) for name in spec.merge]
        quiet = all(lane.state in _QUIET and lane.head and not lane.changes.uncommitted for lane in lanes)
        seen = set(record.rehearsed_heads) | set(record.tried_heads)
        if quiet and not unmerged(state, spec.after) and not {lane.head for lane in lanes} <= seen:
            due.append(Rehearse(spec.name))
    return due
