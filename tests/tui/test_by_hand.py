"""An agent that somebody started by hand in a worktree, as the dashboard tells it."""

from __future__ import annotations

import pytest

from autod_tui.core.agent_events import GuestsChanged
from autod_tui.core.workstream import Guest
from tests.tui.robot import Robot, robot_at
from tests.tui.sample import busy_desk


async def happen(robot: Robot, event: GuestsChanged) -> None:
    robot.desk.happen(event)
    seq = robot.desk.state.seq
    await robot.until(lambda: bool(robot.app.board) and robot.app.board.seq == seq, "not told")


THERE = GuestsChanged(name="testing", guests=(Guest("codex", 4321),))


@pytest.mark.parametrize("size", [(100, 30), (200, 50)])
async def test_row_details_and_feed_tell_it_until_it_has_gone(size: tuple[int, int]) -> None:
    async with robot_at(busy_desk(), size) as robot:
        await robot.press("w")
        await happen(robot, THERE)
        await robot.expect("by hand")
        if size[0] == 200:
            await robot.expect("codex (process 4321) works here, not started by autod", "somebody started by hand")
        await happen(robot, GuestsChanged(name="testing", guests=()))
        if size[0] == 200:
            await robot.expect("nobody works here by hand any more")
            await robot.expect_gone("codex (process 4321) works")
