"""Strays: files that changed outside the worktrees of sessions while these worked.

Nothing tells which program wrote a file: what is found is told with the sessions that worked meanwhile, not undone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from autod_tui.core.errors import AutodError
from autod_tui.core.events import Noted
from autod_tui.core.run import RunRecord, SessionRecord, TaskState
from autod_tui.engine.house import House
from autod_tui.engine.runs.places import full_name, slot_path

PAUSE = 2.0
"""Seconds between two looks while sessions come and go."""
SHOWN = 5
"""Paths and sessions that a warning names before it counts."""

_Seen = dict[str, tuple[int, int]]
"""Uncommitted path to its size and time of change."""


class Strays:
    """Looks after the user's checkout and the slots in which nobody works."""

    def __init__(self, house: House, merging: asyncio.Lock) -> None:
        """Look at what `house` holds; `merging` is held while autod itself changes checkouts."""
        self._house = house
        self._merging = merging
        self._seen: dict[str, _Seen] = {}
        """Place to what was uncommitted there."""
        self._suspects: dict[str, None] = {}
        self._looked_at = 0.0

    async def begins(self, run: RunRecord, session: SessionRecord) -> None:
        """Remember what is there before a session's agent starts."""
        self._seen.pop(session.worktree, None)
        root = self._house.plan.project.root
        if root not in self._seen:
            self._seen[root] = await self._read(root)
            self._looked_at = self._house.stream.clock()
        self._suspects[full_name(run.id, session.id)] = None

    async def ended(self, run: RunRecord, session: SessionRecord) -> list[str]:
        """Look now and then, and when the last session of a run has ended; tell what changed and return where."""
        alone = all(one.id == session.id for one in run.living)
        last = alone and not any(one.state is TaskState.QUEUED for one in run.tasks.values())
        if not last and self._house.stream.clock() - self._looked_at < PAUSE:
            return []
        idle = self._idle(run, session)
        self._looked_at = self._house.stream.clock()
        root = self._house.plan.project.root
        async with self._merging:
            places = [root, *(one for one in idle if one != session.worktree)]
            found = [place for place in places if await self._compare(run, place)]
        living = {full_name(one.id, s.id) for one in self._house.state.runs.values() for s in one.living}
        self._suspects = {name: None for name in self._suspects if name in living}
        return found

    def _idle(self, run: RunRecord, session: SessionRecord) -> list[str]:
        busy = {one.slot for one in run.living if one.id != session.id}
        return [slot_path(self._house, run.id, slot) for slot in range(1, _slots(run) + 1) if slot not in busy]

    async def _compare(self, run: RunRecord, place: str) -> bool:
        before, now = self._seen.get(place, {}), await self._read(place)
        changed = [path for path, mark in now.items() if before.get(path) != mark]
        self._seen[place] = now
        if changed:
            called = "the checkout" if place == self._house.plan.project.root else "an idle slot"
            text = (
                f"{_some(changed)} changed in {called} {place!r} while {_some(list(self._suspects))} worked: "
                "sessions write into their own worktrees only, so look whose that is"
            )
            self._house.stream.emit(Noted(level="warning", text=text, name=run.id))
        return bool(changed)

    async def _read(self, place: str) -> _Seen:
        if not Path(place).is_dir():
            return {}
        try:
            paths = await self._house.git.uncommitted(place)
        except AutodError:
            return dict(self._seen.get(place, {}))  # no reading is no news
        return dict(_marks(place, paths))


def _marks(place: str, paths: tuple[str, ...]) -> Mapping[str, tuple[int, int]]:
    found = {}
    for path in paths:
        try:
            status = os.lstat(Path(place, path))
        except OSError:
            found[path] = (-1, -1)  # deleted
        else:
            found[path] = (status.st_size, status.st_mtime_ns)
    return found


def _some(words: list[str]) -> str:
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _slots(run: RunRecord) -> int:
    return max((one.slot for one in run.sessions.values()), default=0)
