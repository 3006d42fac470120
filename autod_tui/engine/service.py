"""The conductor's service to other processes: it carries out what they post, and leaves nobody waiting."""

from __future__ import annotations

import asyncio

from autod_tui.core.errors import ExitCode
from autod_tui.core.ports import Follow, RequestsPort
from autod_tui.core.requests import Answer, AnyRequest
from autod_tui.engine.conductor import Conductor

FORSAKEN = Answer(
    exit_code=int(ExitCode.FAILED),
    message="the conductor ended while it carried this out",
    hint="autod status says what came of it; then ask again",
)


class Service:
    """Serves posted requests, each in a task of its own."""

    def __init__(self, conductor: Conductor, requests: RequestsPort, follow: Follow) -> None:
        """Serve `requests` by `conductor`, woken by `follow`; what an earlier conductor left is answered at once."""
        self._conductor = conductor
        self._requests = requests
        self._follow = follow
        self._running: set[asyncio.Task[None]] = set()
        requests.forsake(FORSAKEN)

    async def run(self) -> None:
        """Serve until cancelled."""
        async for _ in self._follow():
            self._take()

    async def finish(self) -> None:
        """Carry out all that has been posted by now."""
        self._take()
        while self._running:
            await asyncio.gather(*self._running)
            self._take()

    async def stop(self) -> None:
        """Break off what is under way; whoever waits for it is told."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self) -> None:
        for number, request in self._requests.pending_requests():
            task = asyncio.create_task(self._carry_out(number, request))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _carry_out(self, number: int, request: AnyRequest) -> None:
        answer = FORSAKEN
        try:
            answer = await self._conductor.handle(request)
        finally:
            self._requests.answer(number, answer)
