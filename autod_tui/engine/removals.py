"""Removing worktrees without losing work, and bringing back what was removed or moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from autod_tui.core import events as ev
from autod_tui.core.amounts import count
from autod_tui.core.errors import AutodError, ExitCode, UsageError
from autod_tui.core.git_ports import Backup, Removal
from autod_tui.core.requests import Answer, Down
from autod_tui.engine.backups import keep, keep_ref
from autod_tui.engine.house import House
from autod_tui.engine.workstreams import Workstreams

HEADS = "refs/heads/"
RestoreSlot = Callable[[Backup, str], Awaitable[None]]
"""Brings the worktree of a run back to a path."""


class Removals:
    """Stops agents and removes worktrees; every removal leaves a backup that can be undone."""

    def __init__(self, house: House, workstreams: Workstreams, restore_slot: RestoreSlot) -> None:
        """Work on `house`; worktrees of runs are brought back by `restore_slot`."""
        self._house = house
        self._restore_slot = restore_slot
        self._workstreams = workstreams

    async def down(self, request: Down) -> Answer:
        """Stop agents; with `remove` take safe worktrees away, with `discard` unsafe ones too."""
        names = self._names(request.names)
        if request.remove:
            await self._take_up(names)
        looks = {name: look for name in names if (look := await self._look(name)) is not None} if request.remove else {}
        if not request.approved:
            return self._plan_answer(names, looks)
        if not request.remove:
            stopped = [name for name in names if await self._workstreams.down(name)]
            message = f"stopped {', '.join(stopped)}" if stopped else "no agent was running"
            return Answer(message=message, data={"stopped": stopped, "removed": []})
        unsafe = {name: look for name, look in looks.items() if not look.safe}
        if unsafe and not request.discard:
            return refused(unsafe)
        return await self._remove_all(looks, discard=request.discard)

    def _plan_answer(self, names: list[str], looks: dict[str, Removal]) -> Answer:
        records = self._house.state.workstreams
        stops = [name for name in names if name in records and records[name].pane]
        lines = [f"stop the agent of {name}" for name in stops]
        for name, look in looks.items():
            losses = losses_of(look)
            lines.append(
                f"remove {look.worktree}" + (f" ({name} has {losses})" if losses else " (nothing would be lost)")
            )
        data = {"plan": {"stop": stops, "remove": {name: look_json(look) for name, look in looks.items()}}}
        return Answer(message="\n".join(lines) or "nothing runs and nothing is there to remove", data=data)

    def _names(self, names: tuple[str, ...]) -> list[str]:
        records = self._house.state.workstreams
        orphans = [name for name in names if name in records and self._house.plan.workstream(name) is None]
        rest = tuple(name for name in names if name not in orphans)
        declared = [spec.name for spec in self._house.specs(rest)] if rest or not names else []
        return [*declared, *orphans]

    async def _take_up(self, names: list[str]) -> None:
        """Take up worktrees that a killed `up` left without a record, finished, so that they can be looked at."""
        house = self._house
        specs = [spec for name in names if (spec := house.plan.workstream(name))]
        missing = {spec.worktree: spec for spec in specs if not house.state.workstream(spec.name).worktree}
        for entry in await house.git.worktrees() if missing else ():
            spec = missing.get(entry.path)
            if spec is None or entry.branch != spec.branch or entry.prunable:
                continue
            if entry.unfinished:
                await house.git.finish_worktree(entry.path)
            await self._workstreams.sites.adopt(spec, await house.git.resolve(f"{HEADS}{spec.branch}") or "")

    async def _look(self, name: str) -> Removal | None:
        record = self._house.state.workstream(name)
        if not record.worktree or not Path(record.worktree).exists():
            return None
        plan = self._house.plan
        targets = [plan.project.target, *(spec.into for spec in plan.checkpoints)]
        merged = [c.merged_into for c in self._house.state.checkpoints.values() if c.merged_into]
        return await self._house.git.removal(
            record.worktree, record.branch, list(dict.fromkeys([*targets, *merged])), plan.project.copy
        )

    async def _remove_all(self, looks: dict[str, Removal], *, discard: bool) -> Answer:
        removed: list[dict[str, Any]] = []
        kept: dict[str, Removal] = {}
        for name in looks:
            await self._workstreams.down(name)
            again = await self._look(name)
            if again is None:
                continue
            if not again.safe and not discard:
                kept[name] = again
                continue
            removed.append(await self._remove(name))
        if kept:
            return refused(kept)
        message = "\n".join(f"{entry['name']}: removed, branch kept, backup {entry['backup']}" for entry in removed)
        hint = f"autod undo {removed[-1]['backup']} brings it back" if removed else ""
        return Answer(message=message or "no worktree to remove", hint=hint, data={"removed": removed})

    async def _remove(self, name: str) -> dict[str, Any]:
        git, record = self._house.git, self._house.state.workstream(name)
        snapshot = await git.snapshot(record.worktree, ignored=True)
        what = f"worktree of {name!r} at {record.worktree}, branch {record.branch}"
        backup = await keep(self._house, f"worktrees/{name}", snapshot, what, f"worktree:{name}")
        await git.remove_worktree(record.worktree)
        (self._house.state_dir / "setup" / name).unlink(missing_ok=True)
        self._house.stream.emit(ev.WorktreeRemoved(name=name, backup=backup.ref))
        return {"name": name, "worktree": record.worktree, "branch": record.branch, "backup": backup.ref}

    async def undo(self, ref: str) -> Answer:
        """Bring one backup back; list all for an empty `ref`."""
        backups = await self._house.git.backups()
        if not ref:
            lines = [f"{backup.ref}  {backup.what}" for backup in backups]
            data = {"backups": [msgspec.to_builtins(backup) for backup in backups]}
            return Answer(message="\n".join(lines) or "no backups", data=data)
        backup = next((b for b in backups if ref in (b.ref, b.ref.removeprefix("refs/autod/backup/"))), None)
        if backup is None:
            raise UsageError(f"no backup {ref!r}", hint="autod undo lists them")
        kind, _, subject = backup.restores.partition(":")
        if kind == "ref":
            await self._restore_ref(backup, subject)
        elif kind == "slot":
            await self._restore_slot(backup, subject)
        else:
            await self._restore_worktree(backup, subject)
        self._house.stream.emit(ev.BackupRestored(ref=backup.ref))
        return Answer(message=f"restored: {backup.what}", data={"restored": backup.ref})

    async def _restore_ref(self, backup: Backup, ref: str) -> None:
        git = self._house.git
        now = (await git.refs(ref)).get(ref, "")
        place = next((e.path for e in await git.worktrees() if HEADS + e.branch == ref), "")
        if now:
            await keep_ref(self._house, f"undo/{ref.rpartition('/')[2]}", ref, now, "an undo")
        if place:
            await git.follow(place, now, backup.oid)
        else:
            await git.move_refs([(ref, now, backup.oid)])

    async def _restore_worktree(self, backup: Backup, name: str) -> None:
        house = self._house
        spec = house.plan.workstream(name)
        if spec is None:
            raise AutodError(f"workstream {name!r} is no longer declared", hint=f"its files are in {backup.oid}")
        if Path(spec.worktree).exists():
            raise AutodError(f"{spec.worktree} exists already", hint="move it away first")
        await house.git.add_worktree(spec.worktree, spec.branch, backup.oid)
        await house.git.restore_files(spec.worktree, backup.oid)
        await self._workstreams.sites.adopt(spec, backup.oid)


def look_json(look: Removal) -> dict[str, Any]:
    """Return a look for `--json`."""
    return {**msgspec.to_builtins(look), "safe": look.safe}


def losses_of(look: Removal) -> str:
    """Say what removing a worktree would take away; empty for nothing."""
    losses = []
    if look.uncommitted:
        losses.append(f"{count(len(look.uncommitted), 'uncommitted path')}: {', '.join(look.uncommitted[:5])}")
    if look.unmerged_commits:
        losses.append(f"{count(look.unmerged_commits, 'commit')} that no target holds (the branch stays)")
    if look.ignored:
        losses.append(f"{count(len(look.ignored), 'ignored file')} without a backup: {', '.join(look.ignored[:5])}")
    return "; ".join(losses)


def refused(unsafe: Mapping[str, Removal]) -> Answer:
    """Return the answer that nothing was removed, and why: worktree, or its workstream, to what it holds."""
    lines = [f"{name}: not removed, it has {losses_of(look)}" for name, look in unsafe.items()]
    data = {"refused": {name: look_json(look) for name, look in unsafe.items()}, "removed": []}
    hint = "merge or commit first, or say --discard to remove it all the same"
    return Answer(exit_code=ExitCode.FAILED, message="\n".join(lines), hint=hint, data=data)
