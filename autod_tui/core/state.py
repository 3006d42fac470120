"""The state: a projection of the journal. Only `core.replay` changes it, by the rules of the events' rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from autod_tui.core import events as ev
from autod_tui.core.agent_events import AgentsHeld, LimitRaised
from autod_tui.core.checkpoint import CheckpointRecord, GateResult
from autod_tui.core.run import RunRecord
from autod_tui.core.workstream import WorkstreamRecord


class Metrics(Struct, frozen=True, kw_only=True):
    """Counts over the whole journal."""

    merges: int = 0
    rollbacks: int = 0
    conflicted_files: int = 0
    red_gates: int = 0
    rehearsals: int = 0
    first_start: float = 0.0
    last_stop: float = 0.0


class State(Struct, frozen=True, kw_only=True):
    """All that is known; frozen, so that a reader never sees half a change."""

    seq: int = 0
    at: float = 0.0
    conductor: int = 0
    """Process id of the conductor; 0 when none holds the lock."""
    conductor_role: str = ""
    workstreams: Mapping[str, WorkstreamRecord] = {}
    checkpoints: Mapping[str, CheckpointRecord] = {}
    forecasts: Mapping[str, ev.CheckpointForecast] = {}
    green_trees: Mapping[str, tuple[GateResult, ...]] = {}
    """Tree object id to the gates that were green on it."""
    moving: ev.RefsMoving | None = None
    """Ref moves that were announced and not yet seen done."""
    metrics: Metrics = Metrics()
    runs: Mapping[str, RunRecord] = {}
    """By id, oldest first."""
    held: Mapping[str, AgentsHeld] = {}
    """Agent family to the rate limit that holds it."""
    limited: Mapping[str, AgentsHeld] = {}
    """Agent family to the last rate limit that it met; gone once one of its agents has been answered."""
    raised: Mapping[str, LimitRaised] = {}
    """Workstream, or empty for the project, to the limits that a person set last."""

    def workstream(self, name: str) -> WorkstreamRecord:
        """Return the record of `name`, a blank one when nothing happened to it yet."""
        return self.workstreams.get(name) or WorkstreamRecord(name=name)

    def checkpoint(self, name: str) -> CheckpointRecord:
        """Return the record of `name`, a blank one when nothing happened to it yet."""
        return self.checkpoints.get(name) or CheckpointRecord(name=name)


Rule = Callable[[Any, State, float], State]
"""What an event of one type makes of a state; called with the event, the state before and the event's Unix time."""
S = TypeVar("S", bound=Struct)


def replace(value: S, **changes: Any) -> S:
    """Return a copy with `changes`."""
    return msgspec.structs.replace(value, **changes)


def with_workstream(state: State, name: str, /, **changes: Any) -> State:
    """Return the state with changes to the record of a workstream."""
    record = replace(state.workstream(name), **changes)
    return replace(state, workstreams={**state.workstreams, name: record})


def with_checkpoint(state: State, name: str, /, **changes: Any) -> State:
    """Return the state with changes to the record of a checkpoint."""
    record = replace(state.checkpoint(name), **changes)
    return replace(state, checkpoints={**state.checkpoints, name: record})


def count(state: State, **increments: int) -> State:
    """Return the state with some of its metrics counted on."""
    changes = {name: getattr(state.metrics, name) + by for name, by in increments.items()}
    return replace(state, metrics=replace(state.metrics, **changes))
