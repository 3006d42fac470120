"""The board of a run with 1,000 tasks while eight sessions come and go: real keys in, the painted row out."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.dashboard import PRINTING, dashboard, press_and_see
from benchmarks.report import Row
from benchmarks.runs import AT_ONCE, write_plan
from benchmarks.terminal import Terminal
from benchmarks.world import PATIENCE, World, autod, settle

TASKS = 1000
AGENT = """for line in 1 2 3 4 5 6 7 8 9 10; do echo "line $line of $AUTOD_TASKS"; sleep 0.1; done
echo "VERDICT $AUTOD_TASKS APPROVED"
"""
"""A second of work that prints ten lines."""
PRESSES = 80


def measure(ground: Path) -> list[Row]:
    """Press down and up in the list of tasks of a run that goes on, and date the row that is painted as selected."""
    root = ground / "board"
    settings = f"[agents.script]\nprompt = \"file\"\ncommand = ['sh', '{root}/agent.sh']\n"
    world = World(root / "repo", ["ws-00"], agent="true", files=500, settings=settings)
    (root / "agent.sh").write_text(AGENT)
    ids = [f"task-{number:04}" for number in range(1, TASKS + 1)]
    write_plan(world, ids)
    try:
        with dashboard(world) as terminal:
            return [_on_the_board(world, terminal, ids)]
    finally:
        world.close()


def _on_the_board(world: World, terminal: Terminal, ids: list[str]) -> Row:
    run = _autod(world, "run", "many", "--detach", "--json")["id"]
    _wait(lambda: _done(world) >= 3 * PRINTING)  # the rows that are walked through change no more by themselves
    terminal.press(b"b")
    terminal.seen(run)
    settle(0.5)
    terminal.press(b"\r")
    terminal.seen("into done")
    settle(1)
    before, began = _done(world), time.monotonic()
    delays = [press_and_see(terminal, tuple(ids[:PRINTING]), number) for number in range(PRESSES)]
    pace = (_done(world) - before) / (time.monotonic() - began)
    _autod(world, "stop", run, "--yes", "--json")
    note = (
        f"from outside, tmux included; the dashboard conducts the run; median {statistics.median(delays) * 1000:.1f} "
        f"ms; {pace:.1f} sessions ended a second"
    )
    name = f"key -> painted row, board of a run of {TASKS:,} tasks, {AT_ONCE} sessions at work"
    return Row(name=name, ours=delays, limit=0.05, absolute=True, how="p95", note=note)


def _done(world: World) -> int:
    return int(_autod(world, "runs", "--json")["runs"][0]["progress"]["done"])


def _wait(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError("the run does not get on")
        settle(0.3)


def _autod(world: World, *words: str) -> dict[str, Any]:
    done = subprocess.run(autod(*words), cwd=world.root, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
