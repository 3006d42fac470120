"""The footer: what stays in sight in a narrow terminal, and that a click does what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import robot_at
from tests.tui.run_sample import run_desk
from tests.tui.sample import busy_desk, fresh_desk


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize(
    ("desk", "keys", "first"),
    [(busy_desk, ("down",), "enter Attach"), (busy_desk, ("w",), "a Answer"), (fresh_desk, (), "u Up")],
    ids=["working", "waiting", "fresh"],
)
async def test_the_keys_of_daily_use_are_seen_at_any_width(
    desk: Callable[[], FakeDesk], keys: tuple[str, ...], first: str, width: int
) -> None:
    async with robot_at(desk(), (width, 24)) as robot:
        await robot.press(*keys)
        for shown in (first, "m Merge", "n New", "p Plan", "q Quit"):
            assert f"{shown} " in f"{robot.lines[-1]} "
        assert ("? More" in robot.lines[-1]) == ("Palette" not in robot.lines[-1])


async def test_what_does_not_fit_is_in_the_help_that_a_click_opens() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("down")
        assert "Check" not in robot.lines[-1]
        await robot.click("More")
        await robot.expect("Rehearse the checkpoint")


async def test_the_plan_names_the_way_home() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("p")
        await robot.expect("p Home")
        await robot.click("p Home")
        await robot.expect("workstreams 4")


@pytest.mark.parametrize("width", [80, 120])
async def test_the_pages_of_runs_tell_of_those_who_wait_elsewhere(width: int) -> None:
    async with robot_at(run_desk(), (width, 24)) as robot:
        for keys in (("b",), ("enter",), ("w",)):
            await robot.press(*keys)
            await robot.expect("W Next waiting", "esc Back")
        await robot.press("W")
        await robot.expect("workstreams 4", "▲ waiting")
        assert robot.app.selection().workstream is not None
        assert robot.app.jumped_to == "testing"


async def test_the_panels_of_the_plan_are_chosen_by_a_click_on_their_names() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("p")
        await robot.expect("merge order")
        for name, seen in (
            ("[3] conf", "conflicts ahead"),
            ("[4] att", "needs attention"),
            ("[2] check", "merge order"),
        ):
            await robot.click(name)
            await robot.expect(seen)


async def test_the_palette_finds_by_name_first_and_offers_themes() -> None:
    async with robot_at(busy_desk(), (80, 24)) as robot:
        await robot.press("ctrl+p")
        await robot.write("theme")
        await robot.expect("Choose the colours")
        assert "Rehearse the checkpoint" not in robot.text, "t, h, e, m and e stand somewhere in most sentences"
        await robot.press("ctrl+u")
        await robot.write("judge")
        await robot.expect("Merge  (m)")
