"""Replay: `apply` is the only way from one state to the next, and the journal the only source of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autod_tui.core import agent_events as ae
from autod_tui.core import checkpoint_rules, workstream_rules
from autod_tui.core import events as ev
from autod_tui.core.events import Event, Recorded
from autod_tui.core.run_events import RunStarted
from autod_tui.core.run_state import RUN_EVENTS, apply_run, start_run
from autod_tui.core.state import Rule, State, replace


def replay(entries: Iterable[Recorded], state: State | None = None) -> State:
    """Fold journal entries into a state."""
    result = state or State()
    for entry in entries:
        result = apply(result, entry)
    return result


def apply(state: State, entry: Recorded) -> State:
    """Return the state after one more event."""
    state = replace(state, seq=entry.seq, at=entry.at)
    rule = RULES.get(type(entry.event))
    return rule(entry.event, state, entry.at) if rule is not None else state


def _conductor_started(event: ev.ConductorStarted, state: State, at: float) -> State:
    return replace(state, conductor=event.pid, conductor_role=event.role)


def _conductor_stopped(event: ev.ConductorStopped, state: State, at: float) -> State:
    return replace(state, conductor=0, conductor_role="") if state.conductor == event.pid else state


def _agents_held(event: ae.AgentsHeld, state: State, at: float) -> State:
    return replace(state, held={**state.held, event.family: event}, limited={**state.limited, event.family: event})


def _agents_freed(event: ae.AgentsFreed, state: State, at: float) -> State:
    held = {family: hold for family, hold in state.held.items() if family != event.family}
    limited = {family: hold for family, hold in state.limited.items() if not event.works or family != event.family}
    return replace(state, held=held, limited=limited)


def _limit_raised(event: ae.LimitRaised, state: State, at: float) -> State:
    before = state.raised.get(event.name) or event
    cost = before.cost_usd if event.cost_usd is None else event.cost_usd
    tokens = before.tokens if event.tokens is None else event.tokens
    raised = ae.LimitRaised(name=event.name, cost_usd=cost, tokens=tokens)
    return replace(state, raised={**state.raised, event.name: raised})


def _run_started(event: RunStarted, state: State, at: float) -> State:
    # an id is given once: what is done under it stays done
    known = state.runs.get(event.run)
    return replace(state, runs={**state.runs, event.run: known or start_run(event, at)})


def _apply_run(event: Any, state: State, at: float) -> State:
    run = state.runs.get(event.run)
    return replace(state, runs={**state.runs, event.run: apply_run(event, run, at)}) if run else state


RULES: Mapping[type[Event], Rule] = {
    ev.ConductorStarted: _conductor_started,
    ev.ConductorStopped: _conductor_stopped,
    ae.AgentsHeld: _agents_held,
    ae.AgentsFreed: _agents_freed,
    ae.LimitRaised: _limit_raised,
    RunStarted: _run_started,
    **dict.fromkeys(RUN_EVENTS, _apply_run),
    **workstream_rules.RULES,
    **checkpoint_rules.RULES,
}
"""Events of other types change nothing (notes, messages, backups)."""
