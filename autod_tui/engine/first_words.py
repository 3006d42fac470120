"""First words: the prompt of a program that people type to, typed once it can take it."""

from __future__ import annotations

import asyncio

from autod_tui.core.errors import AutodError
from autod_tui.core.events import Noted, Recorded, StateChanged
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import WorkstreamState
from autod_tui.engine.house import House

WAIT = 15.0
"""Seconds to wait at most for a first screen that stands still."""
LOOK = 0.3
STILL_LOOKS = 5
"""Looks for which the screen of a program has to stand still that has not set up its terminal for keys, and may be
about to: what is typed before that is echoed, and not sent by Enter."""
ANSWER_WAIT = 1800.0
"""Seconds for which a prompt waits for the answer to what a program asks first."""


class FirstWords:
    """Types prompts into first screens, but into no question that stands there."""

    def __init__(self, house: House) -> None:
        """Type for the agents of `house`."""
        self._house = house
        self._waiting: set[asyncio.Task[None]] = set()

    async def type(self, name: str, profile: AgentProfile, pane: PaneStatus, words: str) -> None:
        """Paste `words` and press Enter; where the program asks something first they follow its answer.

        That takes somebody who conducts: a warning says what to do otherwise.
        """
        if await self._ready(profile, pane):
            await self._house.panes.paste(pane.pane, words, submit=True)
            return
        text = f"it asks something first; its prompt is typed after the answer, else by: autod send {name} '{words}'"
        self._house.stream.emit(Noted(level="warning", text=text, name=name))
        task = asyncio.create_task(self._after_answer(name, profile, pane, words))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _after_answer(self, name: str, profile: AgentProfile, pane: PaneStatus, words: str) -> None:
        moved = asyncio.Event()

        def heard(entries: tuple[Recorded, ...]) -> None:
            if any(isinstance(one.event, StateChanged) and one.event.name == name for one in entries):
                moved.set()

        stop = self._house.stream.listen(heard)
        try:
            async with asyncio.timeout(ANSWER_WAIT):
                while True:
                    await moved.wait()
                    moved.clear()
                    waits = self._house.state.workstream(name).state is WorkstreamState.WAITING
                    if not waits and await self._ready(profile, pane):
                        await self._house.panes.paste(pane.pane, words, submit=True)
                        return
        except (AutodError, TimeoutError):
            return  # its pane is gone, or nobody answers
        finally:
            stop()

    async def _ready(self, profile: AgentProfile, pane: PaneStatus) -> bool:
        """Wait until the screen stands still, some seconds at most; tell whether nothing is asked there."""
        before: tuple[str, ...] = ()
        asks, still = False, 0
        for _ in range(int(WAIT / LOOK)):
            await asyncio.sleep(LOOK)
            lines = (await self._house.panes.capture(pane.pane)).lines
            still = still + 1 if lines == before and any(line.strip() for line in lines) else 0
            asks = self._house.agents.read_question(profile, lines) is not None
            if still >= (1 if asks or self._house.processes.reads_keys(pane.pid) else STILL_LOOKS):
                break
            before = lines
        return not asks
