"""A merge plan, and a merge under way or ended, as rows."""

from __future__ import annotations

from collections.abc import Set

from autod_tui.core.amounts import count
from autod_tui.core.board import CheckpointView
from autod_tui.core.checkpoint import CheckpointState, MergePlan, MergeStep
from autod_tui.core.requests import Answer
from autod_tui.tui import words
from autod_tui.tui.text import Row, fit, joined, labelled, paragraph, row, short
from autod_tui.tui.widgets.details import because, gate_row


def plan_rows(plan: MergePlan, commit: Set[str], width: int) -> list[Row]:
    """Return everything that a merge will do; the steps can be selected."""
    made = " (made for it)" if plan.creates_into else ""
    rows = labelled("into", f"{plan.into}{made}, now at {short(plan.into_oid)}", width)
    if plan.tag:
        rows += labelled("tag", plan.tag, width)
    if plan.then:
        rows += labelled("then", f"{plan.then} moves on to the result", width)
    rows += [row(""), row(("steps", "dim"))]
    forecast = dict(plan.conflicts)
    for number, step in enumerate(plan.steps, 1):
        rows += _step_rows(number, step, step.workstream in commit, forecast.get(step.workstream, ()), width)
    if plan.left_out:
        rows += labelled("left out", joined(plan.left_out), width, "warn")
    if plan.restores:
        rows += labelled("first", f"takes back the revert {short(plan.restores)} of an earlier rollback", width, "info")
    for one in plan.settled:
        rows += labelled("unasked", str(one), width, "warn")
    rows += [row(""), *_gates(plan, width)]
    for text in plan.warnings:
        rows += labelled("warning", text, width, "warn")
    for text in plan.refusals:
        rows += labelled("refused", text, width, "alarm")
    return rows


def _step_rows(number: int, step: MergeStep, commit: bool, files: tuple[str, ...], width: int) -> list[Row]:
    head = f" {number}. {fit(step.workstream, 22)} "
    note = "in it already" if step.merged else short(step.head)
    room = max(width - len(head) - len(note) - 2, 8)
    rows = [
        row((head, "bold"), (note, "dim"), ("  " + fit(step.branch, room - 1).rstrip(), "dim"), key=step.workstream)
    ]
    if step.uncommitted:
        box = words.glyph("on" if commit else "off")
        left = "commit it first" if commit else "left behind by this merge"
        rows.append(row((f"    {box} ", "key"), (f"{count(step.uncommitted, 'uncommitted path')}: {left}", "warn")))
    if files:
        rows += labelled(f"    {words.glyph('conflict')}", f"will conflict in {joined(files)}", width, "bad", 6)
    return rows


def _gates(plan: MergePlan, width: int) -> list[Row]:
    rows: list[Row] = []
    if plan.before:
        names = joined(f"{gate.name} {gate.threshold}".strip() for gate in plan.before)
        rows += labelled("before", f"{names}, in each worktree", width)
    names = joined((f"{gate.name} {gate.threshold}".strip() for gate in plan.gates), "none: nothing judges the result")
    known = ", green already on exactly these heads" if plan.rehearsed else ""
    return rows + labelled("gates", names + known, width, "ok" if plan.rehearsed else "")


def progress_rows(view: CheckpointView | None, answer: Answer | None, width: int, under_way: str) -> list[Row]:
    """Return how far a merge came: the answer once there is one, what is `under_way`, steps, gates."""
    rows: list[Row] = []
    if answer is not None:
        rows += paragraph(answer.message, width, "ok" if answer.ok else "alarm")
        if answer.hint:
            rows += paragraph(answer.hint, width, "dim")
        rows.append(row(""))
    if view is None:
        return rows
    if answer is None and under_way:
        rows += [*paragraph(under_way, width, "info"), row("")]
    rows += _steps_so_far(view, width)
    if view.gates:
        rows += [row(("gates", "dim")), *(gate_row(gate, width, 1) for gate in view.gates)]
    if view.record.guilt:
        rows += labelled("guilty", view.record.guilt.explanation, width, "bad")
    return rows


def _steps_so_far(view: CheckpointView, width: int) -> list[Row]:
    transaction = view.record.transaction
    if transaction is None:
        look = words.CHECKPOINT[view.record.state]
        reason = because(look.word, view.record.reason)
        moved = f", {view.record.merged_into} at {short(view.record.after_oid)}"
        merged = moved if view.record.state is CheckpointState.MERGED else ""
        return labelled("state", f"{reason}{merged}", width, look.role)
    rows: list[Row] = [row(("steps", "dim"))]
    reached = False
    for number, step in enumerate(transaction.plan.steps, 1):
        at = step.workstream == transaction.at_step
        reached = reached or at
        done = bool(transaction.result) or (bool(transaction.at_step) and not reached)
        role, text = "dim", ""
        if at:
            left = len(transaction.conflicts)
            role, text = ("alarm", f"waits: {count(left, 'file')} to resolve") if left else ("ok", "resolved")
        if done:
            role, text = "ok", "merged"
        rows.append(row((f" {number}. {fit(step.workstream, 22)} ", ""), (text, role)))
    return rows
