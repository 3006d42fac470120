"""Following a journal that other processes write to, woken by the file system and never by a timer."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from autod_tui.core.events import Recorded
from autod_tui.inotify import MARKED
from autod_tui.store.file_news import changes_of
from autod_tui.store.journal import Journal


async def follow(journal: Journal, after: int = 0) -> AsyncIterator[list[Recorded]]:
    """Yield the events above `after`, then new ones as soon as any process writes them; lists are never empty."""
    async with contextlib.aclosing(woken(journal)) as wakes:
        async for _ in wakes:
            if found := journal.read(after):
                after = found[-1].seq
                yield found


def woken(journal: Journal) -> AsyncGenerator[None, None]:
    """Yield once at the start and after each write to the journal: events, requests or answers."""
    return changes_of(journal.path, MARKED)
