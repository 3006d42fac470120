"""A file that another process writes to, read as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from autod_tui.inotify import MADE, MOVED, WRITTEN
from autod_tui.store.file_news import changes_of

CHUNK = 256 * 1024
PAUSE = 0.05
"""Seconds for which what a flood writes is gathered before it is read."""


async def growth(path: Path, ended: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """Yield what `path` holds (in pieces), then what is added, until `ended` is set and all of it was read."""
    at = 0
    changes = changes_of(path, WRITTEN | MADE | MOVED)
    ending: asyncio.Future[Any] = asyncio.ensure_future(ended.wait())
    upcoming: asyncio.Future[Any] = asyncio.ensure_future(anext(changes))
    try:
        while not ended.is_set():
            await asyncio.wait({ending, upcoming}, return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                upcoming.result()
                upcoming = asyncio.ensure_future(anext(changes))
            while piece := await asyncio.to_thread(_read, path, at):
                at += len(piece)
                yield piece
            await asyncio.wait({ending}, timeout=PAUSE)
    finally:
        for task in (ending, upcoming):
            task.cancel()
        await asyncio.gather(ending, upcoming, return_exceptions=True)
        await changes.aclose()
    while piece := await asyncio.to_thread(_read, path, at):
        at += len(piece)
        yield piece


def _read(path: Path, at: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            return file.read(CHUNK)
    except FileNotFoundError:
        return b""
