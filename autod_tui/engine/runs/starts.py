"""Where a session starts: the head of `into`, joined with the work of its tasks so far."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import MergeBench
from autod_tui.core.run import RunRecord
from autod_tui.core.run_plan import Isolation
from autod_tui.engine.house import House
from autod_tui.engine.runs.places import branch_of

HEADS = "refs/heads/"


class Start(Struct, frozen=True, kw_only=True):
    """A session's first commit."""

    commit: str
    left_out: tuple[str, ...] = ()
    """Tasks whose work conflicts with that of the others: they go alone, another time."""


async def find_start(house: House, run: RunRecord, tasks: Sequence[str]) -> Start:
    """Return the commit that a session of `tasks` starts from; RefusedError when `into` is gone."""
    if run.plan.isolation is Isolation.SHARED:
        lane = await house.git.resolve(HEADS + branch_of(run, ""))
        if lane is not None:
            return Start(commit=lane)
    into = await house.git.resolve(HEADS + run.plan.into)
    if into is None:
        raise RefusedError(f"branch {run.plan.into!r} is gone", hint=f"git branch {run.plan.into} {run.base_oid}")
    heads: dict[str, list[str]] = {run.tasks[id].head: [] for id in tasks if run.tasks[id].head}
    if not heads:
        return Start(commit=into)
    for id in tasks:
        heads.get(run.tasks[id].head, []).append(id)
    async with house.git.bench(scratch=False) as bench:
        return await _join(house, bench, run, into, heads)


async def _join(house: House, bench: MergeBench, run: RunRecord, into: str, heads: dict[str, list[str]]) -> Start:
    current, joined = into, 0
    left: list[str] = []
    for head, ids in heads.items():
        merged = await _merged(house, bench, run, current, head)
        if merged:
            current, joined = merged, joined + 1
        elif not joined and head == list(heads)[-1]:
            # its own work alone, even where `into` has moved away from it: the findings tell what to merge
            return Start(commit=head, left_out=tuple(left))
        else:
            left += ids
    return Start(commit=current, left_out=tuple(left))


async def _merged(house: House, bench: MergeBench, run: RunRecord, ours: str, theirs: str) -> str:
    """Return the commit that holds both; empty when they conflict."""
    if await house.git.contains(ours, theirs):
        return theirs
    if await house.git.contains(theirs, ours):
        return ours
    tree = await bench.merge(ours, theirs)
    if tree.conflicts:
        return ""
    return await bench.commit(tree.tree, (ours, theirs), f"Join the work of run '{run.id}'\n\nAutod-Run: {run.id}\n")
