"""Who needs a person: on top of the list, rung for once, told in the title; and agents that can be resumed."""

from __future__ import annotations

import pytest

from autod_tui.core import events as ev
from autod_tui.core.agent_events import ConversationKnown, UsageMeasured
from autod_tui.core.requests import Up
from autod_tui.core.usage import Usage
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.tui import foreground
from autod_tui.tui.screens.home import HomeScreen
from tests.tui.fake_desk import FakeDesk
from tests.tui.robot import Robot, robot_at
from tests.tui.sample import busy_desk, changed

W = WorkstreamState
SIZES = [(80, 24), (120, 34)]


class Told:
    """What the terminal was told."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.titles: list[str] = []
        self.words: list[str] = []
        self.bells = 0
        patch.setattr(foreground, "set_title", lambda app, title: self.titles.append(title))
        patch.setattr(foreground, "tell_terminal", lambda app, words: self.words.append(words))

    def listen(self, robot: Robot, patch: pytest.MonkeyPatch) -> None:
        def ring() -> None:
            self.bells += 1

        patch.setattr(robot.app, "bell", ring)


def order(robot: Robot) -> list[str]:
    return [row.key for row in home(robot).table.rows if row.key]


def home(robot: Robot) -> HomeScreen:
    return next(screen for screen in robot.app.screen_stack if isinstance(screen, HomeScreen))


async def happen(robot: Robot, *events: ev.Event) -> None:
    robot.desk.happen(*events)
    seq = robot.desk.state.seq
    await robot.until(lambda: bool(robot.app.board) and robot.app.board.seq == seq, "not told")


@pytest.mark.parametrize("size", SIZES)
async def test_those_who_wait_come_first_then_those_who_failed(size: tuple[int, int]) -> None:
    async with robot_at(busy_desk(), size) as robot:
        await robot.until(lambda: order(robot)[0] == "testing", "not on top")
        await happen(robot, changed("token-tracking", W.FAILED, "exit status 1"))
        await happen(robot, changed("database-pipeline", W.WAITING, "question"))
        await robot.until(
            lambda: order(robot) == ["database-pipeline", "testing", "token-tracking", "retry-error-handling"], "order"
        )
        await happen(robot, changed("testing", W.WORKING))
        wanted = ["database-pipeline", "token-tracking", "retry-error-handling", "testing"]
        await robot.until(lambda: order(robot) == wanted, "order")


@pytest.mark.parametrize("size", SIZES)
async def test_the_selection_stays_on_its_workstream_and_in_sight(size: tuple[int, int]) -> None:
    async with robot_at(busy_desk(), size) as robot:
        await robot.press("end")
        table = home(robot).table
        assert table.selected == "token-tracking"
        await happen(robot, changed("retry-error-handling", W.WAITING, "permission"), changed("testing", W.WORKING))
        await robot.until(lambda: order(robot)[0] == "retry-error-handling", "not on top")
        assert table.selected == "token-tracking"
        assert table.rows[table._cursor].key == "token-tracking"
        await happen(robot, changed("token-tracking", W.FAILED, "exit status 1"))
        assert table.selected == "token-tracking"
        await robot.expect("failed   token-tracking")


async def test_each_wait_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    async with robot_at(busy_desk()) as robot:
        told.listen(robot, monkeypatch)
        assert told.titles == ["autod: 1 waits"]
        await happen(robot, changed("testing", W.WAITING, "permission: install hypothesis 6"))
        assert (told.bells, told.words) == (0, [])
        await happen(robot, changed("database-pipeline", W.WAITING, "question"), changed("token-tracking", W.LOST))
        assert told.bells == 1
        assert told.words == ["database-pipeline waits for you: question", "token-tracking is lost"]
        assert told.titles[-1] == "autod: 2 wait"
        await happen(robot, changed("database-pipeline", W.WORKING), changed("testing", W.WORKING))
        assert told.titles[-1] == "autod"
        await happen(robot, changed("database-pipeline", W.WAITING), changed("database-pipeline", W.WORKING))
        assert told.bells == 2
        assert told.words[-1] == "database-pipeline waits for you"


async def test_a_dashboard_that_comes_later_tells_no_old_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    desk = busy_desk()
    for _ in range(2):
        async with robot_at(desk) as robot:
            told.listen(robot, monkeypatch)
            await happen(robot, changed("token-tracking", W.WORKING))
            assert (told.bells, told.words) == (0, [])


async def test_w_goes_round_those_who_wait_and_else_to_those_who_failed() -> None:
    async with robot_at(busy_desk()) as robot:
        await happen(robot, changed("token-tracking", W.FAILED), changed("database-pipeline", W.WAITING))
        seen = []
        for _ in range(3):
            await robot.press("w")
            seen.append(home(robot).table.selected)
        assert set(seen) == {"testing", "database-pipeline"}
        await happen(robot, changed("testing", W.WORKING), changed("database-pipeline", W.WORKING))
        await robot.press("w")
        assert home(robot).table.selected == "token-tracking"


def lost_desk(resume: tuple[str, ...] = ("claude", "--resume", "{session_id}")) -> FakeDesk:
    """A desk whose `testing` was lost in the middle of a conversation."""
    import msgspec

    desk = busy_desk()
    claude = msgspec.structs.replace(desk.plan.agents["claude"], resume=resume)
    desk.plan = msgspec.structs.replace(desk.plan, agents={**desk.plan.agents, "claude": claude})
    session = desk.state.workstream("testing").session
    desk.happen(ConversationKnown(name="testing", session=session, conversation="c-1"))
    desk.happen(changed("testing", W.LOST, "its pane is gone", Source.PROCESS))
    return desk


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("keys", "fresh"), [(("enter",), False), (("r",), False), (("n",), True), (("down", "enter"), True)]
)
async def test_u_offers_the_old_conversation_and_a_new_one(
    size: tuple[int, int], keys: tuple[str, ...], fresh: bool
) -> None:
    async with robot_at(lost_desk(), size) as robot:
        await robot.press("home", "u")
        await robot.expect("start testing", "Go on with its conversation", "Begin a new conversation")
        await robot.press(*keys)
        assert await robot.expect_asked(Up) == Up(names=("testing",), fresh=fresh)


async def test_u_asks_nothing_where_nothing_can_be_resumed_and_can_be_left() -> None:
    async with robot_at(lost_desk(resume=())) as robot:
        await robot.press("home", "u")
        assert await robot.expect_asked(Up) == Up(names=("testing",))
    async with robot_at(lost_desk()) as robot:
        await robot.press("home", "u")
        await robot.expect("start testing")
        await robot.press("escape")
        await robot.expect_gone("start testing")
        assert not [one for one in robot.desk.asked if isinstance(one, Up)]


async def test_a_limit_calls_and_comes_to_the_top(monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    told = Told(monkeypatch)
    desk = busy_desk()
    specs = [msgspec.structs.replace(spec, max_tokens=10) for spec in desk.plan.workstreams]
    desk.plan = msgspec.structs.replace(desk.plan, workstreams=tuple(specs))
    async with robot_at(desk) as robot:
        told.listen(robot, monkeypatch)
        usage = Usage(input=50)
        await happen(robot, UsageMeasured(name="token-tracking", conversation="c", usage=usage))
        await robot.until(lambda: order(robot)[:2] == ["token-tracking", "testing"], str(order(robot)))
        assert told.bells == 1
        assert "token-tracking has used" in told.words[0]
