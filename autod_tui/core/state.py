"""The state: a projection of the journal; `apply` is the only way to change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from autod_tui.core import agent_events as ae
from autod_tui.core import events as ev
from autod_tui.core.agent_events import AgentsHeld, LimitRaised
from autod_tui.core.checkpoint import (
    UNASKED,
    CheckpointRecord,
    CheckpointState,
    GateResult,
    GateState,
    Transaction,
)
from autod_tui.core.events import Recorded
from autod_tui.core.run import RunRecord
from autod_tui.core.run_events import RunStarted
from autod_tui.core.run_state import RUN_EVENTS, apply_run, start_run
from autod_tui.core.workstream import ALIVE_STATES, EXIT_STATUS, Ending, Source, WorkstreamRecord, WorkstreamState


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
    raised: Mapping[str, LimitRaised] = {}
    """Workstream, or empty for the project, to the limits that a person set last."""

    def workstream(self, name: str) -> WorkstreamRecord:
        """Return the record of `name`, a blank one when nothing happened to it yet."""
        return self.workstreams.get(name) or WorkstreamRecord(name=name)

    def checkpoint(self, name: str) -> CheckpointRecord:
        """Return the record of `name`, a blank one when nothing happened to it yet."""
        return self.checkpoints.get(name) or CheckpointRecord(name=name)


def replay(entries: Iterable[Recorded], state: State | None = None) -> State:
    """Fold journal entries into a state."""
    result = state or State()
    for entry in entries:
        result = apply(result, entry)
    return result


def apply(state: State, entry: Recorded) -> State:
    """Return the state after one more event."""
    state = _replace(state, seq=entry.seq, at=entry.at)
    return _apply(entry.event, state, entry.at)


RESUME_PROOF = 10.0
"""Seconds within which a resumed agent that ends by itself shows that it could not be: the next start is a new one."""

S = TypeVar("S", bound=Struct)


def _replace(value: S, **changes: Any) -> S:
    return msgspec.structs.replace(value, **changes)


def _with_workstream(state: State, name: str, /, **changes: Any) -> State:
    record = _replace(state.workstream(name), **changes)
    return _replace(state, workstreams={**state.workstreams, name: record})


def _with_checkpoint(state: State, name: str, /, **changes: Any) -> State:
    record = _replace(state.checkpoint(name), **changes)
    return _replace(state, checkpoints={**state.checkpoints, name: record})


def _count(state: State, **increments: int) -> State:
    changes = {name: getattr(state.metrics, name) + by for name, by in increments.items()}
    return _replace(state, metrics=_replace(state.metrics, **changes))


@singledispatch
def _apply(event: ev.Event, state: State, at: float) -> State:
    """Events without a rule of their own change nothing (notes, messages, backups)."""
    return state


@_apply.register
def _(event: ev.ConductorStarted, state: State, at: float) -> State:
    return _replace(state, conductor=event.pid, conductor_role=event.role)


@_apply.register
def _(event: ev.ConductorStopped, state: State, at: float) -> State:
    return _replace(state, conductor=0, conductor_role="") if state.conductor == event.pid else state


@_apply.register
def _(event: ev.WorkstreamWanted, state: State, at: float) -> State:
    return _with_workstream(state, event.name, wanted=event.wanted)


@_apply.register
def _(event: ev.WorktreeAdded, state: State, at: float) -> State:
    return _with_workstream(
        state,
        event.name,
        worktree=event.worktree,
        branch=event.branch,
        base_oid=event.base_oid,
        port=event.port,
    )


@_apply.register
def _(event: ev.WorktreeRemoved, state: State, at: float) -> State:
    known = state.workstream(event.name)
    blank = WorkstreamRecord(
        name=event.name,
        since=at,
        active_seconds=known.active_seconds,
        done=known.done,
        handed_in=known.handed_in,
        spent=known.spent,
        counted_from=known.counted_from,
    )
    return _replace(state, workstreams={**state.workstreams, event.name: blank})


@_apply.register
def _(event: ev.AgentStarted, state: State, at: float) -> State:
    metrics = state.metrics
    if not metrics.first_start:
        state = _replace(state, metrics=_replace(metrics, first_start=at))
    before = state.workstream(event.name)
    spent = 0.0 if event.adopted or not before.started_at else at - before.started_at
    return _with_workstream(
        state,
        event.name,
        active_seconds=before.active_seconds + spent,
        done=before.done if event.adopted else None,
        conversation=before.conversation if event.adopted else "",
        conversation_agent=before.conversation_agent if event.adopted else "",
        resumed=before.resumed if event.adopted else event.resumed,
        session=event.session,
        agent=event.agent,
        model=event.model,
        window=event.window,
        pane=event.pane,
        pid=event.pid,
        started_at=before.started_at or at if event.adopted else at,
        state=before.state if event.adopted else WorkstreamState.STARTING,
        reason="",
        source=Source.CONDUCTOR,
        since=at,
    )


@_apply.register
def _(event: ev.StateChanged, state: State, at: float) -> State:
    record = state.workstream(event.name)
    changes: dict[str, Any] = {
        "state": event.state,
        "reason": event.reason,
        "source": event.source,
        "until": event.until,
        "since": at,
    }
    # an agent that says it is done may live on; one whose process says so has ended
    ended = event.state is not WorkstreamState.DONE or event.source is Source.PROCESS
    if event.state is WorkstreamState.DONE:
        changes["done"] = record.done or _ending(record, at)
    elif event.state is WorkstreamState.WORKING:
        changes["done"] = None
    if event.state not in ALIVE_STATES and ended and record.started_at:
        changes |= {"active_seconds": record.active_seconds + at - record.started_at, "started_at": 0.0}
        by_itself = event.source is Source.PROCESS and event.reason.startswith(EXIT_STATUS)
        if record.resumed and by_itself and at - record.started_at < RESUME_PROOF:
            changes |= {"conversation": "", "conversation_agent": ""}  # it could not be resumed
        state = _replace(state, metrics=_replace(state.metrics, last_stop=at))
    elif event.state in ALIVE_STATES and record.pane and not record.started_at:
        changes["started_at"] = at  # it had failed and lives on
    return _with_workstream(state, event.name, **changes)


def _ending(record: WorkstreamRecord, at: float) -> Ending:
    return Ending(at, record.active_seconds + (at - record.started_at if record.started_at else 0.0))


@_apply.register
def _(event: ev.AgentStopped, state: State, at: float) -> State:
    stopped = ev.StateChanged(name=event.name, state=WorkstreamState.STOPPED, source=Source.CONDUCTOR)
    state = _apply(stopped, state, at)
    return _with_workstream(state, event.name, pane="", window="", pid=0)


@_apply.register
def _(event: ev.HeadMoved, state: State, at: float) -> State:
    return _with_workstream(state, event.name, head=event.head)


@_apply.register
def _(event: ev.WorktreeChanged, state: State, at: float) -> State:
    return _with_workstream(state, event.name, changes=event.changes)


@_apply.register
def _(event: ev.ProgressChanged, state: State, at: float) -> State:
    return _with_workstream(state, event.name, progress=event.progress, progress_at=at)


@_apply.register
def _(event: ev.ForecastChanged, state: State, at: float) -> State:
    records = {
        name: _replace(record, overlaps=event.overlaps.get(name, ())) for name, record in state.workstreams.items()
    }
    for name in event.overlaps.keys() - records.keys():
        records[name] = WorkstreamRecord(name=name, overlaps=event.overlaps[name])
    forecasts = {forecast.checkpoint: forecast for forecast in event.checkpoints}
    return _replace(state, workstreams=records, forecasts=forecasts)


@_apply.register
def _(event: ev.MergeStarted, state: State, at: float) -> State:
    transaction = Transaction(id=event.id, plan=event.plan, rehearsal=event.rehearsal, began_at=at)
    changes: dict[str, Any] = {"transaction": transaction, "gates": (), "guilt": None}
    if not event.rehearsal:
        changes |= {"state": CheckpointState.MERGING, "reason": ""}
    else:
        state = _count(state, rehearsals=1)
    return _with_checkpoint(state, event.plan.checkpoint, **changes)


def _with_transaction(state: State, checkpoint: str, **changes: Any) -> State:
    transaction = state.checkpoint(checkpoint).transaction
    if transaction is None:
        return state
    return _with_checkpoint(state, checkpoint, transaction=_replace(transaction, **changes))


@_apply.register
def _(event: ev.StepMerged, state: State, at: float) -> State:
    return _with_transaction(state, event.checkpoint, at_step="", conflicts=(), resolved=())


@_apply.register
def _(event: ev.ConflictFound, state: State, at: float) -> State:
    files = len(event.conflicts)
    record = state.checkpoint(event.checkpoint)
    reason = f"{event.workstream} conflicts in {files} file{'s' if files != 1 else ''}"
    rehearsal = record.transaction is not None and record.transaction.rehearsal
    if not rehearsal:
        state = _count(state, conflicted_files=files)
        state = _with_checkpoint(
            state,
            event.checkpoint,
            state=CheckpointState.MERGING,
            reason=reason,
            conflicted_files=record.conflicted_files + files,
        )
    return _with_transaction(state, event.checkpoint, at_step=event.workstream, conflicts=event.conflicts, resolved=())


@_apply.register
def _(event: ev.ConflictResolved, state: State, at: float) -> State:
    transaction = state.checkpoint(event.checkpoint).transaction
    if transaction is None:
        return state
    left = tuple(conflict for conflict in transaction.conflicts if conflict.path != event.path)
    by_hand = transaction.by_hand
    if event.how not in UNASKED:
        by_hand = (*by_hand, (transaction.at_step, event.path))
    resolved = (*transaction.resolved, event.path)
    return _with_transaction(state, event.checkpoint, conflicts=left, resolved=resolved, by_hand=by_hand)


@_apply.register
def _(event: ev.ResultMade, state: State, at: float) -> State:
    return _with_transaction(state, event.checkpoint, result=event.result, at_step="", conflicts=())


@_apply.register
def _(event: ev.GateStarted, state: State, at: float) -> State:
    if event.workstream:
        return state
    running = GateResult(name=event.gate, state=GateState.RUNNING, log=event.log)
    return _with_gate(state, event.checkpoint, running)


@_apply.register
def _(event: ev.GateFinished, state: State, at: float) -> State:
    if event.workstream:
        return state
    if event.result.state is GateState.RED:
        state = _count(state, red_gates=1)
    elif event.tree:
        kept = tuple(gate for gate in state.green_trees.get(event.tree, ()) if gate.name != event.result.name)
        state = _replace(state, green_trees={**state.green_trees, event.tree: (*kept, event.result)})
    return _with_gate(state, event.checkpoint, event.result)


def _with_gate(state: State, checkpoint: str, result: GateResult) -> State:
    gates = state.checkpoint(checkpoint).gates
    if any(gate.name == result.name for gate in gates):
        gates = tuple(result if gate.name == result.name else gate for gate in gates)
    else:
        gates = (*gates, result)
    return _with_checkpoint(state, checkpoint, gates=gates)


@_apply.register
def _(event: ev.GuiltFound, state: State, at: float) -> State:
    return _with_checkpoint(state, event.checkpoint, guilt=event.guilt)


@_apply.register
def _(event: ev.CheckpointRehearsed, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    settled = record.state is CheckpointState.MERGED
    after = CheckpointState.READY if event.green else CheckpointState.BLOCKED
    return _with_checkpoint(
        state,
        event.checkpoint,
        transaction=None,
        state=record.state if settled else after,
        reason=record.reason if settled else event.reason,
        rehearsed_heads=event.heads if event.green else (),
        rehearsed_result=event.result if event.green else "",
        tried_heads=event.heads,
        seconds=_length(record, at) if event.green and not settled else record.seconds,
    )


@_apply.register
def _(event: ev.RehearsalOutdated, state: State, at: float) -> State:
    blank = {"rehearsed_heads": (), "rehearsed_result": "", "tried_heads": (), "reason": ""}
    return _with_checkpoint(
        state, event.checkpoint, state=_without_merge(state, event.checkpoint, CheckpointState.OPEN), **blank
    )


@_apply.register
def _(event: ev.CheckpointBlocked, state: State, at: float) -> State:
    state = _moved_nothing(state, event.checkpoint)
    return _with_checkpoint(
        state,
        event.checkpoint,
        state=_without_merge(state, event.checkpoint, CheckpointState.BLOCKED),
        reason=event.reason,
        transaction=None,
    )


def _length(record: CheckpointRecord, at: float) -> float | None:
    """Return how long the transaction that ends at `at` took."""
    return at - record.transaction.began_at if record.transaction else record.seconds


def _without_merge(state: State, checkpoint: str, otherwise: CheckpointState) -> CheckpointState:
    """A checkpoint whose earlier merge is still in force stays merged when a further one comes to nothing."""
    return CheckpointState.MERGED if state.checkpoint(checkpoint).in_force else otherwise


def _moved_nothing(state: State, checkpoint: str) -> State:
    announced = state.moving is not None and state.moving.checkpoint == checkpoint
    return _replace(state, moving=None) if announced else state


@_apply.register
def _(event: ev.CheckpointAbandoned, state: State, at: float) -> State:
    state = _moved_nothing(state, event.checkpoint)
    return _with_checkpoint(
        state,
        event.checkpoint,
        state=_without_merge(state, event.checkpoint, CheckpointState.OPEN),
        reason=event.reason,
        transaction=None,
    )


@_apply.register
def _(event: ev.RefsMoving, state: State, at: float) -> State:
    return _replace(state, moving=event)


@_apply.register
def _(event: ev.CheckpointMerged, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    state = _count(_replace(state, moving=None), merges=1)
    for name in event.workstreams:
        merged = state.workstream(name)
        state = (
            state
            if name not in state.workstreams
            else _with_workstream(state, name, handed_in=merged.done or _ending(merged, at))
        )
    return _with_checkpoint(
        state,
        event.checkpoint,
        state=CheckpointState.MERGED,
        in_force=True,
        reason="",
        transaction=None,
        before_oid=event.before_oid,
        base_oid=event.base_oid,
        first_base_oid=record.first_base_oid or event.base_oid,
        after_oid=event.after_oid,
        merged_into=event.into,
        then_before=event.then_before,
        then_branch=event.then,
        tag=event.tag,
        merged_workstreams=event.workstreams,
        merged_heads=event.heads,
        deferred=event.left_out,
        revert_oid="",
        merged_at=at,
        seconds=_length(record, at),
        merges=record.merges + 1,
    )


@_apply.register
def _(event: ev.CheckpointRolledBack, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    state = _count(_replace(state, moving=None), rollbacks=1)
    return _with_checkpoint(
        state,
        event.checkpoint,
        state=CheckpointState.ROLLED_BACK,
        in_force=False,
        reason="rolled back" if event.exact else "rolled back by a revert commit",
        transaction=None,
        revert_oid=event.revert_oid,
        rollbacks=record.rollbacks + 1,
        rehearsed_heads=(),
        rehearsed_result="",
    )


@_apply.register
def _(event: ae.ConversationKnown, state: State, at: float) -> State:
    record = state.workstream(event.name)
    if record.session != event.session:
        return state
    return _with_workstream(
        state,
        event.name,
        conversation=event.conversation,
        conversation_agent=record.agent,
        counted_from={event.conversation: record.started_at or at, **record.counted_from},
    )


@_apply.register
def _(event: ae.UsageMeasured, state: State, at: float) -> State:
    spent = state.workstream(event.name).spent
    return _with_workstream(state, event.name, spent={**spent, event.conversation: event.usage})


@_apply.register
def _(event: ae.AgentsHeld, state: State, at: float) -> State:
    return _replace(state, held={**state.held, event.family: event})


@_apply.register
def _(event: ae.AgentsFreed, state: State, at: float) -> State:
    return _replace(state, held={family: hold for family, hold in state.held.items() if family != event.family})


@_apply.register
def _(event: ae.LimitRaised, state: State, at: float) -> State:
    before = state.raised.get(event.name) or event
    cost = before.cost_usd if event.cost_usd is None else event.cost_usd
    tokens = before.tokens if event.tokens is None else event.tokens
    raised = ae.LimitRaised(name=event.name, cost_usd=cost, tokens=tokens)
    return _replace(state, raised={**state.raised, event.name: raised})


@_apply.register
def _(event: RunStarted, state: State, at: float) -> State:
    # an id is given once: what is done under it stays done
    known = state.runs.get(event.run)
    return _replace(state, runs={**state.runs, event.run: known or start_run(event, at)})


def _apply_run(event: Any, state: State, at: float) -> State:
    run = state.runs.get(event.run)
    return _replace(state, runs={**state.runs, event.run: apply_run(event, run, at)}) if run else state


for _kind in RUN_EVENTS:
    _apply.register(_kind, _apply_run)
