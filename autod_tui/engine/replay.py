"""Replay: merge a plan's branches one after another without a work tree, up to a result or a conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from autod_tui.core.checkpoint import Conflict, MergePlan, MergeStep
from autod_tui.core.git_ports import MergeBench, MergedTree
from autod_tui.engine.house import House
from autod_tui.engine.resolve import Choice, settle_by_rule


class Waiting(Struct, frozen=True, kw_only=True):
    """A step that a person has to settle."""

    step: MergeStep
    ours: str
    merged: MergedTree
    conflicts: tuple[Conflict, ...]
    """Those that neither memory nor rules settle."""


class Result(Struct, frozen=True, kw_only=True):
    """All steps merged."""

    commit: str
    tree: str
    prefixes: tuple[str, ...]
    """Commit after each step; the start comes first."""


Told = Callable[[MergeStep, str, dict[str, str]], None]
"""Called after each step with the step, the commit and {path: how it was settled}."""


def merge_message(plan: MergePlan, step: MergeStep) -> str:
    """Return the message of one merge commit: it names the checkpoint and the workstream."""
    return (
        f"Merge workstream '{step.workstream}' at checkpoint '{plan.checkpoint}'\n\n"
        f"Branch: {step.branch}\nInto: {plan.into}\n"
        f"Autod-Checkpoint: {plan.checkpoint}\nAutod-Workstream: {step.workstream}\n"
    )


async def replay_plan(house: House, bench: MergeBench, plan: MergePlan, told: Told | None = None) -> Result | Waiting:
    """Merge the plan's steps in order on top of `into_oid`, no-fast-forward, moving no ref."""
    current = plan.into_oid
    if plan.restores:
        current = await _restore(bench, house, plan, current)
    prefixes = [current]
    for step in plan.steps:
        if step.merged:
            prefixes.append(current)
            continue
        tree = await bench.merge(current, step.head)
        choices, how, left = await _settle(house, tree.conflicts, step, plan, len(prefixes) - 1)
        if left:
            return Waiting(step=step, ours=current, merged=tree, conflicts=left)
        final = await bench.resolve(tree.tree, choices) if choices else tree.tree
        current = await bench.commit(final, (current, step.head), merge_message(plan, step))
        prefixes.append(current)
        if told is not None:
            told(step, current, how)
    return Result(commit=current, tree=await bench.tree_of(current), prefixes=tuple(prefixes))


async def _settle(
    house: House, conflicts: Sequence[Conflict], step: MergeStep, plan: MergePlan, at: int
) -> tuple[dict[str, Choice], dict[str, str], tuple[Conflict, ...]]:
    if not conflicts:
        return {}, {}, ()
    earlier = plan.steps[:at]
    remembered = await house.git.remembered(conflicts)
    rest = [conflict for conflict in conflicts if conflict.path not in remembered]
    heads = ([plan.into_oid, *(done.head for done in earlier)], step.head)
    names = [done.workstream for done in earlier]
    ruled = await settle_by_rule(house.git, house.plan.resolve, rest, step.workstream, names, heads)
    how = {**dict.fromkeys(remembered, "remembered"), **dict.fromkeys(ruled, "rule")}
    left = tuple(conflict for conflict in rest if conflict.path not in ruled)
    return {**remembered, **ruled}, how, left


async def _restore(bench: MergeBench, house: House, plan: MergePlan, current: str) -> str:
    """Take an earlier revert commit back, so that merging its branches again brings their work again."""
    revert = plan.restores
    parent = await house.git.resolve(f"{revert}^1")
    tree = await revert_tree(bench, current, revert, parent or revert)
    message = f"Reapply checkpoint '{plan.checkpoint}'\n\nTakes back the revert {revert}.\n"
    return await bench.commit(tree.tree, (current,), message)


async def revert_tree(bench: MergeBench, head: str, undone: str, to: str) -> MergedTree:
    """Merge the difference from commit `undone` back to commit `to` into `head`.

    git merges by history, so the three trees are dressed as a history of their own: `undone` as the base,
    `head` and `to` as its two children.
    """
    base = await bench.commit(await bench.tree_of(undone), (), "base of a revert")
    ours = await bench.commit(await bench.tree_of(head), (base,), "present")
    theirs = await bench.commit(await bench.tree_of(to), (base,), "past")
    return await bench.merge(ours, theirs)
