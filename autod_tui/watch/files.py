"""Which worktrees changed: many directories watched as one debounced stream of keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from autod_tui.watch.roots import Roots
from autod_tui.watch.watcher import Open, Watcher, by_depth, open_listener

DEBOUNCE_SECONDS = 0.2
PATIENCE = 5
"""Under changes without a pause, a batch is yielded after this many debounce times all the same."""
MANY_WATCHERS = 8


class FileWatch:
    """Watches worktrees and git directories (FilesPort); paths may come, go and come back at any time."""

    def __init__(
        self,
        *,
        debounce: float = DEBOUNCE_SECONDS,
        note: Callable[[str], None] = lambda text: None,
        opened: Open = open_listener,
    ) -> None:
        """`note` gets a sentence when the system's limit forces slow polling; `debounce` is in seconds."""
        self._debounce = debounce
        self._note = note
        self._open = opened
        self._paths: dict[str, str] = {}
        self._roots = Roots({})
        self._watchers: list[Watcher] = []
        self._dirty: set[str] = set()
        self._stirred = asyncio.Event()
        self._stale = False
        self._turn = asyncio.Lock()

    async def watch(self, paths: Mapping[str, str]) -> None:
        """Set what is watched: key to absolute path of a worktree or a git directory.

        Returns when all later changes will be seen; keys that are new or moved are reported as changed once.
        """
        async with self._turn:
            fresh = {key for key, path in paths.items() if self._paths.get(key) != path}
            self._paths = dict(paths)
            await self._renew()
            self._mark(fresh)

    async def changes(self) -> AsyncIterator[frozenset[str]]:
        """Yield sets of keys whose files changed, once they have been quiet for the debounce time; until closed."""
        try:
            while True:
                await self._stirred.wait()
                await self._settle()
                if self._stale:
                    async with self._turn:
                        await self._renew()
                found, self._dirty = frozenset(self._dirty & self._paths.keys()), set()
                if found:
                    yield found
        finally:
            self.close()

    def close(self) -> None:
        """Stop watching."""
        for watcher in self._watchers:
            watcher.stop()
        self._watchers = []

    async def _settle(self) -> None:
        """Wait for a pause in the changes, for a bounded time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE * self._debounce
        while True:
            self._stirred.clear()
            try:
                async with asyncio.timeout(min(self._debounce, deadline - loop.time())):
                    await self._stirred.wait()
            except TimeoutError:
                return

    async def _renew(self) -> None:
        """Watch what is missing by watchers of its own; from time to time put all into few."""
        self._stale = False
        self._roots = Roots(self._paths)
        lost = missing = self._roots.spots - {spot for watcher in self._watchers for spot in watcher.spots}
        if missing and len(self._watchers) >= MANY_WATCHERS:
            old, self._watchers = self._watchers, []
            missing = self._roots.spots
        else:
            old = []
        for deep, paths in by_depth(missing).items():
            await self._start(paths, deep)
        for watcher in old:  # only now: what changed meanwhile was seen by the old or the new
            watcher.stop()
        self._mark(self._roots.keys(spot.path for spot in lost))

    async def _start(self, paths: list[str], deep: bool) -> None:
        watcher = self._watcher(paths, deep, polling=False)
        if problem := await watcher.ready():
            await self._start_one_by_one(paths, deep, problem)
        else:
            self._watchers.append(watcher)

    async def _start_one_by_one(self, paths: list[str], deep: bool, problem: str) -> None:
        """Find the directories that the system refuses, and look at those every two seconds instead."""
        for path in paths:
            watcher = self._watcher([path], deep, polling=False)
            if await watcher.ready():
                watcher = await self._poll(path, deep, problem)
            self._watchers.append(watcher)

    async def _poll(self, path: str, deep: bool, problem: str) -> Watcher:
        watcher = self._watcher([path], deep, polling=True)
        refused = await watcher.ready()
        if not refused:
            self._note(f"{path} is looked at every 2 s only: {problem}")
        elif Path(path).exists():
            self._note(f"{path} can't be watched: {refused}")
        else:  # gone in the meantime: wait for it at its ancestor
            watcher.spots.clear()
            self._stale = True
            self._stirred.set()
        return watcher

    def _watcher(self, paths: list[str], deep: bool, *, polling: bool) -> Watcher:
        return Watcher(paths, deep=deep, polling=polling, changed=self._took, opened=self._open)

    def _took(self, paths: set[str], gone: set[str]) -> None:
        """Take what a watcher saw: mark keys, and notice that watched directories went or awaited ones came."""
        for watcher in self._watchers:
            watcher.spots = {spot for spot in watcher.spots if spot.path not in gone}
        if not gone.isdisjoint(spot.path for spot in self._roots.spots) or self._roots.arrived(paths):
            self._stale = True
            self._stirred.set()
        self._mark(self._roots.keys(paths))

    def _mark(self, keys: set[str] | frozenset[str]) -> None:
        if keys:
            self._dirty |= keys
            self._stirred.set()
