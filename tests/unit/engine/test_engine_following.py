"""Whose signs are read, and what comes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from autod_tui.core import events as ev
from autod_tui.core.agent_events import ConversationKnown
from autod_tui.core.agent_ports import Followed, Sign
from autod_tui.core.events import Event, Noted
from autod_tui.core.plan import AgentProfile
from autod_tui.core.run import SessionRecord
from autod_tui.core.run_events import RunStarted, SessionStarted
from autod_tui.core.run_plan import RunPlan
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import following as room
from autod_tui.engine.vigil import Vigil
from tests.support.engine import make_house, make_plan, workstream

S = WorkstreamState
HOOKED = AgentProfile(name="hooked", command=("x",), hook_states={"a": "working", "b": "done"}, env={"HOME": "/h"})
PLAIN = AgentProfile(name="plain", command=("x",))


class MemorySigns:
    """Signs that the test decides."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Sign | OSError] = asyncio.Queue()
        self.followed: list[dict[str, Followed]] = []
        self.settled: list[str] = []
        self.forgotten: list[str] = []
        self.news = asyncio.Event()

    async def signs(self) -> AsyncIterator[Sign]:
        while True:
            sign = await self.queue.get()
            if isinstance(sign, OSError):
                raise sign
            yield sign

    async def follow(self, agents: Sequence[Followed]) -> None:
        self.followed.append({agent.session: agent for agent in agents})
        self.news.set()

    async def read(self, agents: Sequence[Followed]) -> list[Sign]:
        told = [self.queue.get_nowait() for _ in range(self.queue.qsize() if agents else 0)]
        return [sign for sign in told if isinstance(sign, Sign)]

    async def settle(self, session: str, agent: Followed | None = None) -> Sign | None:
        self.settled.append(session)
        return None

    def forget(self, session: str) -> None:
        self.forgotten.append(session)
        self.news.set()


class Followings:
    """A vigil over two agents, one of which tells nothing."""

    def __init__(self, directory: Path, *events: Event) -> None:
        plan = make_plan(
            [workstream("a", agent="hooked"), workstream("b", agent="plain")],
            agents={"hooked": HOOKED, "plain": PLAIN},
        )
        started = [
            ev.AgentStarted(name=name, session=f"s-{name}", agent=agent, model="", window="@1", pane=f"%{name}", pid=7)
            for name, agent in (("a", "hooked"), ("b", "plain"))
        ]
        self.signs = MemorySigns()
        self.house = make_house(plan, directory, *started, *events, signs=self.signs)
        self.house.stream.clock = time.time
        self.vigil = Vigil(self.house)
        self.running = asyncio.create_task(self.vigil.run())
        self.emitted: list[Event] = []
        self.house.stream.listen(lambda entries: self.emitted.extend(entry.event for entry in entries))

    async def until(self, done: object) -> None:
        """Wait until `done()` holds, whatever happens meanwhile."""
        assert callable(done)
        async with asyncio.timeout(5):
            while not done():
                await asyncio.sleep(0.001)

    async def tell(self, sign: Sign) -> None:
        """Tell a sign and wait until it was taken."""
        taken = asyncio.Event()
        self.vigil.following.listen(lambda told: taken.set() if told is sign else None)
        self.signs.queue.put_nowait(sign)
        await asyncio.wait_for(taken.wait(), 5)

    async def close(self) -> None:
        """Watch no more."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)


@pytest.fixture
async def followings(tmp_path: Path) -> AsyncIterator[Followings]:
    one = Followings(tmp_path)
    yield one
    await one.close()


async def test_those_who_tell_something_are_followed_with_what_finds_their_files(followings: Followings) -> None:
    await followings.until(lambda: followings.signs.followed)
    (agent,) = followings.signs.followed[-1].values()
    assert (agent.session, agent.pid, agent.worktree, agent.env["HOME"]) == ("s-a", 7, "", "/h")
    assert "GIT_DIR" not in agent.env


async def test_a_sign_becomes_a_state_and_a_conversation(followings: Followings) -> None:
    reading = Reading(S.WORKING, "", Source.HOOK)
    await followings.tell(Sign(session="s-a", reading=reading, conversation="c1"))
    await followings.tell(Sign(session="s-a", reading=reading, conversation="c1"))
    await followings.tell(Sign(session="unknown", reading=Reading(S.DONE, "", Source.HOOK), conversation="c2"))
    record = followings.house.state.workstream("a")
    assert (record.state, record.source, record.conversation) == (S.WORKING, Source.HOOK, "c1")
    assert [type(event) for event in followings.emitted].count(ConversationKnown) == 1


async def test_sessions_of_runs_are_followed_too(tmp_path: Path) -> None:
    plan = RunPlan(name="p", into="main", target="main", stages=(), tasks=(), agent="hooked", max_sessions=1)
    sessions = [
        SessionRecord(id=agent, stage="build", tasks=(), agent=agent, marker=agent, pane="%9", pid=9, log="/l")
        for agent in ("hooked", "plain")
    ]
    started = [SessionStarted(run="r", session=session) for session in sessions]
    one = Followings(tmp_path, RunStarted(run="r", plan=plan, base_oid=""), *started)
    await one.until(lambda: one.signs.followed)
    assert set(one.signs.followed[-1]) == {"s-a", "hooked"}
    assert (one.signs.followed[-1]["hooked"].pid, one.signs.followed[-1]["hooked"].env["HOME"]) == (9, "/h")
    assert (one.signs.followed[-1]["hooked"].output, one.signs.followed[-1]["s-a"].output) == ("/l", "")
    await one.close()


async def test_who_passes_by_takes_what_was_told_before_it_goes_on(tmp_path: Path) -> None:
    one = Followings(tmp_path)
    await one.close()
    one.signs.queue.put_nowait(Sign(session="s-a", reading=Reading(S.WORKING, "", Source.HOOK), conversation="c1"))
    await one.vigil.following.survey()
    record = one.house.state.workstream("a")
    assert (record.state, record.conversation) == (S.WORKING, "c1")


async def test_one_that_ended_is_read_once_more_and_forgotten(
    followings: Followings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LINGER", 0.01)
    await followings.until(lambda: followings.signs.followed)
    followings.house.stream.emit(ev.AgentStopped(name="a"))
    await followings.until(lambda: followings.signs.forgotten == ["s-a"])
    assert followings.signs.settled == ["s-a"]
    await followings.until(lambda: followings.signs.followed[-1] == {})


async def test_a_new_session_of_the_same_workstream_begins_anew(followings: Followings) -> None:
    await followings.tell(Sign(session="s-a", reading=Reading(S.DONE, "", Source.HOOK)))
    started = ev.AgentStarted(name="a", session="s-2", agent="hooked", model="", window="@2", pane="%2", pid=8)
    followings.house.stream.emit(started)
    await followings.tell(Sign(session="s-a", reading=Reading(S.FAILED, "", Source.HOOK)))
    assert followings.house.state.workstream("a").state is S.STARTING
    await followings.tell(Sign(session="s-2", reading=Reading(S.WORKING, "", Source.HOOK)))
    assert followings.house.state.workstream("a").state is S.WORKING


async def test_it_is_told_when_signs_can_be_read_no_more(followings: Followings) -> None:
    followings.signs.queue.put_nowait(OSError("no more descriptors"))
    await followings.until(lambda: [event for event in followings.emitted if isinstance(event, Noted)])
    (note,) = [event for event in followings.emitted if isinstance(event, Noted)]
    assert "no more descriptors" in note.text
    assert not followings.running.done()
