"""A workstream made and its agent running, against git and tmux by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from autod_tui.core.requests import Up
from autod_tui.engine.desks import BaseDesk
from autod_tui.wiring import open_desk
from benchmarks.report import Row
from benchmarks.world import BareTmux, Bell, World

AT_ONCE = 8
SINGLES = 15
ROUNDS = 7
REST = 1.0
"""Seconds in which the engine comes to rest between two measurements."""


def measure(ground: Path) -> list[Row]:
    """Make workstreams one by one beside the same by hand; then eight one after another and eight at once, by turns."""
    bell = Bell(ground / "alive")
    agent = f"printf x > {bell.path}; exec sleep 100000"
    try:
        ours, base = _singles(ground, bell, agent)
        rounds = [_round(ground / f"eight-{number}", bell, agent, first=number % 2) for number in range(ROUNDS)]
    finally:
        bell.close()
    at_once, one_by_one = zip(*rounds, strict=True)
    note = "from the request to the first byte of the agent; 2,000 files, dashboard's engine at work"
    turns = (
        "from the first request to the last agent's first byte, one engine; a new repository of 2,000 files each round"
    )
    return [
        Row(name="workstream made, agent running / by hand", ours=ours, base=base, limit=1.3, note=note),
        Row(name="8 workstreams at once / one after another", ours=at_once, base=one_by_one, limit=0.8, note=turns),
    ]


def _singles(ground: Path, bell: Bell, agent: str) -> tuple[list[float], list[float]]:
    """Return the seconds of single workstreams, and of the same by hand."""
    world = World(ground / "making", [f"ws-{number:02}" for number in range(1 + SINGLES)], agent=agent)
    hand = BareTmux("bench-hand")
    try:
        return asyncio.run(_by_turns(world, hand, bell, agent))
    finally:
        world.close()
        hand.close()


async def _by_turns(world: World, hand: BareTmux, bell: Bell, agent: str) -> tuple[list[float], list[float]]:
    ours, base = [], []
    async with open_desk(world.root, role="tui") as desk:
        await _up(desk, bell, world.names[:1])  # makes the server; not counted
        for number, name in enumerate(world.names[1:]):
            await asyncio.sleep(REST / 4)
            base.append(_by_hand(world, hand, bell, agent, number))
            await asyncio.sleep(REST / 4)
            ours.append(await _up(desk, bell, (name,)))
    return ours, base


def _round(root: Path, bell: Bell, agent: str, *, first: int) -> tuple[float, float]:
    """Return the seconds of eight workstreams by one request, and of eight by a request each, after the last's answer.

    `first` says which comes first: 0 the former, 1 the latter. Nothing is removed meanwhile: a file system may be
    slow for a while at making files where many have just been deleted.
    """
    world = World(root, [f"ws-{number:02}" for number in range(1 + 2 * AT_ONCE)], agent=agent)
    try:
        return asyncio.run(_eights(world, bell, first))
    finally:
        world.close()


async def _eights(world: World, bell: Bell, first: int) -> tuple[float, float]:
    spent = [0.0, 0.0]
    async with open_desk(world.root, role="tui") as desk:
        await _up(desk, bell, world.names[:1])  # makes the server; not counted
        for number, way in enumerate((first, 1 - first)):
            await asyncio.sleep(REST)
            names = world.names[1 + number * AT_ONCE :][:AT_ONCE]
            started = time.monotonic()
            for request in [[name] for name in names] if way else [names]:
                spent[way] = await _up(desk, bell, request, since=started)
    return spent[0], spent[1]


async def _up(desk: BaseDesk, bell: Bell, names: Sequence[str], *, since: float = 0.0) -> float:
    """Return the seconds until all agents of `names` run, from `since` or from now."""
    loop, alive = asyncio.get_running_loop(), asyncio.Event()
    left = len(names)

    def rung() -> None:
        nonlocal left
        left -= len(bell.read())
        if left <= 0:
            alive.set()

    loop.add_reader(bell.file, rung)
    started = since or time.monotonic()
    try:
        asking = asyncio.create_task(desk.ask(Up(names=tuple(names))))
        async with asyncio.timeout(60):
            await alive.wait()
        ended = time.monotonic()
        await asking
    finally:
        loop.remove_reader(bell.file)
    return ended - started


def _by_hand(world: World, hand: BareTmux, bell: Bell, agent: str, number: int) -> float:
    path = world.root.parent / f"hand-{number}"
    started = time.monotonic()
    world.git("worktree", "add", "-q", "--no-track", "-b", f"hand/{number}", str(path), "main")
    hand.run("new-window", "-d", "-c", str(path), "-n", path.name, agent)
    return bell.count(1) - started
