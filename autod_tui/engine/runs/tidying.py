"""Tidying up: the slots of a run that is done go, unless one holds something that is nowhere else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from autod_tui.core.errors import AutodError
from autod_tui.core.events import Noted
from autod_tui.core.requests import Answer, TidyRun
from autod_tui.core.run import RunRecord, RunState
from autod_tui.core.workstream import UNMERGED_FILES
from autod_tui.engine.house import House
from autod_tui.engine.runs.clearing import Clearing

SHOWN = 5
"""Paths that a note names before it counts."""


class Tidying:
    """Removes worktrees that autod made for sessions; their commits stay on the branches `run/...`."""

    def __init__(self, house: House) -> None:
        """Work on `house`."""
        self._house = house
        self._clearing = Clearing(house)
        self._alone = asyncio.Lock()

    async def over(self, run_id: str) -> None:
        """Wait until no slot is being removed: a run that is done may be given more tasks."""
        if self._house.state.runs[run_id].sessions:
            async with self._alone:
                pass

    async def clear(self, request: TidyRun) -> Answer:
        """Remove, asked to, the slots of a run that has ended; no session starts meanwhile."""
        async with self._alone:
            return await self._clearing.clear(self._run(request.run), request)

    async def tidy(self, run_id: str) -> None:
        """Remove the slots of a run that is done; say which stay and why."""
        async with self._alone:
            slots = {one.worktree: one.slot for one in self._run(run_id).sessions.values() if one.worktree}
            heads = {entry.path: entry.head for entry in await self._house.git.worktrees()}
            for worktree, slot in slots.items():
                if self._run(run_id).state is not RunState.DONE:
                    return
                if worktree in heads and Path(worktree).is_dir():
                    await self._one(run_id, worktree, slot, heads[worktree])

    async def _one(self, run_id: str, worktree: str, slot: int, head: str) -> None:
        house = self._house
        try:
            kept = await self._worth_keeping(worktree, head)
            if not kept:
                await house.git.remove_worktree(worktree)
                (house.state_dir / "setup" / f"{run_id}-slot{slot}").unlink(missing_ok=True)
                return
            more = f" and {len(kept) - SHOWN} more" if len(kept) > SHOWN else ""
            reason = f"it holds {', '.join(kept[:SHOWN])}{more}, which no commit has"
        except AutodError as error:
            reason = error.message
        text = f"worktree {worktree!r} stays: {reason}; `autod tidy {run_id}` removes it"
        house.stream.emit(Noted(level="info", text=text, name=run_id))

    async def _worth_keeping(self, worktree: str, head: str) -> list[str]:
        """Return what would be lost: uncommitted files, and ignored ones that are no caches and no copies."""
        git = self._house.git
        look = await git.removal(worktree, "", [head], self._house.plan.project.copy)
        snapshot = await git.snapshot(worktree, ignored=True)
        found = {*look.uncommitted, *look.ignored, *await git.changed_paths(head, snapshot)}
        return sorted(found - UNMERGED_FILES)

    def _run(self, id: str) -> RunRecord:
        return self._house.state.runs[id]
