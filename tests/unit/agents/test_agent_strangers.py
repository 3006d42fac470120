"""Agents without a profile: titles, progress bars, notifications, last words and questions in nobody's known words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autod_tui.agents.questions import read_question
from autod_tui.agents.strangers import read_last_words, read_notice, read_retry, read_strange_title
from autod_tui.core.plan import AgentProfile
from autod_tui.core.workstream import Reading, Source, WorkstreamState

SCREENS = Path(__file__).parents[2] / "data" / "strangers"
S = WorkstreamState
STRANGER = AgentProfile(name="mytool", command=("mytool",))
QUIET = (S.IDLE, True)


def shot(name: str) -> tuple[str, ...]:
    return tuple((SCREENS / f"{name}.ansi.txt").read_text().split("\n"))


def plain(lines: tuple[str, ...]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;:]*m", "", line) for line in lines]


def said(reading: Reading | None) -> tuple[S | None, bool] | None:
    return (reading.state, reading.vague) if reading is not None else None


@pytest.mark.parametrize(
    ("before", "title", "told"),
    [
        ("⠋ login", "⠙ login", (S.WORKING, False)),  # turns
        ("login", "⠋ login", (S.WORKING, False)),  # appears
        ("✳ login", "◐ login", (S.WORKING, False)),
        ("⠋ Reading a.py", "⠙ Writing b.py", (S.WORKING, False)),
        ("login ⠋", "login ⠙", (S.WORKING, False)),
        ("", "⠿ MyAgent", None),  # may be its sign
        ("⠿ MyAgent", "⠿ MyAgent", None),
        ("⠋ login", "login", QUIET),
        ("", "fix the working directory", QUIET),
        ("", "mytool - Working…", (S.WORKING, False)),
        ("", "Thinking (repo)", (S.WORKING, False)),
        ("", "Working on the login", QUIET),  # words of a prompt
        ("", "[ ! ] Action Required | repo", (S.WAITING, False)),
        ("", "mytool: waiting for approval", (S.WAITING, False)),
        ("", "gptme - ⌨️ waiting for input - crawling-starfish", QUIET),
        ("", "◇  Ready (repo)", QUIET),
    ],
)
def test_titles(before: str, title: str, told: tuple[S, bool] | None) -> None:
    assert said(read_strange_title(before, title)) == told


@pytest.mark.parametrize(
    ("text", "told", "source"),
    [
        ("9;4;3;", (S.WORKING, False), Source.TITLE),
        ("9;4;1;40", (S.WORKING, False), Source.TITLE),
        ("9;4;0;", QUIET, Source.TITLE),
        ("9;mytool needs your approval", (S.WAITING, False), Source.SCREEN),
        ("777;notify;mytool;May I run `make`?", (S.WAITING, False), Source.SCREEN),
        ("99;i=1:d=0;Permission needed", (S.WAITING, False), Source.SCREEN),
        ("9;mytool is waiting for your input", (S.IDLE, False), Source.SCREEN),
        ("9;Turn complete", (S.IDLE, False), Source.SCREEN),
        ("", (S.IDLE, False), Source.SCREEN),  # the bell
        ("99;i=opentui-notifications:p=?;", None, None),  # asks what the terminal can do
        ("7501;state=working", None, None),
    ],
)
def test_notices(text: str, told: tuple[S, bool] | None, source: Source | None) -> None:
    reading = read_notice(text)
    assert said(reading) == told
    assert (reading.source if reading else None) is source


@pytest.mark.parametrize(
    ("name", "state", "begins"),
    [
        ("kimi-failed", S.FAILED, "LLM provider error: Error code: 500"),
        ("grok-failed", S.FAILED, "⏺ Sorry, I encountered an error: Grok API error: 500"),
    ],
)
def test_failures_of_the_service_on_real_screens(name: str, state: S, begins: str) -> None:
    reading = read_last_words(plain(shot(name)), 0.0)
    assert reading is not None
    assert reading.state is state
    assert reading.reason.startswith(begins)


@pytest.mark.parametrize("name", ["cn-rest", "grok-rest", "kimi-rest", "nano-rest", "kimi-permission", "oi-permission"])
def test_no_failure_where_there_is_none(name: str) -> None:
    assert read_last_words(plain(shot(name)), 0.0) is None


BOX = ["╭───────────╮", "│ > type    │", "╰───────────╯", "  hints"]


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        (["> go on", "", "Error: 429 Too Many Requests, try again in 20s"], S.RATE_LIMITED),
        (["Request failed (timeout)"], S.FAILED),
        (["> go on", "API Error: connection refused", "", "> again", "● Done."], None),  # of an earlier turn
        (["● I fixed the API error in the request handler."], None),
        (["● The tests print Error: expected 3, got 4"], None),
    ],
)
def test_words_of_failures(rows: list[str], state: S | None) -> None:
    reading = read_last_words([*rows, *BOX], 100.0)
    assert (reading.state if reading else None) is state
    if state is S.RATE_LIMITED:
        assert reading is not None
        assert reading.until == 120.0


def test_a_row_tells_when_it_tries_again() -> None:
    reading = read_retry(["● Hello", "⠋ Overloaded, retrying in 12s (attempt 2/5)", *BOX], 100.0)
    assert reading is not None
    assert (reading.state, reading.until) == (S.RATE_LIMITED, 112.0)
    assert read_retry(["Retrying request (1/9). Error: 500 Something broke", *BOX], 100.0) is None


@pytest.mark.parametrize(
    ("name", "asked", "choices"),
    [
        (
            "cn-permission",
            "Would you like to continue?",
            [
                ("Continue", ("Enter",)),
                ("Continue + don't ask again", ("Down", "Enter")),
                ("No, and tell Continue what to do differently", ("Down", "Down", "Enter")),
            ],
        ),
        (
            "nano-permission",
            "Do you want to execute tool",
            [("Yes, execute this tool", ("Enter",)), ("No, cancel execution", ("Down", "Enter"))],
        ),
        (
            "kimi-permission",
            "Shell is requesting approval to run command:",
            [
                ("Approve once", ("Enter",)),
                ("Approve for this session", ("Down", "Enter")),
                ("Reject", ("Down", "Down", "Enter")),
                ("Reject, tell the model what to do instead", ("Down", "Down", "Down", "Enter")),
            ],
        ),
        (
            "grok-permission",
            "Do you want to proceed with this operation?",
            [
                ("Yes", ("Enter",)),
                ("Yes, and don't ask again this session", ("Down", "Enter")),
                ("No", ("Down", "Down", "Enter")),
                ("No, with feedback", ("Down", "Down", "Down", "Enter")),
            ],
        ),
        ("oi-permission", "Would you like to run this code?", [("Yes", ("y", "Enter")), ("No", ("n", "Enter"))]),
    ],
)
def test_questions_on_real_screens(name: str, asked: str, choices: list[tuple[str, tuple[str, ...]]]) -> None:
    question = read_question(STRANGER, shot(name))
    assert question is not None
    assert asked in question.text
    assert [(choice.label, choice.typed) for choice in question.choices] == choices


@pytest.mark.parametrize(
    "rows",
    [
        ["Plan:", "  Yes, later", "  No"],  # no cursor
        ["Pick:", "❯ Red", "  Green"],  # neither grants nor refuses
        ["Run it?", "❯ Yes", "  No", "", "> "],  # it is only printed: somebody can write below
        ["Run it?", "❯ Yes", "  No", *(f"line {number}" for number in range(9))],
    ],
)
def test_lists_that_ask_nothing(rows: list[str]) -> None:
    assert read_question(STRANGER, tuple(rows)) is None


def test_a_profile_of_its_own_is_no_stranger() -> None:
    assert STRANGER.strange
    assert not AgentProfile(name="mytool", command=("mytool",), titles={"working": "^busy"}).strange
    assert not AgentProfile(name="flash", family="gemini", command=("gemini",)).strange
