"""What tmux tells about panes becomes the agents' state, the best source first."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from autod_tui.adapters import Agents
from autod_tui.core import events as ev
from autod_tui.core import readiness
from autod_tui.core.pane_ports import PaneEvent, PaneStatus, Screen
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import screens as room
from autod_tui.engine.vigil import Vigil, ending
from tests.support.engine import MemoryPanes, make_house, make_plan, workstream

S = WorkstreamState


@pytest.mark.parametrize(
    ("end", "interactive", "expected"),
    [
        ({"exit_status": 0}, False, (S.DONE, "exit status 0")),
        ({"exit_status": 0}, True, (S.EXITED, "exit status 0")),
        ({"exit_status": 3}, True, (S.FAILED, "exit status 3")),
        ({"exit_status": None}, False, (S.FAILED, "killed")),
        ({"signal": "SIGKILL"}, False, (S.FAILED, "killed by SIGKILL")),
        ({"signal": "SIGTERM", "exit_status": 0}, True, (S.FAILED, "killed by SIGTERM")),
    ],
)
def test_ending(end: dict[str, object], interactive: bool, expected: tuple[S, str]) -> None:
    pane = PaneStatus(pane="%1", window="@1", workstream="a", session="s", pid=1, dead=True, **end)  # type: ignore[arg-type]
    assert ending(pane, interactive=interactive) == expected


class Watched:
    """One agent in pane %1 under a vigil."""

    def __init__(self, directory: Path, *, interactive: bool = False) -> None:
        profile = AgentProfile(name="shell", command=("sh",), interactive=interactive)
        plan = make_plan([workstream("a")], agents={"shell": profile})
        started = ev.AgentStarted(name="a", session="s", agent="shell", model="", window="@1", pane="%1", pid=7)
        self.panes = MemoryPanes()
        self.house = make_house(plan, directory, started, panes=self.panes)
        self.house.stream.clock = time.time
        self.vigil = Vigil(self.house)

    async def tell(self, *events: PaneEvent) -> None:
        """Let the vigil hear `events`, to the last."""
        for event in (*events, None):
            self.panes.told.put_nowait(event)
        await asyncio.wait_for(self.vigil.run(), 5)

    async def until(self, state: S) -> None:
        """Wait for a state."""
        reached = asyncio.Event()
        stop = self.house.stream.listen(lambda _: reached.set() if self.now[0] is state else None)
        if self.now[0] is not state:
            await asyncio.wait_for(reached.wait(), 5)
        stop()

    @property
    def now(self) -> tuple[S, str, Source]:
        record = self.house.state.workstream("a")
        return record.state, record.reason, record.source


def told(kind: str, data: str = "", status: int | None = None, pane: str = "%1") -> PaneEvent:
    return PaneEvent(kind=kind, pane=pane, data=data, exit_status=status)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    for name in ("QUIET_AFTER", "QUIET_SOON", "AGREE_LOOKS"):
        monkeypatch.setattr(room, name, 0.0)
    return Watched(tmp_path)


async def test_first_output_means_work_and_listeners_hear_each(watched: Watched) -> None:
    heard: list[str] = []
    watched.vigil.listen(heard.append)
    await watched.tell(told("output"), told("output"), told("output", pane="%9"))
    assert watched.now == (S.WORKING, "", Source.OUTPUT)
    assert heard == ["a", "a"]


async def test_silence_is_idleness_and_output_ends_it(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "IDLE_AFTER", 0.01)
    await watched.tell(told("output"))
    await watched.until(S.IDLE)
    monkeypatch.setattr(readiness, "IDLE_AFTER", 30.0)
    await watched.tell(told("output"))
    assert watched.now[0] is S.WORKING


async def test_question_on_a_quiet_screen_is_waiting_until_it_is_gone(watched: Watched) -> None:
    watched.panes.screens["%1"] = ("...", "continue?")
    await watched.tell(told("output"))
    await watched.until(S.WAITING)
    assert watched.now == (S.WAITING, "question", Source.SCREEN)
    watched.panes.screens["%1"] = ("yes",)
    await watched.tell(told("output"))
    await watched.until(S.WORKING)


async def test_word_of_the_terminal_beats_screen_and_output(watched: Watched) -> None:
    watched.panes.screens["%1"] = ("continue?",)
    await watched.tell(told("osc", "9;idle"), told("output"), told("osc", "0;a title"))
    assert watched.now == (S.IDLE, "", Source.TERMINAL)
    assert watched.vigil._screens._timers == {}
    await watched.tell(told("osc", "9;working"))
    assert watched.now[0] is S.WORKING


async def test_a_question_missed_in_a_flood_is_read_from_the_screen(watched: Watched) -> None:
    await watched.tell(told("osc", "9;working"))
    watched.panes.screens["%1"] = ("continue?",)
    await watched.tell(told("deaf"))
    await watched.until(S.WAITING)
    await watched.tell(told("osc", "9;working"))
    assert watched.now[0] is S.WORKING


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (told("dead", status=0), (S.DONE, "exit status 0")),
        (told("dead", status=2), (S.FAILED, "exit status 2")),
        (told("dead", "SIGKILL"), (S.FAILED, "killed by SIGKILL")),
        (told("closed"), (S.LOST, "its pane was closed")),
        (PaneEvent(kind="lost"), (S.LOST, "the tmux server is gone")),
    ],
)
async def test_end_of_an_agent(watched: Watched, event: PaneEvent, expected: tuple[S, str]) -> None:
    await watched.tell(told("output"), event)
    assert watched.now == (*expected, Source.PROCESS)


async def test_interactive_program_that_was_left_is_not_done(tmp_path: Path) -> None:
    watched = Watched(tmp_path, interactive=True)
    await watched.tell(told("dead", status=0))
    assert watched.now[:2] == (S.EXITED, "exit status 0")


async def test_nothing_wakes_an_ended_agent(watched: Watched) -> None:
    await watched.tell(told("dead", status=1), told("output"), told("osc", "9;working"), told("closed"))
    await watched.tell(told("dead", status=0), PaneEvent(kind="lost"))
    assert watched.now[:2] == (S.FAILED, "exit status 1")


async def test_agent_that_ends_while_its_screen_is_read_stays_ended(watched: Watched) -> None:
    looks: list[asyncio.Task[None] | None] = []
    second = asyncio.Event()

    async def capture(pane: str, *, history: int = 0) -> Screen:
        looks.append(asyncio.current_task())
        if len(looks) == 2:
            await watched.tell(told("dead", status=0))
            second.set()
        return Screen(lines=("continue?",))

    watched.panes.capture = capture  # type: ignore[method-assign]
    await watched.tell(told("output"))
    await asyncio.wait_for(second.wait(), 5)
    await asyncio.gather(*(look for look in looks if look))
    assert watched.now[:2] == (S.DONE, "exit status 0")


async def test_what_was_printed_before_tmux_was_heard_is_looked_at(watched: Watched) -> None:
    heard: list[str] = []
    watched.panes.screens["%1"] = ("...", "continue?")
    watched.vigil.listen(heard.append)
    await watched.tell(PaneEvent(kind="joined"))
    assert heard == ["a"]
    await watched.until(S.WAITING)


async def test_a_prompt_that_is_being_written_is_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET_AFTER", "QUIET_SOON", "AGREE_LOOKS"):
        monkeypatch.setattr(room, name, 0.0)
    watched = Watched(tmp_path)
    shown = Screen(lines=("words", "Tokens: 5 sent", "> "), cursor=(2, 2))
    looks = asyncio.Semaphore(0)

    async def capture(pane: str, *, history: int = 0) -> Screen:
        looks.release()
        return shown

    monkeypatch.setattr(watched.panes, "capture", capture)
    watched.house.agents = Agents(tmp_path)
    watched.house.plan.agents["shell"] = AgentProfile(name="shell", command=("sh",), working="^Waiting", done="^> ?$")
    await watched.tell(told("output"))
    await watched.until(S.DONE)
    shown, looks = Screen(lines=("words", "Tokens: 5 sent", "> go on"), cursor=(7, 2)), asyncio.Semaphore(0)
    await watched.tell(told("output"))
    for _ in range(2):  # the second look begins when the first has been weighed
        await looks.acquire()
        await watched.tell(told("output"))
    assert watched.now == (S.DONE, "", Source.SCREEN)
    shown = Screen(lines=("words", "Tokens: 5 sent", "> go on", ""), cursor=(0, 3))
    await watched.tell(told("output"))
    await watched.until(S.WORKING)


async def test_after_an_answer_rest_counts_only_once_work_was_shown_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIMIT_EVERY", "FIRST_LOOK", "SHARE"):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(readiness, "STILL", 0.0)
    watched = Watched(tmp_path)
    watched.house.agents = Agents(tmp_path)
    asks = AgentProfile(name="shell", command=("sh",), working="^Busy", waiting="^Sure")
    watched.house.plan.agents["shell"] = asks

    async def show(row: str, event: PaneEvent) -> None:
        watched.panes.screens["%1"] = (row,)
        await watched.tell(event)
        await watched.vigil._screens.read("a")
        await watched.vigil._screens.read("a")

    await show("Busy", told("osc", "7501;state=working"))
    await show("Sure?", told("osc", "7501;state=blocked:kind=permission"))
    await show("half drawn", told("osc", "7501;state=working"))
    assert watched.now[0] is S.WORKING
    await show("Busy", told("output"))
    await show("a prompt", told("output"))
    await watched.until(S.IDLE)


@pytest.mark.parametrize(
    ("events", "state"), [({"begun": "working"}, S.IDLE), ({"begun": "working", "end:aborted": "idle"}, S.WORKING)]
)
async def test_a_screen_without_work_is_no_rest_where_hooks_tell_interruptions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: dict[str, str], state: S
) -> None:
    for name in ("LIMIT_EVERY", "FIRST_LOOK", "SHARE"):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(readiness, "STILL", 0.0)
    watched = Watched(tmp_path)
    watched.house.agents = Agents(tmp_path)
    profile = AgentProfile(name="shell", command=("sh",), working="^Busy", hook_states=events)
    watched.house.plan.agents["shell"] = profile
    watched.vigil._minds.hear(watched.house.state.workstream("a"), Reading(S.WORKING, "", Source.HOOK))
    for row in ("Busy", "a row that a later version draws"):
        watched.panes.screens["%1"] = (row,)
        await watched.tell(told("output"))
        await watched.vigil._screens.read("a")
    assert watched.now[0] is state


async def test_a_question_that_no_event_told_is_read_where_work_is_shown_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LIMIT_EVERY", "FIRST_LOOK", "SHARE"):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(readiness, "STILL", 0.0)
    monkeypatch.setattr(readiness, "AGREE", 0.0)
    watched = Watched(tmp_path)
    watched.house.agents = Agents(tmp_path)
    profile = AgentProfile(
        name="shell", command=("sh",), working="^Busy", waiting="^Proceed", hook_states={"go": "working"}
    )
    watched.house.plan.agents["shell"] = profile
    watched.vigil._minds.hear(watched.house.state.workstream("a"), Reading(S.WORKING, "", Source.HOOK))

    async def show(*rows: str) -> None:
        watched.panes.screens["%1"] = rows
        for _ in range(2):
            await watched.tell(told("output"))
            await watched.vigil._screens.read("a")

    menu = ("Proceed?", "❯ 1. Yes", "  2. No", "", "Esc to cancel")
    await show("Busy", *menu)
    assert watched.now[0] is S.WORKING
    await show("Proceed?", "as it said", "> ")
    assert watched.now[0] is S.IDLE
    await show("Busy")
    assert watched.now[0] is S.WORKING
    await show(*menu)
    assert watched.now == (S.WAITING, "Proceed?", Source.SCREEN)
    await show("Busy")
    assert watched.now[0] is S.WORKING
