"""Sessions of runs that wait for a person: on top, marked, rung for once, gone to and answered; and who never asks."""

from __future__ import annotations

import msgspec
import pytest

from autod_tui.core import events as ev
from autod_tui.core import run_events as re
from autod_tui.core.requests import AnswerAgent, ReadQuestion
from autod_tui.core.run import SessionState
from autod_tui.core.workstream import Source, WorkstreamState
from autod_tui.tui.screens.board import RunBoard
from autod_tui.tui.screens.home import HomeScreen
from autod_tui.tui.screens.session_log import SessionLog
from tests.tui.asking import MENU, waiting_desk
from tests.tui.robot import Robot, robot_at
from tests.tui.run_sample import RUN, run_desk
from tests.tui.sample import changed
from tests.tui.test_attention import Told, happen

W = WorkstreamState
SIZES = [(80, 24), (140, 36)]


def halted(session: str = "build-6", state: W = W.WAITING, reason: str = "permission: Bash") -> re.SessionHalted:
    return re.SessionHalted(run=RUN, session=session, state=state, reason=reason, source=Source.HOOK)


def sessions(robot: Robot) -> list[str]:
    return [row.key for row in robot.app.screen.query_one("#sessions").rows if row.key]


async def to_session(robot: Robot, session: str = "build-6") -> RunBoard:
    """Jump to the session that waits."""
    await robot.press("w")
    await robot.until(lambda: isinstance(robot.app.screen, RunBoard), "no board")
    board = robot.app.screen
    assert isinstance(board, RunBoard)
    await robot.until(
        lambda: board.selection().session is not None and board.selection().session.id == session, "where"
    )
    return board


@pytest.mark.parametrize("size", SIZES)
async def test_home_tells_who_waits_and_the_key_leads_there(size: tuple[int, int]) -> None:
    async with robot_at(waiting_desk(), size) as robot:
        await robot.expect("▲ 1 waiting", "waiting for you (w)")
        await to_session(robot)
        assert sessions(robot)[0] == "build-6"
        await robot.expect("▲ waiting", "permission: Bash", "build-6 waits for you")


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_answered_from_the_board(size: tuple[int, int]) -> None:
    async with robot_at(waiting_desk(), size) as robot:
        await to_session(robot)
        await robot.expect("a Answer")
        await robot.press("a")
        await robot.expect("git push --force", "1  Yes")
        assert await robot.expect_asked(ReadQuestion) == ReadQuestion(name=f"{RUN}/build-6")
        await robot.press("3")
        sent = await robot.expect_asked(AnswerAgent)
        assert sent == AnswerAgent(name=f"{RUN}/build-6", choice="3", seen=MENU.digest)


async def test_the_board_answers_whoever_waits_when_another_session_is_selected() -> None:
    async with robot_at(waiting_desk()) as robot:
        robot.app.push_screen(RunBoard(RUN, "3.2"))
        await robot.expect("[3] 3.2", "a Answer")
        await robot.press("a")
        assert await robot.expect_asked(ReadQuestion) == ReadQuestion(name=f"{RUN}/build-6")


@pytest.mark.parametrize("size", SIZES)
async def test_it_is_answered_from_its_log_as_long_as_it_waits(size: tuple[int, int]) -> None:
    async with robot_at(waiting_desk(), size) as robot:
        robot.app.read_pages()
        robot.app.push_screen(SessionLog(RUN, "build-6"))
        await robot.expect("log of build-6", "a Answer")
        await robot.press("a")
        await robot.expect("git push --force")
        assert await robot.expect_asked(ReadQuestion) == ReadQuestion(name=f"{RUN}/build-6")
        await robot.press("escape")
        robot.desk.happen(re.SessionWentOn(run=RUN, session="build-6"))
        await robot.expect_gone("a Answer")


async def test_the_task_of_a_waiting_session_says_so_until_it_goes_on() -> None:
    desk = run_desk()
    async with robot_at(desk, (140, 36)) as robot:
        robot.app.read_pages()
        robot.app.push_screen(RunBoard(RUN, "4.2"))
        await robot.expect("[3] 4.2", "● running  4.2")
        desk.happen(halted())
        await robot.expect("▲ waiting  4.2", "build-6  permission: Bash")
        desk.happen(halted(state=W.RATE_LIMITED, reason="429"))
        await robot.expect("◷ limited  4.2")
        desk.happen(re.SessionWentOn(run=RUN, session="build-6"))
        await robot.expect("● running  4.2")


async def test_it_rings_once_and_stands_in_the_title(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    desk = run_desk()
    desk.happen(changed("testing", W.WORKING))
    async with robot_at(desk) as robot:
        told.listen(robot, monkeypatch)
        await happen(robot, halted(), halted("build-5", W.RATE_LIMITED, "429"))
        assert (told.bells, told.titles[-1]) == (1, "autod: 1 waits")
        assert told.words == [f"{RUN}/build-6 waits for you: permission: Bash"]
        await happen(robot, halted(reason="permission: Edit"))
        assert told.bells == 1
        await happen(robot, re.SessionEnded(run=RUN, session="build-6", state=SessionState.DONE))
        assert told.titles[-1] == "autod"


async def test_a_dashboard_that_comes_later_tells_no_old_wait_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    async with robot_at(waiting_desk()) as robot:
        told.listen(robot, monkeypatch)
        assert told.titles == ["autod: 1 waits"]
        await happen(robot, halted(reason="permission: Edit"))
        assert (told.bells, told.words) == (0, [])


async def test_w_goes_round_workstreams_and_sessions() -> None:
    desk = waiting_desk()
    desk.happen(changed("testing", W.WAITING), halted("build-5", W.WAITING, "question"))
    async with robot_at(desk) as robot:
        seen = []
        for _ in range(4):
            await robot.press("w")
            await robot.until(lambda: not seen or robot.app.jumped_to != seen[-1], "not gone on")
            seen.append(robot.app.jumped_to)
            while not isinstance(robot.app.screen, HomeScreen):
                await robot.press("escape")
        assert set(seen[:3]) == {"testing", f"{RUN}/build-5", f"{RUN}/build-6"}
        assert seen[3] == seen[0]


@pytest.mark.parametrize("size", SIZES)
async def test_runs_whose_agents_never_ask_are_marked_wherever_they_are_shown(size: tuple[int, int]) -> None:
    desk = run_desk()
    free = msgspec.structs.replace(desk.plan.agents["claude"], permission="all")
    desk.plan = msgspec.structs.replace(desk.plan, agents={**desk.plan.agents, "claude": free})
    session = desk.runs[RUN].sessions["build-6"]
    desk.happen(re.SessionStarted(run=RUN, session=msgspec.structs.replace(session, permission="all")))
    async with robot_at(desk, size) as robot:
        await robot.expect("!● week1")
        await robot.press("b")
        await robot.expect("!● running", "! runs without asking", "!build", "!verify", " review")
        await robot.press("enter")
        await robot.expect(
            "12 tasks", "! runs without asking", "!build", "!● running   build-6", " ● running   build-5"
        )


async def test_nobody_is_marked_who_asks() -> None:
    async with robot_at(run_desk()) as robot:
        await robot.expect(" ● week1")
        await robot.press("b", "enter")
        await robot.expect("12 tasks", " build", " ● running   build-6")
        assert "without asking" not in robot.text


def test_every_halt_has_its_sentence() -> None:
    from autod_tui.tui.run_sentences import tell

    events: list[ev.Event] = [halted(state=state) for state in (W.WAITING, W.RATE_LIMITED, W.FAILED)]
    assert [tell(event) for event in [*events, re.SessionWentOn(run=RUN, session="build-6")]] == [
        (RUN, "build-6 waits for you: permission: Bash", "loud"),
        (RUN, "build-6 is rate-limited: permission: Bash", "warn"),
        (RUN, "build-6 can't go on: permission: Bash", "alarm"),
        (RUN, "build-6 goes on", "dim"),
    ]
