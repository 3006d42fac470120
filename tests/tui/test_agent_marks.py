"""What is to be known of an agent before it is trusted: whether it is here, and whether it asks."""

from __future__ import annotations

import msgspec
import pytest

from autod_tui.core.plan import Plan
from autod_tui.core.requests import New
from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import robot_at
from tests.tui.sample import busy_desk, fresh_desk


def unasked(desk: FakeDesk, name: str) -> FakeDesk:
    """Let an agent of the plan run without asking."""
    plan: Plan = desk.plan
    free = msgspec.structs.replace(plan.agents[name], permission="all", permissions={"all": ("--all",)})
    desk.plan = msgspec.structs.replace(plan, agents={**plan.agents, name: free})
    return desk


async def test_the_wizard_says_which_agents_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autod_tui.tui.screens.wizard.which", lambda program: program == "sh" and "/bin/sh")
    async with robot_at(unasked(fresh_desk(), "gemini"), (120, 34)) as robot:
        wizard = await robot.open_wizard("claude (not installed)")
        shown = [str(option[0]) for option in wizard.query_one("#agent")._options]
        assert shown == ["claude (not installed)", "gemini (not installed, runs without asking)", "mine"]


@pytest.mark.parametrize("size", [(80, 24), (120, 34)])
async def test_the_wizard_offers_the_modes_of_the_chosen_agent(size: tuple[int, int]) -> None:
    async with robot_at(unasked(fresh_desk(), "gemini"), size) as robot:
        wizard = await robot.open_wizard("the agent's own: ask")
        await robot.write("docs")
        modes, agent = wizard.query_one("#permission"), wizard.query_one("#agent")
        agent.value = "gemini"
        await robot.expect("the agent's own: all")
        modes.focus()
        await robot.press("enter")
        await robot.expect("! all: never asks")
        await robot.press("down", "enter")
        await robot.until(lambda: modes.value == "all", "not chosen")
        await robot.make_with("write")
        assert await robot.expect_asked(New) == New(name="docs", agent="gemini", permission="all", prompt="write")


async def test_a_mode_that_another_agent_lacks_is_chosen_no_more() -> None:
    async with robot_at(unasked(fresh_desk(), "gemini"), (120, 34)) as robot:
        wizard = await robot.open_wizard("the agent's own: ask")
        modes, agent = wizard.query_one("#permission"), wizard.query_one("#agent")
        agent.value = "gemini"
        await robot.expect("the agent's own: all")
        modes.value = "all"
        agent.value = "claude"
        await robot.until(lambda: modes.value == "", "still chosen")


async def test_who_runs_without_asking_is_marked_in_the_list_and_in_the_details() -> None:
    async with robot_at(unasked(busy_desk(), "gemini"), (200, 50)) as robot:
        await robot.expect("! gemini flash")
        assert "! claude" not in robot.text
        names = [view.name for view in robot.desk.board().workstreams]
        for _ in names:
            await robot.press("down")
            if "runs without asking" in robot.text:
                break
        await robot.expect("gemini, flash, runs without asking")


async def test_the_agents_are_a_page_in_the_palette() -> None:
    async with robot_at(unasked(busy_desk(), "gemini"), (120, 34)) as robot:
        await robot.press("ctrl+p")
        await robot.write("agents")
        await robot.expect("Show the agents")
        await robot.press("enter")
        await robot.expect("how to get it", "1.2.3", "[all]", "never asks", "autod agents check NAME")
