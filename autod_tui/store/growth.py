"""A file that another process writes to, read as it grows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

CHUNK = 256 * 1024
STEP_MS = 20
DEBOUNCE_MS = 60


async def growth(path: Path, ended: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """Yield what `path` holds (in pieces), then what is added, until `ended` is set and all of it was read."""
    from watchfiles import awatch  # 7 ms that most commands need not spend

    def ours(_change: object, changed: str) -> bool:
        return Path(changed).name == path.name

    at = 0
    if not ended.is_set():
        changes = awatch(
            path.parent,
            watch_filter=ours,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            stop_event=ended,
            recursive=False,
            rust_timeout=0,
        )
        upcoming = asyncio.ensure_future(anext(changes))
        try:
            await asyncio.sleep(0)  # the watch stands before the first look
            while not ended.is_set():
                while piece := await asyncio.to_thread(_read, path, at):
                    at += len(piece)
                    yield piece
                try:
                    await upcoming
                except StopAsyncIteration:
                    break
                upcoming = asyncio.ensure_future(anext(changes))
                await asyncio.sleep(0)
        finally:
            upcoming.cancel()
            with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
                await upcoming
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
