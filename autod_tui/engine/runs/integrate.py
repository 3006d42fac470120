"""Integration: finished work goes into the run's branch, each task exactly once, or back with its conflict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from autod_tui.core import run_events as ev
from autod_tui.core.checkpoint import Conflict
from autod_tui.core.errors import RefusedError
from autod_tui.core.events import Event
from autod_tui.core.git_ports import MergeBench
from autod_tui.core.run import RunRecord
from autod_tui.engine.backups import keep_ref
from autod_tui.engine.house import House
from autod_tui.engine.moves import HEADS, Move, carry_out, problems_of
from autod_tui.engine.resolve import Choice
from autod_tui.engine.runs.kept_bench import KeptBench


class _Landing(Struct):
    """Merges on their way: nothing has moved yet."""

    head: str
    merged: list[str]
    told: list[Event]


class _Grown(Struct):
    """What is known of the branch of a run, as long as nobody else moves it."""

    head: str
    held: set[str]
    """Commits that it surely holds, such as a session may have left."""


class Integration:
    """Merges finished tasks into the branch of their run."""

    def __init__(self, house: House, merging: asyncio.Lock) -> None:
        """Work on `house`, one merge at a time with the checkpoints: `merging` is theirs."""
        self._house = house
        self._merging = merging
        self._benches = KeptBench(house.git)
        self._grown: dict[str, _Grown] = {}
        """Run to what is known of its branch."""

    async def close(self) -> None:
        """End what is kept for the next merge."""
        await self._benches.close()

    async def integrate(self, run: RunRecord, tasks: Sequence[str]) -> None:
        """Merge the work of `tasks` in order, and move `into` once.

        What conflicts is told and left out; what is there already is only recorded. Raises RefusedError, having moved
        nothing, when `into` is checked out and can't follow.
        """
        async with self._merging:
            ref = HEADS + run.plan.into
            before = await self._house.git.resolve(ref)
            if before is None:
                raise RefusedError(
                    f"branch {run.plan.into!r} is gone", hint=f"git branch {run.plan.into} {run.base_oid}"
                )
            landing = await self._merge_all(run, before, tasks)
            if landing.head != before:
                await self._move(run, Move(ref, before, landing.head))
                self._grow(run, landing)
            if landing.merged:
                landing.told.append(
                    ev.TasksIntegrated(
                        run=run.id, tasks=tuple(landing.merged), before_oid=before, after_oid=landing.head
                    )
                )
            self._house.stream.emit(*landing.told)

    async def _merge_all(self, run: RunRecord, before: str, tasks: Sequence[str]) -> _Landing:
        landing = _Landing(before, [], [])
        groups: dict[str, list[str]] = {}
        for id in tasks:
            groups.setdefault(run.tasks[id].head, []).append(id)
        new = await self._new(run, before, [head for head in groups if head])
        for ids in (ids for head, ids in groups.items() if head not in new):
            landing.merged += ids  # nothing was changed, or it is there already
        if new:
            async with self._benches.open() as bench:
                for head in (head for head in groups if head in new):
                    await self._merge(run, bench, landing, head, groups[head])
        return landing

    async def _new(self, run: RunRecord, before: str, heads: Sequence[str]) -> frozenset[str]:
        """Return those of `heads` that `into`, at `before`, may not hold yet; git is asked once, and after strangers.

        A merge of what it holds in spite of that changes nothing.
        """
        grown = self._grown.get(run.id)
        if grown is None or grown.head != before:
            new = await self._house.git.missing(heads, before)
            self._grown[run.id] = _Grown(before, {before, *heads} - new)
            return new
        return frozenset(heads) - grown.held

    async def _merge(self, run: RunRecord, bench: MergeBench, landing: _Landing, head: str, ids: list[str]) -> None:
        tree = await bench.merge(landing.head, head)
        if tree.tree == await bench.tree_of(landing.head) and await self._house.git.contains(head, landing.head):
            landing.merged += ids  # it came along with another
            return
        choices = await self._known(tree.conflicts)
        open_paths = [conflict.path for conflict in tree.conflicts if conflict.path not in choices]
        if open_paths:
            landing.told += [ev.TaskConflicted(run=run.id, task=id, findings=_findings(run, open_paths)) for id in ids]
            return
        final = await bench.resolve(tree.tree, choices) if choices else tree.tree
        landing.head = await bench.commit(final, (landing.head, head), merge_message(run, ids))
        landing.merged += ids

    def _grow(self, run: RunRecord, landing: _Landing) -> None:
        grown = self._grown[run.id]
        grown.head = landing.head
        grown.held |= {landing.head, *(run.tasks[id].head for id in landing.merged)}

    async def _known(self, conflicts: Sequence[Conflict]) -> dict[str, Choice]:
        return await self._house.git.remembered(conflicts) if conflicts else {}

    async def _move(self, run: RunRecord, move: Move) -> None:
        house = self._house
        places = await problems_of(house, [move])
        if not _moved_before(run):
            # the branch only grows from here on: one backup takes the whole run back
            await keep_ref(house, f"runs/{run.id}", move.ref, move.old, f"run {run.id} moved it")
        await carry_out(house, [move], places)


def merge_message(run: RunRecord, ids: Sequence[str]) -> str:
    """Return the message of a merge commit: it names the run and the tasks."""
    named = ", ".join(ids) if len(ids) <= 5 else f"{len(ids)} tasks"
    titles = [f"{id}: {run.plan.task(id).title}".removesuffix(": ") for id in ids]
    return (
        f"Merge {named} of run '{run.id}'\n\n"
        + "\n".join(titles)
        + f"\n\nInto: {run.plan.into}\nAutod-Run: {run.id}\n"
        + "".join(f"Autod-Task: {id}\n" for id in ids)
    )


def _moved_before(run: RunRecord) -> bool:
    return any(task.done_at and task.head for task in run.tasks.values())


def _findings(run: RunRecord, paths: Sequence[str]) -> str:
    into = run.plan.into
    return (
        f"merging this work into {into!r} conflicts in {', '.join(paths)}.\n"
        f"Bring both together: git merge {into}, settle the conflicts, commit."
    )
