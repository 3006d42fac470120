"""News of one file: woken by the kernel where it can tell, else by watchfiles, which looks every few milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path

from autod_tui.inotify import LOST, Inotify, Unavailable

STEP_MS = 10
DEBOUNCE_MS = 50


async def changes_of(path: Path, kinds: int) -> AsyncGenerator[None, None]:
    """Yield once as soon as changes of `path` would be noticed, then after each; its directory exists.

    `kinds` is a mask of `autod_tui.inotify`; where the kernel has none, any kind counts.
    """
    try:
        news = _FileNews(path, kinds)
    except Unavailable:
        async with contextlib.aclosing(_by_watchfiles(path)) as changes:
            async for _ in changes:
                yield None
        return
    try:
        while True:
            yield None
            await news.changed()
    finally:
        news.close()


class _FileNews:
    """Tells that a file of a directory has changed since one last asked."""

    def __init__(self, path: Path, kinds: int) -> None:
        """Listen from now on, on the running event loop; raises Unavailable."""
        self._name = os.fsencode(path.name)
        self._changed = asyncio.Event()
        self._inotify = Inotify()
        try:
            self._inotify.add(path.parent, kinds)
        except OSError as error:
            self._inotify.close()
            raise Unavailable(str(error)) from error
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._inotify.descriptor, self._read)

    async def changed(self) -> None:
        """Return once something changed since the last return, at once when it already has."""
        await self._changed.wait()
        self._changed.clear()

    def close(self) -> None:
        """Listen no more."""
        self._loop.remove_reader(self._inotify.descriptor)
        self._inotify.close()

    def _read(self) -> None:
        if any(news.name == self._name or news.mask & LOST for news in self._inotify.read()):
            self._changed.set()


async def _by_watchfiles(path: Path) -> AsyncGenerator[None, None]:
    from watchfiles import awatch  # 7 ms that most commands need not spend

    def ours(_change: object, changed: str) -> bool:
        return Path(changed).name.startswith(path.name)

    changes = awatch(
        path.parent, watch_filter=ours, step=STEP_MS, debounce=DEBOUNCE_MS, recursive=False, rust_timeout=0
    )
    # The watch must stand before the first look, or a write between the two would be missed:
    # awatch sets it up in the first step of its first item.
    upcoming = asyncio.ensure_future(anext(changes))
    try:
        await asyncio.sleep(0)
        while True:
            yield None
            await upcoming
            upcoming = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
    finally:
        upcoming.cancel()
        with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
            await upcoming
        await changes.aclose()
