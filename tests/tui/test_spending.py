"""What was used, and what holds new work, on the dashboard; more is allowed from there."""

from __future__ import annotations

import msgspec

from autod_tui.core.agent_events import AgentsHeld, UsageMeasured
from autod_tui.core.requests import RaiseLimit
from autod_tui.core.usage import Usage
from tests.tui.fake_desk import NOW, FakeDesk
from tests.tui.robot import robot_at
from tests.tui.sample import busy_desk


def spending_desk(max_tokens: int | None = None) -> FakeDesk:
    desk = busy_desk()
    project = msgspec.structs.replace(desk.plan.project, max_tokens=max_tokens)
    desk.plan = msgspec.structs.replace(desk.plan, project=project)
    desk.happen(
        UsageMeasured(name="testing", conversation="c", usage=Usage(input=12_000, output=345, cached=0, cost_usd=0.42)),
        UsageMeasured(name="token-tracking", conversation="d", usage=Usage(input=500, output=0, cached=0)),
    )
    return desk


async def test_tokens_and_cost_are_told_and_what_is_not_known() -> None:
    async with robot_at(spending_desk(), (200, 50)) as robot:
        await robot.press("w")
        await robot.expect("cost", "$0.42", "12.3k tokens, $0.42")
        await robot.expect("12.8k tokens, ?")  # of the project


async def test_nothing_of_it_stands_there_while_nobody_has_told_any() -> None:
    async with robot_at(busy_desk(), (200, 50)) as robot:
        await robot.expect("testing")
        assert "cost" not in robot.text


async def test_a_rate_limit_is_told_with_the_time_left() -> None:
    desk = spending_desk()
    desk.happen(AgentsHeld(family="claude", until=NOW + 250, reason="429", name="testing"))
    async with robot_at(desk, (200, 50)) as robot:
        await robot.expect("claude is rate-limited, 4:10 left", "met a rate limit: no new claude until")
        desk.now += 10
        await robot.expect("claude is rate-limited, 4:00 left")
        desk.now += 600
        await robot.expect_gone("rate-limited")


async def test_a_limit_waits_for_a_person_who_allows_more() -> None:
    desk = spending_desk(max_tokens=10_000)
    async with robot_at(desk, (200, 50)) as robot:
        await robot.expect("the project has used 12.8k of 10.0k tokens")
        await robot.press("dollar_sign")
        await robot.expect("allow the project more", "autod allow --tokens N allows more", "12.8k tokens")
        await robot.press("2", "0", "k", "enter")
        assert await robot.expect_asked(RaiseLimit) == RaiseLimit(tokens=20_000)
        await robot.press("dollar_sign")
        await robot.expect("allow the project more")
        await robot.press(*"much", "enter")
        await robot.expect("is no amount of US dollars")


async def test_a_workstream_is_allowed_more_by_its_name() -> None:
    async with robot_at(spending_desk(), (140, 36)) as robot:
        await robot.press("w", "dollar_sign")
        await robot.expect("allow testing more", "12.3k tokens, $0.42")
        await robot.press("dollar_sign", "5", "enter")
        assert await robot.expect_asked(RaiseLimit) == RaiseLimit(name="testing", cost_usd=5.0)
        await robot.press("dollar_sign", "escape")
        assert len([one for one in robot.desk.asked if isinstance(one, RaiseLimit)]) == 1
