"""What the agents of runs' sessions say becomes a fact of the session where it keeps them from going on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autod_tui.core import readiness
from autod_tui.core.agent_events import AgentsFreed, AgentsHeld
from autod_tui.core.agent_ports import Sign
from autod_tui.core.events import Event
from autod_tui.core.pane_ports import PaneEvent
from autod_tui.core.plan import AgentProfile
from autod_tui.core.replay import replay
from autod_tui.core.run import SessionRecord, SessionState
from autod_tui.core.run_events import RunStarted, SessionEnded, SessionHalted, SessionStarted, SessionWentOn
from autod_tui.core.run_plan import RunPlan
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import screens as room
from autod_tui.engine.holds import Holds
from autod_tui.engine.runs.halts import Halts
from tests.support.engine import MemoryPanes, make_house, make_plan

S = WorkstreamState
HOOKS = {"Pre": "working", "Ask": "permission", "Stop": "done", "Fail": "failed"}
AGENTS = {
    "hooked": AgentProfile(name="hooked", command=("x",), headless=("x", "-p"), hook_states=HOOKS),
    "shown": AgentProfile(name="shown", command=("x",), waiting="continue"),
    "silent": AgentProfile(name="silent", command=("x",), headless=("x",), waiting="continue"),
}


class Minded:
    """One session of a run, by an agent of AGENTS, in pane %1."""

    def __init__(self, directory: Path, agent: str = "hooked") -> None:
        plan = RunPlan(name="p", into="main", target="main", stages=(), tasks=(), agent=agent, max_sessions=1)
        self.plan, self.directory, self.panes = make_plan(agents=AGENTS), directory, MemoryPanes()
        record = SessionRecord(
            id="build-1", stage="build", tasks=(), agent=agent, marker="m", pane="%1", pid=9, started_at=time.time()
        )
        self.begun: list[Event] = [
            RunStarted(run="r", plan=plan, base_oid=""),
            SessionStarted(run="r", session=record),
        ]
        self.conduct()

    def conduct(self) -> None:
        """Mind the session as a new process would, which knows the journal alone."""
        known = [entry.event for entry in self.house.stream._journal.read()] if hasattr(self, "house") else self.begun
        self.house = make_house(self.plan, self.directory, *known, panes=self.panes)
        self.house.stream.clock = time.time
        self.halts, self.holds = Halts(self.house), Holds(self.house)
        self.emitted: list[Event] = []
        self.house.stream.listen(lambda entries: self.emitted.extend(entry.event for entry in entries))
        self.house.stream.listen(self.holds.heard)

    @property
    def session(self) -> SessionRecord:
        return self.house.state.runs["r"].sessions["build-1"]

    def hook(self, state: S, reason: str = "") -> None:
        self.halts.take(Sign(session="m", reading=Reading(state, reason, Source.HOOK)))

    def told(self, kind: str, data: str = "") -> None:
        self.halts.hear(self.house.state.runs["r"], self.session, PaneEvent(kind=kind, pane="%1", data=data))

    async def until(self, holds: Callable[[], bool]) -> None:
        happened = asyncio.Event()
        stop = self.house.stream.listen(lambda _: happened.set())
        async with asyncio.timeout(5):
            while not holds():
                await happened.wait()
                happened.clear()
        stop()

    def kinds(self) -> list[type[Event]]:
        return [type(event) for event in self.emitted]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET_AFTER", "QUIET_SOON", "AGREE_LOOKS"):
        monkeypatch.setattr(room, name, 0.0)
    monkeypatch.setattr(readiness, "AGREE", 0.01)


async def test_a_wait_is_written_once_until_the_agent_goes_on(tmp_path: Path) -> None:
    one = Minded(tmp_path)
    one.hook(S.WORKING)
    assert one.emitted == []
    for _ in range(2):
        one.hook(S.WAITING, "permission: Bash")
    halt = one.session.halt
    assert halt and (halt.state, halt.reason, halt.source) == (S.WAITING, "permission: Bash", Source.HOOK)
    assert one.session.waits and halt.since
    one.hook(S.WORKING)
    one.hook(S.DONE)
    assert one.session.halt is None and not one.session.waits
    assert one.kinds() == [SessionHalted, SessionWentOn]


async def test_it_is_the_same_after_the_journal_was_read_again_and_goes_with_the_session(tmp_path: Path) -> None:
    one = Minded(tmp_path)
    one.hook(S.WAITING, "question")
    before = one.session.halt
    one.conduct()
    assert one.session.halt == before
    one.hook(S.WAITING, "question")
    assert one.emitted == []
    one.house.stream.emit(SessionEnded(run="r", session="build-1", state=SessionState.TIMED_OUT))
    assert one.session.halt is None
    one.hook(S.WAITING, "too late")
    one.told("osc", "9;waiting")
    assert one.session.halt is None
    assert replay(one.house.stream._journal.read()).runs == one.house.state.runs


async def test_an_interruption_that_no_hook_tells_ends_the_wait(tmp_path: Path) -> None:
    one = Minded(tmp_path)
    one.hook(S.WAITING, "permission: Bash")
    one.halts.take(Sign(session="m", reading=Reading(S.IDLE, "", Source.STATUS_FILE)))
    assert one.session.waits
    await one.until(lambda: one.session.halt is None)


async def test_the_words_of_the_terminal_count_for_headless_agents_their_screens_do_not(tmp_path: Path) -> None:
    one = Minded(tmp_path, "silent")
    one.panes.screens["%1"] = ("continue?",)
    one.told("output")
    one.halts.joined()
    await asyncio.wait_for(one.halts.survey(), 5)
    assert one.emitted == []
    one.told("osc", "9;waiting")
    assert one.session.waits
    one.told("osc", "9;working")
    assert one.kinds() == [SessionHalted, SessionWentOn]


async def test_the_screen_of_an_agent_that_says_nothing_tells_its_question(tmp_path: Path) -> None:
    one = Minded(tmp_path, "shown")
    one.panes.screens["%1"] = ("...", "continue?")
    one.told("output")
    await one.until(lambda: one.session.waits)
    assert one.session.halt and one.session.halt.source is Source.SCREEN
    one.panes.screens["%1"] = ("thanks",)
    one.told("output")
    await one.until(lambda: one.session.halt is None)


async def test_who_conducts_next_or_passes_by_sees_an_answer_that_was_given_meanwhile(tmp_path: Path) -> None:
    one = Minded(tmp_path, "shown")
    one.panes.screens["%1"] = ("continue?",)
    await asyncio.wait_for(one.halts.survey(), 5)
    assert one.session.waits
    one.halts.close()
    one.conduct()
    one.panes.screens["%1"] = ("thanks",)
    one.halts.joined()
    await one.until(lambda: not one.session.waits)


async def test_a_rate_limit_is_a_halt_and_holds_the_family(tmp_path: Path) -> None:
    one = Minded(tmp_path)
    reading = Reading(S.RATE_LIMITED, "429", Source.HOOK, time.time() + 100)
    one.halts.take(Sign(session="m", reading=reading))
    halt = one.session.halt
    assert halt and (halt.state, halt.until) == (S.RATE_LIMITED, reading.until) and not one.session.waits
    assert set(one.house.state.held) == {"hooked"}
    one.hook(S.WORKING)
    assert one.kinds() == [SessionHalted, AgentsHeld, SessionWentOn, AgentsFreed]
    one.holds.close()


async def test_a_limit_in_what_it_prints_lasts_as_long_as_it_is_the_last_word(tmp_path: Path) -> None:
    one = Minded(tmp_path)
    run = one.house.state.runs["r"]
    one.hook(S.WORKING)
    one.halts.limited(run, one.session, None)
    assert one.emitted == []
    one.halts.limited(run, one.session, Reading(S.RATE_LIMITED, "429", Source.OUTPUT, time.time() + 100))
    assert one.session.halt and one.session.halt.source is Source.OUTPUT
    one.halts.limited(run, one.session, None)
    assert one.session.halt is None
    one.hook(S.WAITING, "permission: Bash")
    one.halts.limited(run, one.session, None)
    assert one.session.waits
    one.holds.close()
