"""Laying worktrees out: outside the repository's lock, several at once, each marked until it is whole."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from autod_tui.git.command import Git, Place
from autod_tui.git.half import fill
from autod_tui.git.lock import RepositoryLock
from autod_tui.git.marks import HeldMark, take_mark
from autod_tui.git.repair import end_marked, remove_stale
from autod_tui.process import Finished

PATIENCE = 600.0
"""Seconds that one checkout may take."""
_MOST = 8


class Checkouts:
    """Lays out what `git worktree add --no-checkout` made: as many at once as there are cores."""

    def __init__(self, git: Git, lock: RepositoryLock) -> None:
        """Work on the worktrees of the repository that `git` serves."""
        self._git = git
        self._lock = lock
        self._slots = asyncio.Semaphore(min(max(len(os.sched_getaffinity(0)), 2), _MOST))

    async def lay_out(self, place: Place, held: HeldMark) -> Finished:
        """Fill a new, empty worktree; its mark goes when that succeeds."""
        async with self._slots:
            # The words with which `git worktree add` does it itself.
            words = ("reset", "--hard", "--no-recurse-submodules", "--quiet")
            done = await self._git.run(*words, place=place, env=held.mark.env, timeout=PATIENCE)
        if done.ok:
            held.clear()
        return done

    async def finish(self, worktree: str) -> bool:
        """Finish a worktree whose checkout was cut short, losing nothing that was written there; else False."""
        place = self._git.place_of(worktree)
        held = await take_mark(place, patience=PATIENCE)
        if held is None:
            return False
        try:
            await self._clear_the_way(place, held)
            async with self._slots:
                await fill(self._git, place, held.mark.env)
            held.clear()
        finally:
            held.release()
        return True

    async def give_up(self, place: Place) -> None:
        """See to it that nothing writes to a worktree any more that is about to be removed."""
        held = await take_mark(place, patience=PATIENCE)
        if held is not None:
            await end_marked(held.mark.id)
            held.release()

    async def _clear_the_way(self, place: Place, held: HeldMark) -> None:
        """End a git that outlived its autod, and take away the locks that a dead one left."""
        head = (Path(place.git_dir) / "HEAD").read_text(errors="surrogateescape").strip()
        locks = [Path(place.git_dir, f"{name}.lock") for name in ("index", "HEAD", "ORIG_HEAD")]
        if head.startswith("ref: "):
            locks.append(self._git.common_dir / f"{head.removeprefix('ref: ')}.lock")
        async with self._lock.held():
            await end_marked(held.mark.id)
            remove_stale(locks, held.mark.at, place.work_tree)
