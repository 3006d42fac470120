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
ROUNDS = 2


def measure(ground: Path) -> list[Row]:
    """Make workstreams one by one beside the same by hand, then eight at once."""
    bell = Bell(ground / "alive")
    agent = f"printf x > {bell.path}; exec sleep 100000"
    names = [f"ws-{number:02}" for number in range(2 * AT_ONCE * ROUNDS)]
    world, hand = World(ground / "making", names, agent=agent), BareTmux("bench-hand")
    try:
        return asyncio.run(_measure(world, hand, bell, agent))
    finally:
        world.close()
        hand.close()
        bell.close()


async def _measure(world: World, hand: BareTmux, bell: Bell, agent: str) -> list[Row]:
    ours: list[float] = []
    base: list[float] = []
    one_by_one: list[float] = []
    at_once: list[float] = []
    left = list(world.names)
    async with open_desk(world.root, role="tui") as desk:
        await _up(desk, bell, (left[0],))  # makes the server; not counted
        await asyncio.sleep(1)
        for number in range(ROUNDS):
            singles = []
            for _ in range(AT_ONCE - (number == 0)):
                base.append(_by_hand(world, hand, bell, agent, len(base)))
                await asyncio.sleep(0.25)
                singles.append(await _up(desk, bell, (left.pop(),)))
                await asyncio.sleep(0.25)
            ours += singles
            one_by_one.append(sum(singles) * AT_ONCE / len(singles))
            at_once.append(await _up(desk, bell, [left.pop() for _ in range(AT_ONCE)]))
            await asyncio.sleep(1)
    note = "from the request to the first byte of the agent; 2,000 files, dashboard's engine at work"
    return [
        Row(name="workstream made, agent running / by hand", ours=ours, base=base, limit=1.3, note=note),
        Row(name="8 workstreams at once / one after another", ours=at_once, base=one_by_one, limit=0.8),
    ]


async def _up(desk: BaseDesk, bell: Bell, names: Sequence[str]) -> float:
    loop, alive = asyncio.get_running_loop(), asyncio.Event()
    left = len(names)

    def rung() -> None:
        nonlocal left
        left -= len(bell.read())
        if left <= 0:
            alive.set()

    loop.add_reader(bell.file, rung)
    started = time.monotonic()
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
