"""First words: the prompt of a program that people type to, typed once it can take it."""

from __future__ import annotations

import asyncio

from autod_tui.core.errors import AutodError
from autod_tui.core.events import Noted, Recorded, StateChanged
from autod_tui.core.pane_ports import PaneStatus
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import WorkstreamState
from autod_tui.core.writing import plain_rows
from autod_tui.engine.house import House

WAIT = 15.0
"""Seconds to wait at most for a first screen that stands still."""
BLANK_WAIT = 60.0
"""The same for a program that takes keys and has drawn nothing yet, for it drops what is typed, or that took keys
before."""
LOOK = 0.3
HEARD_LOOKS = 5
"""Looks within which what was typed changes the screen of a program that has taken it."""
TIMES = 4
"""Times that words are typed at most."""
STILL_LOOKS = 5
"""Looks for which a program has to rest, its screen and its processors, that has not set up its terminal for keys: it
may be about to, and what is typed before that is echoed, not sent by Enter, or answers what it asks first."""
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
            await self._hand_over(pane, words)
            return
        text = f"it asks something first; its prompt is typed after the answer, else by: autod send {name} '{words}'"
        self._house.stream.emit(Noted(level="warning", text=text, name=name))
        by_keys = self._house.processes.reads_keys(pane.pid)
        task = asyncio.create_task(self._after_answer(name, profile, pane, words, by_keys))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _after_answer(
        self, name: str, profile: AgentProfile, pane: PaneStatus, words: str, by_keys: bool
    ) -> None:
        """Type once nothing is asked any more; one that has asked `by_keys` is ready when it reads keys again.

        Between its questions it may rest for seconds, and what is typed then would answer the next one.
        """
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
                    if not waits and await self._ready(profile, pane, by_keys):
                        await self._hand_over(pane, words)
                        return
        except (AutodError, TimeoutError):
            return  # its pane is gone, or nobody answers
        finally:
            stop()

    async def _hand_over(self, pane: PaneStatus, words: str) -> None:
        """Type, and again where that changes nothing on the screen: a program that wasn't ready yet has dropped it."""
        for _ in range(TIMES):
            before = await self._lines(pane)
            await self._house.panes.paste(pane.pane, words, submit=True)
            if not self._house.processes.reads_keys(pane.pid) or await self._changes(pane, before):
                return

    async def _changes(self, pane: PaneStatus, before: tuple[str, ...]) -> bool:
        for _ in range(HEARD_LOOKS):
            if await self._lines(pane) != before:
                return True
            await asyncio.sleep(LOOK)
        return False

    async def _ready(self, profile: AgentProfile, pane: PaneStatus, by_keys: bool = False) -> bool:
        """Wait until the screen stands still, some seconds at most; tell whether nothing is asked there."""
        before: tuple[tuple[str, ...], float] = ((), 0.0)
        asks, still, waited = False, 0, 0.0
        while waited < BLANK_WAIT:
            await asyncio.sleep(LOOK)
            waited += LOOK
            lines = await self._lines(pane)
            drawn, reads_keys = any(plain_rows(lines)), self._house.processes.reads_keys(pane.pid)
            look = lines, 0.0 if reads_keys else self._house.processes.cpu_seconds(pane.pid)
            still = still + 1 if look == before and drawn else 0
            asks = self._house.agents.read_question(profile, lines) is not None
            stands = still >= (1 if asks or reads_keys else STILL_LOOKS)
            overdue = waited >= WAIT and (drawn or not reads_keys)
            if (stands or overdue) and (reads_keys or not by_keys):
                break
            before = look
        return not asks

    async def _lines(self, pane: PaneStatus) -> tuple[str, ...]:
        return (await self._house.panes.capture(pane.pane)).lines
