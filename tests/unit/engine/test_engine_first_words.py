"""First words: typed once the program has drawn something that stands still, and again where it has dropped them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat
from pathlib import Path

import pytest

from autod_tui.adapters import Agents
from autod_tui.core.events import StateChanged
from autod_tui.core.pane_ports import PaneStatus, Screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.engine import first_words as first_words_module
from autod_tui.engine.first_words import BLANK_WAIT, LOOK, STILL_LOOKS, TIMES, WAIT, FirstWords
from tests.support.engine import MemoryPanes, NoProcesses, make_house, make_plan, workstream

PANE = PaneStatus(pane="%1", window="@1", workstream="a", session="s", pid=7)
PROFILE = AgentProfile(name="tool", command=("tool",), interactive=True)
BLANK = ("\x1b[38;5;15m", "")
SCREEN = ("hello", "> ")
WORDS = "Read STARTUP.md"


class Program(MemoryPanes):
    """A program whose screens are given look by look, the last one for ever; it shows what it takes."""

    def __init__(self, *screens: tuple[str, ...], drops: int = 0) -> None:
        super().__init__()
        self._next: Iterator[tuple[str, ...]] = chain(screens, repeat(screens[-1]))
        self._drops = drops
        self.looks = 0
        self.shown: tuple[str, ...] = ()
        self.typed_at: list[int] = []
        """Number of looks before each time that it was typed to."""

    async def capture(self, pane: str, *, history: int = 0) -> Screen:
        self.looks += 1
        self.shown = next(self._next)
        return Screen(lines=self.shown)

    async def paste(self, pane: str, text: str, *, submit: bool) -> None:
        assert (pane, text, submit) == ("%1", WORDS, True)
        self.typed_at.append(self.looks)
        if len(self.typed_at) > self._drops:
            self._next = repeat((*SCREEN, text))


Typed = Callable[..., Awaitable[float]]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Have a program typed to, and return for how many seconds its screen was waited for."""
    waited: list[float] = []

    async def no_wait(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(first_words_module.asyncio, "sleep", no_wait)

    async def run(program: Program, *, reads_keys: bool = True) -> float:
        house = make_house(make_plan([workstream("a")]), tmp_path, panes=program)
        monkeypatch.setattr(house.processes, "reads_keys", lambda pid: reads_keys and pid == 7)
        waited.clear()
        await FirstWords(house).type("a", PROFILE, PANE, WORDS)
        return sum(waited)

    return run


async def test_a_screen_that_has_only_a_colour_is_not_drawn_yet(typed: Typed) -> None:
    program = Program(*[BLANK] * 20, SCREEN)
    await typed(program)
    assert len(program.typed_at) == 1 and program.typed_at[0] > 21


async def test_a_program_that_never_draws_is_typed_to_at_last(typed: Typed) -> None:
    assert await typed(Program(BLANK)) >= BLANK_WAIT
    assert WAIT <= await typed(Program(BLANK), reads_keys=False) < WAIT + 2 * LOOK


async def test_what_changes_nothing_is_typed_again(typed: Typed) -> None:
    program = Program(SCREEN, drops=2)
    await typed(program)
    assert len(program.typed_at) == 3


async def test_what_never_changes_anything_is_not_typed_for_ever(typed: Typed) -> None:
    program = Program(SCREEN, drops=99)
    await typed(program)
    assert len(program.typed_at) == TIMES


async def test_a_program_in_plain_line_mode_keeps_what_is_typed_and_gets_it_once(typed: Typed) -> None:
    program = Program(SCREEN, drops=99)
    await typed(program, reads_keys=False)
    assert program.typed_at == [STILL_LOOKS + 2]


async def test_what_rests_between_two_questions_is_not_typed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, loading = ("Shall it be?", "❯ 1. Yes", "  2. No"), ("loading",)
    program = Program(*[question] * 2, *[loading] * 20, *[question] * 2, loading, SCREEN)
    house = make_house(make_plan([workstream("a")]), tmp_path, panes=program, agents=Agents())
    monkeypatch.setattr(house.processes, "reads_keys", lambda pid: program.shown != loading)
    monkeypatch.setattr(first_words_module, "LOOK", 0.0)
    await FirstWords(house).type("a", PROFILE, PANE, WORDS)
    async with asyncio.timeout(10):
        while not program.typed_at:
            house.stream.emit(StateChanged(name="a", state=WorkstreamState.WORKING, source=Source.SCREEN))
            await asyncio.sleep(0)
    assert program.typed_at == [2 + 20 + 2 + 1 + 2 + 1]


async def test_a_program_in_plain_line_mode_that_still_loads_is_not_typed_to(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(SCREEN)
    monkeypatch.setattr(NoProcesses, "cpu_seconds", lambda self, pid: min(program.looks, 20) / 100)
    await typed(program, reads_keys=False)
    assert program.typed_at == [20 + STILL_LOOKS + 1]
