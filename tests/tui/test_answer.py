"""Answering an agent from the dashboard: the choices that it offers, words of one's own, questions that follow."""

from __future__ import annotations

import pytest

from autod_tui.core.agent_ports import Choice, Question
from autod_tui.core.requests import Answer, AnswerAgent, ReadQuestion
from tests.tui.asking import LETTERS, MENU, WORDS, asking_desk, asks
from tests.tui.robot import Robot, robot_at


async def open_dialog(robot: Robot, *texts: str) -> None:
    await robot.press("w", "a")
    await robot.expect("testing asks", *texts)


@pytest.mark.parametrize("size", [(80, 24), (140, 36)])
async def test_a_digit_answers_at_once(size: tuple[int, int]) -> None:
    async with robot_at(asking_desk(MENU), size) as robot:
        await robot.press("w")
        await robot.expect("a Answer")
        await open_dialog(robot, "git push --force", "Do you want to proceed?", "1  Yes", "shop-testing", "3  No")
        await robot.expect("1/2/3 Answer at once", "words of your own")
        await robot.press("3")
        assert await robot.expect_asked(AnswerAgent) == AnswerAgent(name="testing", choice="3", seen=MENU.digest)
        await robot.expect_gone("testing asks")


async def test_arrows_begin_where_the_agents_cursor_stands() -> None:
    async with robot_at(asking_desk(LETTERS), (80, 24)) as robot:
        await open_dialog(robot, "Run it?")
        await robot.press("up", "enter")
        assert await robot.expect_asked(AnswerAgent) == AnswerAgent(name="testing", choice="y", seen=LETTERS.digest)


async def test_words_of_ones_own_may_hold_the_keys_of_choices() -> None:
    async with robot_at(asking_desk(MENU), (80, 24)) as robot:
        await open_dialog(robot, "1  Yes")
        await robot.press("tab")
        await robot.expect("enter Send")
        await robot.write("no 1 2 3")
        await robot.press("enter")
        sent = await robot.expect_asked(AnswerAgent)
        assert sent == AnswerAgent(name="testing", text="no 1 2 3", seen=MENU.digest)


async def test_a_question_without_choices_takes_words_and_nothing_empty() -> None:
    async with robot_at(asking_desk(WORDS), (80, 24)) as robot:
        await open_dialog(robot, "What is the port?")
        await robot.press("enter")
        await robot.expect("testing asks")
        await robot.write("8080")
        await robot.press("enter")
        assert await robot.expect_asked(AnswerAgent) == AnswerAgent(name="testing", text="8080", seen=WORDS.digest)


async def test_the_question_that_follows_is_shown_in_turn() -> None:
    async with robot_at(asking_desk(MENU, LETTERS)) as robot:
        await open_dialog(robot, "1  Yes")
        await robot.press("1")
        await robot.expect("Run it?")
        await robot.press("escape")
        await robot.expect_gone("testing asks")
        assert len([one for one in robot.desk.asked if isinstance(one, AnswerAgent)]) == 1


async def test_a_refused_answer_shows_what_is_asked_now() -> None:
    desk = asking_desk(MENU)
    desk.replies[AnswerAgent] = Answer(exit_code=1, message="testing asks something else by now; nothing was typed")
    async with robot_at(desk) as robot:
        await open_dialog(robot, "1  Yes")
        desk.replies[ReadQuestion] = asks(LETTERS)
        await robot.press("1")
        await robot.expect("something else by now", "Run it?")


async def test_nothing_is_asked_any_more() -> None:
    async with robot_at(asking_desk(None)) as robot:
        await robot.press("w", "a")
        await robot.expect("asks nothing right now")


async def test_what_agents_ask_can_not_steer_the_terminal() -> None:
    evil = Question(
        text="\x1b]52;c;aGk=\x07[/nope] \x1b[2J?",
        choices=(Choice(key="1", label="\x1b]0;x\x07[@click=app.exit()]ok[/]"),),
    )
    async with robot_at(asking_desk(evil), (80, 24)) as robot:
        await open_dialog(robot, "[/nope] ?", "[@click=app.exit()]ok[/]")
        assert "\x1b" not in robot.text
