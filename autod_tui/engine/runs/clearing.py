"""Clearing away: the slots of a run that has failed or was stopped, when a person asks for it; each leaves a backup."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import Backup, Removal
from autod_tui.core.requests import Answer, TidyRun
from autod_tui.core.run import RunRecord, RunState
from autod_tui.engine.backups import keep
from autod_tui.engine.house import House
from autod_tui.engine.removals import look_json, losses_of, refused

Slots = Mapping[str, int]
"""Worktree to its number, of those that are there."""


class Clearing:
    """Removes the slots of runs that have ended; commits stay on the branches `run/...`."""

    def __init__(self, house: House) -> None:
        """Work on `house`."""
        self._house = house

    async def clear(self, run: RunRecord, request: TidyRun) -> Answer:
        """Say what would be removed, or remove it; RefusedError while the run goes on."""
        if run.living or run.state in (RunState.RUNNING, RunState.PAUSED):
            state = "has sessions at work" if run.living else f"is {run.state.value}"
            raise RefusedError(f"{run.id} {state}: its worktrees are in use", hint=f"autod stop {run.id} ends it")
        slots = await self._slots(run)
        looks = {worktree: await self._look(worktree) for worktree in slots}
        if not request.approved:
            return _plan(run, looks)
        lost = {worktree: look for worktree, look in looks.items() if look.ignored}
        if lost and not request.discard:
            return refused(lost)
        removed = [await self._remove(run, worktree, number) for worktree, number in slots.items()]
        lines = [f"{one['worktree']}: removed, backup {one['backup']}" for one in removed]
        hint = f"autod undo {removed[-1]['backup']} brings it back" if removed else ""
        message = "\n".join(lines) or f"{run.id} has no worktrees left"
        return Answer(message=message, hint=hint, data={"id": run.id, "removed": removed})

    async def restore(self, backup: Backup, worktree: str) -> None:
        """Bring a slot back: detached where it stood, with all that was uncommitted there."""
        if Path(worktree).exists():
            raise RefusedError(f"{worktree} exists already", hint="move it away first")
        git = self._house.git
        await git.add_worktree(worktree, "", f"{backup.oid}^1", detach=True)
        await git.restore_files(worktree, backup.oid)

    async def _slots(self, run: RunRecord) -> Slots:
        known = {entry.path for entry in await self._house.git.worktrees()}
        slots = {one.worktree: one.slot for one in run.sessions.values() if one.worktree in known}
        return {worktree: number for worktree, number in slots.items() if Path(worktree).is_dir()}

    async def _look(self, worktree: str) -> Removal:
        # no target: commits are safe wherever they are, on their branches and in the backup
        head = next(entry.head for entry in await self._house.git.worktrees() if entry.path == worktree)
        return await self._house.git.removal(worktree, "", [head], self._house.plan.project.copy)

    async def _remove(self, run: RunRecord, worktree: str, number: int) -> dict[str, Any]:
        house, name = self._house, f"{run.id}-slot{number}"
        snapshot = await house.git.snapshot(worktree, ignored=True)
        what = f"worktree {number} of run {run.id} at {worktree}"
        backup = await keep(house, f"slots/{name}", snapshot, what, f"slot:{worktree}")
        await house.git.remove_worktree(worktree)
        (house.state_dir / "setup" / name).unlink(missing_ok=True)
        return {"worktree": worktree, "backup": backup.ref}


def _plan(run: RunRecord, looks: Mapping[str, Removal]) -> Answer:
    lines = [f"remove {worktree} ({losses_of(look) or 'nothing uncommitted'})" for worktree, look in looks.items()]
    plan: Any = {"remove": {worktree: look_json(look) for worktree, look in looks.items()}} if looks else []
    lines += ["a backup of each is kept, and its commits stay on their branches"] if looks else []
    return Answer(message="\n".join(lines) or f"{run.id} has no worktrees left", data={"id": run.id, "plan": plan})
