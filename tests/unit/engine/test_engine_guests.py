"""Agents by hand: looked for when something happens, at most so often, and told when they change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from autod_tui.core import events as ev
from autod_tui.core.agent_events import GuestsChanged
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Guest
from autod_tui.engine import guests as room
from autod_tui.engine.guests import Guests, with_guests
from tests.support.engine import NoProcesses, make_house, make_plan, workstream

CLAUDE = Guest("claude", 7)


class Somebody(NoProcesses):
    """Guests as the test has them; what was asked is kept."""

    def __init__(self) -> None:
        self.there: dict[str, tuple[Guest, ...]] = {}
        self.looks: list[tuple[set[str], set[str]]] = []
        self.watched: dict[int, Callable[[], None]] = {}

    def guests(self, worktrees: object, names: object) -> dict[str, tuple[Guest, ...]]:
        assert isinstance(worktrees, Collection) and isinstance(names, Collection)
        self.looks.append((set(worktrees), set(names)))
        return self.there

    def when_ended(self, pid: int, told: Callable[[], None]) -> Callable[[], None]:
        self.watched[pid] = told
        return lambda: self.watched.pop(pid, None) and None


class World:
    """A house of two workstreams, of which one has a worktree."""

    def __init__(self, directory: Path) -> None:
        (directory / "a").mkdir()
        self.worktree = str(directory / "a")
        plan = make_plan(
            [workstream("a", worktree=self.worktree), workstream("b", worktree=str(directory / "b"))],
            agents={
                "c": AgentProfile(name="c", command=("/bin/claude",)),
                "sh": AgentProfile(name="sh", command=("sh",)),
            },
        )
        self.processes = Somebody()
        self.house = make_house(plan, directory, processes=self.processes)
        self.told: list[ev.Event] = []
        self.house.stream.listen(lambda entries: self.told.extend(entry.event for entry in entries))
        self.guests = Guests(self.house)

    def comes(self, *guests: Guest) -> None:
        self.processes.there = {self.worktree: guests} if guests else {}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_what_changed_is_told_once(world: World) -> None:
    world.guests.look()
    assert world.told == []
    world.comes(CLAUDE)
    world.guests.look()
    world.guests.look()
    assert world.told == [GuestsChanged(name="a", guests=(CLAUDE,))]
    assert world.house.state.workstream("a").guests == (CLAUDE,)
    assert world.processes.looks[0] == ({world.worktree}, {"claude"})


async def test_an_end_is_looked_at_when_it_comes(world: World) -> None:
    world.comes(CLAUDE)
    world.guests.look()
    world.comes()
    world.processes.watched[7]()
    assert world.told[-1] == GuestsChanged(name="a", guests=())
    world.comes(CLAUDE)
    world.guests.look()
    world.guests.close()
    assert world.processes.watched == {}


async def test_much_that_happens_is_one_look(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "APART", 0.05)
    loop = asyncio.get_running_loop()
    world.guests.look()
    begun = loop.time()
    for _ in range(5):
        world.guests.soon()
    while len(world.processes.looks) < 2:
        await asyncio.sleep(0)
    assert loop.time() - begun >= 0.04
    assert world.guests._due is None
    world.guests.soon()
    world.guests.close()
    assert len(world.processes.looks) == 2


async def test_who_only_reads_sees_who_is_there_too(world: World) -> None:
    world.comes(CLAUDE)
    world.guests.look()
    world.comes(Guest("codex", 8))
    state = with_guests(world.processes, world.house.plan, world.house.state)
    assert state.workstream("a").guests == (Guest("codex", 8),)
    world.comes()
    assert with_guests(world.processes, world.house.plan, state).workstream("a").guests == ()
