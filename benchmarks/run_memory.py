"""A conductor that lives through many events of one run; started by `benchmarks.runs`, prints its memory as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from autod_tui.core.events import Event
from autod_tui.core.run import RunState, SessionRecord, SessionState, TaskVerdict, Verdict
from autod_tui.core.run_events import (
    RunChanged,
    RunStarted,
    SessionEnded,
    SessionPrinted,
    SessionStarted,
    TaskJudged,
    TasksRetried,
)
from autod_tui.core.run_plan import RunPlan, StageSpec, TaskSpec
from autod_tui.engine.desks import BaseDesk
from autod_tui.wiring import open_desk

RUN = "many-1"
TASKS = 100
FEW, MANY = 2_000, 10_000
AT_ONCE = 50


async def measure(root: Path) -> dict[str, float]:
    """Return what the process holds (MiB) after FEW and after MANY events; somebody looks at the board meanwhile."""
    async with open_desk(root, role="run") as desk:
        watching = asyncio.create_task(_watch(desk))
        events = _events()
        after_few = await _emit(desk, events, FEW)
        after_many = await _emit(desk, events, MANY - FEW)
        watching.cancel()
        sessions = len(desk.runs[RUN].sessions)
    return {
        "few": FEW,
        "many": MANY,
        "after_few": after_few,
        "after_many": after_many,
        "tasks": TASKS,
        "sessions": sessions,
    }


async def _watch(desk: BaseDesk) -> None:
    async for _ in desk.updates():
        pass


async def _emit(desk: BaseDesk, events: Iterator[Event], number: int) -> float:
    for _ in range(number // AT_ONCE):
        for _ in range(AT_ONCE):
            desk.house.stream.emit(next(events))
        await asyncio.sleep(0.005)
    return _resident()


def _events() -> Iterator[Event]:
    """Yield what happens to a paused run whose sessions never bring their tasks on."""
    tasks = tuple(TaskSpec(id=f"t{number}", title=f"Task {number}") for number in range(TASKS))
    plan = RunPlan(
        name="many",
        target="main",
        into="done",
        agent="bench",
        max_sessions=8,
        stages=(StageSpec(name="build"),),
        tasks=tasks,
    )
    yield RunStarted(run=RUN, plan=plan, base_oid="0" * 40)
    yield RunChanged(run=RUN, state=RunState.PAUSED)
    number = 0
    while True:
        task, number = f"t{number % TASKS}", number + 1
        yield from _session(f"build-{number}", task)


def _session(id: str, task: str) -> Iterator[Event]:
    yield SessionStarted(run=RUN, session=SessionRecord(id=id, stage="build", tasks=(task,), agent="bench"))
    yield SessionPrinted(run=RUN, session=id)
    yield SessionEnded(run=RUN, session=id, state=SessionState.FAILED, reason="exit status 1", exit_status=1)
    verdict = TaskVerdict(stage="build", verdict=Verdict.NEEDS_WORK, reason="exit status 1", session=id)
    yield TaskJudged(run=RUN, task=task, verdict=verdict, again=True)
    yield TasksRetried(run=RUN, tasks=(task,))


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(Path(sys.argv[1])))))
