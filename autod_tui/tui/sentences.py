"""Events as sentences for people."""

from __future__ import annotations

import time
from functools import singledispatch

from autod_tui.core import agent_events as ae
from autod_tui.core import events as ev
from autod_tui.core.amounts import count
from autod_tui.core.checkpoint import GateState
from autod_tui.core.usage_words import cost_words, token_words
from autod_tui.core.workstream import WorkstreamState
from autod_tui.tui import words
from autod_tui.tui.text import joined, seconds_text, short

Told = tuple[str, str, str]
"""(who it is about, the sentence, role)."""


# Each is registered by the class: to read it from the annotation takes a start longer than all the rest here.
@singledispatch
def tell(event: ev.Event) -> Told | None:
    """Return what happened as (about, sentence, role); None when it is no news for a person."""
    return None


@tell.register(ev.ConductorStarted)
def _(event: ev.ConductorStarted) -> Told | None:
    return "autod", f"conducts as {event.role} (process {event.pid})", "dim"


@tell.register(ev.ConductorStopped)
def _(event: ev.ConductorStopped) -> Told | None:
    return "autod", "let go of the repository", "dim"


@tell.register(ev.Reconciled)
def _(event: ev.Reconciled) -> Told | None:
    return ("autod", f"found at start: {'; '.join(event.findings)}", "warn") if event.findings else None


@tell.register(ev.WorkstreamWanted)
def _(event: ev.WorkstreamWanted) -> Told | None:
    if event.due:
        return event.name, "starts again as soon as it may", "dim"
    return event.name, "asked to start" if event.wanted else "no longer asked for", "dim"


@tell.register(ev.WorktreeAdded)
def _(event: ev.WorktreeAdded) -> Told | None:
    word = "worktree adopted" if event.adopted else "worktree made"
    return event.name, f"{word} on {event.branch}", "dim"


@tell.register(ev.WorktreeRemoved)
def _(event: ev.WorktreeRemoved) -> Told | None:
    return event.name, f"worktree removed, backup at {event.backup}", "warn"


@tell.register(ev.AgentStarted)
def _(event: ev.AgentStarted) -> Told | None:
    model = f" ({event.model})" if event.model else ""
    how = "found again" if event.adopted else "goes on with its conversation" if event.resumed else "started"
    return event.name, f"{how}: {event.agent}{model}", "info"


@tell.register(ev.StateChanged)
def _(event: ev.StateChanged) -> Told | None:
    look = words.WORKSTREAM[event.state]
    role = "loud" if event.state is WorkstreamState.WAITING else look.role
    return event.name, f"is {look.word}{f': {event.reason}' if event.reason else ''}", role


@tell.register(ev.AgentStopped)
def _(event: ev.AgentStopped) -> Told | None:
    return event.name, "stopped", "dim"


@tell.register(ae.GuestsChanged)
def _(event: ae.GuestsChanged) -> Told | None:
    if not event.guests:
        return event.name, "nobody works here by hand any more", "dim"
    there = joined(f"{guest.agent} (process {guest.pid})" for guest in event.guests)
    return event.name, f"somebody started by hand: {there}", "warn"


@tell.register(ev.ProgressChanged)
def _(event: ev.ProgressChanged) -> Told | None:
    progress = event.progress
    if progress is None:
        return None
    percent = f"{progress.percent:.0f}% done" if progress.percent is not None else progress.status or "reports"
    blocked = f", blocked: {progress.blockers[0]}" if progress.blockers else ""
    return event.name, percent + blocked, "bad" if blocked else "dim"


@tell.register(ev.ForecastChanged)
def _(event: ev.ForecastChanged) -> Told | None:
    if not event.overlaps:
        return "forecast", "no conflicts ahead", "ok"
    files = {path for overlaps in event.overlaps.values() for overlap in overlaps for path in overlap.files}
    return "forecast", f"{joined(sorted(event.overlaps))} conflict in {count(len(files), 'file')}", "warn"


@tell.register(ev.MessageSent)
def _(event: ev.MessageSent) -> Told | None:
    by = "" if event.by == "person" else f" (by {event.by})"
    return event.name, f"was told{by}: {event.text}", "info"


@tell.register(ev.WorkCommitted)
def _(event: ev.WorkCommitted) -> Told | None:
    return event.name, f"uncommitted work committed, {count(event.files, 'file')}, {short(event.oid)}", "info"


@tell.register(ev.MergeStarted)
def _(event: ev.MergeStarted) -> Told | None:
    names = joined(step.workstream for step in event.plan.steps)
    return event.plan.checkpoint, f"{'rehearsal' if event.rehearsal else 'merge'} began: {names}", "info"


@tell.register(ev.StepMerged)
def _(event: ev.StepMerged) -> Told | None:
    return event.checkpoint, f"{event.workstream} merged into the result", "dim"


@tell.register(ev.ConflictFound)
def _(event: ev.ConflictFound) -> Told | None:
    paths = joined(conflict.path for conflict in event.conflicts)
    return event.checkpoint, f"{event.workstream} conflicts in {paths}", "alarm"


@tell.register(ev.ConflictResolved)
def _(event: ev.ConflictResolved) -> Told | None:
    return event.checkpoint, f"{event.path} resolved ({event.how})", "ok"


@tell.register(ev.ResultMade)
def _(event: ev.ResultMade) -> Told | None:
    return event.checkpoint, f"all steps merged, result {short(event.result)}", "dim"


@tell.register(ev.GateStarted)
def _(event: ev.GateStarted) -> Told | None:
    where = f" in {event.workstream}" if event.workstream else ""
    return event.checkpoint, f"gate {event.gate} runs{where}", "dim"


@tell.register(ev.GateFinished)
def _(event: ev.GateFinished) -> Told | None:
    result = event.result
    green = result.state is GateState.GREEN
    measured = f" {result.measured:g} ({result.threshold})" if result.measured is not None else ""
    how = "known from before" if event.reused else seconds_text(result.seconds)
    why = f": {result.reason}" if result.reason and not green else ""
    return (
        event.checkpoint,
        f"gate {result.name} {result.state.value}{measured}{why}, {how}",
        "ok" if green else "alarm",
    )


@tell.register(ev.GuiltFound)
def _(event: ev.GuiltFound) -> Told | None:
    return event.checkpoint, event.guilt.explanation, "warn"


@tell.register(ev.CheckpointRehearsed)
def _(event: ev.CheckpointRehearsed) -> Told | None:
    if event.green:
        return event.checkpoint, "ready: the rehearsal is green", "ok"
    return event.checkpoint, f"rehearsal failed: {event.reason}", "bad"


@tell.register(ev.CheckpointBlocked)
def _(event: ev.CheckpointBlocked) -> Told | None:
    return event.checkpoint, f"blocked, nothing moved: {event.reason}", "alarm"


@tell.register(ev.CheckpointAbandoned)
def _(event: ev.CheckpointAbandoned) -> Told | None:
    return event.checkpoint, f"merge given up{f': {event.reason}' if event.reason else ''}", "warn"


@tell.register(ev.CheckpointMerged)
def _(event: ev.CheckpointMerged) -> Told | None:
    tag = f", tagged {event.tag}" if event.tag else ""
    return event.checkpoint, f"merged {joined(event.workstreams)} into {event.into}{tag}", "ok"


@tell.register(ev.CheckpointRolledBack)
def _(event: ev.CheckpointRolledBack) -> Told | None:
    how = "exactly" if event.exact else "by a revert commit"
    return event.checkpoint, f"rolled back {how} on {event.into}", "warn"


@tell.register(ev.WorkstreamSynced)
def _(event: ev.WorkstreamSynced) -> Told | None:
    return event.name, f"synced with {event.checkpoint}", "info"


@tell.register(ev.BackupMade)
def _(event: ev.BackupMade) -> Told | None:
    return "backup", event.what, "dim"


@tell.register(ev.BackupRestored)
def _(event: ev.BackupRestored) -> Told | None:
    return "backup", f"{event.ref} restored", "info"


@tell.register(ev.Noted)
def _(event: ev.Noted) -> Told | None:
    return event.name or "note", event.text, {"error": "bad", "warning": "warn"}.get(event.level, "dim")


@tell.register(ae.AgentsHeld)
def _(event: ae.AgentsHeld) -> Told | None:
    until = time.strftime("%H:%M:%S", time.localtime(event.until))
    return event.name or event.family, f"met a rate limit: no new {event.family} until {until}", "warn"


@tell.register(ae.AgentsFreed)
def _(event: ae.AgentsFreed) -> Told | None:
    return "autod", f"{event.family} may start again", "info"


@tell.register(ae.LimitRaised)
def _(event: ae.LimitRaised) -> Told | None:
    amounts = [] if event.cost_usd is None else [cost_words(event.cost_usd)]
    amounts += [] if event.tokens is None else [f"{token_words(event.tokens)} tokens"]
    return event.name or "autod", f"may use up to {' and '.join(amounts)}", "info"
