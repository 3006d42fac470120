"""An agent that nobody knows: its title, its progress bar, its bell and how its screen changes become its state."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autod_tui.adapters import Agents
from autod_tui.core import events as ev
from autod_tui.core import habits
from autod_tui.core.events import Recorded
from autod_tui.core.pane_ports import PaneEvent, Screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.engine import screens as room
from autod_tui.engine import strangers
from autod_tui.engine.vigil import Vigil
from tests.support.engine import MemoryPanes, make_house, make_plan, workstream

S = WorkstreamState
SCREENS = Path(__file__).parents[2] / "data" / "strangers"
OUTPUT = PaneEvent(kind="output", pane="%1")
BELL = PaneEvent(kind="bell", pane="%1")
BOX = ("╭──────────────╮", "│ Ask anything │", "╰──────────────╯")
REST = ("● Hello.", *BOX)


def shot(name: str) -> tuple[str, ...]:
    return tuple((SCREENS / f"{name}.ansi.txt").read_text().split("\n"))


def title(text: str) -> PaneEvent:
    return PaneEvent(kind="title", pane="%1", data=text)


def osc(text: str) -> PaneEvent:
    return PaneEvent(kind="osc", pane="%1", data=text)


class Stage:
    """One stranger under a vigil."""

    def __init__(self, directory: Path) -> None:
        profile = AgentProfile(name="mytool", command=("mytool",), interactive=True)
        plan = make_plan([workstream("a", agent="mytool")], agents={"mytool": profile})
        started = ev.AgentStarted(name="a", session="s", agent="mytool", model="", window="@1", pane="%1", pid=7)
        self.panes = MemoryPanes()
        self.house = make_house(plan, directory, started, panes=self.panes, agents=Agents())
        self.house.stream.clock = time.time
        self.vigil = Vigil(self.house)
        self.changes: list[S] = []
        self.house.stream.listen(self._heard)

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        self.changes += [one.event.state for one in entries if isinstance(one.event, ev.StateChanged)]

    async def tell(self, *events: PaneEvent) -> None:
        """Let the vigil hear `events` and take all looks that are due."""
        for event in (*events, None):
            self.panes.told.put_nowait(event)
        await asyncio.wait_for(self.vigil.run(), 5)
        screens, loop = self.vigil._screens, asyncio.get_running_loop()
        async with asyncio.timeout(5):
            while screens._looks or any(due.when() - loop.time() < 1 for due, _ in screens._timers.values()):
                await asyncio.sleep(0.001)

    async def show(self, *screens: tuple[str, ...]) -> list[S]:
        """Draw one screen after the other, and return the states that follow."""
        before = len(self.changes)
        for lines in screens:
            self.panes.screens["%1"] = lines
            await self.tell(OUTPUT)
        return self.changes[before:]

    @property
    def now(self) -> tuple[S, str, Source]:
        record = self.house.state.workstream("a")
        return record.state, record.reason, record.source


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("QUIET_AFTER", "QUIET_SOON", "AGREE_LOOKS", "AT_LATEST", "SHARE"):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(strangers, "LOOK_AGAIN", 0.01)
    monkeypatch.setattr(strangers, "DRAWN_WITHIN", 0.0)
    for module in (habits, strangers):
        monkeypatch.setattr(module, "STILL_FOR", 0.005)
    stage = Stage(tmp_path)
    yield stage
    stage.vigil.close()


@pytest.mark.parametrize("agent", ["cn", "kimi", "nano"])
async def test_a_turn_with_a_question_on_real_screens(stage: Stage, agent: str) -> None:
    one, other, asks, rest = (shot(f"{agent}-{name}") for name in ("busy-1", "busy-2", "permission", "rest"))
    assert await stage.show(one, other) == [S.WORKING]
    assert await stage.show(asks) == [S.WAITING]
    assert (await stage.show(one, other))[-1:] == [S.WORKING]
    assert await stage.show(rest) == [S.IDLE]
    assert await stage.show(one) == [S.WORKING]


async def test_the_reason_of_a_wait_is_what_is_asked(stage: Stage) -> None:
    await stage.show(shot("cn-permission"))
    assert stage.now == (S.WAITING, "Would you like to continue?", Source.SCREEN)


async def test_a_failure_of_the_service_is_told_at_rest(stage: Stage) -> None:
    await stage.show(shot("kimi-busy-1"), shot("kimi-busy-2"))
    assert await stage.show(shot("kimi-failed")) == [S.FAILED]
    assert stage.now[1].startswith("LLM provider error: Error code: 500")
    assert await stage.show(shot("kimi-failed")) == []
    assert await stage.show(shot("kimi-busy-1")) == [S.WORKING]


async def test_a_title_that_turns_is_work_and_one_that_does_no_more_is_rest(stage: Stage) -> None:
    await stage.tell(title("⠋ login"), title("⠙ login"))
    assert stage.now == (S.WORKING, "", Source.TITLE)
    await stage.show(REST, REST)
    assert stage.now[0] is S.WORKING
    await stage.tell(title("login"))
    await asyncio.wait_for(_until(stage, S.IDLE), 5)


async def test_a_progress_bar_is_work_until_it_is_taken_away(stage: Stage) -> None:
    await stage.tell(osc("9;4;3;"))
    assert stage.now[0] is S.WORKING
    await stage.tell(osc("9;4;0;"))
    await asyncio.wait_for(_until(stage, S.IDLE), 5)


async def test_a_notification_is_a_wait_while_the_screen_stands_still(stage: Stage) -> None:
    asks = ("I would like to run make.", "  <press a key>")
    await stage.show(asks)
    await stage.tell(osc("9;mytool needs your approval"))
    assert stage.now == (S.WAITING, "mytool needs your approval", Source.SCREEN)
    assert (await stage.show(("make: done", "a", "b", "c", "d"), ("e", "f", "g", "h")))[-1:] == [S.WORKING]


async def test_the_bell_is_rest_where_nothing_moves_any_more(stage: Stage) -> None:
    await stage.show(("Some words.",))
    await stage.tell(BELL)
    assert stage.now[0] is S.IDLE


async def test_its_own_word_outweighs_all_that(stage: Stage) -> None:
    await stage.tell(osc("7501;state=working"), title("mytool: waiting for approval"), BELL)
    await stage.show(shot("nano-permission"))
    assert stage.now == (S.WORKING, "", Source.TERMINAL)


async def test_a_retry_that_counts_is_a_limit_with_the_time_left(stage: Stage) -> None:
    busy = [("● Hello.", f"{glyph} Thinking", *BOX) for glyph in "⠋⠙"]
    await stage.show(*busy)
    waits = [("● Hello.", f"{glyph} Overloaded, retrying in {left}s", *BOX) for glyph, left in (("⠹", 9), ("⠸", 8))]
    assert (await stage.show(*waits))[-1:] == [S.RATE_LIMITED]
    assert stage.house.state.workstream("a").until > time.time()
    assert (await stage.show(*busy))[-1:] == [S.WORKING]


async def test_a_program_that_reads_keys_and_turns_nothing_rests_after_some_silence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "CALM_AFTER", 0.02)
    assert await stage.show(REST) == [S.WORKING]  # a script may work without a word
    monkeypatch.setattr(stage.house.processes, "reads_keys", lambda pid: pid == 7)
    assert await stage.show(REST) == [S.IDLE]


async def test_more_output_puts_off_no_look_at_one_that_may_rest(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.show(*(("● Hello.", f"{glyph} Thinking", *BOX) for glyph in "⠋⠙"))
    for name in ("QUIET_AFTER", "QUIET_SOON", "AT_LATEST"):
        monkeypatch.setattr(room, name, 60.0)
    stage.panes.screens["%1"] = REST
    screens = stage.vigil._screens
    await screens.read("a")
    screens.printed(stage.house.state.workstream("a"))
    assert screens._timers["a"][0].when() < asyncio.get_running_loop().time() + 1


async def test_a_row_that_turns_is_looked_at_again_before_more_output_is_told(stage: Stage) -> None:
    known, record = stage.vigil._screens.strangers, stage.house.state.workstream("a")
    looks = [known.read(record, Screen(lines=(f"{glyph} Thinking", *BOX))) for glyph in "⠋⠙⠙"]
    assert [(reading is not None, again > 0) for reading, again in looks[1:]] == [(True, True), (True, False)]


async def test_what_it_prints_while_it_works_changes_nothing(stage: Stage) -> None:
    printed = ("Do you want to proceed?", "❯ Yes", "  No", "Retrying in 9s", "Error: 500 (server error)")
    screens = [(*printed, f"{glyph} Thinking", "", *BOX, "  hints", "❯ ") for glyph in "⠋⠙⠹⠸"]
    assert await stage.show(*screens) == [S.WORKING]


async def _until(stage: Stage, state: S) -> None:
    while stage.now[0] is not state:
        await asyncio.sleep(0.005)
        stage.vigil._minds.look_again()
