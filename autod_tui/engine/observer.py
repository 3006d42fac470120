"""Observation of the work: worktrees, branches and progress files, as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from autod_tui.core import events as ev
from autod_tui.core.errors import AutodError
from autod_tui.core.progress import parse_progress
from autod_tui.core.workstream import Source, WorkstreamRecord, WorkstreamState
from autod_tui.engine.forecasting import Forecasting
from autod_tui.engine.house import House

REFS = "refs"
AT_ONCE = 2
PROGRESS_LIMIT = 256 * 1024


class Observer:
    """Turns changes on disk into events; one status per changed worktree, then one forecast."""

    def __init__(self, house: House, forecasting: Forecasting) -> None:
        """Watch for `house`."""
        self._house = house
        self._forecasting = forecasting
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._target_oid = ""
        self._watched: Mapping[str, str] = {}
        self._listeners: list[Callable[[], None]] = []
        self._measured: dict[str, str] = {}
        """Head at which each worktree was measured last: who moves a branch tells its head before we look."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Have `listener` called whenever files of worktrees have changed."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Observe until cancelled."""
        await self.rewatch()
        async for keys in self._house.files.changes():
            for listener in self._listeners if keys - {REFS} else ():
                listener()
            await self.look(keys)

    async def rewatch(self) -> None:
        """Watch exactly the worktrees that exist now, and the branches."""
        wanted = {
            record.name: record.worktree
            for record in self._house.state.workstreams.values()
            if record.worktree and Path(record.worktree).is_dir()
        }
        wanted[REFS] = str(self._house.git.common_dir / "refs")
        if wanted != self._watched:
            self._watched = wanted
            await self._house.files.watch(wanted)

    async def look(self, keys: Iterable[str]) -> None:
        """Measure what changed; `refs` stands for all branches."""
        names = set(keys) - {REFS}
        if REFS in keys:
            names |= await self._look_at_refs()
        await asyncio.gather(*(self._measure(name) for name in sorted(names)))
        await self._forecasting.refresh()

    async def look_at_all(self) -> None:
        """Measure everything once."""
        await self.look({REFS, *(r.name for r in self._house.state.workstreams.values() if r.worktree)})

    async def _look_at_refs(self) -> set[str]:
        house = self._house
        if not self._minds_refs():
            return set()  # the sessions of a run move branches all the time
        refs = await house.git.refs("refs/heads/")
        target = refs.get(f"refs/heads/{house.plan.project.target}", "")
        records = [record for record in house.state.workstreams.values() if record.worktree]
        heads = {record.name: refs.get(f"refs/heads/{record.branch}", record.head) for record in records}
        moved = {record.name: heads[record.name] for record in records if heads[record.name] != record.head}
        if moved:
            house.stream.emit(*(ev.HeadMoved(name=name, head=head) for name, head in moved.items()))
        self._outdate_rehearsals(refs, target)
        if target != self._target_oid:
            self._target_oid = target
            return {record.name for record in records}
        return {name for name, head in heads.items() if self._measured.get(name) != head}

    def _minds_refs(self) -> bool:
        state = self._house.state
        worked = any(record.worktree for record in state.workstreams.values())
        return worked or any(record.tried_heads for record in state.checkpoints.values())

    def _outdate_rehearsals(self, refs: dict[str, str], target: str) -> None:
        """A rehearsal holds for exact heads: once one of them moved it says nothing any more."""
        house = self._house
        for record in list(house.state.checkpoints.values()):
            spec = house.plan.checkpoint(record.name)
            if spec is None or not record.tried_heads or record.transaction is not None:
                continue
            branches = [house.state.workstream(name).branch for name in spec.merge]
            heads = {refs.get(f"refs/heads/{branch}", "") for branch in [*branches, spec.then] if branch}
            into = refs.get(f"refs/heads/{spec.into}", target)
            if into != record.tried_heads[0] or not heads.issuperset(record.tried_heads[1:]):
                house.stream.emit(ev.RehearsalOutdated(checkpoint=record.name))

    async def _measure(self, name: str) -> None:
        record = self._house.state.workstream(name)
        if not record.worktree:
            return
        if not Path(record.worktree).is_dir():
            self._gone(record)
            return
        self._measured[name] = record.head
        async with self._slots:
            try:
                changes = await self._house.git.changes(record.worktree, self._house.plan.project.target)
            except AutodError as error:
                self._house.stream.emit(ev.Noted(level="warning", text=error.message, name=name))
                return
        if changes != self._house.state.workstream(name).changes:
            self._house.stream.emit(ev.WorktreeChanged(name=name, changes=changes))
        self._read_progress(record)

    def _read_progress(self, record: WorkstreamRecord) -> None:
        path = Path(record.worktree) / "progress.md"
        progress = None
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                progress = parse_progress(file.read(PROGRESS_LIMIT).decode("utf-8", "replace"))
        if progress != self._house.state.workstream(record.name).progress:
            self._house.stream.emit(ev.ProgressChanged(name=record.name, progress=progress))

    def _gone(self, record: WorkstreamRecord) -> None:
        if record.state is not WorkstreamState.LOST:
            reason = f"its worktree {record.worktree} is gone"
            self._house.stream.emit(
                ev.StateChanged(name=record.name, state=WorkstreamState.LOST, reason=reason, source=Source.CONDUCTOR)
            )
