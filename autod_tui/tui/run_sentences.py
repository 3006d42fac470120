"""Events of runs as sentences for people; whoever takes `tell` from here knows all events."""

from __future__ import annotations

from autod_tui.core import run_events as ev
from autod_tui.core.amounts import count
from autod_tui.core.run import SessionState, Verdict
from autod_tui.core.run_sessions import told_words
from autod_tui.tui.run_words import RUN, SESSION, TASK
from autod_tui.tui.sentences import Told, tell
from autod_tui.tui.text import joined
from autod_tui.tui.words import WORKSTREAM

__all__ = ["tell"]

MOST = 6
"""Ids that a sentence names."""


@tell.register(ev.RunStarted)
def _(event: ev.RunStarted) -> Told | None:
    return event.run, f"run started: {count(len(event.plan.tasks), 'task')} into {event.plan.into}", "info"


@tell.register(ev.RunChanged)
def _(event: ev.RunChanged) -> Told | None:
    look = RUN[event.state]
    why = f": {event.reason}" if event.reason and event.reason != event.state.value else ""
    return event.run, f"run is {look.word}{why}", look.role


@tell.register(ev.TasksAdded)
def _(event: ev.TasksAdded) -> Told | None:
    return event.run, f"added: {named(tuple(task.id for task in event.tasks))}", "info"


@tell.register(ev.RunTuned)
def _(event: ev.RunTuned) -> Told | None:
    parts = [f"{stage} takes {number} a session" for stage, number in event.batch_sizes.items()]
    parts += [f"{stage} may have {count(number, 'session')}" for stage, number in event.sessions.items()]
    parts += [f"{task} has priority {number}" for task, number in event.priorities.items()]
    return event.run, joined(parts), "info"


@tell.register(ev.SessionStarted)
def _(event: ev.SessionStarted) -> Told | None:
    return event.run, f"{event.session.id} began: {named(event.session.tasks)}", "dim"


@tell.register(ev.SessionHalted)
def _(event: ev.SessionHalted) -> Told | None:
    return event.run, told_words(event.session, event.state, event.reason), WORKSTREAM[event.state].role


@tell.register(ev.SessionWentOn)
def _(event: ev.SessionWentOn) -> Told | None:
    return event.run, f"{event.session} goes on", "dim"


@tell.register(ev.SessionEnded)
def _(event: ev.SessionEnded) -> Told | None:
    if event.state is SessionState.DONE:
        return None
    why = f": {event.reason}" if event.reason else ""
    return event.run, f"{event.session} {SESSION[event.state].word}{why}", SESSION[event.state].role


@tell.register(ev.TaskJudged)
def _(event: ev.TaskJudged) -> Told | None:
    verdict = event.verdict
    if verdict.verdict is Verdict.APPROVED:
        return event.run, f"{event.task} passed {verdict.stage}", "ok"
    return event.run, f"{event.task} needs work ({verdict.stage}): {verdict.reason}", "warn"


@tell.register(ev.ReviewAsked)
def _(event: ev.ReviewAsked) -> Told | None:
    return event.run, f"{event.task} waits for your review", "loud"


@tell.register(ev.TaskSettled)
def _(event: ev.TaskSettled) -> Told | None:
    look = TASK[event.state]
    return event.run, f"{event.task} is {look.word}: {event.reason}", look.role


@tell.register(ev.TasksIntegrated)
def _(event: ev.TasksIntegrated) -> Told | None:
    return event.run, f"merged: {named(event.tasks)}", "accent"


@tell.register(ev.TaskConflicted)
def _(event: ev.TaskConflicted) -> Told | None:
    return event.run, f"{event.task} conflicts: {event.findings}", "bad"


@tell.register(ev.TasksRetried)
def _(event: ev.TasksRetried) -> Told | None:
    return event.run, f"again: {named(event.tasks)}", "info"


def named(ids: tuple[str, ...]) -> str:
    """Return ids with commas, the first few of many."""
    return joined(ids[:MOST]) + (f" and {len(ids) - MOST} more" if len(ids) > MOST else "")
