"""The board of the sample run, opened as a person opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import Robot, robot_at
from tests.tui.run_sample import RUN, run_desk


@asynccontextmanager
async def board_of(
    desk: FakeDesk | None = None, size: tuple[int, int] = (120, 34), task: str = ""
) -> AsyncIterator[Robot]:
    """Start the interface, go to the board of the run and select `task`."""
    async with robot_at(desk or run_desk(), size) as robot:
        await robot.press("b")
        await robot.expect("runs of tasks", RUN)
        await robot.press("enter")
        await robot.expect("12 tasks")
        if task:
            await select(robot, task)
        yield robot


async def select(robot: Robot, task: str) -> None:
    """Select a task on the board."""
    robot.app.screen.query_one("#tasks").select(task)
    await robot.expect(f"[3] {task}")
