"""What the events of workstreams and their agents make of the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autod_tui.core import agent_events as ae
from autod_tui.core import events as ev
from autod_tui.core.events import Event
from autod_tui.core.state import Rule, State, replace, with_workstream
from autod_tui.core.workstream import ALIVE_STATES, EXIT_STATUS, Source, WorkstreamRecord, WorkstreamState

RESUME_PROOF = 10.0
"""Seconds within which a resumed agent that ends by itself shows that it could not be: the next start is a new one."""


def _workstream_wanted(event: ev.WorkstreamWanted, state: State, at: float) -> State:
    return with_workstream(state, event.name, wanted=event.wanted, due=event.due, fresh=event.fresh)


def _worktree_added(event: ev.WorktreeAdded, state: State, at: float) -> State:
    return with_workstream(
        state,
        event.name,
        worktree=event.worktree,
        branch=event.branch,
        base_oid=event.base_oid,
        port=event.port,
    )


def _worktree_removed(event: ev.WorktreeRemoved, state: State, at: float) -> State:
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
    return replace(state, workstreams={**state.workstreams, event.name: blank})


def _agent_started(event: ev.AgentStarted, state: State, at: float) -> State:
    metrics = state.metrics
    if not metrics.first_start:
        state = replace(state, metrics=replace(metrics, first_start=at))
    before = state.workstream(event.name)
    spent = 0.0 if event.adopted or not before.started_at else at - before.started_at
    return with_workstream(
        state,
        event.name,
        active_seconds=before.active_seconds + spent,
        done=before.done if event.adopted else None,
        conversation=before.conversation if event.adopted else "",
        conversation_agent=before.conversation_agent if event.adopted else "",
        resumed=before.resumed if event.adopted else event.resumed,
        due=False,
        fresh=False,
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


def _state_changed(event: ev.StateChanged, state: State, at: float) -> State:
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
        changes["done"] = record.done or record.ending(at)
    elif event.state is WorkstreamState.WORKING:
        changes["done"] = None
    if event.state not in ALIVE_STATES and ended and record.started_at:
        changes |= {"active_seconds": record.active_seconds + at - record.started_at, "started_at": 0.0}
        by_itself = event.source is Source.PROCESS and event.reason.startswith(EXIT_STATUS)
        if record.resumed and by_itself and at - record.started_at < RESUME_PROOF:
            changes |= {"conversation": "", "conversation_agent": ""}  # it could not be resumed
        state = replace(state, metrics=replace(state.metrics, last_stop=at))
    elif event.state in ALIVE_STATES and record.pane and not record.started_at:
        changes["started_at"] = at  # it had failed and lives on
    return with_workstream(state, event.name, **changes)


def _agent_stopped(event: ev.AgentStopped, state: State, at: float) -> State:
    stopped = ev.StateChanged(name=event.name, state=WorkstreamState.STOPPED, source=Source.CONDUCTOR)
    state = _state_changed(stopped, state, at)
    return with_workstream(state, event.name, pane="", window="", pid=0)


def _head_moved(event: ev.HeadMoved, state: State, at: float) -> State:
    return with_workstream(state, event.name, head=event.head)


def _worktree_changed(event: ev.WorktreeChanged, state: State, at: float) -> State:
    return with_workstream(state, event.name, changes=event.changes)


def _progress_changed(event: ev.ProgressChanged, state: State, at: float) -> State:
    return with_workstream(state, event.name, progress=event.progress, progress_at=at)


def _conversation_known(event: ae.ConversationKnown, state: State, at: float) -> State:
    record = state.workstream(event.name)
    if record.session != event.session:
        return state
    return with_workstream(
        state,
        event.name,
        conversation=event.conversation,
        conversation_agent=record.agent,
        counted_from={event.conversation: event.since or record.started_at or at, **record.counted_from},
    )


def _usage_measured(event: ae.UsageMeasured, state: State, at: float) -> State:
    spent = state.workstream(event.name).spent
    return with_workstream(state, event.name, spent={**spent, event.conversation: event.usage})


def _guests_changed(event: ae.GuestsChanged, state: State, at: float) -> State:
    return with_workstream(state, event.name, guests=event.guests)


RULES: Mapping[type[Event], Rule] = {
    ev.WorkstreamWanted: _workstream_wanted,
    ev.WorktreeAdded: _worktree_added,
    ev.WorktreeRemoved: _worktree_removed,
    ev.AgentStarted: _agent_started,
    ev.StateChanged: _state_changed,
    ev.AgentStopped: _agent_stopped,
    ev.HeadMoved: _head_moved,
    ev.WorktreeChanged: _worktree_changed,
    ev.ProgressChanged: _progress_changed,
    ae.ConversationKnown: _conversation_known,
    ae.UsageMeasured: _usage_measured,
    ae.GuestsChanged: _guests_changed,
}
