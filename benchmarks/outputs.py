"""Output in a pane until our event, with 50 panes printing, against a FIFO filled by pipe-pane."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from bisect import bisect_left
from pathlib import Path

from autod_tui.tmux.pane import Panes
from benchmarks.report import Row, p95
from benchmarks.world import World

PANES = 50
RATE = 20
SECONDS = 3.0
ROUNDS = 3

Arrivals = dict[int, list[float]]
"""Number of the pane to the times at which something of it arrived."""


def measure(ground: Path, world: World) -> list[Row]:
    """Print into the panes of `world` (which are running) and date what arrives, by turns on both ways."""
    ttys, panes = world.panes("#{pane_tty}"), world.panes("#{pane_id}")
    ours: list[float] = []
    base: list[float] = []
    for _ in range(ROUNDS):
        ours += asyncio.run(_through_events(ground, world, panes, ttys))
        base += asyncio.run(_through_fifos(ground, world, panes, ttys))
    note = f"p95 {p95(ours) * 1000:.2f} ms against {p95(base) * 1000:.2f} ms; {PANES} panes x {RATE} lines/s"
    return [Row(name="output in a pane -> event / FIFO by pipe-pane", ours=ours, base=base, limit=2, note=note)]


async def _through_events(ground: Path, world: World, panes: list[str], ttys: list[str]) -> list[float]:
    port = Panes(world.server)
    numbers = {pane: number for number, pane in enumerate(panes)}
    arrivals: Arrivals = {number: [] for number in numbers.values()}

    async def listen() -> None:
        async for event in port.events():
            if event.kind == "output" and event.pane in numbers:
                arrivals[numbers[event.pane]].append(time.monotonic())

    listening = asyncio.create_task(listen())
    try:
        await port.watch_output(panes)
        await asyncio.sleep(0.7)  # the first reading of all panes
        return _delays(await _print(ground, ttys), arrivals)
    finally:
        await port.close()
        await listening


async def _through_fifos(ground: Path, world: World, panes: list[str], ttys: list[str]) -> list[float]:
    loop = asyncio.get_running_loop()
    arrivals: Arrivals = {number: [] for number in range(len(panes))}
    files = []

    def arrived(number: int, file: int) -> None:
        os.read(file, 65536)
        arrivals[number].append(time.monotonic())

    for number, pane in enumerate(panes):
        path = ground / f"fifo-{number}"
        os.mkfifo(path)
        file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        loop.add_reader(file, arrived, number, file)
        files.append((file, path))
        world.tmux("pipe-pane", "-t", pane, f"cat > {path}")
    try:
        await asyncio.sleep(0.3)
        return _delays(await _print(ground, ttys), arrivals)
    finally:
        for pane in panes:
            world.tmux("pipe-pane", "-t", pane)
        for file, path in files:
            loop.remove_reader(file)
            os.close(file)
            path.unlink()


async def _print(ground: Path, ttys: list[str]) -> list[tuple[int, float]]:
    log = ground / "printed.json"
    words = ["-m", "benchmarks.printer", str(log), str(RATE), str(SECONDS), *ttys]
    printer = await asyncio.create_subprocess_exec(sys.executable, *words)
    if await printer.wait():
        raise RuntimeError("the printer failed")
    await asyncio.sleep(0.2)
    return [(number, date) for number, date in json.loads(log.read_text())]


def _delays(written: list[tuple[int, float]], arrivals: Arrivals) -> list[float]:
    """Match each line with the next arrival of its pane; lines follow each other slower than any delay here."""
    delays = []
    for number, date in written:
        later = bisect_left(arrivals[number], date)
        if later < len(arrivals[number]):
            delays.append(arrivals[number][later] - date)
    if len(delays) < len(written) * 0.95:
        raise RuntimeError(f"only {len(delays)} of {len(written)} lines arrived")
    return delays
