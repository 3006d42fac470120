"""A merge bench that stays open for a moment: rounds of merges follow each other, and each took two gits to open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from autod_tui.core.git_ports import AbstractBench, GitPort, MergeBench

IDLE = 1.0
"""Seconds that a bench waits for the next round."""
LONGEST = 10.0
"""Seconds after which a bench is opened anew, for it goes by the configuration of its beginning."""


class _Open(Struct):
    context: AbstractBench
    bench: MergeBench
    until: float


class KeptBench:
    """Gives out a bench to one user at a time, and closes it when nobody has wanted it for a while."""

    def __init__(self, git: GitPort) -> None:
        """Open benches of `git`."""
        self._git = git
        self._alone = asyncio.Lock()
        self._kept: _Open | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[MergeBench]:
        """Give out a bench; what was written by it is safe on the disk afterwards. One that failed is not kept."""
        async with self._alone:
            kept = await self._taken()
            try:
                yield kept.bench
                await kept.bench.sync()
            except BaseException:
                await self._drop()
                raise
            self._idle = asyncio.get_running_loop().call_later(IDLE, self._rested)

    async def close(self) -> None:
        """Close what is kept."""
        self._stay()
        async with self._alone:
            await self._drop()

    async def _taken(self) -> _Open:
        self._stay()
        now = asyncio.get_running_loop().time()
        if self._kept is not None and now > self._kept.until:
            await self._drop()
        if self._kept is None:
            context = self._git.bench(scratch=False, at_once=False)
            self._kept = _Open(context, await context.__aenter__(), now + LONGEST)
        return self._kept

    def _stay(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _rested(self) -> None:
        self._idle = None
        self._closing = asyncio.create_task(self._drop_if_idle())

    async def _drop_if_idle(self) -> None:
        async with self._alone:
            if self._idle is None:  # nobody has used it meanwhile
                await self._drop()

    async def _drop(self) -> None:
        if self._kept is not None:
            context, self._kept = self._kept.context, None
            await context.__aexit__(None, None, None)
