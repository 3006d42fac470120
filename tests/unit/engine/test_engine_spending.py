"""Spending and holds: what is written to the journal, how often, and who is held for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autod_tui.core.agent_events import AgentsFreed, AgentsHeld, UsageMeasured
from autod_tui.core.agent_ports import Sign
from autod_tui.core.errors import RefusedError, UsageError
from autod_tui.core.events import AgentStarted, Event, Noted, Recorded, StateChanged
from autod_tui.core.plan import AgentProfile, Plan
from autod_tui.core.requests import RaiseLimit
from autod_tui.core.run import SessionRecord
from autod_tui.core.run_events import RunStarted, SessionMeasured, SessionStarted
from autod_tui.core.usage import Price, PriceList, Tokens, Usage
from autod_tui.core.workstream import Reading, Source, WorkstreamState
from autod_tui.engine import holds as holds_module
from autod_tui.engine import spending as spending_module
from autod_tui.engine.holds import Holds
from autod_tui.engine.house import House
from autod_tui.engine.limits import raise_limit
from autod_tui.engine.spending import Spending
from tests.support.engine import make_house, make_plan, workstream
from tests.support.simulate import make_run_plan, stage

PRICES = PriceList(models={"m": Price(input=1e6, output=1e6, cached=1e6, written=1e6)})
"""A dollar a token."""
LIMITED = Reading(WorkstreamState.RATE_LIMITED, "429", Source.RECORDS)


def plan(**project: Any) -> Plan:
    agents = {"shell": AgentProfile(name="shell", command=("sh",), family="shell")}
    return msgspec.structs.replace(make_plan([workstream("a")], agents=agents, **project), prices=PRICES)


def begun() -> list[Event]:
    agent = AgentStarted(name="a", session="s", agent="shell", model="", window="@1", pane="%1", pid=1)
    session = SessionRecord(id="build-1", stage="build", tasks=("t1",), agent="shell", marker="r-s", started_at=1.0)
    run = RunStarted(run="r", plan=make_run_plan([stage("build")], 1, agent="shell"), base_oid="b")
    return [agent, run, SessionStarted(run="r", session=session)]


class World:
    """A house with one living workstream and one living session of a run."""

    def __init__(self, directory: Path, **project: Any) -> None:
        self.house: House = make_house(plan(**project), directory, *begun())
        self.told: list[Event] = []
        self.now = 1000.0
        self.house.stream.clock = lambda: self.now
        self.house.stream.listen(self._heard)
        self.spending, self.holds = Spending(self.house), Holds(self.house)

    def _heard(self, entries: tuple[Recorded, ...]) -> None:
        self.told += [entry.event for entry in entries]

    def of(self, *kinds: type[Event]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kinds)]

    def change(self, state: WorkstreamState, until: float = 0.0) -> None:
        event = StateChanged(name="a", state=state, reason="429", source=Source.SCREEN, until=until)
        self.house.stream.emit(event)
        self.holds.heard([Recorded(seq=0, at=self.now, event=event)])

    @property
    def held(self) -> AgentsHeld | None:
        return self.house.state.held.get("shell")


def sign(tokens: int, session: str = "s", conversation: str = "c") -> Sign:
    return Sign(session=session, conversation=conversation, models={"m": Tokens(output=tokens)})


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield World(tmp_path)


async def test_sums_are_written_at_most_once_a_second_and_the_last_one_always(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_module, "EVERY", 0.05)
    for tokens in range(1, 40):
        world.spending.take(sign(tokens))
    assert [event.usage.output for event in world.of(UsageMeasured)] == [1]
    await asyncio.sleep(0.2)
    assert [event.usage.output for event in world.of(UsageMeasured)] == [1, 39]
    world.spending.take(sign(40))
    world.spending.take(sign(41))
    await world.spending.end("s")
    assert world.house.state.workstream("a").usage.output == 41
    world.spending.take(sign(41))
    world.spending.take(sign(7, session="of somebody else"))
    world.spending.close()
    assert len(world.of(UsageMeasured)) == 4


async def test_what_was_used_stays_used_when_records_that_told_it_are_gone(world: World) -> None:
    world.spending.take(sign(40))
    world.spending.take(sign(30))
    world.spending.take(Sign(session="s", conversation="c", models={"another": Tokens(output=5)}))
    world.spending.take(sign(41))
    world.spending.close()
    spent = world.house.state.workstream("a").usage
    assert spent.models == {"m": Tokens(output=41), "another": Tokens(output=5)}
    assert [event.usage.output for event in world.of(UsageMeasured)] == [40, 46]


async def test_a_session_of_a_run_has_an_account_of_its_own(world: World) -> None:
    world.spending.take(sign(5, session="r-s"))
    world.spending.close()
    assert [event.session for event in world.of(SessionMeasured)] == ["build-1"]
    assert world.house.state.runs["r"].sessions["build-1"].usage.cost_usd == 5.0
    assert not world.of(UsageMeasured)


async def test_a_limit_that_is_reached_is_told_once(tmp_path: Path) -> None:
    world = World(tmp_path, max_cost_usd=10.0)
    for tokens in (9, 10, 11, 12):
        world.spending.take(sign(tokens))
        world.spending.write_all()
    world.spending.close()
    told = [event.text for event in world.of(Noted)]
    assert told == ["nothing new starts: the project has spent $10.00 of $10.00: autod allow --cost USD allows more"]


async def test_a_model_without_a_price_is_told_once_where_a_limit_can_not_be_kept(tmp_path: Path) -> None:
    for project, times in (({"max_cost_usd": 10.0}, 1), ({}, 0)):
        world = World(tmp_path, **project)
        for tokens in (1, 2, 3):
            world.spending.take(Sign(session="s", conversation="c", models={"new": Tokens(output=tokens)}))
            world.spending.write_all()
        world.spending.close()
        assert len(world.of(Noted)) == times
        assert world.house.state.workstream("a").usage.cost_usd is None


async def test_a_known_end_holds_until_then(world: World) -> None:
    world.change(WorkstreamState.RATE_LIMITED, until=1004.0)
    assert world.held and (world.held.until, world.held.name) == (1004.0, "a")
    world.change(WorkstreamState.RATE_LIMITED, until=1009.0)
    assert world.held and world.held.until == 1009.0
    world.change(WorkstreamState.RATE_LIMITED, until=1005.0)
    assert world.held and world.held.until == 1009.0
    world.holds.close()


async def test_an_unknown_end_is_tried_after_a_while_that_doubles(world: World) -> None:
    pauses = []
    for _ in range(7):
        world.change(WorkstreamState.RATE_LIMITED)
        assert world.held is not None
        pauses.append(world.held.until - world.now)
        world.change(WorkstreamState.RATE_LIMITED)  # a second agent meets the same limit
        world.now = world.held.until
        world.holds._time_over("shell")
        assert world.held is None
    assert pauses == [30, 60, 120, 240, 480, 600, 600]
    world.holds.close()


async def test_a_pause_doubles_over_the_death_of_the_conductor_and_after_work_begins_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holds_module, "SETTLED", 0.05)
    world.change(WorkstreamState.RATE_LIMITED)
    world.holds.close()
    world.holds, world.now = Holds(world.house), 1031.0
    world.holds.begin()
    world.change(WorkstreamState.RATE_LIMITED)
    assert world.held is not None and world.held.until - world.now == 60
    world.change(WorkstreamState.WORKING)
    await asyncio.sleep(0.1)
    assert world.held is None
    world.change(WorkstreamState.RATE_LIMITED)
    assert world.held.until - world.now == 30
    world.now = world.held.until + holds_module.LONGEST_PAUSE
    world.holds._time_over("shell")
    world.change(WorkstreamState.RATE_LIMITED)
    assert world.held.until - world.now == 30  # that was long ago
    world.holds.close()


async def test_time_frees_by_itself_also_after_a_restart(world: World) -> None:
    world.change(WorkstreamState.RATE_LIMITED, until=1000.05)
    world.holds.close()
    again = Holds(world.house)
    again.begin()
    assert world.held is not None
    await asyncio.sleep(0.2)
    assert world.held is None and len(world.of(AgentsFreed)) == 1
    again.close()


async def test_an_agent_that_works_again_frees_its_family(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds_module, "SETTLED", 0.05)
    world.change(WorkstreamState.RATE_LIMITED)
    world.change(WorkstreamState.WORKING)
    world.change(WorkstreamState.RATE_LIMITED)
    await asyncio.sleep(0.1)
    assert world.held is not None  # it was a retry, not work
    world.change(WorkstreamState.WORKING)
    await asyncio.sleep(0.1)
    assert world.held is None
    world.holds.close()


async def test_an_answer_of_the_service_frees_the_family(world: World) -> None:
    world.change(WorkstreamState.RATE_LIMITED)
    late = UsageMeasured(name="a", conversation="c", usage=Usage(output=1))
    world.holds.heard([Recorded(seq=1, at=1001.0, event=late)])
    assert world.held is not None  # told late: it was used before
    world.holds.heard([Recorded(seq=1, at=1010.0, event=late)])
    assert world.held is None
    world.holds.close()


async def test_a_session_that_a_limit_ended_is_known_by_its_last_word(world: World) -> None:
    run = world.house.state.runs["r"]
    session = run.sessions["build-1"]
    assert world.holds.ended_by(run, session) is None
    world.holds.take(Sign(session="r-s", reading=LIMITED))
    assert world.held and world.held.name == "r/build-1"
    assert world.holds.ended_by(run, session) == world.held.until
    world.holds.take(Sign(session="r-s", reading=LIMITED))
    world.holds.take(Sign(session="r-s", reading=Reading(WorkstreamState.WORKING, "", Source.HOOK)))
    assert world.held is None and world.holds.ended_by(run, session) is None
    world.holds.close()


async def test_more_is_allowed_only_as_more(tmp_path: Path) -> None:
    world = World(tmp_path, max_cost_usd=10.0)
    world.spending.take(sign(12))
    world.spending.close()
    assert raise_limit(world.house, RaiseLimit(cost_usd=20.0)).ok
    assert "already" in raises(world, RaiseLimit(cost_usd=15.0))
    assert "has spent $12.00 already" in raises(world, RaiseLimit(name="a", cost_usd=11.0))
    assert raise_limit(world.house, RaiseLimit(name="a", tokens=1000)).message == "a may use up to 1.0k tokens"
    for wrong in (RaiseLimit(), RaiseLimit(cost_usd=-1.0), RaiseLimit(cost_usd=float("nan")), RaiseLimit(tokens=-5)):
        with pytest.raises(UsageError):
            raise_limit(world.house, wrong)
    with pytest.raises(UsageError):
        raise_limit(world.house, RaiseLimit(name="nobody", tokens=5))


def raises(world: World, request: RaiseLimit) -> str:
    with pytest.raises(RefusedError) as caught:
        raise_limit(world.house, request)
    return caught.value.message
