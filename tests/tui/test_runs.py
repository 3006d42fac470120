"""Runs as a person sees and steers them: list, board, review, start, news."""

from __future__ import annotations

import pytest

from autod_tui.core import run_events as ev
from autod_tui.core.requests import (
    Answer,
    PauseRun,
    ResumeRun,
    RetryTasks,
    Review,
    StartRun,
    StopRun,
    TuneRun,
)
from autod_tui.core.run import RunState, TaskState, Verdict
from autod_tui.tui.run_news import RunNews
from autod_tui.tui.screens.board import RunBoard
from autod_tui.tui.screens.home import HomeScreen
from autod_tui.tui.screens.review_rows import commented_rows, place_of
from autod_tui.tui.screens.session_log import SessionLog
from tests.tui.boards import board_of, select
from tests.tui.fake_desk import NOW, FakeDesk, planned
from tests.tui.robot import robot_at
from tests.tui.run_sample import DIFF, RUN, make_run_plan, run_desk, work
from tests.tui.sample import busy_desk


def ask_of(plan: str = "week1") -> Answer:
    answer = planned(make_run_plan())
    return Answer(data={**answer.data, "tasks": ["1.1", "1.2"], "skipped": []})


async def test_home_tells_of_a_run_and_opens_it() -> None:
    async with robot_at(run_desk()) as robot:
        await robot.expect("3/12 (25.00%)", "4 for review")
        robot.app.screen.query_one("#runs").focus()
        await robot.press("enter")
        await robot.until(lambda: isinstance(robot.app.screen, RunBoard), "no board")


async def test_home_says_nothing_of_runs_that_are_over() -> None:
    desk = busy_desk()
    desk.happen(ev.RunStarted(run=RUN, plan=make_run_plan(), base_oid="0" * 40))
    desk.happen(ev.RunChanged(run=RUN, state=RunState.STOPPED))
    async with robot_at(desk) as robot:
        await robot.expect("database-pipeline")
        assert not robot.app.screen.query_one("#runs").display


async def test_the_board_sums_the_run_up() -> None:
    async with board_of() as robot:
        await robot.expect(
            "3/12 (25.00%)", "ETA 26m", "6.1 tasks/h", "8 sessions instead of 20", "start-up saved", "$1.68"
        )


async def test_a_stage_narrows_the_tasks() -> None:
    async with board_of() as robot:
        await robot.press("1", "down")
        await robot.expect("4 tasks in build")
        await robot.press("1", "down")
        await robot.expect("0 tasks in verify", "no such task")


async def test_only_tasks_of_some_states() -> None:
    async with board_of() as robot:
        await robot.press("o", "o")
        await robot.expect("4 tasks running")
        await robot.press("o")
        await robot.expect("4 tasks review")


@pytest.mark.parametrize(
    ("key", "request_"),
    [
        ("plus", TuneRun(run=RUN, sessions={"build": 3})),
        ("minus", TuneRun(run=RUN, sessions={"build": 1})),
        ("greater_than_sign", TuneRun(run=RUN, batch_sizes={"build": 4})),
        ("less_than_sign", TuneRun(run=RUN, batch_sizes={"build": 2})),
        ("right_square_bracket", TuneRun(run=RUN, priorities={"3.2": 1})),
        ("p", PauseRun(run=RUN)),
        ("c", ResumeRun(run=RUN)),
        ("R", RetryTasks(run=RUN)),
        ("r", RetryTasks(run=RUN, tasks=("3.2",))),
    ],
)
async def test_keys_of_the_board(key: str, request_: object) -> None:
    async with board_of(task="3.2") as robot:
        await robot.press(key)
        assert await robot.expect_asked(type(request_)) == request_


async def test_stopping_one_task_names_its_mates() -> None:
    async with board_of(task="4.2") as robot:
        await robot.press("x")
        await robot.expect("build-6", "4.1, 4.3")
        await robot.press("y")
        assert await robot.expect_asked(StopRun) == StopRun(run=RUN, tasks=("4.2",))


async def test_stopping_the_run_asks_first() -> None:
    desk = run_desk()
    async with board_of(desk) as robot:
        await robot.press("X")
        await robot.expect("2 sessions with all their processes")
        await robot.press("escape")
        assert not any(isinstance(entry, StopRun) for entry in desk.asked)
        await robot.press("X", "y")
        assert await robot.expect_asked(StopRun) == StopRun(run=RUN)


async def test_enter_attaches_to_a_living_session_and_shows_the_log_of_an_ended_one() -> None:
    desk = run_desk()
    desk.logs["verify-1"] = [b"all fine\r\n"]
    async with board_of(desk, task="3.2") as robot:
        await robot.press("enter")
        await robot.until(lambda: desk.attached == ["build-5"], "not attached")
        await select(robot, "1.1")
        await robot.press("enter")
        await robot.expect("log of verify-1", "all fine", "the session has ended")
        assert isinstance(robot.app.screen, SessionLog)


async def test_the_log_and_the_diff_of_a_task() -> None:
    async with board_of(task="3.2") as robot:
        await robot.press("l")
        await robot.expect("tests: 14 passed")
        await robot.press("escape")
        await select(robot, "2.1")
        await robot.press("v")
        await robot.expect("diff of 2.1", "tax = total")


async def test_the_board_follows_what_happens() -> None:
    desk = run_desk()
    async with board_of(desk) as robot:
        for number in range(30):
            desk.happen(ev.TasksIntegrated(run=RUN, tasks=(f"2.{number % 3 + 1}",), before_oid="", after_oid=""))
        await robot.expect("6/12 (50.00%)")


async def test_reviewing_task_by_task() -> None:
    async with board_of() as robot:
        await robot.press("w")
        await robot.expect("4 tasks for review", "No new dependency", "tax = total", "docs/3.md (2048 bytes counted)")
        await robot.press("a")
        assert await robot.expect_asked(Review) == Review(run=RUN, tasks=("2.1",), verdict=Verdict.APPROVED)


async def test_a_comment_on_a_line_is_sent_with_its_place() -> None:
    async with board_of() as robot:
        await robot.press("w")
        await robot.expect("tax = total")
        robot.app.screen.query_one("#diff").focus()
        await robot.press(*["down"] * 8, "c")
        await robot.expect("what has to change in 2.1", "shop/invoice.py:12: ")
        await robot.write("7 percent")
        await robot.press("ctrl+s")
        asked = await robot.expect_asked(Review)
        assert asked == Review(
            run=RUN, tasks=("2.1",), verdict=Verdict.NEEDS_WORK, comment="shop/invoice.py:12: 7 percent"
        )


async def test_no_comment_sends_nothing() -> None:
    desk = run_desk()
    async with board_of(desk) as robot:
        await robot.press("w", "c", "escape")
        await robot.expect_gone("what has to change")
        assert not any(isinstance(entry, Review) for entry in desk.asked)


async def test_one_key_approves_all_green_ones() -> None:
    async with board_of() as robot:
        await robot.press("w", "A")
        asked = await robot.expect_asked(Review)
        assert asked == Review(run=RUN, tasks=("2.1", "2.2", "2.3", "3.1"), verdict=Verdict.APPROVED)


async def test_the_review_goes_on_to_the_next_task() -> None:
    desk = run_desk()
    async with board_of(desk) as robot:
        await robot.press("w")
        await robot.expect("4 tasks for review")
        desk.happen(ev.TaskSettled(run=RUN, task="2.1", state=TaskState.STOPPED, reason="stopped"))
        await robot.expect("3 tasks for review", "diff of 2.2")


async def test_starting_a_plan_shows_what_would_run_and_then_the_board() -> None:
    desk = busy_desk()
    desk.plans = ["week1"]

    def started(asked: StartRun) -> Answer:
        if asked.dry_run:
            return ask_of()
        desk.happen(ev.RunStarted(run=RUN, plan=make_run_plan(), base_oid="0" * 40))
        return Answer(message="started", data={"id": RUN})

    desk.replies[StartRun] = started
    async with robot_at(desk) as robot:
        await robot.press("b")
        await robot.expect("no runs yet")
        await robot.press("n")
        await robot.expect("start a plan of tasks", "integration/week1", "3 tasks a session")
        await robot.press("enter")
        await robot.write("b1")
        await robot.press("tab")
        await robot.write("build=2")
        await robot.press("ctrl+s")
        await robot.until(lambda: isinstance(robot.app.screen, RunBoard), "no board")
        asked = [entry for entry in desk.asked if isinstance(entry, StartRun) and not entry.dry_run]
        assert asked == [StartRun(plan="week1", items="b1", batch_sizes={"build": 2})]


async def test_what_cannot_be_started_is_told_in_the_form() -> None:
    desk = busy_desk()
    desk.plans = ["week1"]
    desk.replies[StartRun] = Answer(exit_code=2, message="plan 'week1' has no 9.9", hint="did you mean '1.1'?")
    async with robot_at(desk) as robot:
        await robot.press("b", "n")
        await robot.expect("has no 9.9", "did you mean")
        await robot.press("ctrl+s")
        await robot.expect("start a plan of tasks")
        assert all(entry.dry_run for entry in desk.asked if isinstance(entry, StartRun))


async def test_a_wanted_review_is_told_with_a_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = busy_desk()
    desk.happen(ev.RunStarted(run=RUN, plan=make_run_plan(), base_oid="0" * 40))
    async with robot_at(desk) as robot:
        bells: list[int] = []
        monkeypatch.setattr(robot.app, "bell", lambda: bells.append(1))
        assert isinstance(robot.app.screen, HomeScreen)
        finish_batch(desk)
        await robot.expect("3 tasks of batch b1 for your")
        assert bells == [1]


def finish_batch(desk: FakeDesk) -> None:
    batch = ("1.1", "1.2", "1.3")
    work(desk, "build-1", "build", batch, NOW - 600)
    work(desk, "verify-1", "verify", batch, NOW - 300)
    for task in batch:
        desk.happen(ev.ReviewAsked(run=RUN, task=task))


def test_news_come_once() -> None:
    desk = busy_desk()
    desk.happen(ev.RunStarted(run=RUN, plan=make_run_plan(), base_oid="0" * 40))
    finish_batch(desk)
    news = RunNews()
    assert [one.text for one in news.find(desk.entries, desk.runs)] == [
        f"{RUN}: 3 tasks of batch b1 for your review (b, then w)"
    ]
    assert news.find(desk.entries, desk.runs) == []
    seen = len(desk.entries)
    desk.happen(ev.TasksIntegrated(run=RUN, tasks=("1.1", "1.2", "1.3"), before_oid="", after_oid=""))
    assert [one.text for one in news.find(desk.entries[seen:], desk.runs)] == [f"{RUN}: batch b1 is complete"]
    desk.happen(ev.RunChanged(run=RUN, state=RunState.FAILED, reason="2 tasks failed"))
    last = news.find(desk.entries[-1:], desk.runs)[0]
    assert last.failed and "3 of 12 tasks done; 2 tasks failed" in last.text


def test_every_line_of_a_diff_knows_its_place() -> None:
    places = {entry.spans[0][0]: place_of(entry.key) for entry in commented_rows(DIFF) if entry.spans}
    assert places["+    tax = total * 0.19"] == "shop/invoice.py:12"
    assert places["-    return render(lines)"] == "shop/invoice.py:11"
    assert places["+    text += foot(total, tax)"] == "shop/invoice.py:43"
    assert places["+One page each."] == "docs/3.md:2"
    assert places["index 1111111..2222222 100644"] == ""


async def test_palette_offers_what_the_board_can_do() -> None:
    async with board_of() as robot:
        await robot.press("ctrl+p")
        await robot.write("pause")
        await robot.expect("Start no further sessions")
