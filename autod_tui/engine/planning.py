"""Planning a merge: look at everything, fix it by object ids, name every reason against it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from autod_tui.core.board import unmerged
from autod_tui.core.checkpoint import CheckpointSpec, CheckpointState, MergePlan, MergeStep, Settled
from autod_tui.core.errors import UsageError
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.engine.house import House, unknown_hint
from autod_tui.engine.replay import Waiting, replay_plan

HEADS = "refs/heads/"


def heads_of(plan: MergePlan) -> tuple[str, ...]:
    """Return what a rehearsal is bound to: `into`, then each step's head, in order."""
    return (plan.into_oid, *(step.head for step in plan.steps))


def declared(house: House, name: str) -> CheckpointSpec:
    """Return checkpoint `name`; UsageError names the nearest known one."""
    spec = house.plan.checkpoint(name)
    if spec is None:
        known = [entry.name for entry in house.plan.checkpoints]
        raise UsageError(f"no checkpoint {name!r}", hint=unknown_hint(name, known, "[[checkpoint]] in autod.toml"))
    return spec


async def plan_merge(house: House, name: str, leave_out: Sequence[str] = ()) -> MergePlan:
    """Return what merging checkpoint `name` would do now; its `refusals` say why it can't."""
    spec = declared(house, name)
    for left in leave_out:
        if left not in spec.merge:
            hint = unknown_hint(left, list(spec.merge), "")
            raise UsageError(f"checkpoint {name!r} doesn't merge {left!r}", hint=hint)
    refs = await house.git.refs("refs/heads/", "refs/tags/")
    worktrees = await house.git.worktrees()
    into_oid = refs.get(HEADS + spec.into) or refs.get(HEADS + house.plan.project.target, "")
    then_oid = refs.get(HEADS + spec.then, "") if spec.then else ""
    steps, missing = await _steps(house, spec, leave_out, refs, into_oid)
    if then_oid and into_oid and not await house.git.contains(then_oid, into_oid):
        steps = (MergeStep(workstream=spec.then, branch=spec.then, head=then_oid), *steps)
    plan = MergePlan(
        checkpoint=name,
        into=spec.into,
        into_oid=into_oid,
        creates_into=HEADS + spec.into not in refs,
        steps=steps,
        left_out=tuple(leave_out),
        gates=spec.gates,
        before=spec.before,
        tag=spec.tag,
        then=spec.then if spec.then != spec.into else "",
        then_oid=then_oid if spec.then != spec.into else "",
        restores=await _revert_in_force(house, name, into_oid),
        warnings=_warnings(house, spec),
        refusals=(*_refusals(house, spec, steps, refs), *missing),
    )
    if plan.refusals:
        return plan
    return await _with_outlook(house, plan, worktrees)


async def _steps(
    house: House, spec: CheckpointSpec, leave_out: Sequence[str], refs: dict[str, str], into_oid: str
) -> tuple[tuple[MergeStep, ...], tuple[str, ...]]:
    missing: list[str] = []
    found: list[tuple[str, str, str, str]] = []
    for name in spec.merge:
        if name in leave_out:
            continue
        record, declared_as = house.state.workstream(name), house.plan.workstream(name)
        branch = record.branch or (declared_as.branch if declared_as else "")
        head = refs.get(HEADS + branch)
        if head is None:
            missing.append(f"branch {branch!r} of workstream {name!r} does not exist yet (autod up {name} makes it)")
            continue
        found.append((name, branch, head, record.worktree))
    steps = await asyncio.gather(*(_step(house, *entry, into_oid) for entry in found))
    return tuple(steps), tuple(missing)


async def _step(house: House, name: str, branch: str, head: str, worktree: str, into_oid: str) -> MergeStep:
    uncommitted: tuple[str, ...] = ()
    if worktree:
        uncommitted, merged = await asyncio.gather(house.git.uncommitted(worktree), house.git.contains(head, into_oid))
    else:
        merged = await house.git.contains(head, into_oid)
    return MergeStep(workstream=name, branch=branch, head=head, uncommitted=len(uncommitted), merged=merged)


async def _revert_in_force(house: House, name: str, into_oid: str) -> str:
    revert = house.state.checkpoint(name).revert_oid
    return revert if revert and await house.git.contains(revert, into_oid) else ""


def _warnings(house: House, spec: CheckpointSpec) -> tuple[str, ...]:
    soft = [f"checkpoint {name!r} should be merged first" for name in unmerged(house.state, spec.after_soft)]
    deferred = [
        f"{workstream!r} was left out at checkpoint {earlier!r}"
        for earlier in spec.after
        for workstream in house.state.checkpoint(earlier).deferred
    ]
    return (*soft, *deferred)


def _refusals(house: House, spec: CheckpointSpec, steps: Sequence[MergeStep], refs: dict[str, str]) -> tuple[str, ...]:
    record = house.state.checkpoint(spec.name)
    reasons = [f"checkpoint {name!r} has to be merged first" for name in unmerged(house.state, spec.after)]
    if record.transaction is not None:
        reasons.append("a merge of it is under way: resolve its conflicts or abandon it")
    if HEADS + house.plan.project.target not in refs and HEADS + spec.into not in refs:
        reasons.append(f"neither {spec.into!r} nor the target {house.plan.project.target!r} exists")
    fresh = any(not step.merged or step.uncommitted for step in steps)
    if record.state is CheckpointState.MERGED and not fresh:
        reasons.append("it is merged already, and its workstreams have nothing new")
    if spec.tag and f"refs/tags/{spec.tag}" in refs and record.state is not CheckpointState.MERGED:
        reasons.append(f"tag {spec.tag!r} exists already")
    if not steps:
        reasons.append("no workstream is left to merge")
    return tuple(reasons)


async def _with_outlook(house: House, plan: MergePlan, worktrees: Sequence[WorktreeEntry]) -> MergePlan:
    """Add what a trial run shows: conflicts, a rehearsal that still holds, checkouts that can't follow."""
    checked_out = [entry for entry in worktrees if entry.branch in (plan.into, plan.then) and entry.branch]
    settled: list[Settled] = []

    def told(step: MergeStep, _: str, how: dict[str, str]) -> None:
        settled.extend(Settled(path=path, workstream=step.workstream, how=by) for path, by in how.items())

    async with house.git.bench(scratch=not checked_out) as bench:
        outcome = await replay_plan(house, bench, plan, told)
        plan = msgspec.structs.replace(plan, settled=tuple(settled))
        if isinstance(outcome, Waiting):
            files = tuple(conflict.path for conflict in outcome.conflicts)
            return msgspec.structs.replace(plan, conflicts=((outcome.step.workstream, files),))
        refusals = await _follow_problems(house, plan, checked_out, outcome.commit)
    green = {(gate.name, gate.threshold) for gate in house.state.green_trees.get(outcome.tree, ())}
    rehearsed = bool(plan.gates) and {(gate.name, gate.threshold) for gate in plan.gates} <= green
    return msgspec.structs.replace(plan, rehearsed=rehearsed, refusals=refusals)


async def _follow_problems(
    house: House, plan: MergePlan, checked_out: Sequence[WorktreeEntry], result: str
) -> tuple[str, ...]:
    problems: list[str] = []
    for entry in checked_out:
        old = plan.into_oid if entry.branch == plan.into else plan.then_oid
        problem = await house.git.follow_problem(entry.path, old, result)
        if problem:
            problems.append(f"{entry.branch!r} is checked out at {entry.path} and can't follow: {problem}")
    return tuple(problems)


def moved_since(approved: MergePlan, now: MergePlan) -> tuple[str, ...]:
    """Return what differs between an approved plan and the same one as it would be `now`, a sentence each."""
    reasons: list[str] = []
    if (approved.into_oid, approved.creates_into) != (now.into_oid, now.creates_into):
        reasons.append(f"{approved.into!r} has moved since the plan was approved")
    if approved.then_oid != now.then_oid:
        reasons.append(f"{approved.then!r} has moved since the plan was approved")
    heads = {step.workstream: step.head for step in now.steps}
    for step in approved.steps:
        if heads.get(step.workstream) != step.head:
            reasons.append(f"{step.branch!r} has moved since the plan was approved")
    if not reasons and heads.keys() != {step.workstream for step in approved.steps}:
        reasons.append("autod.toml names other workstreams than the approved plan")
    if (approved.gates, approved.tag) != (now.gates, now.tag):
        reasons.append("the checkpoint's gates or tag were changed since the plan was approved")
    return tuple(reasons)
