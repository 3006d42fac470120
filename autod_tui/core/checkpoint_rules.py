"""What the events of checkpoints make of the state: forecasts, merges, conflicts, gates and rollbacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autod_tui.core import events as ev
from autod_tui.core.checkpoint import (
    UNASKED,
    CheckpointRecord,
    CheckpointState,
    GateResult,
    GateState,
    Transaction,
)
from autod_tui.core.events import Event
from autod_tui.core.state import Rule, State, count, replace, with_checkpoint, with_workstream
from autod_tui.core.workstream import WorkstreamRecord


def _forecast_changed(event: ev.ForecastChanged, state: State, at: float) -> State:
    records = {
        name: replace(record, overlaps=event.overlaps.get(name, ())) for name, record in state.workstreams.items()
    }
    for name in event.overlaps.keys() - records.keys():
        records[name] = WorkstreamRecord(name=name, overlaps=event.overlaps[name])
    forecasts = {forecast.checkpoint: forecast for forecast in event.checkpoints}
    return replace(state, workstreams=records, forecasts=forecasts)


def _merge_started(event: ev.MergeStarted, state: State, at: float) -> State:
    transaction = Transaction(id=event.id, plan=event.plan, rehearsal=event.rehearsal, began_at=at)
    changes: dict[str, Any] = {"transaction": transaction, "gates": (), "outdated": False, "guilt": None}
    if not event.rehearsal:
        changes |= {"state": CheckpointState.MERGING, "reason": ""}
    else:
        state = count(state, rehearsals=1)
    return with_checkpoint(state, event.plan.checkpoint, **changes)


def _with_transaction(state: State, checkpoint: str, **changes: Any) -> State:
    transaction = state.checkpoint(checkpoint).transaction
    if transaction is None:
        return state
    return with_checkpoint(state, checkpoint, transaction=replace(transaction, **changes))


def _step_merged(event: ev.StepMerged, state: State, at: float) -> State:
    return _with_transaction(state, event.checkpoint, at_step="", conflicts=(), resolved=())


def _conflict_found(event: ev.ConflictFound, state: State, at: float) -> State:
    files = len(event.conflicts)
    record = state.checkpoint(event.checkpoint)
    reason = f"{event.workstream} conflicts in {files} file{'s' if files != 1 else ''}"
    rehearsal = record.transaction is not None and record.transaction.rehearsal
    if not rehearsal:
        state = count(state, conflicted_files=files)
        state = with_checkpoint(
            state,
            event.checkpoint,
            state=CheckpointState.MERGING,
            reason=reason,
            conflicted_files=record.conflicted_files + files,
        )
    return _with_transaction(state, event.checkpoint, at_step=event.workstream, conflicts=event.conflicts, resolved=())


def _conflict_resolved(event: ev.ConflictResolved, state: State, at: float) -> State:
    transaction = state.checkpoint(event.checkpoint).transaction
    if transaction is None:
        return state
    left = tuple(conflict for conflict in transaction.conflicts if conflict.path != event.path)
    by_hand = transaction.by_hand
    if event.how not in UNASKED:
        by_hand = (*by_hand, (transaction.at_step, event.path))
    resolved = (*transaction.resolved, event.path)
    return _with_transaction(state, event.checkpoint, conflicts=left, resolved=resolved, by_hand=by_hand)


def _result_made(event: ev.ResultMade, state: State, at: float) -> State:
    return _with_transaction(state, event.checkpoint, result=event.result, at_step="", conflicts=())


def _gate_started(event: ev.GateStarted, state: State, at: float) -> State:
    if event.workstream:
        return state
    running = GateResult(name=event.gate, state=GateState.RUNNING, log=event.log)
    return _with_gate(state, event.checkpoint, running)


def _gate_finished(event: ev.GateFinished, state: State, at: float) -> State:
    if event.workstream:
        return state
    if event.result.state is GateState.RED:
        state = count(state, red_gates=1)
    elif event.tree:
        kept = tuple(gate for gate in state.green_trees.get(event.tree, ()) if gate.name != event.result.name)
        state = replace(state, green_trees={**state.green_trees, event.tree: (*kept, event.result)})
    return _with_gate(state, event.checkpoint, event.result)


def _with_gate(state: State, checkpoint: str, result: GateResult) -> State:
    gates = state.checkpoint(checkpoint).gates
    if any(gate.name == result.name for gate in gates):
        gates = tuple(result if gate.name == result.name else gate for gate in gates)
    else:
        gates = (*gates, result)
    return with_checkpoint(state, checkpoint, gates=gates)


def _guilt_found(event: ev.GuiltFound, state: State, at: float) -> State:
    return with_checkpoint(state, event.checkpoint, guilt=event.guilt)


def _checkpoint_rehearsed(event: ev.CheckpointRehearsed, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    settled = record.state is CheckpointState.MERGED
    after = CheckpointState.READY if event.green else CheckpointState.BLOCKED
    return with_checkpoint(
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


def _rehearsal_outdated(event: ev.RehearsalOutdated, state: State, at: float) -> State:
    outdated = bool(state.checkpoint(event.checkpoint).tried_heads)  # else the gates are those of a merge
    blank = {"outdated": outdated, "rehearsed_heads": (), "rehearsed_result": "", "tried_heads": (), "reason": ""}
    return with_checkpoint(
        state, event.checkpoint, state=_without_merge(state, event.checkpoint, CheckpointState.OPEN), **blank
    )


def _checkpoint_blocked(event: ev.CheckpointBlocked, state: State, at: float) -> State:
    state = _moved_nothing(state, event.checkpoint)
    return with_checkpoint(
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
    return replace(state, moving=None) if announced else state


def _checkpoint_abandoned(event: ev.CheckpointAbandoned, state: State, at: float) -> State:
    state = _moved_nothing(state, event.checkpoint)
    return with_checkpoint(
        state,
        event.checkpoint,
        state=_without_merge(state, event.checkpoint, CheckpointState.OPEN),
        reason=event.reason,
        transaction=None,
    )


def _refs_moving(event: ev.RefsMoving, state: State, at: float) -> State:
    return replace(state, moving=event)


def _checkpoint_merged(event: ev.CheckpointMerged, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    state = count(replace(state, moving=None), merges=1)
    for name in event.workstreams:
        if (merged := state.workstreams.get(name)) is not None:
            state = with_workstream(state, name, handed_in=merged.done or merged.ending(at))
    return with_checkpoint(
        state,
        event.checkpoint,
        state=CheckpointState.MERGED,
        in_force=True,
        reason="",
        transaction=None,
        rehearsed_heads=(),
        rehearsed_result="",
        tried_heads=(),
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


def _checkpoint_rolled_back(event: ev.CheckpointRolledBack, state: State, at: float) -> State:
    record = state.checkpoint(event.checkpoint)
    state = count(replace(state, moving=None), rollbacks=1)
    return with_checkpoint(
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


RULES: Mapping[type[Event], Rule] = {
    ev.ForecastChanged: _forecast_changed,
    ev.MergeStarted: _merge_started,
    ev.StepMerged: _step_merged,
    ev.ConflictFound: _conflict_found,
    ev.ConflictResolved: _conflict_resolved,
    ev.ResultMade: _result_made,
    ev.GateStarted: _gate_started,
    ev.GateFinished: _gate_finished,
    ev.GuiltFound: _guilt_found,
    ev.CheckpointRehearsed: _checkpoint_rehearsed,
    ev.RehearsalOutdated: _rehearsal_outdated,
    ev.CheckpointBlocked: _checkpoint_blocked,
    ev.CheckpointAbandoned: _checkpoint_abandoned,
    ev.RefsMoving: _refs_moving,
    ev.CheckpointMerged: _checkpoint_merged,
    ev.CheckpointRolledBack: _checkpoint_rolled_back,
}
