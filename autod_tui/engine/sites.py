"""Sites: the worktrees in which agents work, made and furnished; those of several workstreams at once."""

from __future__ import annotations

import asyncio
import glob
import shutil
from collections.abc import Sequence
from pathlib import Path

from autod_tui.core import events as ev
from autod_tui.core.errors import RefusedError
from autod_tui.core.git_ports import WorktreeEntry
from autod_tui.core.workstream import WorkstreamRecord, WorkstreamSpec
from autod_tui.engine.house import House

PORT_LIMIT = 65000
_DRAFT = ".autod-draft"


class Sites:
    """Makes worktrees, finishes those that were cut short in the making, and takes over those that are there."""

    def __init__(self, house: House) -> None:
        """Work on `house`."""
        self._house = house

    async def ensure(self, spec: WorkstreamSpec, entries: dict[str, WorktreeEntry]) -> WorkstreamRecord:
        """Return the record of a worktree that is whole, with STARTUP.md and the copied files in it.

        `entries` are all worktrees by path. Raises RefusedError when another branch is checked out there.
        """
        house = self._house
        record = house.state.workstream(spec.name)
        here = entries.get(spec.worktree) or entries.get(str(Path(spec.worktree).resolve()))
        adopted = here is not None and not here.prunable
        if here is not None and adopted and here.branch != spec.branch:
            held = here.branch or "a detached HEAD"
            raise RefusedError(f"{spec.name}: {spec.worktree} holds {held!r}, not {spec.branch!r}")
        if here is not None and adopted and here.unfinished:
            await house.git.finish_worktree(spec.worktree)
        if adopted and record.worktree == spec.worktree and Path(spec.worktree).exists():
            await self._write_startup(spec)
            return record
        base = await self._base(spec)
        await house.git.exclude("/STARTUP.md")
        if not adopted:
            await house.git.add_worktree(spec.worktree, spec.branch, base)
        await self._write_startup(spec)
        await asyncio.to_thread(_copy_all, house.plan.project.root, spec.worktree, house.plan.project.copy)
        await self.adopt(spec, base, adopted=adopted)
        return house.state.workstream(spec.name)

    async def adopt(self, spec: WorkstreamSpec, base: str, *, adopted: bool = True) -> None:
        """Record a worktree that is there, with a block of ports of its own."""
        house = self._house
        head = await house.git.resolve(f"refs/heads/{spec.branch}") or base
        house.stream.emit(
            ev.WorktreeAdded(
                name=spec.name,
                worktree=spec.worktree,
                branch=spec.branch,
                base_oid=base,
                port=house.state.workstream(spec.name).port or self._free_port(),
                adopted=adopted,
            ),
            ev.HeadMoved(name=spec.name, head=head),
        )

    def _free_port(self) -> int:
        project = self._house.plan.project
        taken = {record.port for record in self._house.state.workstreams.values() if record.port}
        return next((p for p in range(project.port_base, PORT_LIMIT, max(project.ports, 1)) if p not in taken), 0)

    async def _base(self, spec: WorkstreamSpec) -> str:
        house = self._house
        wanted = spec.base
        if not wanted and spec.after:
            wanted = house.state.checkpoint(spec.after[-1]).merged_into
        wanted = wanted or house.plan.project.target
        oid = await house.git.resolve(wanted)
        if oid is None:
            raise RefusedError(
                f"{spec.name}: there is no {wanted!r} to start from",
                hint="commit something first, or name another base",
            )
        return oid

    async def _write_startup(self, spec: WorkstreamSpec) -> None:
        target = Path(spec.worktree) / "STARTUP.md"
        if not spec.startup or target.is_symlink():
            return
        text = Path(spec.startup).read_bytes()
        if target.exists() and target.read_bytes() == text:
            return
        if target.exists():
            await self._house.git.hide(spec.worktree, "STARTUP.md")
        target.write_bytes(text)


def _copy_all(root: str, worktree: str, patterns: Sequence[str]) -> None:
    """Copy what `patterns` name below `root`, leaving alone what is there already and what leads out of `root`."""
    home = Path(root).resolve()
    for pattern in patterns:
        for name in sorted(glob.glob(pattern, root_dir=root, recursive=True, include_hidden=True)):  # noqa: PTH207 - hidden files
            source, target = Path(root, name), Path(worktree, name)
            if target.exists() or target.is_symlink() or not source.resolve().is_relative_to(home):
                continue
            _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or directory so that it is there as a whole or not at all, whenever we are killed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}{_DRAFT}")
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft)
    else:
        draft.unlink(missing_ok=True)
    if source.is_dir():
        shutil.copytree(source, draft, symlinks=True)
    else:
        shutil.copy2(source, draft, follow_symlinks=False)
    draft.rename(target)
