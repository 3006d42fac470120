"""The checkpoint's own deeds: `check`, `merge`, `rollback`, `sync`."""

from __future__ import annotations

import msgspec

from autod_tui.cli.action import ask, ask_approved, settle, with_desk
from autod_tui.cli.console import Console, table
from autod_tui.cli.main import Request
from autod_tui.cli.resolve import offer_resolution
from autod_tui.core.checkpoint import ApprovedPlan, MergePlan, MergeStep, RollbackPlan
from autod_tui.core.desk import Desk
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.requests import Check, Forget, Merge, PlanMerge, PlanRollback, Rollback, Sync


def check(request: Request) -> int:
    """Rehearse a checkpoint; exit code 1 when a gate is red or a step conflicts."""
    options = request.options
    wanted = Check(checkpoint=options.name, leave_out=tuple(options.leave_out))
    return with_desk(request, lambda desk: ask(desk, request.console, wanted))


def merge(request: Request) -> int:
    """Show the plan of a merge, have it approved and carry it out."""
    options, console = request.options, request.console

    async def act(desk: Desk) -> int:
        if options.ask_again:
            forgot = await desk.ask(Forget(checkpoint=options.name))
            if not forgot.ok:
                return settle(console, forgot)
            console.say(forgot.message)
        planned = await desk.ask(PlanMerge(checkpoint=options.name, leave_out=tuple(options.leave_out)))
        if not planned.ok:
            return settle(console, planned)
        console.facts |= planned.data
        plan = msgspec.convert(planned.data["plan"], MergePlan)
        show_merge_plan(console, plan)
        if plan.refusals:
            raise RefusedError(f"{plan.checkpoint} can't be merged now: {'; '.join(plan.refusals)}")
        commit = await _commits(console, plan, options.commit)
        if commit is None or not await console.approve(
            f"Merge {plan.checkpoint}?", what=f"merging {plan.checkpoint!r}"
        ):
            return 0
        return await _execute(desk, console, ApprovedPlan(plan, commit=commit))

    return with_desk(request, act)


async def _commits(console: Console, plan: MergePlan, wanted: bool | None) -> tuple[str, ...] | None:
    """Return the workstreams whose uncommitted work is to be committed first; None when the merge is called off."""
    dirty = tuple(step.workstream for step in plan.steps if step.uncommitted)
    if not dirty or wanted is not None:
        return dirty if wanted else ()
    if not console.interactive:
        raise UsageError(
            f"there is uncommitted work in {', '.join(dirty)}; nothing was changed",
            hint="--commit commits it first, --no-commit merges without it",
        )
    answer = await console.ask(
        f"Uncommitted work in {', '.join(dirty)}: commit it first, or merge without it?", _COMMIT
    )
    if answer == "stop":
        console.say("Nothing was changed.")
        return None
    return dirty if answer == "commit" else ()


_COMMIT = ("commit", "without", "stop")


async def _execute(desk: Desk, console: Console, approved: ApprovedPlan) -> int:
    code = await ask(desk, console, Merge(approved=approved))
    if not console.interactive:
        return code
    name = approved.plan.checkpoint
    if code == 0:
        return await _offer_sync(desk, console, name)
    view = desk.board().checkpoint(name)
    if view and view.record.transaction and view.record.transaction.conflicts:
        return await offer_resolution(desk, console, name)
    return code


async def _offer_sync(desk: Desk, console: Console, checkpoint: str) -> int:
    planned = await desk.ask(Sync(checkpoint=checkpoint))
    if not planned.ok or not planned.data.get("plan"):
        return 0
    console.say(planned.message)
    if await console.ask("Bring the result into them now?") == "n":
        console.say(f"Later: autod checkpoint sync {checkpoint}")
        return 0
    return await ask(desk, console, Sync(checkpoint=checkpoint, approved=True))


def show_merge_plan(console: Console, plan: MergePlan) -> None:
    """Print everything that a merge will do."""
    made = " (made for it)" if plan.creates_into else ""
    console.say(f"Checkpoint {plan.checkpoint} into {plan.into}{made} at {plan.into_oid[:10]}:")
    conflicts = dict(plan.conflicts)
    rows = [["WORKSTREAM", "BRANCH", "HEAD", "NOTES"]]
    rows += [[s.workstream, s.branch, s.head[:10], _step_note(s, conflicts)] for s in plan.steps]
    for line in table(rows):
        console.show("  " + line)
    for text in _plan_lines(plan):
        console.say(f"  {text}")


def _step_note(step: MergeStep, conflicts: dict[str, tuple[str, ...]]) -> str:
    notes = ["merged already"] if step.merged else []
    if step.uncommitted:
        notes.append(f"{step.uncommitted} uncommitted")
    if files := conflicts.get(step.workstream):
        notes.append(f"will conflict in {', '.join(files)}")
    return "; ".join(notes)


def _plan_lines(plan: MergePlan) -> list[str]:
    lines = [f"left out: {', '.join(plan.left_out)}"] if plan.left_out else []
    lines += [f"nobody will be asked about {one}" for one in plan.settled]
    if plan.restores:
        lines.append(f"takes back the revert {plan.restores[:10]} of an earlier rollback first")
    if plan.before:
        lines.append(f"gates in each worktree: {', '.join(gate.name for gate in plan.before)}")
    if plan.gates:
        how = " (green already on exactly these heads)" if plan.rehearsed else ""
        lines.append(f"gates on the result: {', '.join(f'{g.name} {g.threshold}'.strip() for g in plan.gates)}{how}")
    lines += [f"tag: {plan.tag}"] if plan.tag else []
    lines += [f"then: {plan.then} moves on to the result"] if plan.then else []
    return lines + [f"warning: {text}" for text in plan.warnings] + [f"refused: {text}" for text in plan.refusals]


def rollback(request: Request) -> int:
    """Show how a merged checkpoint is taken back, have it approved and do it."""
    console = request.console

    async def act(desk: Desk) -> int:
        planned = await desk.ask(PlanRollback(checkpoint=request.options.name))
        if not planned.ok:
            return settle(console, planned)
        console.facts |= planned.data
        plan = msgspec.convert(planned.data["plan"], RollbackPlan)
        show_rollback_plan(console, plan)
        if plan.refusals:
            raise RefusedError(f"{plan.checkpoint} can't be rolled back now: {'; '.join(plan.refusals)}")
        if not await console.approve(f"Roll {plan.checkpoint} back?", what=f"rolling {plan.checkpoint!r} back"):
            return 0
        return await ask(desk, console, Rollback(plan=plan))

    return with_desk(request, act)


def show_rollback_plan(console: Console, plan: RollbackPlan) -> None:
    """Print everything that a rollback will do."""
    if plan.exact:
        where = f"goes back to {plan.before_oid[:10]}" if plan.before_oid else "is removed (the merge had made it)"
        console.say(f"Roll {plan.checkpoint} back: {plan.into} {where}; a backup is kept.")
    else:
        console.say(f"Roll {plan.checkpoint} back: {plan.stays(f' on {plan.into}')}; a revert commit is added.")
    if plan.tag:
        console.say(f"  tag {plan.tag} is removed")
    if plan.then:
        console.say(f"  {plan.then} is taken back as well")
    for text in plan.warnings:
        console.say(f"  warning: {text}")
    for text in plan.refusals:
        console.say(f"  refused: {text}")


def sync(request: Request) -> int:
    """Merge a checkpoint's result into the workstreams that lack it."""
    name, names = request.options.name, tuple(request.options.names)
    plan, act = Sync(checkpoint=name, names=names), Sync(checkpoint=name, names=names, approved=True)
    return with_desk(request, lambda desk: ask_approved(desk, request.console, plan, act, what=f"syncing {name!r}"))
