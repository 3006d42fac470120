"""What is known about one workstream or one checkpoint, as labelled lines."""

from __future__ import annotations

from autod_tui.core.amounts import count
from autod_tui.core.board import CheckpointView, WorkstreamView
from autod_tui.core.checkpoint import CheckpointState, GateResult, GateState
from autod_tui.core.usage_words import usage_words
from autod_tui.tui import words
from autod_tui.tui.text import Row, Span, duration, fit, joined, labelled, row, seconds_text, short, shorten


def workstream_rows(view: WorkstreamView, width: int, now: float) -> list[Row]:
    """Return everything about a workstream that the list has no room for."""
    record, look = view.record, words.WORKSTREAM[view.record.state]
    since = f" {_length(now - record.since)}" if record.since else ""
    rows = labelled("state", f"{look.word}{since}, seen by {record.source.value}", width, look.role)
    if record.reason:
        rows += labelled("because", record.reason, width, look.role)
    if view.waits_for:
        rows += labelled("after", f"{joined(view.waits_for)} (not merged yet)", width, "warn")
    health = f"{view.health}{f': {view.health_reason}' if view.health_reason else ''}"
    rows += labelled("health", health, width, words.HEALTH.get(view.health, ""))
    rows += labelled("title", view.spec.title, width)
    rows += labelled("branch", record.branch or view.spec.branch, width)
    rows += labelled("worktree", record.worktree or f"{view.spec.worktree} (not made yet)", width)
    rows += labelled("agent", _agent(view), width)
    if record.guests:
        verb = "works" if len(record.guests) == 1 else "work"
        rows += labelled("by hand", f"{record.by_hand} {verb} here, not started by autod", width, "warn")
    if used := usage_words(record.usage):
        rows += labelled("used", used, width)
    if view.limit:
        rows += labelled("limit", view.limit, width, "loud")
    if view.held:
        rows += labelled("held", view.held, width, "warn")
    rows += labelled("merges at", joined(view.checkpoints, "no checkpoint"), width)
    if record.port:
        rows += labelled("ports", f"from {record.port}", width)
    if record.changes.files or record.changes.uncommitted:
        rows += labelled("changes", _changes(view), width)
    if record.progress and record.progress.blockers:
        for blocker in record.progress.blockers:
            rows += labelled("blocker", blocker, width, "bad")
    for overlap in record.overlaps:
        rows += labelled("conflict", f"with {overlap.other}: {joined(overlap.files)}", width, "warn")
    return rows


def _agent(view: WorkstreamView) -> str:
    agent, model = view.record.agent or view.spec.agent, view.record.model or view.spec.model
    shown = f"{agent}, {model}" if model else agent
    return f"{shown}, runs without asking" if view.unasked else shown


def _changes(view: WorkstreamView) -> str:
    changes = view.record.changes
    text = f"{count(changes.files, 'file')}, +{changes.insertions} -{changes.deletions}"
    return f"{text}, {changes.uncommitted} uncommitted" if changes.uncommitted else text


def gate_row(gate: GateResult, width: int, indent: int = 0, *, outdated: bool = False) -> Row:
    """Return one line about a gate: state, measured value against the threshold, time, reason.

    One that is `outdated` judged heads that have moved since: it is told, but calls nobody.
    """
    look = words.GATE[gate.state]
    if outdated and gate.judged:
        look = look._replace(word=f"{look.word} {words.OLDER_HEADS}", role="dim")
    spans: list[Span] = [(f"{' ' * indent}{look.mark} ", look.role), (fit(gate.name, 16), ""), (" ", "")]
    measured = f"{gate.measured:g}" if gate.measured is not None else ""
    bound = f"{measured} {gate.threshold}".strip()
    spans.append((fit(bound, 14), look.role if measured else "dim"))
    tail = _gate_tail(gate, look.word, outdated=outdated)
    spans.append((shorten(tail, max(width - indent - 33, 8)), look.role if gate.state is GateState.RED else "dim"))
    return row(*spans)


def _gate_tail(gate: GateResult, word: str, *, outdated: bool) -> str:
    if gate.state is GateState.RED and not outdated:
        return gate.reason or word
    if gate.state is GateState.GREEN:
        return f"{word}, {seconds_text(gate.seconds)}"
    return word


def checkpoint_rows(view: CheckpointView, width: int, now: float) -> list[Row]:
    """Return everything about a checkpoint: order, forecast, gates, refs."""
    spec, record = view.spec, view.record
    look = words.CHECKPOINT[record.state]
    rows = [row((f"{look.mark} {spec.title or spec.name}", "bold"))]
    rows += labelled("state", because(look.word, record.reason), width, look.role)
    if view.waits_for:
        rows += labelled("after", f"{joined(view.waits_for)} (not merged yet)", width, "warn")
    into = f"{spec.into}{f', then {spec.then}' if spec.then else ''}{f', tag {spec.tag}' if spec.tag else ''}"
    rows += labelled("into", into, width)
    rows += _order_rows(view, width)
    rows += [row(("gates", "dim"))] if view.gates else labelled("gates", "none", width, "dim")
    rows += [gate_row(gate, width, 2, outdated=record.outdated) for gate in view.gates]
    if record.guilt:
        rows += labelled("guilty", record.guilt.explanation, width, "bad")
    if record.deferred and record.state is not CheckpointState.ROLLED_BACK:
        rows += labelled("left out", joined(record.deferred), width, "warn")
    if record.after_oid and record.in_force:
        before = short(record.before_oid) if record.before_oid else "nothing"
        rows += labelled("moved", f"{before} {words.glyph('arrow')} {short(record.after_oid)}", width)
    return rows


def because(word: str, reason: str) -> str:
    """Return a state with its reason; one that only says the state again adds nothing."""
    return word if not reason or reason == word else reason if reason.startswith(word) else f"{word}: {reason}"


def _order_rows(view: CheckpointView, width: int) -> list[Row]:
    forecast = {step.workstream: step for step in view.forecast.steps}
    rows = [row(("merge order, with the forecast", "dim"))]
    room = max((len(name) + 7 for name in view.spec.merge), default=11)
    for number, name in enumerate(view.spec.merge, 1):
        merged = view.record.in_force and name in view.record.merged_workstreams
        step = forecast.get(name)
        if step is None:
            rows += labelled(f"  {number}. {name}", "merged" if merged else "clean", width, "ok", room)
            continue
        text = f"conflicts with {joined(step.others, 'the target')}: {joined(step.files)}"
        rows += labelled(f"  {number}. {name}", text, width, "warn", room)
    if view.forecast.best_order:
        better = f" {words.glyph('arrow')} ".join(view.forecast.best_order)
        text = f"{better} ({count(view.forecast.best_conflicts, 'conflicted file')})"
        rows += labelled("  better", text, width, "info")
    return rows


def _length(seconds: float) -> str:
    told = duration(seconds)
    return "since just now" if told == "now" else f"for {told}"
