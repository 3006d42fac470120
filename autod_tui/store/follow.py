"""Following a journal that other processes write to, woken by the file system and never by a timer."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from autod_tui.core.events import Recorded
from autod_tui.store.inotify import DirectoryNews, Unavailable
from autod_tui.store.journal import Journal

if TYPE_CHECKING:
    from watchfiles import Change

STEP_MS = 10
DEBOUNCE_MS = 50


async def follow(journal: Journal, after: int = 0) -> AsyncIterator[list[Recorded]]:
    """Yield the events above `after`, then new ones as soon as any process writes them; lists are never empty."""
    async with contextlib.aclosing(woken(journal)) as wakes:
        async for _ in wakes:
            if found := journal.read(after):
                after = found[-1].seq
                yield found


async def woken(journal: Journal) -> AsyncGenerator[None, None]:
    """Yield once at the start and after each write to the journal: events, requests or answers."""
    try:
        news = DirectoryNews(journal.path.parent, journal.path.name)
    except Unavailable:
        async with contextlib.aclosing(_woken_by_watchfiles(journal)) as wakes:
            async for _ in wakes:
                yield None
        return
    try:
        while True:
            yield None
            await news.changed()
    finally:
        news.close()


async def _woken_by_watchfiles(journal: Journal) -> AsyncGenerator[None, None]:
    """Do the same where the kernel has no inotify; watchfiles looks every few milliseconds, changes or not."""
    from watchfiles import awatch  # 7 ms that most commands need not spend

    prefix = journal.path.name

    def ours(_change: Change, path: str) -> bool:
        return Path(path).name.startswith(prefix)

    where = journal.path.parent
    changes = awatch(where, watch_filter=ours, step=STEP_MS, debounce=DEBOUNCE_MS, recursive=False, rust_timeout=0)
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
