"""`python -m benchmarks`: measure autod beside its lower bounds and print the ratios; a missed one is told, exit 0."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import board, commands, dashboard, making, merging, outputs, runs, states
from benchmarks.report import Row, table, verdict
from benchmarks.world import Bell, World, private_ground

QUIET_AGENT = "exec sleep 100000"

GROUPS: dict[str, str] = {
    "making": "a workstream made and its agent running",
    "forecast": "forecasts of 12 and 50 branches",
    "checkpoint": "a checkpoint of four branches",
    "speed": "an agent's own speed under the dashboard",
    "eight": "dashboard with 8 workstreams: first frame, keys, attach, file change",
    "fifty": "dashboard with 50 workstreams: first frame, keys, CPU and memory, output events",
    "states": "from what an agent does to what autod says of it, by source",
    "commands": "start of the command line",
    "board": "the board of a run of 1,000 tasks, 8 sessions at work: keys",
    "runs": "tasks of 50 ms in sessions, 8 at once; memory of a long run",
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was chosen, all by default, and return 0."""
    options = _options(words)
    started, rows = time.monotonic(), []
    with private_ground() as ground:
        for group in options.only or GROUPS:
            for row in _measure(group, ground, full=options.full):
                rows.append(row)
                sys.stderr.write(f"{table([row]).splitlines()[1]}\n")
    if options.json:
        print(json.dumps({"rows": [row.as_dict() for row in rows], "verdict": verdict(rows)}, indent=1))
    else:
        print(table(rows))
        print(f"\n{verdict(rows)} ({time.monotonic() - started:.0f} s)")
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    listed = "\n".join(f"  {name:<12}{what}" for name, what in GROUPS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description="Measure autod beside its lower bounds, by turns in one run.",
        epilog=f"groups:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("only", nargs="*", metavar="GROUP", help="measure only these groups")
    parser.add_argument("--json", action="store_true", help="print all values as JSON")
    parser.add_argument("--full", action="store_true", help="runs: all 1,000 tasks, not a sample of them")
    options = parser.parse_args(words)
    if unknown := set(options.only) - set(GROUPS):
        parser.error(f"unknown group {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    return options


def _measure(group: str, ground: Path, *, full: bool) -> Iterator[Row]:
    plain: dict[str, Callable[[Path], Iterable[Row]]] = {
        "making": making.measure,
        "forecast": merging.forecasts,
        "checkpoint": merging.checkpoints,
        "speed": _speed,
        "states": states.measure,
        "commands": _commands,
        "board": board.measure,
        "runs": partial(runs.measure, full=full),
    }
    if group in plain:
        yield from plain[group](ground)
    elif group == "eight":
        yield from _eight(ground)
    else:
        yield from _fifty(ground)


def _world(ground: Path, title: str, number: int, agent: str = QUIET_AGENT) -> World:
    world = World(ground / title, [f"ws-{index:02}" for index in range(number)], agent=agent)
    world.up()
    return world


def _speed(ground: Path) -> list[Row]:
    bell = Bell(ground / "speed-bell")
    world = _world(ground, "speed", 1, dashboard.runner(bell))
    try:
        bell.count(1)
        return dashboard.agent_speed(world, bell)
    finally:
        world.close()
        bell.close()


def _commands(ground: Path) -> list[Row]:
    world = _world(ground, "commands", 8)
    try:
        with dashboard.dashboard(world):
            return commands.measure(world)
    finally:
        world.close()


def _eight(ground: Path) -> Iterator[Row]:
    world = _world(ground, "eight", 8)
    try:
        yield from dashboard.first_frame(ground, world)
        with dashboard.dashboard(world) as terminal:
            yield from dashboard.keys(ground, world, terminal)
            yield from dashboard.attach(world, terminal)
            yield from dashboard.changed_file(world, terminal)
    finally:
        world.close()


def _fifty(ground: Path) -> Iterator[Row]:
    world = _world(ground, "fifty", outputs.PANES)
    try:
        yield from dashboard.first_frame(ground, world, rounds=3)
        with dashboard.dashboard(world) as terminal:
            yield from dashboard.quiet(ground, world, terminal)
            yield from dashboard.keys(ground, world, terminal)
        yield from outputs.measure(ground, world)
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
