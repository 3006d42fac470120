"""Pools of programs as one writes them by hand: what runs are measured against."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from autod_tui import processes
from benchmarks.world import World

Work = Callable[[int, str], Awaitable[None]]
"""Carries out a task (its id) in a place (its number)."""


class Cost(NamedTuple):
    """What something cost, in seconds."""

    wall: float
    cpu: float
    """Of a processor: this process, autod's tmux, and all programs of both that have ended."""


async def cost_of(world: World, way: Callable[[], Awaitable[int]]) -> Cost:
    """Go a way that tells how many tasks it carried out, and return what each of them cost."""
    before = _spent(world)
    number = await way()
    after = _spent(world)
    return Cost((after.wall - before.wall) / number, (after.cpu - before.cpu) / number)


def _spent(world: World) -> Cost:
    """Return the time, and what was used of the processors so far."""
    used = sum(os.times()[:4])
    if world.server.running():
        used += processes.cpu_seconds([int(world.tmux("display-message", "-p", "#{pid}"))])
    return Cost(time.monotonic(), used)


class Pool:
    """Programs, so many at once: no journal, no panes, no logs, nothing is taken up after a kill."""

    def __init__(self, root: Path, world: World, at_once: int) -> None:
        """Lay a worktree out for each place of the pool, and make the branch that work is merged into."""
        self._script = str(root / "agent.sh")
        self._at_once = at_once
        self._bare = [_place(world, root / f"bare{number}") for number in range(at_once)]
        before = _spent(world)
        self._places = [_place(world, root / f"place{number}") for number in range(at_once)]
        after = _spent(world)
        self.making = Cost(after.wall - before.wall, after.cpu - before.cpu)
        """What the worktrees of the pool with worktrees cost, made one after another."""
        world.git("branch", "by-hand", "main")
        self._into = world.git("rev-parse", "main").strip()
        self._merging = asyncio.Lock()

    async def carry_out(self, work: Work, ids: Sequence[str]) -> None:
        """Do `work` on all of `ids`."""
        left = iter(ids)

        async def serve(place: int) -> None:
            for id in left:
                await work(place, id)

        await asyncio.gather(*(serve(place) for place in range(self._at_once)))

    async def bare(self, place: int, id: str) -> None:
        """Run the script alone; what it leaves or commits piles up in its place."""
        await self._script_in(self._bare[place], id)

    async def by_hand(self, place: int, id: str) -> None:
        """Do what a worktree for each task asks for: a branch from `into`, all work committed, and merged there."""
        start, cwd = self._into, self._places[place]
        await _git(cwd, "checkout", "--quiet", "--force", "--no-track", "-B", f"pool/{id}", start, "--")
        await self._script_in(cwd, id)
        status = await _git(cwd, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all")
        rows = [row for row in status.split("\0") if row]
        if any(not row.startswith("#") for row in rows):
            await _git(cwd, "add", "--all")
            await _git(cwd, "commit", "--quiet", "--no-verify", "-m", id)
        elif f"# branch.oid {start}" in rows:
            return
        async with self._merging:
            await self._merge(cwd, id)

    async def _merge(self, cwd: str, id: str) -> None:
        before = self._into
        tree = (await _git(cwd, "merge-tree", "--write-tree", before, f"pool/{id}")).strip()
        merge = ("commit-tree", tree, "-p", before, "-p", f"pool/{id}", "-m", f"Merge {id}")
        self._into = (await _git(cwd, *merge)).strip()
        await _git(cwd, "update-ref", "refs/heads/by-hand", self._into, before)

    async def _script_in(self, cwd: str, id: str) -> None:
        env = {**os.environ, "AUTOD_TASKS": id}
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec("sh", self._script, cwd=cwd, env=env, stdout=pipe)
        out, _ = await child.communicate()
        if out != f"VERDICT {id} APPROVED\n".encode():
            raise RuntimeError(f"the script said {out!r}")


def _place(world: World, path: Path) -> str:
    world.git("worktree", "add", "-q", "--detach", str(path), "main")
    return str(path)


async def _git(cwd: str, *words: str) -> str:
    child = await asyncio.create_subprocess_exec("git", *words, cwd=cwd, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"git {words[0]} failed")
    return out.decode()
